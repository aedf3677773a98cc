/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue.h"

#include <string.h>

static uint32_t queue_position_of(uint64_t word)
{
    return (uint32_t)word;
}

static uint32_t queue_epoch_of(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static uint64_t queue_word(const struct serial_queue *queue)
{
    return ((uint64_t)queue->epoch << 32) | queue->position;
}

uint32_t serial_queue_capacity(size_t bytes)
{
    uint32_t capacity = SERIAL_QUEUE_MIN_CAPACITY;

    if (bytes < SERIAL_QUEUE_HEADER + SERIAL_QUEUE_MIN_CAPACITY) {
        return 0;
    }
    while (capacity < SERIAL_QUEUE_MAX_CAPACITY &&
           (size_t)capacity * 2 <= bytes - SERIAL_QUEUE_HEADER) {
        capacity *= 2;
    }
    return capacity;
}

static enum serial_queue_error queue_check(const void *memory, size_t bytes)
{
    if (((uintptr_t)memory % SERIAL_QUEUE_ALIGN) != 0) {
        return SERIAL_QUEUE_UNALIGNED;
    }
    return serial_queue_capacity(bytes) == 0 ? SERIAL_QUEUE_TOO_SMALL : SERIAL_QUEUE_OK;
}

enum serial_queue_error serial_queue_open_producer(struct serial_queue *queue, void *memory,
                                                   size_t bytes)
{
    enum serial_queue_error error = queue_check(memory, bytes);

    if (error != SERIAL_QUEUE_OK) {
        return error;
    }
    *queue = (struct serial_queue){ .memory = memory, .capacity = serial_queue_capacity(bytes) };
    uint64_t own = __atomic_load_n(&queue->memory->produced, __ATOMIC_RELAXED);
    uint64_t peer = __atomic_load_n(&queue->memory->consumed, __ATOMIC_ACQUIRE);
    queue->position = queue_position_of(own);
    queue->epoch = queue_epoch_of(own) + 1;
    queue->peer = queue_position_of(peer);
    queue->peer_epoch = queue_epoch_of(peer);
    if (queue->position - queue->peer > queue->capacity) {
        queue->position = queue->peer;
        queue->broken++;
    }
    __atomic_store_n(&queue->memory->produced, queue_word(queue), __ATOMIC_RELEASE);
    return SERIAL_QUEUE_OK;
}

enum serial_queue_error serial_queue_open_consumer(struct serial_queue *queue, void *memory,
                                                   size_t bytes)
{
    enum serial_queue_error error = queue_check(memory, bytes);

    if (error != SERIAL_QUEUE_OK) {
        return error;
    }
    *queue = (struct serial_queue){ .memory = memory, .capacity = serial_queue_capacity(bytes) };
    uint64_t own = __atomic_load_n(&queue->memory->consumed, __ATOMIC_RELAXED);
    queue->position = queue_position_of(own);
    queue->epoch = queue_epoch_of(own) + 1;
    (void)serial_queue_asked(queue);
    (void)serial_queue_available(queue);
    __atomic_store_n(&queue->memory->consumed, queue_word(queue), __ATOMIC_RELEASE);
    return SERIAL_QUEUE_OK;
}

uint32_t serial_queue_peer_epoch(const struct serial_queue *queue)
{
    return queue->peer_epoch;
}

/* The full barrier between what this side published or asked for and what it looks at next. */
static void queue_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * Asks for a notification. When the word is still set from an earlier time, what the peer has
 * published since is being signalled, or will be.
 */
static void queue_want(struct serial_queue_wanted *wanted)
{
    if (__atomic_load_n(&wanted->word, __ATOMIC_RELAXED) == 0) {
        __atomic_store_n(&wanted->word, 1, __ATOMIC_RELAXED);
        queue_barrier();
    }
}

/*
 * Looks at the peer's word, and clears it when it is set. The peer may set it again in between:
 * that is overwritten, and made good by the notification, which comes behind it.
 */
static bool queue_signal(struct serial_queue_wanted *wanted)
{
    queue_barrier();
    if (__atomic_load_n(&wanted->word, __ATOMIC_RELAXED) == 0) {
        return false;
    }
    __atomic_store_n(&wanted->word, 0, __ATOMIC_RELAXED);
    return true;
}

uint32_t serial_queue_in_flight(struct serial_queue *queue)
{
    uint64_t word = __atomic_load_n(&queue->memory->consumed, __ATOMIC_ACQUIRE);

    queue->peer_epoch = queue_epoch_of(word);
    if (queue->position - queue_position_of(word) > queue->capacity) {
        queue->broken++;
        return queue->capacity;
    }
    queue->peer = queue_position_of(word);
    return queue->position - queue->peer;
}

uint32_t serial_queue_space(struct serial_queue *queue)
{
    return queue->capacity - serial_queue_in_flight(queue);
}

size_t serial_queue_write(struct serial_queue *queue, const void *from, size_t bytes)
{
    uint32_t space = serial_queue_space(queue);
    uint32_t count = bytes < space ? (uint32_t)bytes : space;
    uint32_t offset = queue->position & (queue->capacity - 1);
    uint32_t first = count < queue->capacity - offset ? count : queue->capacity - offset;

    if (count == 0) {
        return 0;
    }
    memcpy(queue->memory->bytes + offset, from, first);
    memcpy(queue->memory->bytes, (const uint8_t *)from + first, count - first);
    queue->position += count;
    __atomic_store_n(&queue->memory->produced, queue_word(queue), __ATOMIC_RELEASE);
    return count;
}

void serial_queue_count(struct serial_queue *queue, enum serial_counter counter, uint64_t more)
{
    uint64_t *word = &queue->memory->counters[counter];

    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + more, __ATOMIC_RELAXED);
}

void serial_queue_ask(struct serial_queue *queue)
{
    uint64_t *word = &queue->memory->asked;

    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
}

bool serial_queue_signal_data(struct serial_queue *queue)
{
    return queue_signal(&queue->memory->data_wanted);
}

bool serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes)
{
    queue_want(&queue->memory->space_wanted);
    return serial_queue_space(queue) < bytes;
}

uint32_t serial_queue_available(struct serial_queue *queue)
{
    uint64_t word = __atomic_load_n(&queue->memory->produced, __ATOMIC_ACQUIRE);

    queue->peer = queue_position_of(word);
    queue->peer_epoch = queue_epoch_of(word);
    if (queue->peer - queue->position > queue->capacity) {
        queue->broken++;
        queue->position = queue->peer;
        __atomic_store_n(&queue->memory->consumed, queue_word(queue), __ATOMIC_RELEASE);
    }
    return queue->peer - queue->position;
}

size_t serial_queue_peek(const struct serial_queue *queue, uint32_t offset, void *to, size_t bytes)
{
    uint32_t available = queue->peer - queue->position;

    if (offset >= available || bytes == 0) {
        return 0;
    }
    uint32_t count = bytes < available - offset ? (uint32_t)bytes : available - offset;
    uint32_t from = (queue->position + offset) & (queue->capacity - 1);
    uint32_t first = count < queue->capacity - from ? count : queue->capacity - from;
    memcpy(to, queue->memory->bytes + from, first);
    memcpy((uint8_t *)to + first, queue->memory->bytes, count - first);
    return count;
}

size_t serial_queue_drop(struct serial_queue *queue, size_t bytes)
{
    uint32_t available = queue->peer - queue->position;
    uint32_t count = bytes < available ? (uint32_t)bytes : available;

    if (count != 0) {
        queue->position += count;
        __atomic_store_n(&queue->memory->consumed, queue_word(queue), __ATOMIC_RELEASE);
    }
    return count;
}

size_t serial_queue_read(struct serial_queue *queue, void *to, size_t bytes)
{
    (void)serial_queue_available(queue);
    return serial_queue_drop(queue, serial_queue_peek(queue, 0, to, bytes));
}

uint64_t serial_queue_counter(const struct serial_queue *queue, enum serial_counter counter)
{
    return __atomic_load_n(&queue->memory->counters[counter], __ATOMIC_RELAXED);
}

bool serial_queue_asked(struct serial_queue *queue)
{
    uint64_t before = queue->asked;

    queue->asked = __atomic_load_n(&queue->memory->asked, __ATOMIC_ACQUIRE);
    return queue->asked != before;
}

bool serial_queue_signal_space(struct serial_queue *queue)
{
    return queue_signal(&queue->memory->space_wanted);
}

bool serial_queue_wait_data(struct serial_queue *queue)
{
    queue_want(&queue->memory->data_wanted);
    return serial_queue_available(queue) == 0;
}
