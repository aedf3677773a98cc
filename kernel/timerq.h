/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer queue: a binary heap of deadlines, of fixed capacity. Everything takes at most
 * log2(capacity) steps.
 */
#ifndef KERNEL_TIMERQ_H
#define KERNEL_TIMERQ_H

#include <stdbool.h>
#include <stdint.h>

/** Entries that a queue can hold; a power of two. */
#define TIMERQ_CAPACITY 256

/** A deadline; lives in the object that waits for it. */
struct timerq_entry {
    uint64_t deadline; /* ticks of the system counter */
    uint32_t slot;     /* 1-based position in the heap; 0: not queued */
};

struct timerq {
    /** The earliest of all; UINT64_MAX, also to begin with, when there is none. */
    uint64_t deadline;
    uint32_t count;
    struct timerq_entry *heap[TIMERQ_CAPACITY + 1]; /* heap[0] is not used */
};

/** Queue `entry` for `deadline`; one that is queued already is moved. */
void timerq_set(struct timerq *q, struct timerq_entry *entry, uint64_t deadline);

/** Take `entry` out; nothing happens when it is not queued. */
void timerq_cancel(struct timerq *q, struct timerq_entry *entry);

/** The entry with the earliest deadline, or NULL. It stays queued. */
static inline struct timerq_entry *timerq_first(const struct timerq *q)
{
    return q->count > 0 ? q->heap[1] : (struct timerq_entry *)0;
}

#endif
