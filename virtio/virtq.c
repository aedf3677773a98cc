/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/virtq.h>

#include "access.h"
#include "virtq_format.h"

#define DESC_ALIGN 16U

static bool power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

enum virtio_error virtq_init(struct virtq *queue, unsigned max_entries)
{
    if (!power_of_two(max_entries) || max_entries > VIRTQ_MAX_ENTRIES) {
        return VIRTIO_ERR_ARGUMENT;
    }
    *queue = (struct virtq){ .max_entries = (uint16_t)max_entries };
    return VIRTIO_OK;
}

static enum virtio_error map_area(const struct guestmem *mem, struct gpa at, uint32_t bytes,
                                  uint32_t align, struct host_ptr *host)
{
    struct length size = { bytes };
    enum virtio_error error = guestmem_map(mem, at, size, host);

    /* The host pointer must be aligned as well, for single accesses. */
    if (error != VIRTIO_OK || (at.value & (align - 1)) != 0 ||
        ((uintptr_t)host->ptr & (align - 1)) != 0) {
        return VIRTIO_ERR_SETUP;
    }
    return VIRTIO_OK;
}

enum virtio_error virtq_enable(struct virtq *queue, const struct guestmem *mem, uint64_t features)
{
    const struct virtq_setup *setup = &queue->setup;
    bool packed = (features & VIRTIO_F_RING_PACKED) != 0;
    struct virtq_layout layout;

    if (setup->entries == 0 || setup->entries > queue->max_entries ||
        (!packed && !power_of_two(setup->entries))) {
        return VIRTIO_ERR_SETUP;
    }
    queue->entries = (uint16_t)setup->entries;
    if (packed) {
        virtq_packed_layout(&layout);
    } else {
        virtq_split_layout(queue->entries, &layout);
    }
    if (map_area(mem, setup->desc, queue->entries * VIRTIO_DESC_BYTES, DESC_ALIGN, &queue->desc) !=
            VIRTIO_OK ||
        map_area(mem, setup->driver, layout.driver_bytes, layout.driver_align, &queue->driver) !=
            VIRTIO_OK ||
        map_area(mem, setup->device, layout.device_bytes, layout.device_align, &queue->device) !=
            VIRTIO_OK) {
        return VIRTIO_ERR_SETUP;
    }
    queue->mem = mem;
    queue->packed = packed;
    queue->event_idx = (features & VIRTIO_F_EVENT_IDX) != 0;
    queue->indirect = (features & VIRTIO_F_INDIRECT_DESC) != 0;
    queue->avail = 0;
    queue->used = 0;
    queue->in_flight = 0;
    queue->unsignalled = 0;
    queue->calm = false;
    if (packed) {
        virtq_packed_start(queue);
    } else {
        virtq_split_start(queue);
    }
    queue->ready = true;
    return VIRTIO_OK;
}

void virtq_disable(struct virtq *queue)
{
    queue->ready = false;
    queue->in_flight = 0;
    queue->unsignalled = 0;
    queue->epoch++;
}

void virtq_reset(struct virtq *queue)
{
    virtq_disable(queue);
    queue->setup = (struct virtq_setup){ .entries = 0 };
}

enum virtio_error virtq_pop(struct virtq *queue, struct chain *chain)
{
    enum virtio_error error;

    chain_clear(chain);
    /* VIO-MMIO-08 */
    if (!queue->ready) {
        return VIRTIO_EMPTY;
    }
    chain->epoch = queue->epoch;
    error = queue->packed ? virtq_packed_pop(queue, chain) : virtq_split_pop(queue, chain);
    chain->in_flight = error == VIRTIO_OK;
    return error;
}

enum virtio_error virtq_push(struct virtq *queue, struct chain *chain, uint64_t written)
{
    uint64_t most = chain->writable_bytes.bytes;

    if (!chain->in_flight || chain->epoch != queue->epoch || !queue->ready) {
        return VIRTIO_ERR_STALE;
    }
    chain->in_flight = false;
    if (written > most) {
        written = most;
    }
    if (written > UINT32_MAX) {
        written = UINT32_MAX;
    }
    if (queue->packed) {
        virtq_packed_push(queue, chain, (uint32_t)written);
    } else {
        virtq_split_push(queue, chain, (uint32_t)written);
    }
    return VIRTIO_OK;
}

bool virtq_interrupt_due(struct virtq *queue)
{
    bool due;

    if (!queue->ready || queue->unsignalled == 0) {
        return false;
    }
    /* What was given back must be visible before the driver's wish is read, else both sleep. */
    access_fence();
    due = queue->packed ? virtq_packed_interrupt_due(queue) : virtq_split_interrupt_due(queue);
    queue->unsignalled = 0;
    return due;
}

bool virtq_any(const struct virtq *queue)
{
    return queue->ready && (queue->packed ? virtq_packed_any(queue) : virtq_split_any(queue));
}

void virtq_suppress_kicks(struct virtq *queue)
{
    if (!queue->ready) {
        return;
    }
    queue->calm = true;
    if (queue->packed) {
        virtq_packed_suppress_kicks(queue);
    } else {
        virtq_split_suppress_kicks(queue);
    }
}

bool virtq_want_kick(struct virtq *queue)
{
    if (!queue->ready) {
        return false;
    }
    queue->calm = false;
    return queue->packed ? virtq_packed_want_kick(queue) : virtq_split_want_kick(queue);
}

struct virtq_desc virtq_desc_from_table(const struct virtq *queue, struct host_ptr table,
                                        uint32_t index)
{
    struct virtq_desc desc;
    const volatile unsigned char *bytes = table.ptr + (size_t)index * VIRTIO_DESC_BYTES;
    unsigned char copy[VIRTIO_DESC_BYTES];
    uint64_t rest;

    if (((uintptr_t)bytes & 7U) == 0) {
        desc.at.value = access_load64(table, (size_t)index * VIRTIO_DESC_BYTES);
        rest = access_load64(table, (size_t)index * VIRTIO_DESC_BYTES + 8);
    } else {
        for (unsigned i = 0; i < VIRTIO_DESC_BYTES; i++) {
            copy[i] = bytes[i];
        }
        __builtin_memcpy(&desc.at.value, copy, 8);
        __builtin_memcpy(&rest, copy + 8, 8);
    }
    desc.bytes = (uint32_t)rest;
    /* The formats have these two the other way around. */
    desc.flags = (uint16_t)(rest >> (queue->packed ? 48 : 32));
    desc.next = (uint16_t)(rest >> (queue->packed ? 32 : 48));
    return desc;
}

enum virtio_error virtq_indirect_table(const struct virtq *queue, const struct virtq_desc *desc,
                                       struct host_ptr *table, uint32_t *entries)
{
    struct length size = { desc->bytes };

    if (!queue->indirect || (desc->flags & VIRTIO_DESC_NEXT) != 0 || desc->bytes == 0 ||
        (desc->bytes & (VIRTIO_DESC_BYTES - 1)) != 0) {
        return VIRTIO_ERR_INDIRECT;
    }
    *entries = desc->bytes / VIRTIO_DESC_BYTES;
    return guestmem_map(queue->mem, desc->at, size, table);
}
