/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the threads of a running system did between two looks at the kernel's table of counts: how
 * much of a CPU each had, how often it was switched to, and why it entered the kernel.
 *
 * The kernel adds a thread's cycles when it switches away from it. One that entered the kernel
 * since the last look, and was neither switched to nor away from, had its CPU for the whole time;
 * that is shown at once, and taken off what is added later.
 */
#ifndef TOOL_WATCH_LOAD_H
#define TOOL_WATCH_LOAD_H

#include <bulkhead/abi.h>
#include <bulkhead/counts.h>

#include "watch_system.h"

/** Why a thread entered the kernel. */
enum watch_exit {
    WATCH_EXIT_INTERRUPT,
    WATCH_EXIT_WAIT,   /* WFI, WFE */
    WATCH_EXIT_MEMORY, /* data aborts: a device's registers, doorbells */
    WATCH_EXIT_HVC,
    WATCH_EXIT_SMC,
    WATCH_EXIT_REGISTER, /* system registers */
    WATCH_EXIT_OTHER,
    WATCH_EXITS
};

/** One word for an enum watch_exit. */
extern const char *const watch_load_exits[WATCH_EXITS];

/** A thread since the last look. */
struct watch_share {
    double share;              /* of its CPU, 0 to 1 */
    double switches;           /* a second */
    double exits[WATCH_EXITS]; /* a second */
};

struct watch_load {
    const struct watch_system *system;
    struct bh_counts_table *table; /* as last read; NULL before */
    struct watch_share *shares;    /* one for each of the system's threads */
    double *credits; /* nanoseconds that a thread was shown to have run before they were counted */
    double cpus[BH_MAX_CPUS]; /* the shares of each CPU together */
    uint64_t time;
    /** Instructions are counted: the machine's time passes with them, and not with the host's, so
     * that shares are those of what the busiest CPU did. */
    bool instructions;
};

/** Begin; the system stays in use. It must have a table of counts. */
void watch_load_begin(struct watch_load *load, const struct watch_system *system);

/**
 * Look at the table at the time `now` in nanoseconds. False: there is no table any more. The first
 * look finds nothing but zeros.
 */
bool watch_load_look(struct watch_load *load, uint64_t now);

/** Release everything. */
void watch_load_end(struct watch_load *load);

#endif
