/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue of items of one size in memory of the caller's. */
#ifndef LIBVMM_QUEUE_H
#define LIBVMM_QUEUE_H

#include <libvmm/util/util.h>

typedef struct queue {
    int head; /* index of the oldest item */
    int len;  /* items that wait */
    int capacity;
    int item_size; /* bytes */
    void *data;
} queue_t;

/** An empty queue of up to `capacity` items of `item_size` bytes, which `data` has room for. */
static inline void queue_init(queue_t *queue, int item_size, void *data, int capacity)
{
    *queue = (queue_t){ .capacity = capacity, .item_size = item_size, .data = data };
}

/** Address of the item that is `place` behind the oldest. Not for use outside this header. */
static inline void *queue_at(const queue_t *queue, int place)
{
    size_t index = (size_t)(queue->head + place) % (size_t)queue->capacity;

    return (char *)queue->data + index * (size_t)queue->item_size;
}

static inline int queue_size(queue_t *queue)
{
    return queue->len;
}

static inline bool queue_empty(queue_t *queue)
{
    return queue->len == 0;
}

/** Adds an item behind the newest and returns where its bytes go; NULL: the queue is full. */
static inline void *queue_enqueue_raw(queue_t *queue)
{
    return queue->len == queue->capacity ? NULL : queue_at(queue, queue->len++);
}

/** Adds a copy of `*item`. False: the queue is full. */
static inline bool queue_enqueue(queue_t *queue, const void *item)
{
    void *to = queue_enqueue_raw(queue);

    if (to != NULL) {
        memcpy(to, item, (size_t)queue->item_size);
    }
    return to != NULL;
}

static inline void queue_clear(queue_t *queue)
{
    queue->head = 0;
    queue->len = 0;
}

/** The oldest item, which stays; NULL: there is none. */
static inline void *queue_front(queue_t *queue)
{
    return queue->len == 0 ? NULL : queue_at(queue, 0);
}

/** Removes the oldest item. False: there is none. */
static inline bool queue_dequeue(queue_t *queue)
{
    if (queue->len == 0) {
        return false;
    }
    queue->head = (queue->head + 1) % queue->capacity;
    queue->len--;
    return true;
}

/** Copies the oldest item to `dest`, and removes it. False: there is none. */
static inline bool queue_dequeue_front(queue_t *queue, void *dest)
{
    const void *from = queue_front(queue);

    if (from != NULL) {
        memcpy(dest, from, (size_t)queue->item_size);
    }
    return queue_dequeue(queue);
}

/** Removes the newest item. False: there is none. */
static inline bool queue_dequeue_back(queue_t *queue)
{
    if (queue->len == 0) {
        return false;
    }
    queue->len--;
    return true;
}

#endif
