/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The torture test: what its programs share.
 *
 * TORTURE_WORKERS workers do random things to each other; a judge, the ancestor of most of them,
 * starts and ends rounds and looks at the sums. Worker n is called w<n> (two digits), is child n of
 * its parent and the other end of channel n; the judge is number TORTURE_JUDGE in the same way.
 *
 * What must survive a restart is in `struct torture_cell`, one for each PD in a region that all of
 * them share. A PD writes to its own cell alone, but for the fields that say who else does.
 */
#ifndef BOOT_TORTURE_TORTURE_H
#define BOOT_TORTURE_TORTURE_H

#include <stdbool.h>
#include <stdint.h>

#define TORTURE_WORKERS 16
#define TORTURE_JUDGE 16
#define TORTURE_PDS 17
#define TORTURE_NONE 0xffu

/** @{ Channel ids of the judge beyond those to the workers. */
#define TORTURE_TIMER 40
#define TORTURE_REPORTS 41
/** @} */

/** Where microkit.ld puts the start of every program. */
#define TORTURE_ENTRY 0x200000

/** Nothing is mapped here. */
#define TORTURE_HOLE 0x10000000UL

/** Faults that the programs commit on purpose, to show that the checks find them. */
enum torture_sabotage {
    TORTURE_SOUND = 0,
    /** A notification is counted, but not sent. */
    TORTURE_DROP = 1,
    /** A call gets the answer of the call before. */
    TORTURE_STALE = 2,
    /** A notification is counted once, and sent several times. */
    TORTURE_EXTRA = 3,
    /** A fault is not answered. */
    TORTURE_IGNORE = 4,
};

/** Filled by generate.py; the same layout stands there. */
struct torture_config {
    uint64_t seed;
    /** Microseconds that the rounds take together. */
    uint64_t duration_us;
    uint64_t sabotage;
    /** Parent of each worker, TORTURE_NONE for none. */
    uint8_t parent[TORTURE_WORKERS];
};

enum torture_error {
    TORTURE_OK = 0,
    /** A notification came that nobody had sent. {channel, repeats, sent} */
    TORTURE_PHANTOM,
    /** A call was delivered again. {caller, number, number served before} */
    TORTURE_SERVED_TWICE,
    /** The message of a call was changed on its way. {caller, number, word} */
    TORTURE_MESSAGE,
    /** An answer is not that of this call. {callee, number, number of the answer} */
    TORTURE_ANSWER,
    /** A call failed, but nobody had touched caller or callee. {callee, number, error} */
    TORTURE_FAILED,
    /** A fault is not what the child did. {child, label, kind} */
    TORTURE_FAULT,
    /** The registers of a PD changed over a fault. {kind, register, value} */
    TORTURE_REGISTERS,
    /** An operation on a child was refused. {child, operation, error} */
    TORTURE_CONTROL,
    /** A notification was refused. {channel, error, 0} */
    TORTURE_NOTIFY,
    /** A variable was not fresh after a restart. {value, 0, 0} */
    TORTURE_STALE_DATA,
    /** The kernel reported a fault, although every PD that faults has a parent. {kind, 0, 0} */
    TORTURE_REPORT,
    TORTURE_ERRORS
};

/** How a worker faults. */
enum torture_kind {
    TORTURE_NO_FAULT = 0,
    TORTURE_READ_HOLE,
    TORTURE_WRITE_TEXT,
    TORTURE_UNDEFINED,
    TORTURE_BREAK,
    TORTURE_SYSCALL,
    TORTURE_JUMP_HOLE,
    TORTURE_KINDS
};

struct torture_cell {
    uint64_t starts;
    uint64_t random;

    /** Channel that is being notified, plus one: the notification is made up for after a restart.
     */
    uint64_t notifying;
    /** Notifications sent to each, counted before they are sent. */
    uint64_t sent[TORTURE_PDS];
    /** `sent` of each as it was when this PD last heard of it. */
    uint64_t seen[TORTURE_PDS];
    /** Notifications from each that came one after the other without news in `sent`. */
    uint64_t repeats[TORTURE_PDS];

    /**
     * Calls begun, which is the number of the last, and whom that one is made to. It is open until
     * the three numbers that follow add up to it.
     */
    uint64_t calls;
    uint64_t callee;
    /** Calls answered, failed, and ended by a restart of this PD. */
    uint64_t answers;
    uint64_t failures;
    uint64_t cuts;
    /** Number of the last call of each that was served, and that was answered. */
    uint64_t served[TORTURE_PDS];
    uint64_t answered[TORTURE_PDS];

    /** enum torture_kind of the fault that is under way. */
    uint64_t faulting;
    uint64_t faults;

    /** Operations on this PD begun and ended; it is being restarted. Written by its parent. */
    uint64_t touch_begin;
    uint64_t touch_end;
    uint64_t restarting;
    /** What this PD did to its children. */
    uint64_t restarts;
    uint64_t pauses;
    uint64_t repairs;

    uint64_t error;
    uint64_t detail[3];
};

struct torture_board {
    /** Whether the workers may begin something new. Written by the judge. */
    uint64_t running;
    struct torture_cell cells[TORTURE_PDS];
};

/* Set in the ELF file by the tool. */
extern uint64_t board_vaddr;
extern uint64_t config_vaddr;

/** Number of this PD. */
extern unsigned int torture_self;

static inline struct torture_cell *torture_cell(unsigned int pd)
{
    return &((struct torture_board *)board_vaddr)->cells[pd];
}

static inline const struct torture_config *torture_config(void)
{
    return (const struct torture_config *)config_vaddr;
}

static inline uint64_t torture_get(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* It is stored to. NOLINTNEXTLINE(readability-non-const-parameter) */
static inline void torture_set(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline void torture_add(uint64_t *word)
{
    torture_set(word, *word + 1);
}

static inline bool torture_running(void)
{
    return torture_get(&((struct torture_board *)board_vaddr)->running) != 0;
}

/** Records the first error of this PD. */
void torture_fail(enum torture_error error, uint64_t first, uint64_t second, uint64_t third);

/** A random number below `limit`, which is above 0. */
uint64_t torture_random(uint64_t limit);

/** A bit of `bits`, which is not 0, chosen at random. */
unsigned int torture_choose(uint64_t bits);

/** Passes time. */
void torture_spin(uint64_t turns);

/** Notifies the other end of a channel, and counts it. */
void torture_notify(unsigned int channel);

/** A notification came. */
void torture_heard(unsigned int channel);

/** Takes up what a restart of this PD interrupted; counts the start. First thing in init(). */
void torture_start(unsigned int self);

#endif
