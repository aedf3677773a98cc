/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_blk_device.h"

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

static uint32_t device_config(const struct virtio_blk *blk, uint32_t offset)
{
    return virtio_device_load(&blk->device, VIRTIO_MMIO_CONFIG + offset);
}

uint16_t *virtio_blk_device_word(const struct virtio_blk *blk, uint32_t offset)
{
    return (uint16_t *)(void *)(blk->memory.bytes + offset);
}

static enum virtio_device_error device_negotiate(struct virtio_blk *blk)
{
    uint64_t offered = virtio_device_offer(&blk->device);

    if ((offered & FEATURES_NEEDED) != FEATURES_NEEDED) {
        return VIRTIO_DEVICE_FEATURES;
    }
    blk->features = offered & FEATURES_WANTED;
    blk->event_idx = (blk->features & VIRTIO_F_EVENT_IDX) != 0;
    return virtio_device_accept(&blk->device, blk->features);
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

static enum virtio_device_error device_start_queue(struct virtio_blk *blk)
{
    struct virtio_device_queue queue = {
        .desc = blk->memory.address + VIRTIO_BLK_DESC,
        .avail = blk->memory.address + VIRTIO_BLK_AVAIL,
        .used = blk->memory.address + VIRTIO_BLK_USED,
    };

    blk->entries = device_count_slots(blk, virtio_device_select(&blk->device, VIRTIO_BLK_QUEUE));
    if (blk->entries < VIRTIO_BLK_MIN_SLOTS) {
        return VIRTIO_DEVICE_SMALL;
    }
    for (uint32_t i = 0; i < VIRTIO_BLK_QUEUE_BYTES / 2; i++) {
        *virtio_blk_device_word(blk, 2 * i) = 0;
    }
    blk->avail = 0;
    blk->kicked = 0;
    blk->used = 0;
    queue.entries = blk->entries;
    virtio_device_give(&blk->device, &queue);
    virtio_device_begin(&blk->device);
    return VIRTIO_DEVICE_OK;
}

bool virtio_blk_device_has(const struct virtio_blk *blk, uint64_t feature)
{
    return (blk->features & feature) != 0;
}

static bool device_is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

enum virtio_device_error virtio_blk_device_config(const struct virtio_blk *blk,
                                                  struct block_info *info)
{
    uint32_t exponent = 0;
    uint32_t generation;

    /* The device may change it meanwhile: a few times, not for ever. */
    for (uint32_t i = 0; i < 16; i++) {
        generation = virtio_device_load(&blk->device, VIRTIO_MMIO_CONFIG_GENERATION);
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
        if (generation == virtio_device_load(&blk->device, VIRTIO_MMIO_CONFIG_GENERATION)) {
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
        return VIRTIO_DEVICE_SMALL;
    }
    info->physical_bytes = info->logical_bytes << exponent;
    return VIRTIO_DEVICE_OK;
}

enum virtio_device_error virtio_blk_device_start(struct virtio_blk *blk)
{
    enum virtio_device_error error = virtio_device_reset(&blk->device);

    if (error == VIRTIO_DEVICE_OK) {
        error = device_negotiate(blk);
    }
    return error == VIRTIO_DEVICE_OK ? device_start_queue(blk) : error;
}
