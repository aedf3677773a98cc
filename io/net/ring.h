/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring of entries of one size in shared memory, from one producer to one consumer. Plain C, no
 * kernel, no allocation.
 *
 * The memory, which begins zeroed and is aligned to NET_RING_ALIGN:
 *
 *     offset  who writes       what
 *          0  producer         `produced`: low half, entries ever produced, modulo 2^32; high half,
 *                              the producer's epoch
 *         64  consumer         `consumed`: the same of the consumer
 *        128  consumer sets    `wanted`: 1 when the consumer is to be notified of entries
 *             producer clears
 *        192  producer         the entries: number n is at n % capacity
 *
 * The producer writes entries, then `produced` (release); the consumer reads `produced` (acquire),
 * copies an entry out once, and judges the copy. Who waits sets `wanted`, does a full barrier and
 * looks again; who has published does a full barrier and looks at `wanted`. So no wake-up is lost.
 *
 * Each opening of an end is a new epoch: it takes over the position that the memory says, and
 * counts the epoch up. A peer sees by it that the other side has lost its private state.
 *
 * Trust: none. Each side keeps its position in private memory, and the peer's is only used to
 * compute a number of entries. When that is above the capacity the peer is broken: a consumer drops
 * what there is, a producer sees a full ring; both count it.
 */
#ifndef IO_NET_RING_H
#define IO_NET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_RING_ALIGN 64U
#define NET_RING_HEADER 192U

/** The shared memory. */
struct net_ring_memory {
    uint64_t produced;
    uint64_t producer_reserved[7];
    uint64_t consumed;
    uint64_t consumer_reserved[7];
    uint32_t wanted;
    uint32_t wanted_reserved[15];
    uint8_t entries[];
};

_Static_assert(offsetof(struct net_ring_memory, consumed) == 64, "layout");
_Static_assert(offsetof(struct net_ring_memory, wanted) == 128, "layout");
_Static_assert(offsetof(struct net_ring_memory, entries) == NET_RING_HEADER, "layout");

/** What a ring is like; both sides give the same. */
struct net_ring_shape {
    uint32_t entry_bytes;
    /** A power of two. */
    uint32_t capacity;
};

/** Bytes of a ring's memory. */
#define NET_RING_BYTES(shape_entry, shape_capacity) \
    (NET_RING_HEADER + (size_t)(shape_entry) * (size_t)(shape_capacity))

/** One side's end of a ring. Private to that side; the members are this module's. */
struct net_ring {
    struct net_ring_memory *memory;
    struct net_ring_shape shape;
    uint32_t position;
    uint32_t peer;
    uint32_t epoch;
    uint32_t peer_epoch;
    /** Times that the peer's position made no sense. */
    uint32_t broken;
};

/** @{ Open an end. The memory stays in use. */
void net_ring_open_producer(struct net_ring *ring, void *memory, struct net_ring_shape shape);
void net_ring_open_consumer(struct net_ring *ring, void *memory, struct net_ring_shape shape);
/** @} */

/** Look at the peer's epoch, which is 0 while it never opened its end. */
uint32_t net_ring_producer_epoch(const struct net_ring *ring);
uint32_t net_ring_consumer_epoch(const struct net_ring *ring);

/** The producer's: entries that can be written now. */
uint32_t net_ring_space(struct net_ring *ring);

/**
 * Where the next entry is to be written, which net_ring_publish() then shows the consumer. NULL:
 * the ring is full.
 */
void *net_ring_next(struct net_ring *ring);
void net_ring_publish(struct net_ring *ring);

/** Publish an entry (entry_bytes at `entry`). False: the ring is full. */
bool net_ring_put(struct net_ring *ring, const void *entry);

/** After a batch of net_ring_put(): whether the consumer is to be notified now. */
bool net_ring_signal(struct net_ring *ring);

/** Whether the consumer asks to be notified. */
bool net_ring_wanted(const struct net_ring *ring);

/** The consumer's: copy the next entry to `entry` and drop it. False: there is none. */
bool net_ring_get(struct net_ring *ring, void *entry);

/** The same, in a batch: the room of what was taken is the producer's after net_ring_release(). */
bool net_ring_take(struct net_ring *ring, void *entry);
void net_ring_release(const struct net_ring *ring);

/** Whether there is an entry. */
bool net_ring_any(struct net_ring *ring);

/** How many entries there are. */
uint32_t net_ring_count(struct net_ring *ring);

/** Copy the entry `number` behind the next, below net_ring_count(), and leave it there. */
void net_ring_peek(const struct net_ring *ring, uint32_t number, void *entry);

/** Drop all entries that are there. */
void net_ring_drop(struct net_ring *ring);

/** Ask to be notified of entries. False: there are some already, do not wait. */
bool net_ring_wait(struct net_ring *ring);

#endif
