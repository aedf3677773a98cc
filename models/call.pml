/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protected calls across CPUs, with callers that are stopped, resumed or restarted in the
 * middle, and callees that are stopped and resumed (kernel/call.c, kernel/control.c).
 *
 * CPU c < CALLERS owns caller c, the last CPU owns the callees. A poke is one step here, with
 * the barrier that it contains: that pokes are not lost is what wake.pml shows.
 *
 * The registers of a caller (context.x, and its message buffer) are one location: the message of
 * the caller's n-th call is the number n, the answer to it ANSWER(n).
 */
#ifndef CALLERS
#define CALLERS 1
#endif
#ifndef CALLEES
#define CALLEES 2
#endif
#ifndef CALLS
#define CALLS 3                 /* of each caller, at most 7 */
#endif
#ifndef STOPS
#define STOPS 2                 /* of each caller */
#endif
#ifndef CALLEE_STOPS
#define CALLEE_STOPS 1          /* of all callees together */
#endif

#define CPUS (CALLERS + 1)
#define OTHER CALLERS           /* CPU of the callees */
#define REGS(caller) (caller)
#define CALLEE(caller) (CALLERS + (caller))
#define WAITING(callee) (2 * CALLERS + (callee)) /* thread.callers */
#define CALL(caller) (2 * CALLERS + CALLEES + (caller))
#define VIEWS (2 * CALLERS + CALLEES)
#define VIEWERS CPUS
#define LOCS (3 * CALLERS + CALLEES)
#include "memory.pml"

#define IDLE 0
#define QUEUED 1
#define COPYING 2
#define SERVED 3
#define REPLYING 4
#define ANSWERED 5
#define WORD(seq, state) ((seq) * 8 + (state))
#define SEQ(word) ((word) / 8)
#define STATE(word) ((word) % 8)

#define ANSWER(n) (8 + (n))
#define ABORTED 16
#define FRESH 17

#define READY 0
#define RECV 1
#define IN_CALL 2
#define STOPPED 3
#define ABSENT 4

/* Of the callers. */
byte state[CALLERS];
bool poked[CALLERS];
byte calls[CALLERS];            /* made so far */
byte target[CALLERS * 8];       /* callee + 1 of each call */
byte answers[CALLERS * 32];     /* to the call with that sequence number */

/* Of the callees. */
byte callee_state[2];
bool callee_poked[2];
byte serving[2];                /* caller + 1 */
byte serving_seq[2];
byte work[2];                   /* the message that was delivered */
byte aborts;

inline callee_poke(me, s)
{
    atomic { dsb(me); callee_poked[s] = true; }
}

/* call_start(): the caller's registers hold the message, its number. */
inline call_start(s)
{
    atomic { store(me, CALLEE(me), s); state[me] = IN_CALL; }
#if defined(FAULT_BIT_BEFORE_QUEUED)
    atomic { CAN_RMW(me, WAITING(s)) -> fetch_or_release(me, WAITING(s), 1 << me, old); old = 0; }
    callee_poke(me, s);
    atomic { store_release(me, CALL(me), WORD(seq, QUEUED)); }
#elif defined(FAULT_QUEUED_NOT_RELEASED)
    atomic { store(me, CALL(me), WORD(seq, QUEUED)); }
    atomic { CAN_RMW(me, WAITING(s)) -> fetch_or_release(me, WAITING(s), 1 << me, old); old = 0; }
    callee_poke(me, s);
#elif defined(FAULT_MESSAGE_NOT_RELEASED)
    atomic { store(me, CALL(me), WORD(seq, QUEUED)); }
    atomic { CAN_RMW(me, WAITING(s)) -> fetch_or_relaxed(me, WAITING(s), 1 << me, old); old = 0; }
    callee_poke(me, s);
#else
    atomic { store_release(me, CALL(me), WORD(seq, QUEUED)); }
    atomic { CAN_RMW(me, WAITING(s)) -> fetch_or_release(me, WAITING(s), 1 << me, old); old = 0; }
    callee_poke(me, s);
#endif
}

/* call_finish(), then the caller is ready. */
inline call_finish()
{
    atomic {
        load_acquire(me, CALL(me), word);
        if
        :: word == WORD(seq, ANSWERED) ->
            load(me, REGS(me), value);
            PROPERTY(answer_belongs_to_call, value == ANSWER(calls[me]) || value == ABORTED);
            PROPERTY(aborted_only_if_stopped, value != ABORTED || aborts > 0);
            expected = value;
            seq++;
            store_release(me, CALL(me), WORD(seq, IDLE));
            state[me] = READY;
            if
            :: value == ABORTED -> COVER(caller_gets_abort);
            :: else -> COVER(caller_gets_answer);
            fi;
            value = 0;
        :: else -> COVER(poke_of_unanswered_caller);
        fi;
        word = 0;
    }
}

/* call_cancel(): nobody will answer any more. */
inline call_cancel()
{
    atomic {
        load_acquire(me, CALLEE(me), value);
    }
    atomic {
        CAN_RMW(me, WAITING(value)) -> fetch_and_acquire(me, WAITING(value), 255 - (1 << me), old);
        old = 0;
    }
    do
    :: atomic {
        /* Both compare-and-swaps of the C, one after the other, come to the same as this one. */
        CAN_RMW(me, CALL(me)) ->
        load_acquire(me, CALL(me), word);
        if
        :: word == WORD(seq, QUEUED) -> COVER(cancel_queued);
            compare_exchange(me, CALL(me), word, WORD(seq, IDLE), ok); break;
        :: word == WORD(seq, SERVED) -> COVER(cancel_served);
            compare_exchange(me, CALL(me), word, WORD(seq, IDLE), ok); break;
        :: word == WORD(seq, ANSWERED) -> COVER(cancel_answered); break;
        :: word == WORD(seq, COPYING) -> COVER(cancel_during_copying);
#ifdef FAULT_NO_WAIT_FOR_COPYING
            compare_exchange(me, CALL(me), word, WORD(seq, IDLE), ok); break;
#endif
        :: word == WORD(seq, REPLYING) -> COVER(cancel_during_replying);
#ifdef FAULT_NO_WAIT_FOR_REPLYING
            compare_exchange(me, CALL(me), word, WORD(seq, IDLE), ok); break;
#endif
        fi; }
        /* arch_relax(): until the word has changed. */
        mem[CALL(me)] != word;
    od;
    atomic {
        if
        :: word == WORD(seq, ANSWERED) ->
            /* It keeps its answer, for when it is resumed. */
            load(me, REGS(me), value);
            PROPERTY(answer_belongs_to_call, value == ANSWER(calls[me]) || value == ABORTED);
            expected = value;
            seq++;
        :: else ->
            store(me, REGS(me), ABORTED);
            expected = ABORTED;
#ifndef FAULT_SEQ_NOT_RAISED
            seq++;
#endif
        fi;
        store_release(me, CALL(me), WORD(seq, IDLE));
        word = 0;
        value = 0;
        ok = false;
    }
}

/* control_stop() of the caller. */
inline stop_caller()
{
    if
    :: state[me] == IN_CALL ->
#ifndef FAULT_NOT_CANCELLED
        call_cancel();
#endif
    :: else
    fi;
    state[me] = STOPPED;
}

/* What the caller's program finds in its registers must be what the kernel left there. */
inline check_registers()
{
    load(me, REGS(me), value);
    PROPERTY(registers_belong_to_caller, value == expected);
    value = 0;
}

proctype caller_cpu(byte me)
{
    byte seq;
    byte old;
    byte word;
    byte value;
    byte expected = FRESH;
    byte stops = STOPS;
    bool ok;

end:
    do
    :: atomic { state[me] == READY && calls[me] < CALLS ->
            check_registers();
            calls[me]++;
            store(me, REGS(me), calls[me]);
            expected = calls[me];
            if
            :: target[me * 8 + calls[me]] = 1;
            :: CALLEES > 1 -> target[me * 8 + calls[me]] = 2;
            fi;
        }
        call_start(target[me * 8 + calls[me]] - 1);
    :: atomic { poked[me] -> poked[me] = false; mem_sync(me); }
        if
        :: state[me] == IN_CALL -> call_finish();
        :: atomic { else -> COVER(poke_of_other_caller); }
        fi;
    :: atomic { stops > 0 && state[me] != STOPPED -> stops--; }
        if
        :: stop_caller();
        :: true                 /* or it is not stopped that often */
        fi;
    :: atomic { state[me] == STOPPED ->
            /* Resumed, or restarted: arch_reset_context(). */
            if
            :: check_registers();
            :: store(me, REGS(me), FRESH); expected = FRESH;
            fi;
#ifndef FAULT_NOT_CANCELLED
            state[me] = READY;
#else
            if
            :: expected == FRESH -> state[me] = READY;
            :: else -> state[me] = IN_CALL;
            fi;
#endif
        }
    od
}

/* call_next(): takes a waiting caller of s to the state `to`; `who` is the caller + 1, or 0. */
inline call_next(s, to)
{
    do
    :: atomic {
            load(OTHER, WAITING(s), bits);
            if
            :: bits == 0 -> break;
            :: (bits & 1) != 0 -> who = 1;
            :: (bits & 2) != 0 -> who = 2;
            fi;
        }
#ifdef FAULT_CALLERS_READ_THEN_CLEAR
        atomic { load_acquire(OTHER, WAITING(s), bits); }
        atomic { store(OTHER, WAITING(s), bits & (255 - (1 << (who - 1)))); bits = 0; }
#else
        atomic {
            CAN_RMW(OTHER, WAITING(s)) ->
            fetch_and_acquire(OTHER, WAITING(s), 255 - (1 << (who - 1)), bits);
            bits = 0;
        }
#endif
        atomic { load_acquire(OTHER, CALL(who - 1), word); }
        if
        :: atomic { STATE(word) == QUEUED ->
                load(OTHER, CALLEE(who - 1), value);
            }
            atomic {
                CAN_RMW(OTHER, CALL(who - 1)) ->
                if
#ifndef FAULT_CALLEE_NOT_COMPARED
                :: value != (s) -> COVER(take_call_for_other_callee);
#else
                :: false
#endif
                :: else ->
                    compare_exchange(OTHER, CALL(who - 1), word, WORD(SEQ(word), to), ok);
                    if
                    :: ok
                    :: else -> COVER(take_of_changed_call);
                    fi;
                fi;
                value = 0;
            }
            if
            :: ok -> break;
            :: else
            fi;
        :: atomic { else -> COVER(take_of_cancelled_call); }
        fi;
        atomic { who = 0; word = 0; }
    od
}

/* call_take(): delivers a waiting call to s, if there is one. */
inline call_take(s)
{
    call_next(s, COPYING);
    if
    :: ok ->
        atomic { load(OTHER, REGS(who - 1), value); }
#ifdef FAULT_SERVED_NOT_RELEASED
        /* Part of the message is read after SERVED became visible. */
        atomic { store_release(OTHER, CALL(who - 1), WORD(SEQ(word), SERVED)); mem_drain(OTHER); }
#endif
        atomic {
            load(OTHER, REGS(who - 1), bits);
            PROPERTY(message_whole, value == bits && value > 0 && value < 8);
            PROPERTY(call_reaches_its_callee, target[(who - 1) * 8 + value] == (s) + 1);
            COVER(take);
            work[s] = value;
            serving[s] = who;
            serving_seq[s] = SEQ(word);
            bits = 0;
            value = 0;
        }
#ifndef FAULT_SERVED_NOT_RELEASED
        atomic { store_release(OTHER, CALL(who - 1), WORD(SEQ(word), SERVED)); }
#endif
        atomic { callee_state[s] = READY; who = 0; word = 0; ok = false; }
    :: atomic { else -> callee_state[s] = RECV; }
    fi
}

/* call_answered(): the caller's registers hold the answer, or BH_ERR_ABORTED. */
inline call_answered(caller, number, answer)
{
#ifdef FAULT_ANSWERED_NOT_RELEASED
    atomic { store(OTHER, CALL(caller), WORD(number, ANSWERED)); }
    atomic { store(OTHER, REGS(caller), answer); }
#else
    atomic { store(OTHER, REGS(caller), answer); }
    atomic { store_release(OTHER, CALL(caller), WORD(number, ANSWERED)); }
#endif
    atomic {
        answers[(caller) * 32 + number]++;
        PROPERTY(answered_once, answers[(caller) * 32 + number] == 1);
    }
#ifndef FAULT_NO_POKE_AFTER_ANSWER
    atomic { dsb(OTHER); poked[caller] = true; }
#endif
}

/* call_served() and call_answer(), or call_abort(). */
inline call_answer(s, answer)
{
    if
    :: serving[s] != 0 ->
        atomic {
            CAN_RMW(OTHER, CALL(serving[s] - 1)) ->
            who = serving[s];
            serving[s] = 0;
#ifdef FAULT_ANSWER_WITHOUT_COMPARE
            ok = true;
#else
            compare_exchange(OTHER, CALL(who - 1), WORD(serving_seq[s], SERVED),
                WORD(serving_seq[s], REPLYING), ok);
#endif
        }
        if
        :: ok -> call_answered(who - 1, serving_seq[s], answer);
        :: atomic { else -> COVER(answer_to_cancelled_call); }
        fi;
        atomic { who = 0; work[s] = 0; serving_seq[s] = 0; ok = false; }
    :: else
    fi
}

/* call_abort_waiting(), with CALL_ABORTS_AT_ONCE 1. */
inline call_abort_waiting(s)
{
    call_next(s, REPLYING);
    if
    :: ok ->
        atomic { COVER(abort_waiting); }
        call_answered(who - 1, SEQ(word), ABORTED);
        atomic { callee_poked[s] = true; who = 0; word = 0; ok = false; }
    :: else
    fi
}

#define WAS_POKED(t) callee_poked[t]
#define IS_READY(t) (callee_state[t] == READY)
#define MAY_STOP(t) (stops > 0 && callee_state[t] < STOPPED)
#define MAY_RESUME(t) (callee_state[t] == STOPPED && resumes > 0)

proctype callee_cpu()
{
    byte s;
    byte who;
    byte word;
    byte bits;
    byte value;
    byte stops = CALLEE_STOPS;
    byte resumes = CALLEE_STOPS;
    bool ok;

end:
    if
    :: atomic { WAS_POKED(0) -> s = 0; }
        goto was_poked;
    :: atomic { WAS_POKED(1) -> s = 1; }
        goto was_poked;
    :: atomic { IS_READY(0) -> s = 0; }
        goto reply_recv;
    :: atomic { IS_READY(1) -> s = 1; }
        goto reply_recv;
    :: atomic { MAY_STOP(0) -> s = 0; stops--; }
        goto stop_callee;
    :: atomic { MAY_STOP(1) -> s = 1; stops--; }
        goto stop_callee;
    :: atomic { MAY_RESUME(0) -> s = 0; resumes--; }
        goto resume_callee;
    :: atomic { MAY_RESUME(1) -> s = 1; resumes--; }
        goto resume_callee;
    fi;

was_poked:
    /* poke_handle() and poke_look(). */
    atomic { callee_poked[s] = false; mem_sync(OTHER); }
    if
    :: callee_state[s] == RECV -> call_take(s);
#ifndef FAULT_STOPPED_NOT_ABORTING
    :: callee_state[s] == STOPPED -> call_abort_waiting(s);
#endif
    :: atomic { else -> COVER(poke_of_busy_callee); }
    fi;
    goto end;

reply_recv:
    call_answer(s, ANSWER(work[s]));
    call_take(s);
    goto end;

stop_callee:
    if
    :: skip;
        /* control_stop() */
        atomic { aborts++; if :: serving[s] != 0 -> COVER(stop_while_serving); :: else fi; }
#ifndef FAULT_NO_ABORT_OF_SERVED
        call_answer(s, ABORTED);
#else
        serving[s] = 0;
#endif
        callee_state[s] = STOPPED;
#ifndef FAULT_NO_ABORT_OF_WAITING
        call_abort_waiting(s);
#endif
    :: true                     /* or it is not stopped that often */
    fi;
    goto end;

resume_callee:
    if
    :: atomic { callee_state[s] = READY; COVER(callee_resumed); }
    :: true                     /* or never */
    fi;
    goto end;
}

proctype observer()
{
    byte c;

end_observer:
    atomic {
        timeout ->
        c = 0;
        do
        :: c < CALLERS ->
            PROPERTY(no_caller_stuck, state[c] == READY && calls[c] == CALLS);
            c++;
        :: else -> break
        od;
        COVER(all_calls_returned);
        c = 0;
    }
}

init {
    byte i;
    atomic {
        do
        :: i < CALLERS -> mem[REGS(i)] = FRESH; mem_i = 0; run caller_cpu(i); i++;
        :: else -> break
        od;
        callee_state[1] = (CALLEES > 1 -> READY : ABSENT);
        run callee_cpu();
        i = 0;
        do
        :: i < CPUS -> mem_sync(i); run memory_system(i); i++;
        :: else -> break
        od;
        run observer();
        i = 0;
    }
}
