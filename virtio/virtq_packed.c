/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packed format (2.8). Descriptor area: the descriptor ring. Driver area: the driver's event
 * suppression structure, which we read. Device area: ours.
 */
#include <virtio/spec.h>

#include "access.h"
#include "virtq_format.h"

#define EVENT_BYTES 4U
#define EVENT_WRAP (1U << 15)
#define DESC_LENGTH 8U
#define DESC_ID 12U
#define DESC_FLAGS 14U

void virtq_packed_layout(struct virtq_layout *layout)
{
    layout->driver_bytes = EVENT_BYTES;
    layout->device_bytes = EVENT_BYTES;
    layout->driver_align = EVENT_BYTES;
    layout->device_align = EVENT_BYTES;
}

/* The event suppression structure as one word: offset and wrap below, flags above. */
static void store_event(struct virtq *queue, uint32_t off_wrap, uint32_t flags)
{
    access_store32(queue->device, 0, off_wrap | flags << 16);
}

void virtq_packed_start(struct virtq *queue)
{
    queue->avail_wrap = true;
    queue->used_wrap = true;
}

/* Whether these flags make a descriptor available in the lap that `wrap` stands for. */
static bool is_available(uint16_t flags, bool wrap)
{
    bool avail = (flags & VIRTIO_DESC_AVAIL) != 0;
    bool used = (flags & VIRTIO_DESC_USED) != 0;

    return avail == wrap && used != wrap;
}

/* The rest of a descriptor whose flags were read already. */
static struct virtq_desc read_desc(const struct virtq *queue, uint16_t slot, uint16_t flags)
{
    size_t offset = (size_t)slot * VIRTIO_DESC_BYTES;

    return (struct virtq_desc){
        .at = { access_load64(queue->desc, offset) },
        .bytes = access_load32(queue->desc, offset + DESC_LENGTH),
        .next = access_load16(queue->desc, offset + DESC_ID),
        .flags = flags,
    };
}

static enum virtio_error add_indirect(const struct virtq *queue, const struct virtq_desc *from,
                                      struct chain *chain)
{
    struct host_ptr table;
    uint32_t entries;
    enum virtio_error error = virtq_indirect_table(queue, from, &table, &entries);

    if (error != VIRTIO_OK) {
        return error;
    }
    if (entries > chain->capacity) {
        return VIRTIO_ERR_CHAIN;
    }
    for (uint32_t i = 0; i < entries; i++) {
        struct virtq_desc desc = virtq_desc_from_table(queue, table, i);

        /* VIO-PACKED-08: of the flags in a table only WRITE means something. */
        error = chain_add(chain, queue->mem, desc.at, desc.bytes,
                          (desc.flags & VIRTIO_DESC_WRITE) != 0);
        if (error != VIRTIO_OK) {
            return error;
        }
    }
    return VIRTIO_OK;
}

/* Whether the next slot is available. */
static inline bool has_next(const struct virtq *queue)
{
    return queue->in_flight < queue->entries &&
           is_available(
               access_load16(queue->desc, (size_t)queue->avail * VIRTIO_DESC_BYTES + DESC_FLAGS),
               queue->avail_wrap);
}

bool virtq_packed_any(const struct virtq *queue)
{
    return has_next(queue);
}

enum virtio_error virtq_packed_pop(struct virtq *queue, struct chain *chain)
{
    uint16_t room = (uint16_t)(queue->entries - queue->in_flight);
    uint16_t slot = queue->avail;
    bool wrap = queue->avail_wrap;

    /* VIO-PACKED-01, VIO-PACKED-07: slots are taken in ring order, and so are lists. */
    for (uint16_t taken = 1; taken <= room; taken++) {
        uint16_t flags =
            access_load16_acquire(queue->desc, (size_t)slot * VIRTIO_DESC_BYTES + DESC_FLAGS);
        struct virtq_desc desc;
        enum virtio_error error;

        /* VIO-PACKED-05: also for the rest of a list, which came before its first (2.8.6). */
        if (!is_available(flags, wrap)) {
            return taken == 1 ? VIRTIO_EMPTY : VIRTIO_ERR_PARTIAL;
        }
        desc = read_desc(queue, slot, flags);
        if ((flags & VIRTIO_DESC_INDIRECT) != 0) {
            /* A list holds direct descriptors, or is one table. */
            error = taken == 1 ? add_indirect(queue, &desc, chain) : VIRTIO_ERR_INDIRECT;
        } else {
            error =
                chain_add(chain, queue->mem, desc.at, desc.bytes, (flags & VIRTIO_DESC_WRITE) != 0);
        }
        if (error != VIRTIO_OK) {
            return error;
        }
        slot++;
        if (slot == queue->entries) {
            slot = 0;
            wrap = !wrap;
        }
        if ((flags & VIRTIO_DESC_NEXT) == 0) {
            chain->id = desc.next;
            chain->slots = taken;
            queue->avail = slot;
            queue->avail_wrap = wrap;
            queue->in_flight = (uint16_t)(queue->in_flight + taken);
            return VIRTIO_OK;
        }
    }
    /* All slots are in flight: there can be nothing more. A list that runs into them is a loop. */
    return room == 0 ? VIRTIO_EMPTY : VIRTIO_ERR_CHAIN;
}

void virtq_packed_push(struct virtq *queue, const struct chain *chain, uint32_t written)
{
    size_t offset = (size_t)queue->used * VIRTIO_DESC_BYTES;
    uint32_t flags = queue->used_wrap ? VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED : 0;

    if (written != 0) {
        flags |= VIRTIO_DESC_WRITE;
    }
    access_store32(queue->desc, offset + DESC_LENGTH, written);
    access_store16(queue->desc, offset + DESC_ID, chain->id);
    /* VIO-PACKED-02, VIO-PACKED-06: the flags come last, and the slot is left alone after them. */
    access_store16_release(queue->desc, offset + DESC_FLAGS, (uint16_t)flags);

    /* VIO-PACKED-09: one used descriptor for the whole list. */
    queue->used = (uint16_t)(queue->used + chain->slots);
    if (queue->used >= queue->entries) {
        queue->used = (uint16_t)(queue->used - queue->entries);
        queue->used_wrap = !queue->used_wrap;
    }
    queue->in_flight = (uint16_t)(queue->in_flight - chain->slots);
    /* A lap covers every slot that the driver can have asked for. */
    queue->unsignalled = (uint16_t)(queue->unsignalled + chain->slots);
    if (queue->unsignalled > queue->entries) {
        queue->unsignalled = queue->entries;
    }
}

bool virtq_packed_interrupt_due(const struct virtq *queue)
{
    /* VIO-PACKED-10: one load, so that offset, wrap counter and flags belong together. */
    uint32_t event = access_load32(queue->driver, 0);
    uint32_t flags = event >> 16 & 3U;
    bool wrap = (event & EVENT_WRAP) != 0;
    int behind;

    if (flags == VIRTIO_EVENT_DISABLE) {
        return false;
    }
    if (flags != VIRTIO_EVENT_DESC || !queue->event_idx) {
        return true;
    }
    /* How many slots the one that the driver named lies behind the next that we use. */
    behind = (int)queue->used - (int)(event & (EVENT_WRAP - 1));
    if (wrap != queue->used_wrap) {
        behind += queue->entries;
    }
    return behind >= 1 && behind <= queue->unsignalled;
}

void virtq_packed_suppress_kicks(struct virtq *queue)
{
    store_event(queue, 0, VIRTIO_EVENT_DISABLE);
}

bool virtq_packed_want_kick(struct virtq *queue)
{
    if (queue->event_idx) {
        store_event(queue, queue->avail | (queue->avail_wrap ? EVENT_WRAP : 0U), VIRTIO_EVENT_DESC);
    } else {
        store_event(queue, 0, VIRTIO_EVENT_ENABLE);
    }
    access_fence();
    return has_next(queue);
}
