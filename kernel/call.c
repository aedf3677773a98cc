/* SPDX-License-Identifier: BSD-2-Clause */
#include "call.h"

#include "poke.h"
#include "sched.h"

enum call_state {
    CALL_IDLE,
    CALL_QUEUED,
    CALL_COPYING,
    CALL_SERVED,
    CALL_REPLYING,
    CALL_ANSWERED,
};

/** Callers of a stopped PD that are answered in one go. */
#define CALL_ABORTS_AT_ONCE 2

static uint64_t call_word(uint64_t seq, enum call_state state)
{
    return seq << 3 | (uint64_t)state;
}

static bool call_step(struct thread *caller, uint64_t seq, enum call_state from, enum call_state to)
{
    uint64_t expected = call_word(seq, from);
    return __atomic_compare_exchange_n(&caller->call, &expected, call_word(seq, to), false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void call_set(struct thread *caller, uint64_t seq, enum call_state state)
{
    __atomic_store_n(&caller->call, call_word(seq, state), __ATOMIC_RELEASE);
}

/** Ends the own call of `t`: the next one has another number. */
static void call_end(struct thread *t)
{
    t->call_seq++;
    call_set(t, t->call_seq, CALL_IDLE);
}

/** Copies x1 to x5 and the words beyond from one thread's message to another's. */
static void call_copy_message(const struct thread *from, struct thread *to)
{
    uint64_t info = from->context.x[1];
    uint64_t count = BH_MSGINFO_COUNT(info);
    if (count > BH_MSG_WORDS) {
        count = BH_MSG_WORDS;
        info = BH_MSGINFO(BH_MSGINFO_LABEL(info), count);
    }
    to->context.x[1] = info;
    for (uint32_t i = 2; i < 2 + BH_MSG_REGS; i++) {
        to->context.x[i] = from->context.x[i];
    }
    if (count > BH_MSG_REGS) {
        arch_copy(&to->msg->msg[BH_MSG_REGS], &from->msg->msg[BH_MSG_REGS],
                  (count - BH_MSG_REGS) * sizeof(uint64_t));
    }
}

static void call_set_aborted(struct thread *caller)
{
    caller->context.x[0] = BH_ERR_ABORTED;
    caller->context.x[1] = BH_MSGINFO(BH_LABEL_FAILED, 0);
}

/** Hands the call of `caller` on the callee's channel `id` to `t`, which waits or is about to. */
static void call_deliver(struct thread *caller, uint64_t seq, struct thread *t, uint32_t id)
{
    call_copy_message(caller, t);
    t->context.x[0] = BH_BADGE_CALL | id;
    t->serving = caller;
    t->serving_seq = seq;
    t->serving_fault = false;
    t->next_caller = (uint8_t)(id + 1);
    if ((t->flags & THREAD_PASSIVE) != 0) {
        sched_donate(caller, t);
    }
}

void call_start(struct cpu *cpu, struct thread *t, uint64_t id)
{
    if (id >= BH_MAX_CHANNELS || (t->channels[id].peer == NULL)) {
        t->context.x[0] = BH_ERR_CHANNEL;
        return;
    }
    const struct channel *channel = &t->channels[id];
    if ((channel->flags & CHANNEL_CALL) == 0) {
        t->context.x[0] = BH_ERR_RIGHT;
        return;
    }
    if (BH_MSGINFO_COUNT(t->context.x[1]) > BH_MSG_WORDS) {
        t->context.x[0] = BH_ERR_ARGUMENT;
        return;
    }
    struct thread *callee = channel->peer;
    bool local = callee->cpu == cpu->index;
    if (local && thread_state(callee) == THREAD_STOPPED) {
        call_set_aborted(t);
        return;
    }
    t->callee = callee;
    t->callee_channel = channel->peer_id;
    if (local && thread_state(callee) == THREAD_RECV) {
        call_set(t, t->call_seq, CALL_SERVED);
        call_deliver(t, t->call_seq, callee, channel->peer_id);
        callee->prefer_calls = false;
        sched_block(cpu, t, THREAD_CALL);
        sched_make_ready(cpu, callee);
        return;
    }
    sched_block(cpu, t, THREAD_CALL);
    call_set(t, t->call_seq, CALL_QUEUED);
    __atomic_fetch_or(&callee->callers, 1UL << channel->peer_id, __ATOMIC_RELEASE);
    if (!local) {
        poke_by_interrupt(callee);
    }
}

/**
 * Takes one waiting caller of `t`, moving its call to `state`; NULL when none is left. A bit may
 * outlive the call that it stood for, so the call's own words decide.
 */
static struct thread *call_next(struct thread *t, enum call_state state, uint64_t *seq,
                                uint32_t *id)
{
    for (uint32_t tries = 0; tries < BH_MAX_CHANNELS; tries++) {
        uint64_t waiting = __atomic_load_n(&t->callers, __ATOMIC_RELAXED);
        if (waiting == 0) {
            return NULL;
        }
        uint64_t later = waiting >> t->next_caller << t->next_caller;
        *id = (uint32_t)__builtin_ctzl(later != 0 ? later : waiting);
        __atomic_fetch_and(&t->callers, ~(1UL << *id), __ATOMIC_ACQ_REL);
        struct thread *caller = t->channels[*id].peer;
        uint64_t word = __atomic_load_n(&caller->call, __ATOMIC_ACQUIRE);
        *seq = word >> 3;
        if (word == call_word(*seq, CALL_QUEUED) && caller->callee == t &&
            caller->callee_channel == *id && call_step(caller, *seq, CALL_QUEUED, state)) {
            return caller;
        }
    }
    return NULL;
}

bool call_take(struct cpu *cpu, struct thread *t)
{
    uint64_t seq;
    uint32_t id;
    struct thread *caller = call_next(t, CALL_COPYING, &seq, &id);
    if (caller == NULL) {
        return false;
    }
    if ((t->flags & THREAD_PASSIVE) != 0 && thread_state(t) == THREAD_READY) {
        /* It goes on with the caller's budget: its own must be put down first. */
        sched_block(cpu, t, THREAD_RECV);
    }
    call_deliver(caller, seq, t, id);
    call_set(caller, seq, CALL_SERVED);
    return true;
}

bool call_finish(struct thread *t)
{
    uint64_t word = __atomic_load_n(&t->call, __ATOMIC_ACQUIRE);
    if (word != call_word(t->call_seq, CALL_ANSWERED)) {
        return false;
    }
    call_end(t);
    return true;
}

/** The answer is in `caller`, whose call is REPLYING: let it go on. */
static void call_answered(struct cpu *cpu, struct thread *caller, uint64_t seq)
{
    call_set(caller, seq, CALL_ANSWERED);
    if (caller->cpu != cpu->index) {
        poke_by_interrupt(caller);
    } else if (call_finish(caller)) {
        sched_make_ready(cpu, caller);
    }
}

/** Takes the caller that `t` serves, ready to be answered; NULL if there is none any more. */
static struct thread *call_served(struct cpu *cpu, struct thread *t)
{
    struct thread *caller = t->serving;
    if (caller == NULL || t->serving_fault) {
        return NULL;
    }
    t->serving = NULL;
    sched_undonate(cpu, caller, t);
    return call_step(caller, t->serving_seq, CALL_SERVED, CALL_REPLYING) ? caller : NULL;
}

void call_answer(struct cpu *cpu, struct thread *t)
{
    struct thread *caller = call_served(cpu, t);
    if (caller != NULL) {
        caller->context.x[0] = BH_OK;
        call_copy_message(t, caller);
        call_answered(cpu, caller, t->serving_seq);
    }
}

void call_abort(struct cpu *cpu, struct thread *t)
{
    struct thread *caller = call_served(cpu, t);
    if (caller != NULL) {
        call_set_aborted(caller);
        call_answered(cpu, caller, t->serving_seq);
    }
}

void call_abort_waiting(struct cpu *cpu, struct thread *t)
{
    if (__atomic_load_n(&t->callers, __ATOMIC_RELAXED) == 0) {
        return;
    }
    uint64_t seq;
    uint32_t id;
    for (int i = 0; i < CALL_ABORTS_AT_ONCE; i++) {
        struct thread *caller = call_next(t, CALL_REPLYING, &seq, &id);
        if (caller == NULL) {
            return;
        }
        call_set_aborted(caller);
        call_answered(cpu, caller, seq);
    }
    poke_by_interrupt(t);
}

void call_cancel(struct cpu *cpu, struct thread *t)
{
    uint64_t seq = t->call_seq;
    struct thread *callee = t->callee;
    __atomic_fetch_and(&callee->callers, ~(1UL << t->callee_channel), __ATOMIC_ACQ_REL);
    while (!call_step(t, seq, CALL_QUEUED, CALL_IDLE) &&
           !call_step(t, seq, CALL_SERVED, CALL_IDLE)) {
        if (call_finish(t)) {
            return;
        }
        /* COPYING or REPLYING on another CPU, which finishes that within one kernel path. */
        arch_relax();
    }
    if (callee->cpu == cpu->index && callee->serving == t && !callee->serving_fault) {
        callee->serving = NULL;
        sched_undonate(cpu, t, callee);
    }
    call_end(t);
    call_set_aborted(t);
}
