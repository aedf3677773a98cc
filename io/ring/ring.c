/* SPDX-License-Identifier: BSD-2-Clause */
#include "ring.h"

static uint32_t ring_position_of(uint64_t word)
{
    return (uint32_t)word;
}

static uint32_t ring_epoch_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint64_t ring_word(const struct ring *ring)
{
    return ((uint64_t)ring->epoch << 32) | ring->position;
}

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

static enum ring_error ring_open(struct ring *ring, void *memory, size_t bytes)
{
    if (((uintptr_t)memory % RING_ALIGN) != 0) {
        return RING_UNALIGNED;
    }
    if (ring_slots(bytes) == 0) {
        return RING_TOO_SMALL;
    }
    *ring = (struct ring){ .memory = memory, .capacity = ring_slots(bytes) };
    return RING_OK;
}

enum ring_error ring_open_producer(struct ring *ring, void *memory, size_t bytes)
{
    enum ring_error error = ring_open(ring, memory, bytes);

    if (error != RING_OK) {
        return error;
    }
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
    return RING_OK;
}

enum ring_error ring_open_consumer(struct ring *ring, void *memory, size_t bytes)
{
    enum ring_error error = ring_open(ring, memory, bytes);

    if (error != RING_OK) {
        return error;
    }
    uint64_t own = __atomic_load_n(&ring->memory->consumed, __ATOMIC_RELAXED);
    ring->position = ring_position_of(own);
    ring->epoch = ring_epoch_of(own) + 1;
    (void)ring_available(ring);
    ring_release(ring);
    return RING_OK;
}

uint32_t ring_peer_epoch(const struct ring *ring)
{
    return ring->peer_epoch;
}

/* The full barrier between what this side published or asked for and what it looks at next. */
static void ring_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Asks for a notification, unless that is asked for already. */
static void ring_want(struct ring_wanted *wanted)
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
static bool ring_signal(struct ring_wanted *wanted)
{
    ring_barrier();
    if (__atomic_load_n(&wanted->word, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    __atomic_store_n(&wanted->word, 0, __ATOMIC_RELAXED);
    return true;
}

uint32_t ring_space(struct ring *ring)
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

void ring_put(struct ring *ring, const struct ring_slot *from, uint32_t count)
{
    uint32_t mask = ring->capacity - 1;

    for (uint32_t i = 0; i < count; i++) {
        ring->memory->slots[(ring->position + i) & mask] = from[i];
    }
    ring->position += count;
}

void ring_publish(struct ring *ring)
{
    __atomic_store_n(&ring->memory->produced, ring_word(ring), __ATOMIC_RELEASE);
}

bool ring_signal_data(struct ring *ring)
{
    return ring_signal(&ring->memory->data_wanted);
}

bool ring_wait_space(struct ring *ring, uint32_t slots)
{
    ring_want(&ring->memory->space_wanted);
    return ring_space(ring) < slots;
}

uint32_t ring_available(struct ring *ring)
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

void ring_peek(const struct ring *ring, uint32_t offset, struct ring_slot *to, uint32_t count)
{
    uint32_t mask = ring->capacity - 1;

    for (uint32_t i = 0; i < count; i++) {
        const struct ring_slot *from = &ring->memory->slots[(ring->position + offset + i) & mask];

        /* Once each: the producer may change them meanwhile. */
        to[i].words[0] = __atomic_load_n(&from->words[0], __ATOMIC_RELAXED);
        to[i].words[1] = __atomic_load_n(&from->words[1], __ATOMIC_RELAXED);
    }
}

void ring_drop(struct ring *ring, uint32_t count)
{
    ring->position += count;
}

void ring_release(struct ring *ring)
{
    __atomic_store_n(&ring->memory->consumed, ring_word(ring), __ATOMIC_RELEASE);
}

bool ring_signal_space(struct ring *ring)
{
    return ring_signal(&ring->memory->space_wanted);
}

bool ring_wait_data(struct ring *ring)
{
    ring_want(&ring->memory->data_wanted);
    return ring_available(ring) == 0;
}
