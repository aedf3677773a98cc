/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications across CPUs: notify, poke, SGI, receive, and the idle loop.
 *
 * CPU 0 owns two threads, thread 1 with the higher priority; the other CPUs notify both of them.
 * Before each notification the sender writes a number to memory that it shares with the
 * receivers; who receives the notification must see it. The last number is thus seen if, and
 * only if, no notification was lost. docs/models.md has the table of model and C names.
 */
#ifndef SENDERS
#define SENDERS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1                /* of notifying every thread, a sender */
#endif

#define CPUS (SENDERS + 1)
#define THREADS 2
/* Locations: shared data of each sender, notified of each thread, cpu->poked. */
#define DATA(sender) ((sender) - 1)
#define NOTIFIED(thread) (SENDERS + (thread))
#define POKED (SENDERS + THREADS)
#define VIEWS (SENDERS + THREADS + 1)
#define VIEWERS 1
#define LOCS (SENDERS + THREADS + 1)
#include "memory.pml"

#define READY 0
#define RECV 1

byte state[THREADS];
byte in_queue[THREADS];         /* how often the thread is in the ready queue */
byte seen[THREADS * CPUS];      /* last number of each sender that the thread saw */
bool finished[CPUS];

inline sched_enqueue(t)
{
    in_queue[t]++;
    PROPERTY(thread_once_in_queue, in_queue[t] == 1);
}

inline sched_dequeue(t)
{
    in_queue[t]--;
}

/* poke_by_interrupt(): the CPU `me` changed a word of thread t. */
inline poke_by_interrupt(me, t)
{
#ifdef FAULT_RELAXED_POKE
    atomic { CAN_RMW(me, POKED) -> fetch_or_relaxed(me, POKED, 1 << (t), old); }
#else
    atomic { CAN_RMW(me, POKED) -> fetch_or_release(me, POKED, 1 << (t), old); }
#endif
    if
    :: atomic { (old & (1 << (t))) == 0 ->
        COVER(poke_sends_sgi);
#ifndef FAULT_NO_DSB_BEFORE_SGI
        dsb(me);
#endif
        old = 0;
        }
        sgi[0] = true;
    :: atomic { else -> COVER(poke_bit_was_set); old = 0; }
    fi
}

/* receive_notify(): sets bit `me` of thread t. */
inline receive_notify(me, t)
{
#if defined(FAULT_POKE_BEFORE_WORD)
    poke_by_interrupt(me, t);
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), old);
        old = 0; }
#elif defined(FAULT_POKED_TESTED_FIRST)
    atomic { load_acquire(me, POKED, old); }
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), other); }
    if
    :: atomic { (old & (1 << (t))) != 0 -> old = 0; other = 0; }
    :: atomic { else -> old = 0; other = 0; }
        poke_by_interrupt(me, t);
    fi
#elif defined(FAULT_REMOTE_STATE_CHECK)
    /* "Poke only who waits" needs an order between both sides that nothing gives. */
    atomic { other = state[t]; }
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), old); }
    if
    :: atomic { other == RECV -> old = 0; other = 0; }
        poke_by_interrupt(me, t);
    :: atomic { else -> old = 0; other = 0; }
    fi
#else
#ifdef FAULT_RELAXED_NOTIFY
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_relaxed(me, NOTIFIED(t), 1 << (me), old);
        old = 0; }
#else
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), old);
        old = 0; }
#endif
    poke_by_interrupt(me, t);
#endif
}

proctype sender(byte me)
{
    byte old;
    byte other;
    byte round = 1;

    do
    :: round <= ROUNDS ->
        atomic { store(me, DATA(me), 2 * round - 1); }
        receive_notify(me, 0);
        atomic { store(me, DATA(me), 2 * round); }
        receive_notify(me, 1);
        round++;
    :: else -> break
    od;
    atomic { finished[me] = true; round = 0; }
}

/* Deliver the word to thread t: it reads the data of each sender whose bit came. */
inline deliver(t)
{
    from = 1;
    do
    :: from < CPUS ->
        if
        :: (word & (1 << from)) != 0 ->
            load(0, DATA(from), number);
            /* What the sender wrote before this notification, or later. */
            PROPERTY(notification_publishes, number >= 1 + t);
            seen[(t) * CPUS + from] = number;
        :: else
        fi;
        from++;
    :: else -> break
    od;
    from = 0;
    number = 0;
    word = 0;
}

/*
 * receive_deliver(), reduced to notifications: takes the word, if it is not 0. `taken` tells.
 */
inline receive_deliver(t)
{
    atomic { load(0, NOTIFIED(t), word); taken = (word != 0); }
    if
    :: taken ->
#ifdef FAULT_NOTIFIED_READ_THEN_CLEAR
        atomic { store(0, NOTIFIED(t), 0); mem_sync(0); COVER(receive_takes_word); deliver(t); }
#else
        atomic { CAN_RMW(0, NOTIFIED(t)) ->
            exchange_acquire(0, NOTIFIED(t), word);
            COVER(receive_takes_word);
            deliver(t);
        }
#endif
    :: atomic { else -> COVER(receive_finds_nothing); }
    fi
}

/* poke_look(): act on the words of thread t. */
inline poke_look(t)
{
    if
    :: atomic { state[t] == RECV -> COVER(poke_of_waiting_thread); }
        receive_deliver(t);
        atomic {
            if
            :: taken -> COVER(poke_makes_ready); state[t] = READY; sched_enqueue(t);
            :: else
            fi;
            taken = false;
        }
    :: atomic { state[t] == READY -> COVER(poke_of_ready_thread); }
    fi
}

/* One round of poke_handle(): clears the bit, then looks. */
inline poke_take(t)
{
#if defined(FAULT_BIT_CLEARED_AFTER_LOOK)
    mem_sync(0);
    poke_look(t);
    atomic { CAN_RMW(0, POKED) -> fetch_and_acquire(0, POKED, 3 - (1 << (t)), bits); }
#elif defined(FAULT_RELAXED_POKE_TAKE)
    atomic { CAN_RMW(0, POKED) -> fetch_and_relaxed(0, POKED, 3 - (1 << (t)), bits); }
    poke_look(t);
#else
    atomic { CAN_RMW(0, POKED) -> fetch_and_acquire(0, POKED, 3 - (1 << (t)), bits); }
    poke_look(t);
#endif
}

/* The interrupt is acknowledged, then poke_handle(), with POKES_AT_ONCE 1. */
inline take_sgi()
{
#ifndef FAULT_ACKNOWLEDGED_LAST
    sgi[0] = false;
#ifndef FAULT_NO_DSB_AFTER_ACKNOWLEDGE
    atomic { dsb(0); }
#endif
#endif
    atomic { load(0, POKED, bits); }
    if
    :: atomic { bits == 3 -> COVER(poke_leftovers); }
        poke_take(0);
#ifndef FAULT_LEFTOVERS_FORGOTTEN
        /* arch_poke() of the own CPU; the bit of thread 1 is still set. */
        atomic { dsb(0); }
        sgi[0] = true;
#endif
    :: bits == 1 -> poke_take(0);
    :: bits == 2 -> poke_take(1);
    :: atomic { bits == 0 -> COVER(sgi_without_bits); }
    fi;
#ifdef FAULT_ACKNOWLEDGED_LAST
    sgi[0] = false;
#endif
    bits = 0;
}

/* receive_wait(): system call of the running thread t. */
inline receive_wait(t)
{
    receive_deliver(t);
    atomic {
        if
        :: taken
        :: else -> COVER(receive_blocks); state[t] = RECV; sched_dequeue(t);
        fi;
        taken = false;
    }
}

proctype owner()
{
    bool taken;
    byte bits;
    byte word;
    byte from;
    byte number;
    byte next;

kernel_exit:
    /* sched_next(): interrupts are masked here. */
    if
    :: atomic { in_queue[1] > 0 -> next = 1; }
        goto user;
    :: atomic { in_queue[1] == 0 && in_queue[0] > 0 -> next = 0; }
        goto user;
    :: atomic { in_queue[1] == 0 && in_queue[0] == 0 -> skip; }
        goto idle;
    fi;

user:
    /* EL0, interrupts are not masked. */
    atomic { PROPERTY(highest_priority_runs, next == 1 || in_queue[1] == 0); }
running:
    if
    :: sgi[0] ->
        atomic { COVER(sgi_in_user); }
        take_sgi();
#ifdef FAULT_NO_RESCHEDULE
        goto user;
#else
        goto kernel_exit;
#endif
    :: atomic { next == 0 -> skip; }
        receive_wait(0);
        goto kernel_exit;
    :: atomic { next == 1 -> skip; }
        receive_wait(1);
        goto kernel_exit;
    fi;

idle:
#ifdef FAULT_WFI_UNMASKED
    /* Interrupts are allowed between the check of the queue and WFI. */
    if
    :: sgi[0] -> take_sgi();
    :: true
    fi;
#endif
    atomic { PROPERTY(no_wfi_with_ready_thread, in_queue[0] == 0 && in_queue[1] == 0); }
end_wfi:
    sgi[0];
    atomic { COVER(wfi_ends); }
    take_sgi();
    goto kernel_exit;
}

/* When nothing can happen any more: every CPU waits, every store is in memory. */
proctype observer()
{
    byte t;
    byte s;

end_observer:
    atomic {
        timeout ->
        PROPERTY(no_lost_wakeup,
            (state[0] == READY || mem[NOTIFIED(0)] == 0) &&
            (state[1] == READY || mem[NOTIFIED(1)] == 0));
        PROPERTY(everybody_finished, finished[1] && finished[SENDERS]);
        t = 0;
        do
        :: t < THREADS ->
            s = 1;
            do
            :: s < CPUS ->
                PROPERTY(no_lost_notification, seen[t * CPUS + s] >= 2 * ROUNDS - 1 + t);
                s++;
            :: else -> break
            od;
            t++;
        :: else -> break
        od;
        COVER(all_delivered);
        t = 0;
        s = 0;
    }
}

init {
    byte i;
    atomic {
        in_queue[0] = 1;
        in_queue[1] = 1;
        i = 0;
        do
        :: i < CPUS -> run memory_system(i); i++;
        :: else -> break
        od;
        run owner();
        i = 1;
        do
        :: i < CPUS -> run sender(i); i++;
        :: else -> break
        od;
        run observer();
        i = 0;
    }
}
