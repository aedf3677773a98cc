/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The split format (2.7). Descriptor area: the descriptor table. Driver area: the available ring
 * (flags, idx, ring[], used_event). Device area: the used ring (flags, idx, ring[], avail_event).
 */
#include <virtio/spec.h>

#include "access.h"
#include "virtq_format.h"

#define RING_FLAGS 0U
#define RING_IDX 2U
#define RING_ENTRIES 4U
#define AVAIL_ENTRY_BYTES 2U
#define USED_ENTRY_BYTES 8U

void virtq_split_layout(uint16_t entries, struct virtq_layout *layout)
{
    /* The two bytes behind each ring (used_event, avail_event) belong to it, always. */
    layout->driver_bytes = RING_ENTRIES + AVAIL_ENTRY_BYTES * (uint32_t)entries + 2;
    layout->device_bytes = RING_ENTRIES + USED_ENTRY_BYTES * (uint32_t)entries + 2;
    layout->driver_align = 2;
    layout->device_align = 4;
}

void virtq_split_start(struct virtq *queue)
{
    queue->seen = 0;
}

static uint32_t used_event_offset(const struct virtq *queue)
{
    return RING_ENTRIES + AVAIL_ENTRY_BYTES * (uint32_t)queue->entries;
}

static uint32_t avail_event_offset(const struct virtq *queue)
{
    return RING_ENTRIES + USED_ENTRY_BYTES * (uint32_t)queue->entries;
}

/* Look at the driver's index. The acquire pairs with the driver's barrier before its store. */
static enum virtio_error refresh(struct virtq *queue)
{
    uint16_t seen = access_load16_acquire(queue->driver, RING_IDX);
    uint16_t more = (uint16_t)(seen - queue->avail);

    if (more > queue->entries - queue->in_flight) {
        return VIRTIO_ERR_INDEX;
    }
    queue->seen = seen;
    /* VIO-SPLIT-17 */
    return more == 0 ? VIRTIO_EMPTY : VIRTIO_OK;
}

/* Follow the chain inside an indirect table of `entries` descriptors. */
static enum virtio_error __attribute__((noinline))
add_indirect(const struct virtq *queue, const struct virtq_desc *from, struct chain *chain)
{
    struct host_ptr table;
    uint32_t entries;
    uint32_t index = 0;
    enum virtio_error error = virtq_indirect_table(queue, from, &table, &entries);

    if (error != VIRTIO_OK) {
        return error;
    }
    /* Each turn takes one entry; more turns than the chain may be long is a loop. */
    for (uint32_t turns = 0; turns < chain->capacity; turns++) {
        struct virtq_desc desc = virtq_desc_from_table(queue, table, index);

        if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {
            return VIRTIO_ERR_INDIRECT;
        }
        error = chain_add(chain, queue->mem, desc.at, desc.bytes,
                          (desc.flags & VIRTIO_DESC_WRITE) != 0);
        if (error != VIRTIO_OK) {
            return error;
        }
        if ((desc.flags & VIRTIO_DESC_NEXT) == 0) {
            return VIRTIO_OK;
        }
        if (desc.next >= entries) {
            return VIRTIO_ERR_HEAD;
        }
        index = desc.next;
    }
    return VIRTIO_ERR_CHAIN;
}

/* VIO-SPLIT-04: this is all that is ever done to the descriptor table. */
static struct virtq_desc read_desc(const struct virtq *queue, uint16_t index)
{
    size_t offset = (size_t)index * VIRTIO_DESC_BYTES;
    uint64_t at = access_load64(queue->desc, offset);
    uint64_t rest = access_load64(queue->desc, offset + 8);

    return (struct virtq_desc){
        .at = { at },
        .bytes = (uint32_t)rest,
        .flags = (uint16_t)(rest >> 32),
        .next = (uint16_t)(rest >> 48),
    };
}

/* An index that makes no sense is something, too: virtq_split_pop() judges it. */
bool virtq_split_any(const struct virtq *queue)
{
    return queue->avail != queue->seen || access_load16(queue->driver, RING_IDX) != queue->avail;
}

enum virtio_error virtq_split_pop(struct virtq *queue, struct chain *chain)
{
    uint16_t mask = (uint16_t)(queue->entries - 1);
    uint16_t index;
    enum virtio_error error;

    if (queue->avail == queue->seen) {
        error = refresh(queue);
        if (error != VIRTIO_OK) {
            return error;
        }
    }
    index = access_load16(queue->driver,
                          RING_ENTRIES + AVAIL_ENTRY_BYTES * (size_t)(queue->avail & mask));
    chain->id = index;
    for (uint16_t turns = 0; turns < queue->entries; turns++) {
        struct virtq_desc desc;

        if (index >= queue->entries) {
            return VIRTIO_ERR_HEAD;
        }
        desc = read_desc(queue, index);
        if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {
            /* VIO-SPLIT-05, VIO-SPLIT-06: any number may precede it, its WRITE is not looked at. */
            error = add_indirect(queue, &desc, chain);
        } else {
            /* VIO-SPLIT-01 */
            error = chain_add(chain, queue->mem, desc.at, desc.bytes,
                              (desc.flags & VIRTIO_DESC_WRITE) != 0);
        }
        if (error != VIRTIO_OK) {
            return error;
        }
        if ((desc.flags & VIRTIO_DESC_NEXT) == 0) {
            queue->avail++;
            queue->in_flight++;
            return VIRTIO_OK;
        }
        index = desc.next;
    }
    return VIRTIO_ERR_CHAIN;
}

void virtq_split_push(struct virtq *queue, const struct chain *chain, uint32_t written)
{
    uint16_t mask = (uint16_t)(queue->entries - 1);
    size_t offset = RING_ENTRIES + USED_ENTRY_BYTES * (size_t)(queue->used & mask);

    access_store32(queue->device, offset, chain->id);
    access_store32(queue->device, offset + 4, written);
    queue->used++;
    queue->in_flight--;
    queue->unsignalled++;
    /* VIO-SPLIT-13, VIO-SPLIT-14: the release orders the entry and all data before the index. */
    access_store16_release(queue->device, RING_IDX, queue->used);
}

bool virtq_split_interrupt_due(const struct virtq *queue)
{
    if (queue->event_idx) {
        /* VIO-SPLIT-10, VIO-SPLIT-11, VIO-SPLIT-12: was the entry `event` among the new ones? */
        uint16_t event = access_load16(queue->driver, used_event_offset(queue));
        uint16_t behind = (uint16_t)(queue->used - 1 - event);

        return behind < queue->unsignalled;
    }
    /* VIO-SPLIT-07, VIO-SPLIT-08, VIO-SPLIT-09 */
    return (access_load16(queue->driver, RING_FLAGS) & VIRTIO_RING_NO_NOTIFY) == 0;
}

void virtq_split_suppress_kicks(struct virtq *queue)
{
    /* VIO-SPLIT-15, VIO-SPLIT-16: with event indices the stale avail_event suppresses. */
    if (!queue->event_idx) {
        access_store16(queue->device, RING_FLAGS, VIRTIO_RING_NO_NOTIFY);
    }
}

bool virtq_split_want_kick(struct virtq *queue)
{
    if (queue->event_idx) {
        access_store16(queue->device, avail_event_offset(queue), queue->avail);
    } else {
        access_store16(queue->device, RING_FLAGS, 0);
    }
    access_fence();
    return access_load16(queue->driver, RING_IDX) != queue->avail;
}
