/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control of children on other CPUs, by a parent that is itself stopped, resumed and restarted
 * in the middle (kernel/control.c).
 *
 * CPU 0 owns the parent, CPU 1 + k its child k. A poke is one step with its barrier; wake.pml
 * shows that pokes are not lost. A request names the child in x0, as the system call does.
 */
#ifndef REQUESTS
#define REQUESTS 3              /* system calls of the parent */
#endif
#ifndef STOPS
#define STOPS 2                 /* of the parent */
#endif

#define CHILDREN 2
#define CPUS (1 + CHILDREN)
#define ENTRY(child) (child)
#define CONTROL(child) (CHILDREN + (child))
#define CONTROL_WAIT (2 * CHILDREN)
#define VIEWS (2 * CHILDREN)
#define VIEWERS CPUS
#define LOCS (2 * CHILDREN + 1)
#include "memory.pml"

#define OP_STOP 1
#define OP_START 2
#define WORD(seq, op) ((seq) * 4 + (op))
#define control_waiting(seq) ((seq) * 2)
#define control_done(seq) ((seq) * 2 + 1)

#define READY 0
#define IN_CONTROL 1
#define STOPPED 2
#define UNKNOWN 3

byte parent_state;
bool poked[CPUS];
byte child_state[CHILDREN];
/* What the parent may rely on: only its own requests change its children. */
byte belief[CHILDREN];
byte left = REQUESTS;
bool finished;

inline poke(from, to)
{
    atomic { dsb(from); poked[to] = true; }
}

inline check_beliefs()
{
    PROPERTY(no_late_effect, belief[0] == UNKNOWN || belief[0] == child_state[0]);
    PROPERTY(no_late_effect, belief[1] == UNKNOWN || belief[1] == child_state[1]);
}

/* control_request(): the system call, perhaps made again after the parent was stopped in it. */
inline control_request()
{
    atomic {
        child = x0;
        PROPERTY(repeated_call_has_its_argument, child == wanted);
        belief[child] = UNKNOWN;
        seq++;
#ifdef FAULT_ARGUMENT_LOST
        x0 = 0;                 /* BH_OK, too early */
#endif
        store(0, ENTRY(child), seq);
    }
    atomic { store(0, CONTROL_WAIT, control_waiting(seq)); parent_state = IN_CONTROL; }
#ifdef FAULT_REQUEST_NOT_RELEASED
    atomic { store(0, CONTROL(child), WORD(seq, op)); }
#else
    atomic { store_release(0, CONTROL(child), WORD(seq, op)); }
#endif
#ifndef FAULT_NO_POKE_OF_CHILD
    poke(0, 1 + child);
#endif
}

/* control_finish() */
inline control_finish()
{
    atomic {
        load_acquire(0, CONTROL_WAIT, word);
        if
        :: word == control_done(seq) ->
            COVER(request_done);
            PROPERTY(stop_is_synchronous, op != OP_STOP || child_state[child] == STOPPED);
            belief[child] = (op == OP_STOP -> STOPPED : READY);
            parent_state = READY;
        :: else -> COVER(poke_without_completion);
        fi;
        word = 0;
    }
}

/* control_withdraw(): part of control_stop() of the parent. */
inline control_withdraw()
{
    atomic {
        CAN_RMW(0, CONTROL(child)) ->
        compare_exchange(0, CONTROL(child), WORD(seq, op), 0, ok);
    }
    if
    :: atomic { ok -> COVER(withdrawn); ok = false; }
    :: else ->
        atomic { COVER(withdrawn_too_late); }
#ifndef FAULT_WITHDRAW_NOT_WAITING
        /* arch_relax() until the child's CPU has finished. */
        atomic { NOW(0, CONTROL_WAIT) != control_waiting(seq) -> mem_sync(0); }
#endif
    fi
}

proctype parent_cpu()
{
    byte seq;
    byte child;
    byte wanted;
    byte x0;
    byte op = OP_STOP;
    byte word;
    byte stops = STOPS;
    bool again;                 /* the PC stands before the svc of a request */
    bool ok;

end:
    do
    :: atomic { parent_state == READY && !again && left > 0 ->
            check_beliefs();
            left--;
            if
            :: wanted = 0;
            :: wanted = 1;
            fi;
            x0 = wanted;
            if
            :: op = OP_STOP;
            :: op = OP_START;
            fi;
        }
        control_request();
    :: atomic { parent_state == READY && again -> again = false; COVER(request_repeated); }
        control_request();
    :: atomic { poked[0] -> poked[0] = false; mem_sync(0); }
        if
        :: parent_state == IN_CONTROL -> control_finish();
        :: atomic { else -> COVER(poke_of_other_parent); }
        fi;
    :: atomic { parent_state == READY && !again && left == 0 && !finished -> check_beliefs();
            finished = true; }
    :: atomic { stops > 0 && parent_state != STOPPED -> stops--; }
        if
        :: parent_state == IN_CONTROL ->
#if !defined(FAULT_NOT_WITHDRAWN) && !defined(FAULT_COMPLETION_OVERWRITES)
            control_withdraw();
#endif
            atomic { again = true; parent_state = STOPPED; }
        :: atomic { parent_state == READY -> parent_state = STOPPED; }
        :: true                 /* or it is not stopped that often */
        fi;
    :: atomic { parent_state == STOPPED ->
            if
            :: COVER(parent_resumed);
            :: COVER(parent_restarted); again = false;
            fi;
#ifndef FAULT_COMPLETION_OVERWRITES
            /* From now on the parent looks at its children again. */
            belief[0] = child_state[0];
            belief[1] = child_state[1];
#else
            belief[0] = UNKNOWN;
            belief[1] = UNKNOWN;
#endif
            parent_state = READY;
        }
    od
}

/* control_handle(): the child's CPU carries the request out. */
proctype child_cpu(byte child)
{
    byte word;
    byte entry;
    bool ok;

end:
    do
    :: atomic { poked[1 + child] -> poked[1 + child] = false; mem_sync(1 + child); }
        atomic { load(1 + child, CONTROL(child), word); }
        if
        :: word != 0 ->
#ifdef FAULT_CONTROL_READ_THEN_CLEAR
            atomic { store(1 + child, CONTROL(child), 0); mem_drain(1 + child);
                mem_sync(1 + child); }
#else
            atomic {
                CAN_RMW(1 + child, CONTROL(child)) ->
                exchange_acquire(1 + child, CONTROL(child), word);
            }
#endif
        :: atomic { else -> COVER(poke_without_request); }
        fi;
        if
        :: word != 0 ->
#ifdef FAULT_DONE_BEFORE_DOING
            atomic { compare_exchange(1 + child, CONTROL_WAIT, control_waiting(word / 4),
                control_done(word / 4), ok); ok = false; }
            poke(1 + child, 0);
#endif
            atomic {
                if
                :: word % 4 == OP_START && child_state[child] == STOPPED ->
                    load(1 + child, ENTRY(child), entry);
#ifndef FAULT_COMPLETION_OVERWRITES
                    PROPERTY(entry_published, entry == word / 4);
#endif
                    entry = 0;
                    child_state[child] = READY;
                    COVER(child_started);
                :: word % 4 == OP_START && child_state[child] != STOPPED ->
                    COVER(start_of_running_child);
                :: word % 4 == OP_STOP -> child_state[child] = STOPPED;
                fi;
            }
#ifdef FAULT_COMPLETION_OVERWRITES
            atomic { store_release(1 + child, CONTROL_WAIT, control_done(word / 4)); }
#else
            atomic {
                CAN_RMW(1 + child, CONTROL_WAIT) ->
                compare_exchange(1 + child, CONTROL_WAIT, control_waiting(word / 4),
                    control_done(word / 4), ok);
                ok = false;
            }
#endif
#ifndef FAULT_NO_POKE_AFTER_DONE
            poke(1 + child, 0);
#endif
        :: atomic { else -> COVER(request_gone); }
        fi;
        atomic { word = 0; }
    od
}

proctype observer()
{
end_observer:
    atomic {
        timeout ->
        PROPERTY(no_parent_stuck, parent_state == READY && finished);
        COVER(all_requests_done);
    }
}

init {
    atomic {
        run parent_cpu();
        run child_cpu(0);
        run child_cpu(1);
        run memory_system(0);
        run memory_system(1);
        run memory_system(2);
        run observer();
    }
}
