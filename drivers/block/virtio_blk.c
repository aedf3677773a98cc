/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blk.h"

#include <virtio/spec.h>

#define QUEUE 0u
#define NO_SLOT 0xffu
/** Loads of the status register that a reset may take. */
#define RESET_POLLS 100000u

/** @{ Features of a disk (5.2.3). */
#define FEATURE_SIZE_MAX VIRTIO_FEATURE(1)
#define FEATURE_SEG_MAX VIRTIO_FEATURE(2)
#define FEATURE_RO VIRTIO_FEATURE(5)
#define FEATURE_BLK_SIZE VIRTIO_FEATURE(6)
#define FEATURE_FLUSH VIRTIO_FEATURE(9)
#define FEATURE_TOPOLOGY VIRTIO_FEATURE(10)
#define FEATURE_DISCARD VIRTIO_FEATURE(13)
#define FEATURE_WRITE_ZEROES VIRTIO_FEATURE(14)
/** @} */

#define FEATURES_NEEDED (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC)
#define FEATURES_WANTED                                                                       \
    (FEATURES_NEEDED | VIRTIO_F_EVENT_IDX | FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_RO | \
     FEATURE_BLK_SIZE | FEATURE_FLUSH | FEATURE_TOPOLOGY | FEATURE_DISCARD | FEATURE_WRITE_ZEROES)

/** @{ The configuration space (5.2.4). */
#define CONFIG_CAPACITY 0u
#define CONFIG_SIZE_MAX 8u
#define CONFIG_SEG_MAX 12u
#define CONFIG_BLK_SIZE 20u
#define CONFIG_TOPOLOGY 24u
#define CONFIG_MAX_DISCARD 36u
#define CONFIG_DISCARD_ALIGNMENT 44u
#define CONFIG_MAX_ZERO 48u
/** @} */

/** @{ Types of requests (5.2.6). */
#define TYPE_IN 0u
#define TYPE_OUT 1u
#define TYPE_FLUSH 4u
#define TYPE_DISCARD 11u
#define TYPE_WRITE_ZEROES 13u
#define RANGE_UNMAP 1u
#define STATUS_OK 0u
#define STATUS_UNSUPP 2u
/** @} */

#define SEGMENT_MOST 0x40000000u

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

/** The queue in memory: three areas, each with room for VIRTIO_BLK_SLOTS entries. */
#define AREA_DESC 0u
#define AREA_AVAIL 0x1000u
#define AREA_USED 0x1800u

_Static_assert(VIRTIO_BLK_SLOTS * 16 <= AREA_AVAIL - AREA_DESC, "it fits");
_Static_assert(6 + VIRTIO_BLK_SLOTS * 8 <= VIRTIO_BLK_QUEUE_BYTES - AREA_USED, "it fits");
_Static_assert(VIRTIO_BLK_SLOTS < NO_SLOT, "the number of a slot is a byte");

static uint32_t blk_load(const struct virtio_blk *blk, uint32_t offset)
{
    return blk->registers.load(blk->registers.context, offset);
}

static void blk_store(const struct virtio_blk *blk, uint32_t offset, uint32_t value)
{
    blk->registers.store(blk->registers.context, offset, value);
}

static uint32_t blk_config(const struct virtio_blk *blk, uint32_t offset)
{
    return blk_load(blk, VIRTIO_MMIO_CONFIG + offset);
}

static struct slot_memory *blk_slot(const struct virtio_blk *blk, uint32_t slot)
{
    return (struct slot_memory *)(void *)(blk->memory.bytes + VIRTIO_BLK_QUEUE_BYTES +
                                          (size_t)slot * VIRTIO_BLK_SLOT_BYTES);
}

static uint64_t blk_slot_address(const struct virtio_blk *blk, uint32_t slot)
{
    return blk->memory.address + VIRTIO_BLK_QUEUE_BYTES + (uint64_t)slot * VIRTIO_BLK_SLOT_BYTES;
}

/** A 16-bit word of the queue's areas. */
static uint16_t *blk_word(const struct virtio_blk *blk, uint32_t offset)
{
    return (uint16_t *)(void *)(blk->memory.bytes + offset);
}

/** Both event indices stand behind the rings. */
static uint16_t *blk_used_event(const struct virtio_blk *blk)
{
    return blk_word(blk, AREA_AVAIL + 4 + 2 * blk->entries);
}

static uint16_t *blk_avail_event(const struct virtio_blk *blk)
{
    return blk_word(blk, AREA_USED + 4 + 8 * blk->entries);
}

static enum virtio_blk_error blk_reset(const struct virtio_blk *blk)
{
    blk_store(blk, VIRTIO_MMIO_STATUS, 0);
    for (uint32_t i = 0; i < RESET_POLLS; i++) {
        if (blk_load(blk, VIRTIO_MMIO_STATUS) == 0) {
            return VIRTIO_BLK_OK;
        }
    }
    return VIRTIO_BLK_STUCK;
}

static enum virtio_blk_error blk_negotiate(struct virtio_blk *blk)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint64_t offered;

    blk_store(blk, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    blk_store(blk, VIRTIO_MMIO_STATUS, status);
    blk_store(blk, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    offered = (uint64_t)blk_load(blk, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    blk_store(blk, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    offered |= blk_load(blk, VIRTIO_MMIO_DEVICE_FEATURES);
    if ((offered & FEATURES_NEEDED) != FEATURES_NEEDED) {
        return VIRTIO_BLK_FEATURES;
    }
    blk->features = offered & FEATURES_WANTED;
    blk->event_idx = (blk->features & VIRTIO_F_EVENT_IDX) != 0;
    for (uint32_t word = 0; word < 2; word++) {
        blk_store(blk, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        blk_store(blk, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(blk->features >> (32 * word)));
    }
    status |= VIRTIO_STATUS_FEATURES_OK;
    blk_store(blk, VIRTIO_MMIO_STATUS, status);
    return (blk_load(blk, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0
               ? VIRTIO_BLK_OK
               : VIRTIO_BLK_FEATURES;
}

/** Slots that there is memory for, as far as a queue of them is of a size that may be. */
static uint32_t blk_count_slots(const struct virtio_blk *blk, uint32_t most)
{
    uint32_t slots = VIRTIO_BLK_SLOTS;

    if (blk->memory.count < VIRTIO_BLK_QUEUE_BYTES) {
        return 0;
    }
    while (slots > most ||
           slots > (blk->memory.count - VIRTIO_BLK_QUEUE_BYTES) / VIRTIO_BLK_SLOT_BYTES) {
        slots /= 2;
    }
    return slots;
}

static void blk_store_address(const struct virtio_blk *blk, uint32_t offset, uint32_t area)
{
    uint64_t address = blk->memory.address + area;

    blk_store(blk, offset, (uint32_t)address);
    blk_store(blk, offset + 4, (uint32_t)(address >> 32));
}

/** Empty the queue on both sides, and let the device begin. */
static enum virtio_blk_error blk_start_queue(struct virtio_blk *blk)
{
    blk_store(blk, VIRTIO_MMIO_QUEUE_SEL, QUEUE);
    blk->entries = blk_count_slots(blk, blk_load(blk, VIRTIO_MMIO_QUEUE_NUM_MAX));
    if (blk->entries < VIRTIO_BLK_MIN_SLOTS) {
        return VIRTIO_BLK_SMALL;
    }
    for (uint32_t i = 0; i < VIRTIO_BLK_QUEUE_BYTES / 2; i++) {
        *blk_word(blk, 2 * i) = 0;
    }
    blk->avail = 0;
    blk->kicked = 0;
    blk->used = 0;
    blk_store(blk, VIRTIO_MMIO_QUEUE_NUM, blk->entries);
    blk_store_address(blk, VIRTIO_MMIO_QUEUE_DESC_LOW, AREA_DESC);
    blk_store_address(blk, VIRTIO_MMIO_QUEUE_DRIVER_LOW, AREA_AVAIL);
    blk_store_address(blk, VIRTIO_MMIO_QUEUE_DEVICE_LOW, AREA_USED);
    blk_store(blk, VIRTIO_MMIO_QUEUE_READY, 1);
    blk_store(blk, VIRTIO_MMIO_STATUS,
              VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
                  VIRTIO_STATUS_DRIVER_OK);
    return VIRTIO_BLK_OK;
}

static bool blk_has(const struct virtio_blk *blk, uint64_t feature)
{
    return (blk->features & feature) != 0;
}

static bool blk_is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static enum virtio_blk_error blk_read_config(struct virtio_blk *blk, struct block_info *info)
{
    uint32_t exponent = 0;
    uint32_t generation;

    /* The device may change it meanwhile: a few times, not for ever. */
    for (uint32_t i = 0; i < 16; i++) {
        generation = blk_load(blk, VIRTIO_MMIO_CONFIG_GENERATION);
        *info = (struct block_info){
            .sectors = blk_config(blk, CONFIG_CAPACITY) |
                       (uint64_t)blk_config(blk, CONFIG_CAPACITY + 4) << 32,
            .logical_bytes =
                blk_has(blk, FEATURE_BLK_SIZE) ? blk_config(blk, CONFIG_BLK_SIZE) : BLOCK_SECTOR,
            .max_segments = BLOCK_MAX_SEGMENTS,
            .max_segment_bytes = SEGMENT_MOST,
            .depth = blk->slot_count,
            .id = "virtio-blk",
        };
        if (generation == blk_load(blk, VIRTIO_MMIO_CONFIG_GENERATION)) {
            break;
        }
    }
    if (blk_has(blk, FEATURE_SEG_MAX) && blk_config(blk, CONFIG_SEG_MAX) < info->max_segments) {
        info->max_segments = blk_config(blk, CONFIG_SEG_MAX);
    }
    if (blk_has(blk, FEATURE_SIZE_MAX) && blk_config(blk, CONFIG_SIZE_MAX) < SEGMENT_MOST) {
        info->max_segment_bytes = blk_config(blk, CONFIG_SIZE_MAX);
    }
    if (blk_has(blk, FEATURE_TOPOLOGY)) {
        exponent = blk_config(blk, CONFIG_TOPOLOGY) & 0xff;
    }
    if (blk_has(blk, FEATURE_DISCARD)) {
        info->flags |= BLOCK_INFO_DISCARD;
        info->max_discard = blk_config(blk, CONFIG_MAX_DISCARD);
        info->discard_alignment = blk_config(blk, CONFIG_DISCARD_ALIGNMENT);
    }
    if (blk_has(blk, FEATURE_WRITE_ZEROES)) {
        info->flags |= BLOCK_INFO_ZERO;
        info->max_zero = blk_config(blk, CONFIG_MAX_ZERO);
    }
    info->flags |= blk_has(blk, FEATURE_RO) ? BLOCK_INFO_READ_ONLY : 0;
    info->flags |= blk_has(blk, FEATURE_FLUSH) ? BLOCK_INFO_FLUSH : 0;
    if (!blk_is_power(info->logical_bytes) || info->logical_bytes < BLOCK_SECTOR ||
        info->logical_bytes > 0x10000 || exponent > 8 || info->max_segments == 0 ||
        info->max_segment_bytes < BLOCK_SECTOR || info->sectors > UINT64_MAX / BLOCK_SECTOR) {
        return VIRTIO_BLK_SMALL;
    }
    info->physical_bytes = info->logical_bytes << exponent;
    return VIRTIO_BLK_OK;
}

static void blk_free(struct virtio_blk *blk, uint32_t slot)
{
    blk->slots[slot].busy = false;
    blk->slots[slot].next_free = blk->free;
    blk->free = (uint8_t)slot;
    blk->in_flight--;
}

enum virtio_blk_error virtio_blk_start(struct virtio_blk *blk,
                                       const struct virtio_blk_registers *registers,
                                       const struct virtio_blk_memory *memory,
                                       struct block_info *info)
{
    enum virtio_blk_error error;

    *blk = (struct virtio_blk){ .registers = *registers, .memory = *memory, .free = NO_SLOT };
    if (blk_load(blk, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE ||
        blk_load(blk, VIRTIO_MMIO_VERSION) != VIRTIO_MMIO_VERSION_VALUE ||
        blk_load(blk, VIRTIO_MMIO_DEVICE_ID) == 0) {
        return VIRTIO_BLK_NONE;
    }
    if (blk_load(blk, VIRTIO_MMIO_DEVICE_ID) != VIRTIO_ID_BLOCK) {
        return VIRTIO_BLK_OTHER;
    }
    error = blk_reset(blk);
    if (error == VIRTIO_BLK_OK) {
        error = blk_negotiate(blk);
    }
    if (error == VIRTIO_BLK_OK) {
        error = blk_start_queue(blk);
    }
    blk->slot_count = blk->entries;
    if (error == VIRTIO_BLK_OK) {
        error = blk_read_config(blk, info);
    }
    blk->in_flight = blk->slot_count;
    for (uint32_t slot = blk->slot_count; slot-- > 0;) {
        blk_free(blk, slot);
    }
    return error;
}

const char *virtio_blk_says(enum virtio_blk_error error)
{
    switch (error) {
    case VIRTIO_BLK_OK:
        return "works";
    case VIRTIO_BLK_NONE:
        return "is not there, or of the legacy kind";
    case VIRTIO_BLK_OTHER:
        return "is no disk";
    case VIRTIO_BLK_FEATURES:
        return "has not the features that are needed";
    case VIRTIO_BLK_SMALL:
        return "has a configuration that cannot be, or too small a queue";
    case VIRTIO_BLK_STUCK:
        return "does not come out of a reset";
    }
    return "is wrong";
}

/** Show the device the slot's table. */
static void blk_show(struct virtio_blk *blk, uint32_t slot, uint32_t descriptors)
{
    struct descriptor *place = (struct descriptor *)(void *)(blk->memory.bytes + AREA_DESC) + slot;
    uint32_t index = blk->avail % blk->entries;

    place->address = blk_slot_address(blk, slot) + offsetof(struct slot_memory, table);
    place->bytes = descriptors * VIRTIO_DESC_BYTES;
    place->flags = VIRTIO_DESC_INDIRECT;
    place->next = 0;
    *blk_word(blk, AREA_AVAIL + 4 + 2 * index) = (uint16_t)slot;
    blk->avail++;
    __atomic_store_n(blk_word(blk, AREA_AVAIL + 2), blk->avail, __ATOMIC_RELEASE);
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
    uint16_t more = VIRTIO_DESC_NEXT | (type == TYPE_IN ? VIRTIO_DESC_WRITE : 0);
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
    static const uint32_t types[] = { [BLOCK_READ] = TYPE_IN,
                                      [BLOCK_WRITE] = TYPE_OUT,
                                      [BLOCK_FLUSH] = TYPE_FLUSH,
                                      [BLOCK_DISCARD] = TYPE_DISCARD,
                                      [BLOCK_ZERO] = TYPE_WRITE_ZEROES };
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
        wanted = (__atomic_load_n(blk_word(blk, AREA_USED), __ATOMIC_RELAXED) &
                  VIRTIO_RING_NO_NOTIFY) == 0;
    }
    blk->kicked = blk->avail;
    if (wanted) {
        blk_store(blk, VIRTIO_MMIO_QUEUE_NOTIFY, QUEUE);
    }
}

void virtio_blk_acknowledge(struct virtio_blk *blk)
{
    blk_store(blk, VIRTIO_MMIO_INTERRUPT_ACK, blk_load(blk, VIRTIO_MMIO_INTERRUPT_STATUS));
}

/** A slot that the device has given back. True: it is an answer. */
static bool blk_finish(struct virtio_blk *blk, uint32_t slot, struct block_answer *answer)
{
    const struct slot_memory *memory = blk_slot(blk, slot);
    struct virtio_blk_slot *own = &blk->slots[slot];
    uint8_t status = __atomic_load_n(&memory->status, __ATOMIC_RELAXED);

    if (status == STATUS_OK && (own->request.flags & BLOCK_FLAG_STABLE) != 0 && !own->flushes &&
        blk_has(blk, FEATURE_FLUSH)) {
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
        uint16_t there = __atomic_load_n(blk_word(blk, AREA_USED + 2), __ATOMIC_ACQUIRE);
        uint32_t slot;

        if (there == blk->used && blk->event_idx) {
            /* Ask for the next one, and look again. */
            __atomic_store_n(blk_used_event(blk), blk->used, __ATOMIC_RELAXED);
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            there = __atomic_load_n(blk_word(blk, AREA_USED + 2), __ATOMIC_ACQUIRE);
        }
        if (there == blk->used) {
            return false;
        }
        slot = *(const volatile uint32_t *)(const void *)blk_word(
            blk, AREA_USED + 4 + 8 * (blk->used % blk->entries));
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

enum virtio_blk_error virtio_blk_withdraw(struct virtio_blk *blk, uint16_t owner)
{
    uint64_t features = blk->features;
    uint32_t entries = blk->entries;
    enum virtio_blk_error error = blk_reset(blk);

    blk->resets++;
    if (error == VIRTIO_BLK_OK) {
        error = blk_negotiate(blk);
    }
    if (error == VIRTIO_BLK_OK) {
        error = blk_start_queue(blk);
    }
    if (error != VIRTIO_BLK_OK) {
        return error;
    }
    if (blk->features != features || blk->entries != entries) {
        return VIRTIO_BLK_FEATURES;
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
    return VIRTIO_BLK_OK;
}
