/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report ring: one page in which the kernel records faults that nobody handled, restarts and
 * refusals, in every configuration. One PD may map it (the description's <reports>), shows the
 * records and moves `read` on; without one, the debug configuration's console shows them. Records
 * stay until they are read; when the ring is full, new ones are counted in `lost`.
 *
 * The kernel is the only writer of everything but `read`. It trusts nothing in the page: its own
 * write index is private.
 */
#ifndef BULKHEAD_REPORT_H
#define BULKHEAD_REPORT_H

#include <stdint.h>

#define BH_REPORT_FRAMES 8
#define BH_REPORT_SLOTS 9

enum bh_report_kind {
    BH_REPORT_NONE = 0,
    /** A PD did something that nobody handled; it is stopped. */
    BH_REPORT_FAULT = 1,
    /** A PD was restarted by its parent. */
    BH_REPORT_RESTART = 2,
    /** An SError was taken while the PD ran. */
    BH_REPORT_SERROR = 3,
    /** @{ What a VMM says of its guest (BH_SYS_REPORT); the record's `addr` is a number. */
    /** It powered itself off. */
    BH_REPORT_GUEST_OFF = 4,
    /** It asked for a reset; how many there have been. */
    BH_REPORT_GUEST_RESET = 5,
    /** It crashed; how often it has been restarted for that. */
    BH_REPORT_GUEST_CRASH = 6,
    /** It stays off, because its policy says so; how often it was restarted. */
    BH_REPORT_GUEST_STOPPED = 7,
    /** @} */
};

struct bh_report {
    uint64_t number; /* 1 for the first record ever; written last, 0 while it is filled */
    uint64_t time;   /* CNTPCT_EL0 */
    uint32_t kind;   /* enum bh_report_kind */
    uint32_t fault;  /* enum bh_fault, for BH_REPORT_FAULT */
    uint64_t pc;
    uint64_t sp;
    uint64_t spsr;
    uint64_t esr;
    uint64_t addr; /* faulting address, where the fault has one */
    uint64_t x[31];
    uint64_t frames[BH_REPORT_FRAMES]; /* return addresses, innermost first; 0 ends */
    char name[64];
};

/**
 * In the page: this header, then the slots. Record n (from 1) is in slot (n - 1) % BH_REPORT_SLOTS
 * and may be read once `number` there is n (load-acquire): several CPUs report at once, and a slot
 * is filled in its own time.
 */
struct bh_report_ring {
    uint64_t written; /* records ever begun */
    uint64_t read;    /* records ever read; written by the reader */
    uint64_t lost;    /* records that found the ring full */
    uint64_t reserved;
    struct bh_report slots[BH_REPORT_SLOTS];
};

_Static_assert(sizeof(struct bh_report) == 440, "layout");
_Static_assert(sizeof(struct bh_report_ring) <= 4096, "fits a page");

#endif
