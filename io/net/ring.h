/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring (io/ring/ring.h) whose slots are entries of one size. Who uses it says with each call what
 * the ring is like, which is known when it is compiled: so an entry costs a few loads and stores.
 */
#ifndef IO_NET_RING_H
#define IO_NET_RING_H

#include "../ring/ring.h"

/** What a ring is like; both sides give the same. */
struct net_ring_shape {
    /** A multiple of 8, to which entries are aligned. */
    uint32_t entry_bytes;
    /** A power of two. */
    uint32_t capacity;
};

/** Bytes of a ring's memory. */
#define NET_RING_BYTES(shape_entry, shape_capacity) \
    (RING_HEADER + (size_t)(shape_entry) * (size_t)(shape_capacity))

/* Where the entry with that number is. That is computed once, not for each word of it. */
static inline void *net_ring_at(const struct ring *ring, struct net_ring_shape shape,
                                uint32_t number)
{
    uint8_t *at = (uint8_t *)ring->memory->slots +
                  (size_t)(number & (shape.capacity - 1)) * shape.entry_bytes;

    __asm__("" : "+r"(at));
    return at;
}

/* Copy an entry out of the ring. Each word once: the producer may change them meanwhile. */
static inline void net_ring_copy(const struct ring *ring, struct net_ring_shape shape,
                                 uint32_t number, void *entry)
{
    const volatile uint64_t *from = net_ring_at(ring, shape, number);

#pragma GCC unroll 8
    for (uint32_t i = 0; i < shape.entry_bytes / sizeof(*from); i++) {
        uint64_t word = from[i];

        __builtin_memcpy((uint64_t *)__builtin_assume_aligned(entry, sizeof(word)) + i, &word,
                         sizeof(word));
    }
}

/**
 * The producer's: where the next entry is to be written, which net_ring_publish() then shows the
 * consumer. NULL: the ring is full.
 */
static inline void *net_ring_next(struct ring *ring, struct net_ring_shape shape)
{
    /* The peer's word is in another's cache: it is looked at when there seems to be no room. */
    if (ring->position - ring->peer >= shape.capacity && ring_space(ring) == 0) {
        return NULL;
    }
    return net_ring_at(ring, shape, ring->position);
}

static inline void net_ring_publish(struct ring *ring)
{
    ring->position++;
    ring_publish(ring);
}

/** Publish an entry (entry_bytes at `entry`, aligned to 8). False: the ring is full. */
static inline bool net_ring_put(struct ring *ring, struct net_ring_shape shape, const void *entry)
{
    void *to = net_ring_next(ring, shape);

    if (to == NULL) {
        return false;
    }
    __builtin_memcpy(__builtin_assume_aligned(to, 8), __builtin_assume_aligned(entry, 8),
                     shape.entry_bytes);
    net_ring_publish(ring);
    return true;
}

/** The consumer's: whether there is an entry. */
static inline bool net_ring_any(struct ring *ring)
{
    return ring->peer != ring->position || ring_available(ring) != 0;
}

/**
 * Copy the next entry to `entry` and drop it. Its room is the producer's after ring_release().
 * False: there is none.
 */
static inline bool net_ring_take(struct ring *ring, struct net_ring_shape shape, void *entry)
{
    if (!net_ring_any(ring)) {
        return false;
    }
    net_ring_copy(ring, shape, ring->position, entry);
    ring_drop(ring, 1);
    return true;
}

/** Copy the entry `number` behind the next, below ring_available(), and leave it there. */
static inline void net_ring_peek(const struct ring *ring, struct net_ring_shape shape,
                                 uint32_t number, void *entry)
{
    net_ring_copy(ring, shape, ring->position + number, entry);
}

/** Drop all entries that are there. */
static inline void net_ring_drop(struct ring *ring)
{
    ring_drop(ring, ring_available(ring));
    ring_release(ring);
}

#endif
