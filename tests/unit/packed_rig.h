/* SPDX-License-Identifier: BSD-2-Clause */
/* A packed ring of the probe, whose descriptors are written without the driver's help. */
#ifndef TESTS_PACKED_RIG_H
#define TESTS_PACKED_RIG_H

#include "probe_rig.h"

/* Packed rings need not have a power of two of entries. */
#define PACKED_RIG_ENTRIES 7U

struct packed_rig_desc {
    uint64_t at;
    uint32_t bytes;
    uint16_t id;
    uint16_t flags;
};

/* The driver starts with these features (and packed rings) and one queue. */
void packed_rig_boot(uint64_t features);

/* Write a descriptor, into the ring or into the indirect table at WORLD_TABLES_AT. */
void packed_rig_desc(unsigned slot, uint64_t at, uint32_t bytes, unsigned flags, unsigned id);
void packed_rig_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags);

/* What is in a slot of the ring now. */
struct packed_rig_desc packed_rig_seen(unsigned slot);

/* The flags that make a descriptor available (or used) when `number` slots went before it. */
unsigned packed_rig_available(unsigned number);
unsigned packed_rig_used(unsigned number);

/* One readable buffer, popped and given back, when `number` went before it. */
void packed_rig_turn(unsigned number);

#endif
