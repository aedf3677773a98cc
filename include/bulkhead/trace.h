/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch trace: in the debug and benchmark configurations the kernel writes an event for
 * every scheduling decision into the region that the description names with <trace size="..."/>.
 * The region is divided evenly among the CPUs in use; each CPU's part is one struct
 * bh_trace_buffer. A reader outside the machine follows `written`.
 */
#ifndef BULKHEAD_TRACE_H
#define BULKHEAD_TRACE_H

#include <stdint.h>

enum bh_trace_kind {
    /** The CPU goes to this PD or vCPU (BH_TRACE_IDLE: to nobody). */
    BH_TRACE_SWITCH = 1,
    /** It became runnable. */
    BH_TRACE_READY = 2,
    /** It is no longer runnable: it waits, is stopped or has no budget. */
    BH_TRACE_BLOCK = 3,
};

#define BH_TRACE_IDLE 0xffffu

struct bh_trace_event {
    uint64_t time;   /* CNTPCT_EL0 */
    uint16_t thread; /* index of the PD; vCPU n is BH_MAX_PDS + n */
    uint8_t kind;    /* enum bh_trace_kind */
    uint8_t priority;
    uint32_t reserved;
};

struct bh_trace_buffer {
    uint64_t written; /* events ever written; event n is in slot n % slots */
    uint64_t slots;
    struct bh_trace_event events[];
};

_Static_assert(sizeof(struct bh_trace_event) == 16, "layout");

#endif
