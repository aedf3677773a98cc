/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blk.h"

#include "virtio_blk_device.h"

#define NO_SLOT 0xffu
/** @{ Types of requests (5.2.6). */
#define TYPE_IN 0u
#define TYPE_OUT 1u
#define TYPE_FLUSH 4u
#define TYPE_GET_LIFETIME 10u
#define TYPE_DISCARD 11u
#define TYPE_WRITE_ZEROES 13u
#define RANGE_UNMAP 1u
#define STATUS_OK 0u
#define STATUS_UNSUPP 2u
/** @} */

struct descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

_Static_assert(sizeof(struct descriptor) == VIRTIO_DESC_BYTES, "2.7.5");

/** What a slot has in memory. */
struct slot_memory {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
    uint64_t range_sector;
    uint32_t range_sectors;
    uint32_t range_flags;
    uint8_t status;
    uint8_t unused[31];
    struct descriptor table[BLOCK_MAX_SEGMENTS + 2];
};

_Static_assert(offsetof(struct slot_memory, table) == 64, "layout");
_Static_assert(sizeof(struct slot_memory) <= VIRTIO_BLK_SLOT_BYTES, "it fits");
_Static_assert(VIRTIO_BLK_SLOTS < NO_SLOT, "the number of a slot is a byte");

static struct slot_memory *blk_slot(const struct virtio_blk *blk, uint32_t slot)
{
    return (struct slot_memory *)(void *)(blk->memory.bytes + VIRTIO_BLK_QUEUE_BYTES +
                                          (size_t)slot * VIRTIO_BLK_SLOT_BYTES);
}

static uint64_t blk_slot_address(const struct virtio_blk *blk, uint32_t slot)
{
    return blk->memory.address + VIRTIO_BLK_QUEUE_BYTES + (uint64_t)slot * VIRTIO_BLK_SLOT_BYTES;
}

/** Both event indices stand behind the rings. */
static uint16_t *blk_used_event(const struct virtio_blk *blk)
{
    return virtio_blk_device_word(blk, VIRTIO_BLK_AVAIL + 4 + 2 * blk->entries);
}

static uint16_t *blk_avail_event(const struct virtio_blk *blk)
{
    return virtio_blk_device_word(blk, VIRTIO_BLK_USED + 4 + 8 * blk->entries);
}

static void blk_free(struct virtio_blk *blk, uint32_t slot)
{
    blk->slots[slot].busy = false;
    blk->slots[slot].next_free = blk->free;
    blk->free = (uint8_t)slot;
    blk->in_flight--;
}

enum virtio_device_error virtio_blk_start(struct virtio_blk *blk,
                                          const struct virtio_device *device,
                                          const struct virtio_blk_memory *memory,
                                          struct block_info *info)
{
    enum virtio_device_error error = virtio_device_find(device, VIRTIO_ID_BLOCK);

    *blk = (struct virtio_blk){ .device = *device, .memory = *memory, .free = NO_SLOT };
    if (error != VIRTIO_DEVICE_OK) {
        return error;
    }
    error = virtio_blk_device_start(blk);
    blk->slot_count = blk->entries;
    if (error == VIRTIO_DEVICE_OK) {
        error = virtio_blk_device_config(blk, info);
    }
    blk->in_flight = blk->slot_count;
    for (uint32_t slot = blk->slot_count; slot-- > 0;) {
        blk_free(blk, slot);
    }
    return error;
}

/** Show the device the slot's table. */
static void blk_show(struct virtio_blk *blk, uint32_t slot, uint32_t descriptors)
{
    struct descriptor *place =
        (struct descriptor *)(void *)(blk->memory.bytes + VIRTIO_BLK_DESC) + slot;
    uint32_t index = blk->avail % blk->entries;

    place->address = blk_slot_address(blk, slot) + offsetof(struct slot_memory, table);
    place->bytes = descriptors * VIRTIO_DESC_BYTES;
    place->flags = VIRTIO_DESC_INDIRECT;
    place->next = 0;
    *virtio_blk_device_word(blk, VIRTIO_BLK_AVAIL + 4 + 2 * index) = (uint16_t)slot;
    blk->avail++;
    __atomic_store_n(virtio_blk_device_word(blk, VIRTIO_BLK_AVAIL + 2), blk->avail,
                     __ATOMIC_RELEASE);
}

static void blk_describe(struct descriptor *to, uint64_t address, uint32_t bytes, uint16_t flags,
                         uint32_t next)
{
    to->address = address;
    to->bytes = bytes;
    to->flags = flags;
    to->next = (uint16_t)next;
}

/** Header, what is between, status. */
static void blk_fill(struct virtio_blk *blk, uint32_t slot, uint32_t type, uint64_t sector,
                     const struct block_segment *segments, uint32_t count)
{
    struct slot_memory *memory = blk_slot(blk, slot);
    uint64_t address = blk_slot_address(blk, slot);
    uint16_t more =
        VIRTIO_DESC_NEXT | (type == TYPE_IN || type == TYPE_GET_LIFETIME ? VIRTIO_DESC_WRITE : 0);
    uint32_t i;

    memory->type = type;
    memory->reserved = 0;
    memory->sector = sector;
    memory->status = UINT8_MAX;
    blk_describe(&memory->table[0], address, 16, VIRTIO_DESC_NEXT, 1);
    for (i = 1; i <= count; i++) {
        blk_describe(&memory->table[i], segments[i - 1].address, (uint32_t)segments[i - 1].bytes,
                     more, i + 1);
    }
    blk_describe(&memory->table[i], address + offsetof(struct slot_memory, status), 1,
                 VIRTIO_DESC_WRITE, 0);
    blk_show(blk, slot, count + 2);
}

bool virtio_blk_submit(struct virtio_blk *blk, const struct block_request *request,
                       const struct block_segment *segments)
{
    static const uint32_t types[] = {
        [BLOCK_READ] = TYPE_IN,           [BLOCK_WRITE] = TYPE_OUT,
        [BLOCK_FLUSH] = TYPE_FLUSH,       [BLOCK_DISCARD] = TYPE_DISCARD,
        [BLOCK_ZERO] = TYPE_WRITE_ZEROES, [BLOCK_LIFETIME] = TYPE_GET_LIFETIME
    };
    uint32_t slot = blk->free;

    if (slot == NO_SLOT) {
        return false;
    }
    blk->free = blk->slots[slot].next_free;
    blk->in_flight++;
    blk->slots[slot].busy = true;
    blk->slots[slot].flushes = false;
    blk->slots[slot].request = *request;
    if (request->kind == BLOCK_DISCARD || request->kind == BLOCK_ZERO) {
        struct slot_memory *memory = blk_slot(blk, slot);
        const struct block_segment range = {
            .address = blk_slot_address(blk, slot) + offsetof(struct slot_memory, range_sector),
            .bytes = 16,
        };

        memory->range_sector = request->sector;
        memory->range_sectors = (uint32_t)(request->bytes / BLOCK_SECTOR);
        memory->range_flags =
            request->kind == BLOCK_ZERO && (request->flags & BLOCK_FLAG_UNMAP) != 0 ? RANGE_UNMAP
                                                                                    : 0;
        blk_fill(blk, slot, types[request->kind], 0, &range, 1);
    } else {
        blk_fill(blk, slot, types[request->kind], request->sector, segments, request->segments);
    }
    return true;
}

void virtio_blk_kick(struct virtio_blk *blk)
{
    uint16_t shown = (uint16_t)(blk->avail - blk->kicked);
    bool wanted;

    if (shown == 0) {
        return;
    }
    /* What was shown is there before the device's wish is looked at. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (blk->event_idx) {
        uint16_t event = __atomic_load_n(blk_avail_event(blk), __ATOMIC_RELAXED);

        wanted = (uint16_t)(blk->avail - event - 1) < shown;
    } else {
        wanted = (__atomic_load_n(virtio_blk_device_word(blk, VIRTIO_BLK_USED), __ATOMIC_RELAXED) &
                  VIRTIO_RING_NO_NOTIFY) == 0;
    }
    blk->kicked = blk->avail;
    if (wanted) {
        virtio_device_store(&blk->device, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_BLK_QUEUE);
    }
}

void virtio_blk_acknowledge(struct virtio_blk *blk)
{
    virtio_device_store(&blk->device, VIRTIO_MMIO_INTERRUPT_ACK,
                        virtio_device_load(&blk->device, VIRTIO_MMIO_INTERRUPT_STATUS));
}

/** A slot that the device has given back. True: it is an answer. */
static bool blk_finish(struct virtio_blk *blk, uint32_t slot, struct block_answer *answer)
{
    const struct slot_memory *memory = blk_slot(blk, slot);
    struct virtio_blk_slot *own = &blk->slots[slot];
    uint8_t status = __atomic_load_n(&memory->status, __ATOMIC_RELAXED);

    if (status == STATUS_OK && (own->request.flags & BLOCK_FLAG_STABLE) != 0 && !own->flushes &&
        virtio_blk_device_has(blk, VIRTIO_BLK_FEATURE_FLUSH)) {
        own->flushes = true;
        blk_fill(blk, slot, TYPE_FLUSH, 0, NULL, 0);
        return false;
    }
    answer->id = own->request.id;
    answer->status = status == STATUS_OK       ? BLOCK_DONE
                     : status == STATUS_UNSUPP ? BLOCK_UNSUPPORTED
                                               : BLOCK_FAILED;
    answer->bytes = status == STATUS_OK ? own->request.bytes : 0;
    blk_free(blk, slot);
    return true;
}

/** The next slot that was withdrawn. */
static bool blk_take_withdrawn(struct virtio_blk *blk, struct block_answer *answer)
{
    for (uint32_t slot = 0; slot < blk->slot_count; slot++) {
        struct virtio_blk_slot *own = &blk->slots[slot];

        if (own->busy && own->request.kind == 0) {
            *answer = (struct block_answer){ .id = own->request.id, .status = BLOCK_ABORTED };
            blk_free(blk, slot);
            blk->withdrawn--;
            return true;
        }
    }
    return false;
}

bool virtio_blk_take(struct virtio_blk *blk, struct block_answer *answer)
{
    if (blk->withdrawn != 0 && blk_take_withdrawn(blk, answer)) {
        return true;
    }
    /* No more than the ring has: a device that goes on filling it does not keep this one here. */
    for (uint32_t i = 0; i < blk->entries; i++) {
        uint16_t there =
            __atomic_load_n(virtio_blk_device_word(blk, VIRTIO_BLK_USED + 2), __ATOMIC_ACQUIRE);
        uint32_t slot;

        if (there == blk->used && blk->event_idx) {
            /* Ask for the next one, and look again. */
            __atomic_store_n(blk_used_event(blk), blk->used, __ATOMIC_RELAXED);
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            there =
                __atomic_load_n(virtio_blk_device_word(blk, VIRTIO_BLK_USED + 2), __ATOMIC_ACQUIRE);
        }
        if (there == blk->used) {
            return false;
        }
        slot = *(const volatile uint32_t *)(const void *)virtio_blk_device_word(
            blk, VIRTIO_BLK_USED + 4 + 8 * (blk->used % blk->entries));
        blk->used++;
        if (slot >= blk->slot_count || !blk->slots[slot].busy) {
            blk->nonsense++;
        } else if (blk_finish(blk, slot, answer)) {
            return true;
        }
    }
    return false;
}

bool virtio_blk_has(const struct virtio_blk *blk, uint16_t owner)
{
    for (uint32_t slot = 0; slot < blk->slot_count; slot++) {
        if (blk->slots[slot].busy && blk->slots[slot].request.owner == owner) {
            return true;
        }
    }
    return false;
}

/** A slot's own table, anew. */
static void blk_repeat(struct virtio_blk *blk, uint32_t slot)
{
    struct virtio_blk_slot *own = &blk->slots[slot];
    uint32_t count = own->request.kind == BLOCK_DISCARD || own->request.kind == BLOCK_ZERO
                         ? 1
                         : own->request.segments;

    if (own->flushes) {
        count = 0;
    }
    blk_slot(blk, slot)->status = UINT8_MAX;
    blk_show(blk, slot, count + 2);
}

enum virtio_device_error virtio_blk_withdraw(struct virtio_blk *blk, uint16_t owner)
{
    uint64_t features = blk->features;
    uint32_t entries = blk->entries;
    enum virtio_device_error error = virtio_blk_device_start(blk);

    blk->resets++;
    if (error != VIRTIO_DEVICE_OK) {
        return error;
    }
    if (blk->features != features || blk->entries != entries) {
        return VIRTIO_DEVICE_FEATURES;
    }
    for (uint32_t slot = 0; slot < blk->slot_count; slot++) {
        struct virtio_blk_slot *own = &blk->slots[slot];

        if (own->busy && own->request.owner == owner && own->request.kind != 0) {
            own->request.kind = 0;
            blk->withdrawn++;
        } else if (own->busy && own->request.kind != 0) {
            blk_repeat(blk, slot);
        }
    }
    virtio_blk_kick(blk);
    return VIRTIO_DEVICE_OK;
}
