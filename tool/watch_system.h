/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system that runs in a machine, as its boot description in the machine's memory says
 * (<bulkhead/bootdesc.h>). What the memory holds may be anything: a name is made printable, and
 * every number is checked before it is used.
 */
#ifndef TOOL_WATCH_SYSTEM_H
#define TOOL_WATCH_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bulkhead/bootdesc.h>

#include "watch_memory.h"

/** Bytes of a name; longer ones are cut. */
#define WATCH_NAME 48

/** A protection domain or a vCPU. */
struct watch_thread {
    char name[WATCH_NAME]; /* a vCPU's: VM/number */
    bool vcpu;
    unsigned cpu;
    unsigned index; /* in the kernel's table (<bulkhead/counts.h>) */
};

struct watch_system {
    struct watch_memory memory;
    uint8_t *description; /* a copy */
    struct bd_header header;
    struct watch_thread *threads; /* by CPU, then as described; vCPUs before others */
    size_t threads_count;
    /** Where the kernel's table of counts is. 0: it has none. */
    uint64_t counts;
};

/**
 * Look for a system in the memory that the file `fd` keeps; it stays the caller's. False: there is
 * none (yet). Release it with watch_system_close().
 */
bool watch_system_open(struct watch_system *system, int fd);

/** Release what watch_system_open() made; nothing where it failed. */
void watch_system_close(struct watch_system *system);

/** Number of protection domains. */
uint32_t watch_system_pds(const struct watch_system *system);

/** The name of a protection domain that there is. */
void watch_system_pd_name(const struct watch_system *system, uint32_t pd, char to[WATCH_NAME]);

/**
 * The `index`th range of memory that a program's writable segments occupy. False: there is no such
 * one.
 */
bool watch_system_segment(const struct watch_system *system, uint32_t pd, uint32_t index,
                          uint64_t *address, uint64_t *bytes);

/**
 * The physical address of `bytes` bytes at a virtual address of a protection domain. False: it has
 * no memory there, or only a device's.
 */
bool watch_system_place(const struct watch_system *system, uint32_t pd, uint64_t virtual,
                        uint64_t bytes, uint64_t *physical);

/** Copy a name and make it printable. `from` has `room` bytes, and ends there or at a zero. */
void watch_system_print(char to[WATCH_NAME], const char *from, size_t room);

#endif
