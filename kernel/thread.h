/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: what the kernel schedules. Every protection domain is one thread.
 *
 * Ownership (the rules are written down in docs/kernel.md, "Who may touch what"): a thread is
 * pinned to a CPU, and every field is read and written by that CPU alone, except those in the
 * section marked "shared", which other CPUs change with the atomic operations that stand there.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <bulkhead/abi.h>
#include <bulkhead/bootdesc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "timerq.h"

struct bh_report;
struct vm;

/** PDs and vCPUs together. */
#define THREAD_MAX 256

/** Refills of a scheduling context: pieces of budget that become usable at different times. */
#define SCHED_REFILLS 8

enum thread_state {
    /** Not started, stopped by its parent, or dead after a fault that nobody handles. */
    THREAD_STOPPED,
    /** Wants the CPU; it is in the ready queue unless its budget is used up. */
    THREAD_READY,
    /** Waits for a notification, a call or a fault. */
    THREAD_RECV,
    /** Waits for the answer to a protected call. */
    THREAD_CALL,
    /** Waits until another CPU has done a control operation on its child. */
    THREAD_CONTROL,
    /** Faulted; its parent decides. */
    THREAD_FAULT,
    /** A vCPU whose guest waits for an interrupt. */
    THREAD_WFI,
};

/** A sporadic server (Sprunt et al.): at most `budget` ticks in any `period` ticks. */
struct sched_context {
    uint64_t budget;
    uint64_t period;
    /** Used since the head refill was last split; or, not limited, of its slice. */
    uint64_t consumed;
    /** When it was last put down, if it is not limited. */
    uint64_t left_at;
    struct {
        uint64_t time;
        uint64_t amount;
    } refill[SCHED_REFILLS];
    uint8_t head;
    uint8_t count;
    /** The budget is less than the period. */
    bool limited;
    /** No usable budget until `timer` fires. */
    bool throttled;
    struct timerq_entry timer;
    /** Whose work is charged to it: its thread, or the passive PD that its thread calls. */
    struct thread *user;
};

#define CHANNEL_NOTIFY BD_CHANNEL_NOTIFY
#define CHANNEL_CALL BD_CHANNEL_CALL
#define CHANNEL_IRQ (1u << 2)
#define CHANNEL_DEVICE (1u << 3)

/**
 * One end of a channel; or an interrupt (then only `intid` counts); or a register page (`intid`,
 * and `peer_id` is its number in the VM).
 */
struct channel {
    struct thread *peer;
    uint32_t intid;
    uint8_t peer_id;
    uint8_t flags;
};

/** Piece by piece restoring of writable segments, for BH_SYS_PD_RESTART. */
struct restore {
    const char *image; /* what the sources' offsets count from */
    const struct bd_region *segments;
    uint32_t count;
    uint32_t next;   /* segment being restored */
    uint64_t offset; /* in it */
};

#define THREAD_FPU (1u << 0)
#define THREAD_SMC (1u << 1)
#define THREAD_PASSIVE (1u << 2)
#define THREAD_TIMER (1u << 3) /* owns the EL1 physical timer of its CPU */
#define THREAD_VCPU (1u << 4)  /* a struct vcpu */

struct thread {
    /** Registers; first, because the exception vectors address them from the thread's start. */
    struct arch_context context;

    /* Scheduling (sched.c). */
    struct thread *next, *prev; /* in the ready queue of `priority`; NULL when not in it */
    struct sched_context *sc;   /* charged for what it does: its own, or a caller's */
    struct sched_context own_sc;
    uint8_t priority;
    uint8_t cpu;
    uint8_t flags;    /* THREAD_* */
    uint8_t child_id; /* in the parent */
    uint16_t id;      /* index in the description */

    /* Receiving (receive.c) and calling (call.c). */
    bool prefer_calls; /* the last event was a notification */
    bool serving_fault;
    uint8_t next_caller;    /* where the search for a caller starts, for fairness */
    uint64_t call_seq;      /* of the current or next own call */
    struct thread *callee;  /* of the own call, once `call` says that there is one */
    uint8_t callee_channel; /* its channel id */
    struct thread *serving; /* who waits for this PD's answer: a caller, a faulting child */
    uint64_t serving_seq;
    struct bh_msg_buffer *msg; /* kernel address of the message buffer */

    /* Control of children (control.c), faults (fault.c). */
    struct thread *parent;
    uint64_t control_seq;         /* of the last own request */
    struct thread *control_child; /* whom it is about */
    bool control_again;           /* when it is done the system call is made again */
    uint8_t control_op;           /* enum control_op */
    struct restore restore;       /* written by the parent's CPU, while the thread is stopped */
    struct {
        uint32_t label; /* enum bh_fault */
        uint32_t count;
        uint64_t number; /* how many there have been */
        uint64_t words[13];
    } fault;

    _Alignas(8) char name[BH_NAME_BYTES];
    const struct bd_pd *pd; /* NULL: a vCPU */
    struct vm *vm;          /* whose VMM this is, or NULL */
    uint64_t irqs;          /* channels that are interrupts */
    /** What is to be written into the report ring at the thread's next poke; kind 0: nothing. */
    struct {
        uint32_t kind; /* enum bh_report_kind */
        uint32_t label;
        uint64_t esr;
        uint64_t addr;
        uint64_t number;
        const struct thread *about; /* itself, or a child of which it says something */
        struct bh_report *slot;     /* half written */
    } report;
    uint64_t stack_base;  /* of the PD's address space, for backtraces */
    const uint8_t *stack; /* kernel address of the same */

    /* Shared: changed by other CPUs, each with the operation that stands beside it. */
    uint8_t state;          /* enum thread_state; written by the owner (release) */
    uint64_t notified;      /* pending notifications: fetch_or, exchange */
    uint64_t callers;       /* channels with a waiting caller: fetch_or, fetch_and */
    uint64_t faults;        /* children with a waiting fault: fetch_or, fetch_and */
    uint64_t call;          /* progress of the own call: compare_exchange (call.c) */
    uint64_t control;       /* request of the parent: exchange (control.c) */
    uint64_t control_entry; /* its argument, published by `control` */
    uint64_t control_wait;  /* the own request, waiting or done: compare_exchange */

    struct channel channels[BH_MAX_CHANNELS];
    struct thread *children[BH_MAX_CHILDREN];
};

/** State of a thread, of any CPU. */
static inline enum thread_state thread_state(const struct thread *t)
{
    return (enum thread_state)__atomic_load_n(&t->state, __ATOMIC_ACQUIRE);
}

/** Set the state of a thread of this CPU. */
static inline void thread_set_state(struct thread *t, enum thread_state state)
{
    __atomic_store_n(&t->state, (uint8_t)state, __ATOMIC_RELEASE);
}

#endif
