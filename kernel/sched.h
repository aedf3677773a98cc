/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling on one CPU: fixed priorities, preemptive, round-robin within a priority, every thread
 * limited to its budget a period by a sporadic server. All functions act on the calling CPU and on
 * threads that belong to it. Times are ticks of the system counter.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "cpu.h"
#include "thread.h"

/**
 * Give `t` its own scheduling context, full, from the numbers of the description.
 * A thread whose budget equals its period is never throttled; its budget is its time slice.
 */
void sched_init_thread(struct thread *t, uint32_t budget_us, uint32_t period_us);

/** `t` wants the CPU from now on. It must not be ready yet. */
void sched_make_ready(struct cpu *cpu, struct thread *t);

/** `t` waits, in `state` (neither ready, stopped nor faulted), from now on. */
void sched_block(struct cpu *cpu, struct thread *t, enum thread_state state);

/** Nobody runs: what is in the CPU of the thread that did is saved; who is next is decided anew. */
void sched_save(struct cpu *cpu);

/** `t` is stopped or faulted from now on; all its registers are in memory, for its parent. */
void sched_halt(struct cpu *cpu, struct thread *t, enum thread_state state);

/** A blocking `from` lets the passive PD `to`, which must not be ready, run on its context. */
void sched_donate(struct thread *from, struct thread *to);

/**
 * Undo sched_donate(), if it was done: `from` has its context again, and `to`, or whom it called in
 * turn, goes on with the own one of `to` if it is ready.
 */
void sched_undonate(struct cpu *cpu, struct thread *from, struct thread *to);

/** The running thread goes behind the others of its priority. */
void sched_yield(struct cpu *cpu);

/**
 * `t`, if it is ready, goes on with what is left of its slice before others of its priority. The
 * time since it blocked is part of the slice: others worked for it.
 */
void sched_go_first(struct cpu *cpu, struct thread *t);

/** The CPU's timer fired: budgets that ended are charged, refills that are due are made usable. */
void sched_timer(struct cpu *cpu);

/**
 * Who runs next, or NULL; makes it current, charges the one that ran and sets the timer. Cheap
 * when nothing changed (cpu->resched is false).
 */
struct thread *sched_next(struct cpu *cpu);

#endif
