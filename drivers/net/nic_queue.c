/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic_queue.h"

/** Of the available ring's flags: no interrupts please. */
#define NO_INTERRUPT 1u

_Static_assert(NIC_QUEUE_ENTRIES *VIRTIO_DESC_BYTES <= NIC_QUEUE_AVAIL, "the areas are apart");
_Static_assert(6 + 2 * NIC_QUEUE_ENTRIES <= NIC_QUEUE_USED - NIC_QUEUE_AVAIL, "so are these");
_Static_assert(6 + 8 * NIC_QUEUE_ENTRIES <= NIC_QUEUE_BYTES - NIC_QUEUE_USED, "and they fit");

static uint16_t *word(const struct nic_queue *queue, uint32_t offset)
{
    return (uint16_t *)(void *)(queue->memory + offset);
}

/* Both event indices stand behind the rings. */
static uint16_t *used_event(const struct nic_queue *queue)
{
    return word(queue, NIC_QUEUE_AVAIL + 4 + 2 * queue->entries);
}

static uint16_t *avail_event(const struct nic_queue *queue)
{
    return word(queue, NIC_QUEUE_USED + 4 + 8 * queue->entries);
}

void nic_queue_init(struct nic_queue *queue, void *memory, uint32_t entries, bool event_idx)
{
    *queue = (struct nic_queue){ .memory = memory, .entries = entries, .event_idx = event_idx };
    for (uint32_t i = 0; i < NIC_QUEUE_BYTES; i += 2) {
        *word(queue, i) = 0;
    }
}

struct nic_descriptor *nic_queue_descriptor(const struct nic_queue *queue, uint32_t index)
{
    return (struct nic_descriptor *)(void *)(queue->memory + NIC_QUEUE_DESC) + index;
}

void nic_queue_show(struct nic_queue *queue, uint32_t head)
{
    *word(queue, NIC_QUEUE_AVAIL + 4 + 2 * (queue->avail & (queue->entries - 1))) = (uint16_t)head;
    queue->avail++;
    __atomic_store_n(word(queue, NIC_QUEUE_AVAIL + 2), queue->avail, __ATOMIC_RELEASE);
}

bool nic_queue_kick(struct nic_queue *queue)
{
    uint16_t shown = (uint16_t)(queue->avail - queue->kicked);

    if (shown == 0) {
        return false;
    }
    queue->kicked = queue->avail;
    /* What was shown is there before the device's wish is looked at. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (queue->event_idx) {
        uint16_t event = __atomic_load_n(avail_event(queue), __ATOMIC_RELAXED);

        return (uint16_t)(queue->avail - event - 1) < shown;
    }
    return (__atomic_load_n(word(queue, NIC_QUEUE_USED), __ATOMIC_RELAXED) &
            VIRTIO_RING_NO_NOTIFY) == 0;
}

uint32_t nic_queue_count(struct nic_queue *queue)
{
    uint16_t there = __atomic_load_n(word(queue, NIC_QUEUE_USED + 2), __ATOMIC_ACQUIRE);
    uint32_t count = (uint16_t)(there - queue->used);

    /* A device that says more than there can be is not followed further. */
    if (count > queue->entries) {
        count = 0;
        there = queue->used;
    }
    queue->seen = there;
    return count;
}

bool nic_queue_take(struct nic_queue *queue, uint32_t *head, uint32_t *bytes)
{
    const volatile uint32_t *entry;

    if (queue->used == queue->seen && nic_queue_count(queue) == 0) {
        return false;
    }
    entry = (const volatile uint32_t *)(const void *)word(
        queue, NIC_QUEUE_USED + 4 + 8 * (queue->used & (queue->entries - 1)));
    *head = entry[0];
    *bytes = entry[1];
    queue->used++;
    return true;
}

bool nic_queue_wait(struct nic_queue *queue, uint32_t more)
{
    if (queue->event_idx) {
        __atomic_store_n(used_event(queue), (uint16_t)(queue->used + more - 1), __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(word(queue, NIC_QUEUE_AVAIL), 0, __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return nic_queue_count(queue) < more;
}

void nic_queue_quiet(struct nic_queue *queue)
{
    if (queue->event_idx) {
        /* An index that is 2^16 chains away. */
        __atomic_store_n(used_event(queue), (uint16_t)(queue->used - 1), __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(word(queue, NIC_QUEUE_AVAIL), NO_INTERRUPT, __ATOMIC_RELAXED);
    }
}
