/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications across CPUs: notify, poke, SGI, receive, and the idle loop.
 *
 * CPU 0 owns two threads, thread 1 with the higher priority; the other CPUs notify both of them.
 * Before each notification the sender writes a number to memory that it shares with the receivers; who
 * receives the notification must see it. The last number is thus seen if, and only if, no
 * notification was lost. docs/models.md has the table of model and C names.
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
#define VIEWS (SENDERS + THREADS)
#define VIEWERS 1
#define LOCS (SENDERS + THREADS + 1)
#include "memory.pml"

#define READY 0
#define RECV 1

byte state[THREADS];
byte in_queue[THREADS];         /* how often the thread is in the ready queue */
byte seen[THREADS * CPUS];      /* last number of each sender that the thread saw */
bool finished[CPUS];

inline sched_insert(t)
{
    in_queue[t]++;
    PROPERTY(thread_once_in_queue, in_queue[t] == 1);
}

/* cpu_poke(): called by the CPU `me` after it changed a word of thread t. */
inline cpu_poke(me, t)
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

/* notify(): sets bit `me` of thread t. */
inline notify(me, t)
{
#if defined(FAULT_POKE_BEFORE_WORD)
    cpu_poke(me, t);
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), old);
        old = 0; }
#elif defined(FAULT_POKED_TESTED_FIRST)
    atomic { load_acquire(me, POKED, old); }
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), other); }
    if
    :: atomic { (old & (1 << (t))) != 0 -> old = 0; other = 0; }
    :: atomic { else -> old = 0; other = 0; }
        cpu_poke(me, t);
    fi
#elif defined(FAULT_REMOTE_STATE_CHECK)
    /* "Poke only who waits" needs an order between both sides that nothing gives. */
    atomic { other = state[t]; }
    atomic { CAN_RMW(me, NOTIFIED(t)) -> fetch_or_release(me, NOTIFIED(t), 1 << (me), old); }
    if
    :: atomic { other == RECV -> old = 0; other = 0; }
        cpu_poke(me, t);
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
    cpu_poke(me, t);
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
        notify(me, 0);
        atomic { store(me, DATA(me), 2 * round); }
        notify(me, 1);
        round++;
    :: else -> break
    od;
    atomic { finished[me] = true; round = 0; }
}

/* thread_poke(): look at thread t again. */
inline thread_poke(t)
{
    atomic {
        load(0, NOTIFIED(t), word);
        if
        :: state[t] == RECV && word != 0 ->
            COVER(poke_makes_ready);
            state[t] = READY;
            sched_insert(t);
        :: state[t] == RECV && word == 0 -> COVER(poke_of_waiting_for_nothing);
        :: state[t] == READY -> COVER(poke_of_ready_thread);
        fi;
        word = 0;
    }
}

/* cpu_interrupt(): an SGI is pending. At most one thread a time, so that leftovers are seen. */
inline take_sgi()
{
#ifdef FAULT_EXCHANGE_BEFORE_ACK
    atomic { CAN_RMW(0, POKED) -> exchange_acquire(0, POKED, bits); }
    sgi[0] = false;
#else
    sgi[0] = false;
#ifdef FAULT_RELAXED_EXCHANGE
    atomic { CAN_RMW(0, POKED) -> bits = NOW(0, POKED); mem[POKED] = 0; }
#else
    atomic { CAN_RMW(0, POKED) -> exchange_acquire(0, POKED, bits); }
#endif
#endif
    if
    :: atomic { bits == 3 ->
        COVER(poke_leftovers); }
        thread_poke(0);
#ifndef FAULT_LEFTOVERS_DROPPED
        atomic { CAN_RMW(0, POKED) -> fetch_or_release(0, POKED, 2, bits); }
        atomic { dsb(0); bits = 0; }
        sgi[0] = true;
#else
        atomic { bits = 0; }
#endif
    :: atomic { bits == 1 -> bits = 0; }
        thread_poke(0);
    :: atomic { bits == 2 -> bits = 0; }
        thread_poke(1);
    :: atomic { bits == 0 -> COVER(sgi_without_bits); }
    fi
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

/* receive(): system call of the running thread t. */
inline receive(t)
{
#ifdef FAULT_NOTIFIED_READ_THEN_CLEAR
    atomic { load_acquire(0, NOTIFIED(t), word); }
    if
    :: word != 0 -> atomic { store(0, NOTIFIED(t), 0); }
    :: else
    fi;
#else
    atomic { CAN_RMW(0, NOTIFIED(t)) -> exchange_acquire(0, NOTIFIED(t), word); }
#endif
    atomic {
        if
        :: word != 0 -> COVER(receive_takes_word); deliver(t);
        :: else -> COVER(receive_blocks); state[t] = RECV; in_queue[t]--;
        fi
    }
}

proctype owner()
{
    byte bits;
    byte word;
    byte from;
    byte number;
    byte next;

kernel_exit:
    /* sched_pick(): interrupts are masked here. */
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
        receive(0);
        goto kernel_exit;
    :: atomic { next == 1 -> skip; }
        receive(1);
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
