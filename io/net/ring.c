/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

#include <string.h>

static uint32_t position_of(uint64_t word)
{
    return (uint32_t)word;
}

static uint32_t epoch_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint64_t own_word(const struct net_ring *ring)
{
    return ((uint64_t)ring->epoch << 32) | ring->position;
}

static void *entry_at(const struct net_ring *ring, uint32_t position)
{
    return ring->memory->entries +
           (size_t)(position & (ring->shape.capacity - 1)) * ring->shape.entry_bytes;
}

void net_ring_open_producer(struct net_ring *ring, void *memory, struct net_ring_shape shape)
{
    *ring = (struct net_ring){ .memory = memory, .shape = shape };
    uint64_t own = __atomic_load_n(&ring->memory->produced, __ATOMIC_RELAXED);
    uint64_t peer = __atomic_load_n(&ring->memory->consumed, __ATOMIC_ACQUIRE);
    ring->position = position_of(own);
    ring->epoch = epoch_of(own) + 1;
    ring->peer = position_of(peer);
    if (ring->position - ring->peer > shape.capacity) {
        ring->position = ring->peer;
        ring->broken++;
    }
    __atomic_store_n(&ring->memory->produced, own_word(ring), __ATOMIC_RELEASE);
}

void net_ring_open_consumer(struct net_ring *ring, void *memory, struct net_ring_shape shape)
{
    *ring = (struct net_ring){ .memory = memory, .shape = shape };
    uint64_t own = __atomic_load_n(&ring->memory->consumed, __ATOMIC_RELAXED);
    ring->position = position_of(own);
    ring->epoch = epoch_of(own) + 1;
    ring->peer = ring->position;
    __atomic_store_n(&ring->memory->consumed, own_word(ring), __ATOMIC_RELEASE);
}

uint32_t net_ring_producer_epoch(const struct net_ring *ring)
{
    return epoch_of(__atomic_load_n(&ring->memory->produced, __ATOMIC_ACQUIRE));
}

uint32_t net_ring_consumer_epoch(const struct net_ring *ring)
{
    return epoch_of(__atomic_load_n(&ring->memory->consumed, __ATOMIC_ACQUIRE));
}

uint32_t net_ring_space(struct net_ring *ring)
{
    uint32_t peer = position_of(__atomic_load_n(&ring->memory->consumed, __ATOMIC_ACQUIRE));

    if (ring->position - peer > ring->shape.capacity) {
        ring->broken++;
        return 0;
    }
    ring->peer = peer;
    return ring->shape.capacity - (ring->position - peer);
}

void *net_ring_next(struct net_ring *ring)
{
    /* The peer's word is in another's cache: it is looked at when there seems to be no room. */
    if (ring->position - ring->peer >= ring->shape.capacity && net_ring_space(ring) == 0) {
        return NULL;
    }
    return entry_at(ring, ring->position);
}

void net_ring_publish(struct net_ring *ring)
{
    ring->position++;
    __atomic_store_n(&ring->memory->produced, own_word(ring), __ATOMIC_RELEASE);
}

bool net_ring_put(struct net_ring *ring, const void *entry)
{
    void *to = net_ring_next(ring);

    if (to == NULL) {
        return false;
    }
    memcpy(to, entry, ring->shape.entry_bytes);
    net_ring_publish(ring);
    return true;
}

bool net_ring_signal(struct net_ring *ring)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&ring->memory->wanted, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    __atomic_store_n(&ring->memory->wanted, 0, __ATOMIC_RELAXED);
    return true;
}

bool net_ring_wanted(const struct net_ring *ring)
{
    return __atomic_load_n(&ring->memory->wanted, __ATOMIC_ACQUIRE) != 0;
}

uint32_t net_ring_count(struct net_ring *ring)
{
    ring->peer = position_of(__atomic_load_n(&ring->memory->produced, __ATOMIC_ACQUIRE));
    if (ring->peer - ring->position > ring->shape.capacity) {
        ring->broken++;
        ring->position = ring->peer;
        __atomic_store_n(&ring->memory->consumed, own_word(ring), __ATOMIC_RELEASE);
    }
    return ring->peer - ring->position;
}

bool net_ring_any(struct net_ring *ring)
{
    return ring->peer != ring->position || net_ring_count(ring) != 0;
}

bool net_ring_take(struct net_ring *ring, void *entry)
{
    if (!net_ring_any(ring)) {
        return false;
    }
    memcpy(entry, entry_at(ring, ring->position), ring->shape.entry_bytes);
    /* From here on the compiler must take the copy, and not look at shared memory again. */
    __asm__ volatile("" : : "r"(entry) : "memory");
    ring->position++;
    return true;
}

void net_ring_peek(const struct net_ring *ring, uint32_t number, void *entry)
{
    memcpy(entry, entry_at(ring, ring->position + number), ring->shape.entry_bytes);
    __asm__ volatile("" : : "r"(entry) : "memory");
}

void net_ring_release(const struct net_ring *ring)
{
    __atomic_store_n(&ring->memory->consumed, own_word(ring), __ATOMIC_RELEASE);
}

bool net_ring_get(struct net_ring *ring, void *entry)
{
    bool got = net_ring_take(ring, entry);

    if (got) {
        net_ring_release(ring);
    }
    return got;
}

void net_ring_drop(struct net_ring *ring)
{
    ring->peer = position_of(__atomic_load_n(&ring->memory->produced, __ATOMIC_ACQUIRE));
    ring->position = ring->peer;
    __atomic_store_n(&ring->memory->consumed, own_word(ring), __ATOMIC_RELEASE);
}

bool net_ring_wait(struct net_ring *ring)
{
    __atomic_store_n(&ring->memory->wanted, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !net_ring_any(ring);
}
