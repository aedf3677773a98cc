/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue of bytes between two PDs (io/serial/queue.c): publishing, signalling, and restarts of
 * either side at any point.
 *
 * CPU 0 has the producer, CPU 1 the consumer. Byte number n has the value n + 1, so that the
 * consumer knows what it must find. docs/models.md has the table of model and C names.
 */
#ifndef BYTES
#define BYTES 4                 /* that are produced in all */
#endif
#ifndef RESTARTS
#define RESTARTS 0              /* of both sides together */
#endif
#define CAPACITY 2

#define CPUS 2
/* Locations. */
#define PRODUCED 0
#define CONSUMED 1
#define DATA_WANTED 2
#define SPACE_WANTED 3
#define SLOT(position) (4 + (position) % CAPACITY)
#define VIEWS 6
#define VIEWERS 2
#define LOCS 6
#include "memory.pml"

#define PRODUCER 0
#define CONSUMER 1

bool notified[CPUS];
byte restarts = RESTARTS;

/*
 * A notification: what its sender did before is delivered before it (wake.pml shows that), and who
 * takes it reads afterwards.
 */
inline notify(me, peer)
{
    atomic { mem_drain(me); notified[peer] = true; }
}

/* The PD is stopped here, and starts anew: its private memory is as at first, the queue is not. */
inline may_restart(me)
{
#if RESTARTS > 0
    if
    :: atomic { restarts > 0 -> COVER(restart); restarts--; }
        goto restart
    :: true
    fi
#else
    skip
#endif
}

/* queue_want() */
inline queue_want(me, wanted)
{
    atomic { load(me, wanted, word); }
    if
    :: atomic { word == 0 -> COVER(want_sets_word); store(me, wanted, 1); }
#ifdef FAULT_NO_BARRIER_AFTER_REQUEST
        skip;
#else
        atomic { dsb(me); }
#endif
    :: atomic { word != 0 -> COVER(want_is_set); }
    fi;
    word = 0;
}

/* queue_signal(), and the notification of the caller. */
inline queue_signal(me, peer, wanted)
{
#ifndef FAULT_NO_BARRIER_BEFORE_LOOK
    atomic { dsb(me); }
#endif
    atomic { load(me, wanted, word); }
    if
    :: atomic { word != 0 -> word = 0; COVER(signal); }
#ifdef FAULT_CLEARED_AFTER_NOTIFY
        notify(me, peer);
        may_restart(me);
        atomic { store(me, wanted, 0); }
#else
        atomic { store(me, wanted, 0); }
        may_restart(me);
        notify(me, peer);
#endif
    :: atomic { word == 0 -> COVER(signal_not_wanted); }
    fi
}

proctype producer()
{
    byte position;
    byte peer;
    byte word;
    byte count;

    goto open;
restart:
    atomic { mem_drain(PRODUCER); mem_sync(PRODUCER); notified[PRODUCER] = false; }
    atomic { word = 0; count = 0; peer = 0; position = 0; }
open:
    /* serial_queue_open_producer() */
#ifndef FAULT_OPENED_AT_ZERO
    atomic { load(PRODUCER, PRODUCED, position); }
#endif
#ifndef FAULT_NOT_NOTIFIED_AFTER_OPEN
    notify(PRODUCER, CONSUMER);
#endif

produce:
    /* serial_queue_write() */
    atomic { load_acquire(PRODUCER, CONSUMED, peer); }
    if
    :: position < BYTES && position - peer < CAPACITY ->
        count = position;
        do
        :: count < BYTES && count - peer < CAPACITY ->
            atomic { store(PRODUCER, SLOT(count), count + 1); }
            may_restart(PRODUCER);
            count++;
            if
            :: break
            :: true
            fi
        :: else -> break
        od;
        position = count;
        count = 0;
#ifdef FAULT_PRODUCED_NOT_RELEASED
        atomic { store(PRODUCER, PRODUCED, position); }
#else
        atomic { store_release(PRODUCER, PRODUCED, position); }
#endif
        may_restart(PRODUCER);
        queue_signal(PRODUCER, CONSUMER, DATA_WANTED);
    :: position < BYTES && position - peer >= CAPACITY ->
        /* serial_queue_wait_space() */
        queue_want(PRODUCER, SPACE_WANTED);
#ifndef FAULT_NO_LOOK_AFTER_REQUEST
        atomic { load_acquire(PRODUCER, CONSUMED, peer); }
        if
        :: position - peer < CAPACITY -> COVER(space_came); goto produce
        :: else
        fi;
#endif
        COVER(producer_waits);
        peer = 0;
end_wait:
        atomic { notified[PRODUCER] -> notified[PRODUCER] = false; mem_sync(PRODUCER); }
    :: position >= BYTES -> goto done
    fi;
    goto produce;
done:
    peer = 0;
}

proctype consumer()
{
    byte position;
    byte peer;
    byte word;
    byte value;

    goto open;
restart:
    atomic { mem_drain(CONSUMER); mem_sync(CONSUMER); notified[CONSUMER] = false; }
    atomic { word = 0; value = 0; peer = 0; position = 0; }
open:
    /* serial_queue_open_consumer() */
#ifndef FAULT_OPENED_AT_ZERO
    atomic { load(CONSUMER, CONSUMED, position); }
#endif
#ifndef FAULT_NOT_NOTIFIED_AFTER_OPEN
    notify(CONSUMER, PRODUCER);
#endif

consume:
    /* serial_queue_available() */
#ifdef FAULT_PRODUCED_NOT_ACQUIRED
    atomic { load(CONSUMER, PRODUCED, peer); }
#else
    atomic { load_acquire(CONSUMER, PRODUCED, peer); }
#endif
take:
    if
    :: position < peer ->
        /* serial_queue_peek(), serial_queue_drop() */
#ifdef FAULT_CONSUMED_BEFORE_COPY
        atomic { store_release(CONSUMER, CONSUMED, position + 1); }
#endif
        atomic {
            load(CONSUMER, SLOT(position), value);
            PROPERTY(byte_whole, value == position + 1);
            value = 0;
        }
        may_restart(CONSUMER);
        position++;
#ifndef FAULT_CONSUMED_BEFORE_COPY
        atomic { store_release(CONSUMER, CONSUMED, position); }
#endif
        may_restart(CONSUMER);
        if
#ifdef FAULT_PUT_OFF_TO_THE_END
        :: true -> goto take
#else
        /* Put off: more is sure to be consumed. */
        :: position < peer -> COVER(put_off); goto take
#endif
        :: true
        fi;
        queue_signal(CONSUMER, PRODUCER, SPACE_WANTED);
        goto consume
    :: position >= peer ->
        /* serial_queue_wait_data() */
        queue_want(CONSUMER, DATA_WANTED);
#ifndef FAULT_NO_LOOK_AFTER_REQUEST
        atomic { load_acquire(CONSUMER, PRODUCED, peer); }
        if
        :: position < peer -> COVER(data_came); goto take
        :: else
        fi;
#endif
        COVER(consumer_waits);
        peer = 0;
end_wait:
        atomic { notified[CONSUMER] -> notified[CONSUMER] = false; mem_sync(CONSUMER); }
        goto consume
    fi
}

/* When nothing can happen any more: every byte was produced and consumed. */
proctype observer()
{
end_observer:
    atomic {
        timeout ->
        PROPERTY(no_lost_wakeup, mem[PRODUCED] == BYTES && mem[CONSUMED] == BYTES);
        COVER(all_consumed);
    }
}

init {
    atomic {
        run memory_system(0);
        run memory_system(1);
        run producer();
        run consumer();
        run observer();
    }
}
