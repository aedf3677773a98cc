/* SPDX-License-Identifier: BSD-2-Clause */
#include "receive.h"

#include "call.h"
#include "fault.h"
#include "poke.h"
#include "sched.h"

/** Takes all pending notifications as one event. */
static bool receive_notification(struct thread *t)
{
    if (__atomic_load_n(&t->notified, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    t->context.x[0] = __atomic_exchange_n(&t->notified, 0, __ATOMIC_ACQUIRE);
    t->prefer_calls = true;
    return true;
}

static bool receive_call_or_fault(struct cpu *cpu, struct thread *t)
{
    /* Most often there is neither, and two calls are saved. */
    if ((__atomic_load_n(&t->callers, __ATOMIC_RELAXED) |
         __atomic_load_n(&t->faults, __ATOMIC_RELAXED)) == 0) {
        return false;
    }
    if (!call_take(cpu, t) && !fault_take(t)) {
        return false;
    }
    t->prefer_calls = false;
    return true;
}

bool receive_deliver(struct cpu *cpu, struct thread *t)
{
    if (t->prefer_calls) {
        return receive_call_or_fault(cpu, t) || receive_notification(t);
    }
    return receive_notification(t) || receive_call_or_fault(cpu, t);
}

void receive_wait(struct cpu *cpu, struct thread *t)
{
    if (receive_nothing(t) || !receive_deliver(cpu, t)) {
        sched_block(cpu, t, THREAD_RECV);
    } else if (thread_state(t) != THREAD_READY) {
        sched_make_ready(cpu, t);
    }
}

void receive_notify(struct cpu *cpu, struct thread *target, uint32_t bit)
{
    __atomic_fetch_or(&target->notified, 1UL << bit, __ATOMIC_RELEASE);
    poke_thread(cpu, target);
}
