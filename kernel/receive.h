/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How events reach a PD: notifications, protected calls, faults of its children.
 */
#ifndef KERNEL_RECEIVE_H
#define KERNEL_RECEIVE_H

#include "cpu.h"
#include "thread.h"

/**
 * If an event waits for `t`, a thread of this CPU, put it into its registers and message buffer.
 * After a notification a waiting call goes first, so that neither starves the other; among callers
 * it goes round. Returns whether there was one. The thread's state is the caller's business, except
 * that a passive PD is left blocked on its caller's context.
 */
bool receive_deliver(struct cpu *cpu, struct thread *t);

/** No event waits for `t`, of this CPU: most often so, and quickly said. */
static inline bool receive_nothing(const struct thread *t)
{
    return (__atomic_load_n(&t->notified, __ATOMIC_RELAXED) |
            __atomic_load_n(&t->callers, __ATOMIC_RELAXED) |
            __atomic_load_n(&t->faults, __ATOMIC_RELAXED)) == 0;
}

/** `t`, which runs on this CPU, waits for an event. */
void receive_wait(struct cpu *cpu, struct thread *t);

/** Set `bit` of `target`'s notification word. `target` may belong to any CPU. */
void receive_notify(struct cpu *cpu, struct thread *target, uint32_t bit);

#endif
