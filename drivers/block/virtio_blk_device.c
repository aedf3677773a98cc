/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blk_device.h"

/** Loads of the status register that a reset may take. */
#define RESET_POLLS 100000u

/** @{ Features of a disk (5.2.3). */
#define FEATURE_SIZE_MAX VIRTIO_FEATURE(1)
#define FEATURE_SEG_MAX VIRTIO_FEATURE(2)
#define FEATURE_RO VIRTIO_FEATURE(5)
#define FEATURE_BLK_SIZE VIRTIO_FEATURE(6)
#define FEATURE_TOPOLOGY VIRTIO_FEATURE(10)
#define FEATURE_DISCARD VIRTIO_FEATURE(13)
#define FEATURE_WRITE_ZEROES VIRTIO_FEATURE(14)
#define FEATURE_LIFETIME VIRTIO_FEATURE(15)
/** @} */

#define FEATURES_NEEDED (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC)
#define FEATURES_WANTED                                                                       \
    (FEATURES_NEEDED | VIRTIO_F_EVENT_IDX | FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_RO | \
     FEATURE_BLK_SIZE | VIRTIO_BLK_FEATURE_FLUSH | FEATURE_TOPOLOGY | FEATURE_DISCARD |       \
     FEATURE_WRITE_ZEROES | FEATURE_LIFETIME)

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

#define SEGMENT_MOST 0x40000000u

_Static_assert(VIRTIO_BLK_SLOTS * 16 <= VIRTIO_BLK_AVAIL - VIRTIO_BLK_DESC, "it fits");
_Static_assert(6 + VIRTIO_BLK_SLOTS * 8 <= VIRTIO_BLK_QUEUE_BYTES - VIRTIO_BLK_USED, "it fits");

uint32_t virtio_blk_device_load(const struct virtio_blk *blk, uint32_t offset)
{
    return blk->registers.load(blk->registers.context, offset);
}

void virtio_blk_device_store(const struct virtio_blk *blk, uint32_t offset, uint32_t value)
{
    blk->registers.store(blk->registers.context, offset, value);
}

static uint32_t device_config(const struct virtio_blk *blk, uint32_t offset)
{
    return virtio_blk_device_load(blk, VIRTIO_MMIO_CONFIG + offset);
}

uint16_t *virtio_blk_device_word(const struct virtio_blk *blk, uint32_t offset)
{
    return (uint16_t *)(void *)(blk->memory.bytes + offset);
}

static enum virtio_blk_error device_reset(const struct virtio_blk *blk)
{
    virtio_blk_device_store(blk, VIRTIO_MMIO_STATUS, 0);
    for (uint32_t i = 0; i < RESET_POLLS; i++) {
        if (virtio_blk_device_load(blk, VIRTIO_MMIO_STATUS) == 0) {
            return VIRTIO_BLK_OK;
        }
    }
    return VIRTIO_BLK_STUCK;
}

static enum virtio_blk_error device_negotiate(struct virtio_blk *blk)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint64_t offered;

    virtio_blk_device_store(blk, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_blk_device_store(blk, VIRTIO_MMIO_STATUS, status);
    virtio_blk_device_store(blk, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    offered = (uint64_t)virtio_blk_device_load(blk, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    virtio_blk_device_store(blk, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    offered |= virtio_blk_device_load(blk, VIRTIO_MMIO_DEVICE_FEATURES);
    if ((offered & FEATURES_NEEDED) != FEATURES_NEEDED) {
        return VIRTIO_BLK_FEATURES;
    }
    blk->features = offered & FEATURES_WANTED;
    blk->event_idx = (blk->features & VIRTIO_F_EVENT_IDX) != 0;
    for (uint32_t word = 0; word < 2; word++) {
        virtio_blk_device_store(blk, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        virtio_blk_device_store(blk, VIRTIO_MMIO_DRIVER_FEATURES,
                                (uint32_t)(blk->features >> (32 * word)));
    }
    status |= VIRTIO_STATUS_FEATURES_OK;
    virtio_blk_device_store(blk, VIRTIO_MMIO_STATUS, status);
    return (virtio_blk_device_load(blk, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0
               ? VIRTIO_BLK_OK
               : VIRTIO_BLK_FEATURES;
}

/** Slots that there is memory for, as far as a queue of them is of a size that may be. */
static uint32_t device_count_slots(const struct virtio_blk *blk, uint32_t most)
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

static void device_store_address(const struct virtio_blk *blk, uint32_t offset, uint32_t area)
{
    uint64_t address = blk->memory.address + area;

    virtio_blk_device_store(blk, offset, (uint32_t)address);
    virtio_blk_device_store(blk, offset + 4, (uint32_t)(address >> 32));
}

static enum virtio_blk_error device_start_queue(struct virtio_blk *blk)
{
    virtio_blk_device_store(blk, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_BLK_QUEUE);
    blk->entries = device_count_slots(blk, virtio_blk_device_load(blk, VIRTIO_MMIO_QUEUE_NUM_MAX));
    if (blk->entries < VIRTIO_BLK_MIN_SLOTS) {
        return VIRTIO_BLK_SMALL;
    }
    for (uint32_t i = 0; i < VIRTIO_BLK_QUEUE_BYTES / 2; i++) {
        *virtio_blk_device_word(blk, 2 * i) = 0;
    }
    blk->avail = 0;
    blk->kicked = 0;
    blk->used = 0;
    virtio_blk_device_store(blk, VIRTIO_MMIO_QUEUE_NUM, blk->entries);
    device_store_address(blk, VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_BLK_DESC);
    device_store_address(blk, VIRTIO_MMIO_QUEUE_DRIVER_LOW, VIRTIO_BLK_AVAIL);
    device_store_address(blk, VIRTIO_MMIO_QUEUE_DEVICE_LOW, VIRTIO_BLK_USED);
    virtio_blk_device_store(blk, VIRTIO_MMIO_QUEUE_READY, 1);
    virtio_blk_device_store(blk, VIRTIO_MMIO_STATUS,
                            VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
    return VIRTIO_BLK_OK;
}

bool virtio_blk_device_has(const struct virtio_blk *blk, uint64_t feature)
{
    return (blk->features & feature) != 0;
}

static bool device_is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

enum virtio_blk_error virtio_blk_device_config(const struct virtio_blk *blk,
                                               struct block_info *info)
{
    uint32_t exponent = 0;
    uint32_t generation;

    /* The device may change it meanwhile: a few times, not for ever. */
    for (uint32_t i = 0; i < 16; i++) {
        generation = virtio_blk_device_load(blk, VIRTIO_MMIO_CONFIG_GENERATION);
        *info = (struct block_info){
            .sectors = device_config(blk, CONFIG_CAPACITY) |
                       (uint64_t)device_config(blk, CONFIG_CAPACITY + 4) << 32,
            .logical_bytes = virtio_blk_device_has(blk, FEATURE_BLK_SIZE)
                                 ? device_config(blk, CONFIG_BLK_SIZE)
                                 : BLOCK_SECTOR,
            .max_segments = BLOCK_MAX_SEGMENTS,
            .max_segment_bytes = SEGMENT_MOST,
            .depth = blk->slot_count,
            .id = "virtio-blk",
        };
        if (generation == virtio_blk_device_load(blk, VIRTIO_MMIO_CONFIG_GENERATION)) {
            break;
        }
    }
    if (virtio_blk_device_has(blk, FEATURE_SEG_MAX) &&
        device_config(blk, CONFIG_SEG_MAX) < info->max_segments) {
        info->max_segments = device_config(blk, CONFIG_SEG_MAX);
    }
    if (virtio_blk_device_has(blk, FEATURE_SIZE_MAX) &&
        device_config(blk, CONFIG_SIZE_MAX) < SEGMENT_MOST) {
        info->max_segment_bytes = device_config(blk, CONFIG_SIZE_MAX);
    }
    if (virtio_blk_device_has(blk, FEATURE_TOPOLOGY)) {
        exponent = device_config(blk, CONFIG_TOPOLOGY) & 0xff;
    }
    if (virtio_blk_device_has(blk, FEATURE_DISCARD)) {
        info->flags |= BLOCK_INFO_DISCARD;
        info->max_discard = device_config(blk, CONFIG_MAX_DISCARD);
        info->discard_alignment = device_config(blk, CONFIG_DISCARD_ALIGNMENT);
    }
    if (virtio_blk_device_has(blk, FEATURE_WRITE_ZEROES)) {
        info->flags |= BLOCK_INFO_ZERO;
        info->max_zero = device_config(blk, CONFIG_MAX_ZERO);
    }
    info->flags |= virtio_blk_device_has(blk, FEATURE_LIFETIME) ? BLOCK_INFO_LIFETIME : 0;
    info->flags |= virtio_blk_device_has(blk, FEATURE_RO) ? BLOCK_INFO_READ_ONLY : 0;
    info->flags |= virtio_blk_device_has(blk, VIRTIO_BLK_FEATURE_FLUSH) ? BLOCK_INFO_FLUSH : 0;
    if (!device_is_power(info->logical_bytes) || info->logical_bytes < BLOCK_SECTOR ||
        info->logical_bytes > 0x10000 || exponent > 8 || info->max_segments == 0 ||
        info->max_segment_bytes < BLOCK_SECTOR || info->sectors > UINT64_MAX / BLOCK_SECTOR) {
        return VIRTIO_BLK_SMALL;
    }
    info->physical_bytes = info->logical_bytes << exponent;
    return VIRTIO_BLK_OK;
}

enum virtio_blk_error virtio_blk_device_start(struct virtio_blk *blk)
{
    enum virtio_blk_error error = device_reset(blk);

    if (error == VIRTIO_BLK_OK) {
        error = device_negotiate(blk);
    }
    return error == VIRTIO_BLK_OK ? device_start_queue(blk) : error;
}
