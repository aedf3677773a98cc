/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

uint32_t ring_slots(size_t bytes)
{
    uint32_t slots = RING_MIN_SLOTS;

    if (bytes < RING_HEADER + RING_MIN_SLOTS * sizeof(struct ring_slot)) {
        return 0;
    }
    while (slots < RING_MAX_SLOTS &&
           (size_t)slots * 2 <= (bytes - RING_HEADER) / sizeof(struct ring_slot)) {
        slots *= 2;
    }
    return slots;
}

static enum ring_error ring_check(const void *memory, size_t bytes)
{
    if (((uintptr_t)memory % RING_ALIGN) != 0) {
        return RING_UNALIGNED;
    }
    return ring_slots(bytes) == 0 ? RING_TOO_SMALL : RING_OK;
}

void ring_begin_producer(struct ring *ring, void *memory, uint32_t capacity)
{
    *ring = (struct ring){ .memory = memory, .capacity = capacity };
    uint64_t own = __atomic_load_n(&ring->memory->produced, __ATOMIC_RELAXED);
    uint64_t peer = __atomic_load_n(&ring->memory->consumed, __ATOMIC_ACQUIRE);
    ring->position = ring_position_of(own);
    ring->epoch = ring_epoch_of(own) + 1;
    ring->peer = ring_position_of(peer);
    ring->peer_epoch = ring_epoch_of(peer);
    if (ring->position - ring->peer > ring->capacity) {
        ring->position = ring->peer;
        ring->broken++;
    }
    ring_publish(ring);
}

void ring_begin_consumer(struct ring *ring, void *memory, uint32_t capacity)
{
    *ring = (struct ring){ .memory = memory, .capacity = capacity };
    uint64_t own = __atomic_load_n(&ring->memory->consumed, __ATOMIC_RELAXED);
    ring->position = ring_position_of(own);
    ring->epoch = ring_epoch_of(own) + 1;
    (void)ring_available(ring);
    ring_release(ring);
}

enum ring_error ring_open_producer(struct ring *ring, void *memory, size_t bytes)
{
    enum ring_error error = ring_check(memory, bytes);

    if (error == RING_OK) {
        ring_begin_producer(ring, memory, ring_slots(bytes));
    }
    return error;
}

enum ring_error ring_open_consumer(struct ring *ring, void *memory, size_t bytes)
{
    enum ring_error error = ring_check(memory, bytes);

    if (error == RING_OK) {
        ring_begin_consumer(ring, memory, ring_slots(bytes));
    }
    return error;
}
