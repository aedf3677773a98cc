/* SPDX-License-Identifier: BSD-2-Clause */
#include "timerq.h"

static void timerq_place(struct timerq *q, uint32_t slot, struct timerq_entry *entry)
{
    q->heap[slot] = entry;
    entry->slot = slot;
}

/** Moves `entry` from the hole at `slot` towards the root until its parent is not later. */
static uint32_t timerq_rise(struct timerq *q, uint32_t slot, const struct timerq_entry *entry)
{
    while (slot > 1 && q->heap[slot / 2]->deadline > entry->deadline) {
        timerq_place(q, slot, q->heap[slot / 2]);
        slot /= 2;
    }
    return slot;
}

/** Puts `entry` into the hole at `slot`, or further towards the leaves: no child is earlier. */
static void timerq_sink(struct timerq *q, uint32_t slot, struct timerq_entry *entry)
{
    while (slot * 2 <= q->count) {
        uint32_t child = slot * 2;
        if (child < q->count && q->heap[child + 1]->deadline < q->heap[child]->deadline) {
            child++;
        }
        if (q->heap[child]->deadline >= entry->deadline) {
            break;
        }
        timerq_place(q, slot, q->heap[child]);
        slot = child;
    }
    timerq_place(q, slot, entry);
}

void timerq_set(struct timerq *q, struct timerq_entry *entry, uint64_t deadline)
{
    if (entry->slot == 0) {
        q->count++;
        entry->slot = q->count;
    }
    entry->deadline = deadline;
    timerq_sink(q, timerq_rise(q, entry->slot, entry), entry);
    q->deadline = q->heap[1]->deadline;
}

void timerq_cancel(struct timerq *q, struct timerq_entry *entry)
{
    uint32_t slot = entry->slot;
    if (slot == 0) {
        return;
    }
    entry->slot = 0;
    struct timerq_entry *last = q->heap[q->count];
    q->count--;
    if (last != entry) {
        timerq_sink(q, timerq_rise(q, slot, last), last);
    }
    q->deadline = q->count > 0 ? q->heap[1]->deadline : UINT64_MAX;
}
