/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of slots in shared memory, from one producer to one consumer: what the queues of the block
 * and net classes are made of. A slot has 16 bytes; an entry takes as many as its class says. Plain
 * C, no kernel, no allocation; this header is the manual of the format.
 *
 * The memory, which begins zeroed and is aligned to RING_ALIGN:
 *
 *     offset  who writes       what
 *          0  producer         `produced`: low half, slots ever produced, modulo 2^32; high half,
 *                              the producer's epoch
 *         64  consumer         `consumed`: slots ever consumed, and the consumer's epoch
 *        128  consumer sets    `data_wanted`: 1 when the consumer is to be notified of slots
 *             producer clears
 *        132  producer sets    `space_wanted`: 1 when the producer is to be notified of space
 *             consumer clears
 *        192  producer         the slots: number n is at offset 192 + 16 * (n % capacity)
 *
 * The capacity is the largest power of two that fits, at least RING_MIN_SLOTS.
 *
 * Publishing, signalling, restart and trust are those of the serial class's queue (io/serial/
 * queue.h), whose model (models/serial.pml) is the model of this one, too: the orders of memory
 * accesses are the same. What differs is that both sides work in batches: ring_put() and
 * ring_drop() change the own, private position only, and ring_publish() and ring_release() show it.
 *
 * A side that opens its end goes on where the memory says it was, with an epoch of its own that is
 * one higher. What becomes of entries that an earlier life of the peer has left is the class's
 * affair: ring_peer_epoch() shows that there was one.
 */
#ifndef IO_RING_RING_H
#define IO_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_ALIGN 64u
#define RING_HEADER 192u
#define RING_MIN_SLOTS 4u
/** Above this memory is not used: the distance of two positions stays unambiguous. */
#define RING_MAX_SLOTS (1u << 24)

struct ring_slot {
    uint64_t words[2];
};

/** One side's request to be notified: 0 or 1. */
struct ring_wanted {
    uint32_t word;
};

/** The shared memory. */
struct ring_memory {
    uint64_t produced;
    uint64_t producer_reserved[7];
    uint64_t consumed;
    uint64_t consumer_reserved[7];
    struct ring_wanted data_wanted;
    struct ring_wanted space_wanted;
    uint64_t wanted_reserved[7];
    struct ring_slot slots[];
};

_Static_assert(sizeof(struct ring_slot) == 16, "layout");
_Static_assert(offsetof(struct ring_memory, consumed) == 64, "layout");
_Static_assert(offsetof(struct ring_memory, data_wanted) == 128, "layout");
_Static_assert(offsetof(struct ring_memory, space_wanted) == 132, "layout");
_Static_assert(offsetof(struct ring_memory, slots) == RING_HEADER, "layout");

enum ring_error {
    RING_OK = 0,
    /** The memory is too small for the header and RING_MIN_SLOTS slots. */
    RING_TOO_SMALL = 1,
    /** The memory is not aligned to RING_ALIGN. */
    RING_UNALIGNED = 2,
};

/** One side's end of a ring. Private to that side; the members are this module's. */
struct ring {
    struct ring_memory *memory;
    uint32_t capacity;
    /** Own position, and the peer's as it was last believed. */
    uint32_t position;
    uint32_t peer;
    uint32_t epoch;
    uint32_t peer_epoch;
    /** Times that the peer's position made no sense. */
    uint32_t broken;
};

/** Slots of a ring in `bytes` bytes of memory; 0 when they are too few. */
uint32_t ring_slots(size_t bytes);

/**
 * @{ Opens an end in `bytes` bytes of memory that both sides have mapped, and keeps using it. Both
 * sides must give the same size. Errors: RING_TOO_SMALL, RING_UNALIGNED; `ring` is then left as it
 * was. Whoever opens an end notifies its peer once.
 */
enum ring_error ring_open_producer(struct ring *ring, void *memory, size_t bytes);
enum ring_error ring_open_consumer(struct ring *ring, void *memory, size_t bytes);
/** @} */

/** The peer's epoch as last seen: 0 while it never opened its end. */
uint32_t ring_peer_epoch(const struct ring *ring);

/* The producer's. */

/** Slots that can be put now. */
uint32_t ring_space(struct ring *ring);

/** Put `count` slots, at most ring_space(), which the consumer does not see yet. */
void ring_put(struct ring *ring, const struct ring_slot *from, uint32_t count);

/** Show the consumer what was put. */
void ring_publish(struct ring *ring);

/** After ring_publish(): whether the consumer is to be notified now. */
bool ring_signal_data(struct ring *ring);

/**
 * Asks to be notified of space. Returns false when there are at least `slots` slots already (at
 * most the capacity): do not wait then. A notification may come with less space than that.
 */
bool ring_wait_space(struct ring *ring, uint32_t slots);

/* The consumer's. */

/** Slots that can be taken now. */
uint32_t ring_available(struct ring *ring);

/**
 * Copies `count` slots out that stay in the ring, from `offset` slots behind the next one; all of
 * them are below the last ring_available().
 */
void ring_peek(const struct ring *ring, uint32_t offset, struct ring_slot *to, uint32_t count);

/** Takes `count` slots off, at most the last ring_available(). Their room stays taken until... */
void ring_drop(struct ring *ring, uint32_t count);

/** ... this: gives the producer the room of what was dropped. */
void ring_release(struct ring *ring);

/** After ring_release(): whether the producer is to be notified now. */
bool ring_signal_space(struct ring *ring);

/** Asks to be notified of slots. Returns false when there are some already: do not wait then. */
bool ring_wait_data(struct ring *ring);

#endif
