/* SPDX-License-Identifier: BSD-2-Clause */
/* A split ring of the probe, whose descriptors are written without the driver's help. */
#ifndef TESTS_SPLIT_RIG_H
#define TESTS_SPLIT_RIG_H

#include "probe_rig.h"

#define SPLIT_RIG_ENTRIES 8U

struct split_rig_desc {
    uint64_t at;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

/* The driver starts with these features and one queue. */
void split_rig_boot(uint64_t features);

/* Write a descriptor, into the ring's table or into the indirect one at WORLD_TABLES_AT. */
void split_rig_desc(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next);
void split_rig_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next);

/* A head in a slot of the available ring, the ring's index, and the event that the driver wants. */
void split_rig_avail(unsigned slot, unsigned head);
void split_rig_publish(unsigned idx);
void split_rig_used_event(unsigned event);

/* The index of the used ring. */
uint16_t split_rig_used(void);

/* One readable buffer, popped and given back, when `number` went before it. */
void split_rig_turn(unsigned number);

#endif
