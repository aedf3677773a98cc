/* SPDX-License-Identifier: BSD-2-Clause */
#include "invariants.h"

#include "receive.h"
#include "world.h"

/* States of a call's word, as kernel/call.h lists them. */
#define CALL_IDLE 0
#define CALL_QUEUED 1
#define CALL_SERVED 3
#define CALL_ANSWERED 5

static const char *invariants_context(const struct thread *t)
{
    const struct sched_context *sc = &t->own_sc;
    uint64_t sum = 0;
    uint64_t last = 0;
    if (sc->count == 0 || sc->count > SCHED_REFILLS) {
        return "a context has a wrong number of refills";
    }
    for (uint32_t i = 0; i < sc->count; i++) {
        uint32_t slot = (sc->head + i) % SCHED_REFILLS;
        sum += sc->refill[slot].amount;
        if (sc->refill[slot].time < last) {
            return "refills are out of order";
        }
        last = sc->refill[slot].time;
    }
    if (sum != sc->budget) {
        return "refills do not sum to the budget";
    }
    if (sc->throttled != (sc->timer.slot != 0)) {
        return "a throttled context has no timer, or another has one";
    }
    if (sc->throttled && !sc->limited) {
        return "an unlimited context is throttled";
    }
    /* A passive thread's own lies idle while it uses its caller's. */
    return sc->user == t || sc->user->sc == sc ? NULL : "a context's user uses another";
}

/** A thread uses its own context, or a passive one that of the caller that it serves. */
static const char *invariants_lending(const struct thread *t)
{
    if (t->sc == &t->own_sc) {
        return NULL;
    }
    if ((t->flags & THREAD_PASSIVE) == 0 || t->serving == NULL || t->serving_fault) {
        return "a thread keeps a context that is not its caller's";
    }
    return t->serving->sc == t->sc ? NULL : "a passive thread's context is not its caller's";
}

static const char *invariants_queue(const struct thread *t)
{
    bool queued = t->next != NULL;
    bool ready = thread_state(t) == THREAD_READY;
    if (queued != (ready && !t->sc->throttled)) {
        return queued ? "a thread is queued that cannot run"
                      : "a thread that can run is not queued";
    }
    return ready && t->sc->user != t ? "a ready thread's context serves another" : NULL;
}

static const char *invariants_call(const struct thread *t, bool settled)
{
    uint64_t seq = t->call >> 3;
    uint64_t state = t->call & 7;
    if (thread_state(t) != THREAD_CALL) {
        return state == CALL_IDLE ? NULL : "a thread that does not call has a call";
    }
    if (seq != t->call_seq) {
        return "a call has another's number";
    }
    bool queued = (t->callee->callers & 1UL << t->callee_channel) != 0;
    bool served =
        t->callee->serving == t && !t->callee->serving_fault && t->callee->serving_seq == seq;
    switch (state) {
    case CALL_QUEUED:
        if (!queued || served) {
            return "a queued call is not at its callee";
        }
        return settled && thread_state(t->callee) == THREAD_STOPPED ? "waits for a stopped callee"
                                                                    : NULL;
    case CALL_SERVED:
        return served ? NULL : "a served call has no server";
    case CALL_ANSWERED:
        return served || settled ? "an answered call is not over" : NULL;
    default:
        return "a call is half done";
    }
}

static const char *invariants_waits(const struct thread *t, bool settled)
{
    if (!settled) {
        return NULL;
    }
    if (thread_state(t) == THREAD_RECV && !receive_nothing(t)) {
        return "a receiver sleeps on an event";
    }
    if (thread_state(t) == THREAD_CONTROL) {
        return "a request about a child is not over";
    }
    return t->control != 0 ? "a request about a child was not seen" : NULL;
}

static const char *invariants_thread(const struct thread *t, bool settled)
{
    const char *wrong = invariants_context(t);
    wrong = wrong != NULL ? wrong : invariants_lending(t);
    wrong = wrong != NULL ? wrong : invariants_queue(t);
    wrong = wrong != NULL ? wrong : invariants_call(t, settled);
    return wrong != NULL ? wrong : invariants_waits(t, settled);
}

static const char *invariants_cpu(const struct cpu *cpu)
{
    uint32_t queued = 0;
    const struct thread *highest = NULL;
    for (uint32_t p = 0; p < 256; p++) {
        const struct thread *head = cpu->ready[p];
        bool bit = (cpu->ready_bits[p / 64] & 1UL << (p % 64)) != 0;
        if (bit != (head != NULL)) {
            return "a priority's bit is wrong";
        }
        const struct thread *t = head;
        for (uint32_t i = 0; head != NULL && (i == 0 || t != head); i++) {
            if (i > world_count() || t->priority != p || t->cpu != cpu->index ||
                t->next->prev != t) {
                return "a ready queue is broken";
            }
            queued++;
            t = t->next;
        }
        highest = head != NULL ? head : highest;
    }
    for (uint32_t i = 0; i < world_count(); i++) {
        const struct thread *t = world_get(i);
        queued -= t->cpu == cpu->index && t->next != NULL ? 1 : 0;
    }
    if (queued != 0) {
        return "a thread is in no queue or in two";
    }
    if (cpu->current != highest || arch_fake.running[cpu->index] != highest) {
        return "another runs than the first of the highest priority";
    }
    if (cpu->charged != (highest != NULL ? highest->sc : NULL)) {
        return "another is charged than the one that runs";
    }
    return NULL;
}

const char *invariants_check(uint32_t cpus, bool settled, uint32_t *who)
{
    const char *wrong = NULL;
    for (*who = 0; *who < world_count(); ++*who) {
        wrong = invariants_thread(world_get(*who), settled);
        if (wrong != NULL) {
            return wrong;
        }
    }
    for (*who = 0; *who < cpus; ++*who) {
        wrong = invariants_cpu(cpu_get(*who));
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}
