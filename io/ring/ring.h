/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring in shared memory, from one producer to one consumer: what the queues of the block and net
 * classes are made of. In most a slot has 16 bytes, and an entry takes as many as its class says;
 * where all entries have one other size (io/net/ring.h), a slot is an entry. Plain C, no kernel, no
 * allocation; this header is the manual of the format.
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
 * The capacity is the largest power of two that fits, at least RING_MIN_SLOTS; with slots of
 * another size, what the class says.
 *
 * Publishing, signalling, restart and trust are those of the serial class's queue (io/serial/
 * queue.h), whose model (models/serial.pml) is the model of this one, too: the orders of memory
 * accesses are the same. What differs is that both sides work in batches: ring_put() and
 * ring_drop() change the own, private position only, and ring_publish() and ring_release() show it.
 *
 * A side that opens its end goes on where the memory says it was, with an epoch of its own that is
 * one higher. What becomes of entries that an earlier life of the peer has left is the class's
 * affair: ring_peer_epoch() shows that there was one.
 *
 * What is done for each entry is inline: a queue's costs are mostly these.
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

/**
 * @{ The same for slots of another size, of which `capacity`, a power of two, at most
 * RING_MAX_SLOTS, fit behind the header of `memory`, which is aligned to RING_ALIGN.
 */
void ring_begin_producer(struct ring *ring, void *memory, uint32_t capacity);
void ring_begin_consumer(struct ring *ring, void *memory, uint32_t capacity);
/** @} */

/** The peer's epoch as last seen: 0 while it never opened its end. */
static inline uint32_t ring_peer_epoch(const struct ring *ring)
{
    return ring->peer_epoch;
}

/* Parts of what follows, not for use outside this header. */

static inline uint32_t ring_position_of(uint64_t word)
{
    return (uint32_t)word;
}

static inline uint32_t ring_epoch_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint64_t ring_word(const struct ring *ring)
{
    return ((uint64_t)ring->epoch << 32) | ring->position;
}

/* The full barrier between what this side published or asked for and what it looks at next. */
static inline void ring_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Asks for a notification, unless that is asked for already. */
static inline void ring_want(struct ring_wanted *wanted)
{
    if (__atomic_load_n(&wanted->word, __ATOMIC_RELAXED) == 0) {
        __atomic_store_n(&wanted->word, 1, __ATOMIC_RELAXED);
        ring_barrier();
    }
}

/*
 * Looks at the peer's word, and clears it when it is set. The peer may set it again in between:
 * that is overwritten, and made good by the notification, which comes behind it.
 */
static inline bool ring_signal(struct ring_wanted *wanted)
{
    ring_barrier();
    if (__atomic_load_n(&wanted->word, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    __atomic_store_n(&wanted->word, 0, __ATOMIC_RELAXED);
    return true;
}

/* The producer's. */

/** Slots that can be put now. */
static inline uint32_t ring_space(struct ring *ring)
{
    uint64_t word = __atomic_load_n(&ring->memory->consumed, __ATOMIC_ACQUIRE);

    ring->peer_epoch = ring_epoch_of(word);
    if (ring->position - ring_position_of(word) > ring->capacity) {
        ring->broken++;
        return 0;
    }
    ring->peer = ring_position_of(word);
    return ring->capacity - (ring->position - ring->peer);
}

/** Put `count` slots of 16 bytes, at most ring_space(), which the consumer does not see yet. */
static inline void ring_put(struct ring *ring, const struct ring_slot *from, uint32_t count)
{
    uint32_t mask = ring->capacity - 1;

    for (uint32_t i = 0; i < count; i++) {
        ring->memory->slots[(ring->position + i) & mask] = from[i];
    }
    ring->position += count;
}

/** Show the consumer what was put. */
static inline void ring_publish(struct ring *ring)
{
    __atomic_store_n(&ring->memory->produced, ring_word(ring), __ATOMIC_RELEASE);
}

/** After ring_publish(): whether the consumer is to be notified now. */
static inline bool ring_signal_data(struct ring *ring)
{
    return ring_signal(&ring->memory->data_wanted);
}

/** Whether the consumer asks to be notified of slots. */
static inline bool ring_data_wanted(const struct ring *ring)
{
    return __atomic_load_n(&ring->memory->data_wanted.word, __ATOMIC_ACQUIRE) != 0;
}

/**
 * Asks to be notified of space. Returns false when there are at least `slots` slots already (at
 * most the capacity): do not wait then. A notification may come with less space than that.
 */
static inline bool ring_wait_space(struct ring *ring, uint32_t slots)
{
    ring_want(&ring->memory->space_wanted);
    return ring_space(ring) < slots;
}

/* The consumer's. */

/** Gives the producer the room of what was dropped. */
static inline void ring_release(struct ring *ring)
{
    __atomic_store_n(&ring->memory->consumed, ring_word(ring), __ATOMIC_RELEASE);
}

/** Slots that can be taken now. */
static inline uint32_t ring_available(struct ring *ring)
{
    uint64_t word = __atomic_load_n(&ring->memory->produced, __ATOMIC_ACQUIRE);

    ring->peer = ring_position_of(word);
    ring->peer_epoch = ring_epoch_of(word);
    if (ring->peer - ring->position > ring->capacity) {
        ring->broken++;
        ring->position = ring->peer;
        ring_release(ring);
    }
    return ring->peer - ring->position;
}

/**
 * Copies `count` slots of 16 bytes out that stay in the ring, from `offset` slots behind the next
 * one; all of them are below the last ring_available().
 */
static inline void ring_peek(const struct ring *ring, uint32_t offset, struct ring_slot *to,
                             uint32_t count)
{
    uint32_t mask = ring->capacity - 1;

    for (uint32_t i = 0; i < count; i++) {
        const struct ring_slot *from = &ring->memory->slots[(ring->position + offset + i) & mask];

        /* Once each: the producer may change them meanwhile. */
        to[i].words[0] = __atomic_load_n(&from->words[0], __ATOMIC_RELAXED);
        to[i].words[1] = __atomic_load_n(&from->words[1], __ATOMIC_RELAXED);
    }
}

/**
 * Takes `count` slots off, at most the last ring_available(). Their room stays taken until
 * ring_release().
 */
static inline void ring_drop(struct ring *ring, uint32_t count)
{
    ring->position += count;
}

/** After ring_release(): whether the producer is to be notified now. */
static inline bool ring_signal_space(struct ring *ring)
{
    return ring_signal(&ring->memory->space_wanted);
}

/** Asks to be notified of slots. Returns false when there are some already: do not wait then. */
static inline bool ring_wait_data(struct ring *ring)
{
    ring_want(&ring->memory->data_wanted);
    return ring_available(ring) == 0;
}

#endif
