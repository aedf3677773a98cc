/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to one CPU. The CPU itself is the only one that touches its `struct cpu`, except
 * `poked`.
 */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "thread.h"
#include "timerq.h"

#define CPU_POKE_WORDS (THREAD_MAX / 64)

struct bh_trace_buffer;
struct vcpu;

struct cpu {
    /** Top of the CPU's stack; first, because the exception vectors load it from there. */
    uint64_t stack;
    uint32_t index;
    /** Count of the kernel's instructions when it was entered (benchmark configuration). */
    uint32_t entered_at;
    /** The ready queues or the running thread's right to run changed: decide again. */
    bool resched;
    /** An interrupt came for a PD: sched_mute(). */
    bool urgent;
    /** The highest priority of a vCPU of this CPU. */
    uint8_t guest_priority;
    /** Thread that runs or ran last; NULL when idle. */
    struct thread *current;
    /** Scheduling context that is charged since `charged_at`; NULL when idle. */
    struct sched_context *charged;
    uint64_t charged_at;
    /** When the budget or slice of `charged` ends, if it runs until then. */
    uint64_t charged_end;
    /** Thread whose FP/SIMD registers are in the CPU; NULL for none. */
    struct thread *fpu_owner;
    /** vCPU whose EL1 registers, timer and list registers are in the CPU; NULL for none. */
    struct vcpu *loaded;
    /** vCPU whose registers that govern EL0 are in the CPU too; NULL: those of PDs. */
    struct vcpu *guest_eager;
    /** Priorities that have ready threads: bit p % 64 of word p / 64; words that are not zero. */
    uint64_t ready_bits[4];
    uint32_t ready_words;
    /** What the timer is set to; 0, which no deadline is: sched_mute() is to decide. */
    uint64_t deadline;
    /** Where the search for a poked thread starts. */
    uint32_t poke_from;
    /** Heads of circular lists; the running thread stays in its list. */
    struct thread *ready[256];
    /** Refills of scheduling contexts; virtual timers of vCPUs that are not loaded. */
    struct timerq timers, guest_timers;
    struct bh_trace_buffer *trace;
    /** Instructions that the kernel executed on this CPU (benchmark configuration). */
    uint64_t kernel_instructions;
    uint64_t kernel_longest;
    uint64_t counted_user;
    uint64_t counted_kernel;
    uint64_t counted_cycles;
    /** Shared: PDs, and vCPUs, of this CPU to look at again; fetch_or by anyone, fetch_and here. */
    uint64_t poked[2][CPU_POKE_WORDS];
};

/** The CPU with that number; it must be one that the description uses. */
struct cpu *cpu_get(uint32_t index);

#endif
