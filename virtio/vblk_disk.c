/* SPDX-License-Identifier: BSD-2-Clause */
#include "vblk_internal.h"

/* Ranges of a request to discard or to write zeros. */
#define MAX_RANGES 1U

static bool is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

bool vblk_disk_is_valid(const struct vblk_disk *disk)
{
    return is_power(disk->block_bytes) && disk->block_bytes >= VBLK_SECTOR &&
           is_power(disk->physical_bytes) && disk->physical_bytes >= disk->block_bytes &&
           disk->physical_bytes / disk->block_bytes <= 0x8000U && disk->max_segments != 0 &&
           disk->max_segment_bytes >= VBLK_SECTOR &&
           disk->sectors % (disk->block_bytes / VBLK_SECTOR) == 0;
}

uint64_t vblk_disk_features(const struct vblk_disk *disk)
{
    return VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX | VBLK_F_BLK_SIZE | VBLK_F_TOPOLOGY |
           (disk->read_only ? VBLK_F_RO : 0) |
           (disk->flush ? VBLK_F_FLUSH | VBLK_F_CONFIG_WCE : 0) |
           (disk->max_discard != 0 && !disk->read_only ? VBLK_F_DISCARD : 0) |
           (disk->max_zero != 0 && !disk->read_only ? VBLK_F_WRITE_ZEROES : 0) |
           (disk->lifetime ? VBLK_F_LIFETIME : 0);
}

/* VIO-BLK-05. Whole: it is shown before the transport is there, and changes in one byte only. */
void vblk_disk_show(struct vblk *blk)
{
    const struct vblk_disk *disk = &blk->disk;
    unsigned ratio = disk->physical_bytes / disk->block_bytes;
    const struct vblk_space space = {
        .capacity = disk->sectors,
        .size_max = disk->max_segment_bytes,
        .seg_max = disk->max_segments,
        .blk_size = disk->block_bytes,
        .physical_block_exp = (uint8_t)__builtin_ctz(ratio),
        .min_io_size = (uint16_t)ratio,
        .writeback = disk->flush,
        .num_queues = 1,
        .max_discard_sectors = disk->max_discard,
        .max_discard_seg = disk->max_discard != 0 ? MAX_RANGES : 0,
        .discard_sector_alignment = disk->discard_alignment,
        .max_write_zeroes_sectors = disk->max_zero,
        .max_write_zeroes_seg = disk->max_zero != 0 ? MAX_RANGES : 0,
        .write_zeroes_may_unmap = disk->max_zero != 0 && disk->max_discard != 0,
    };

    (void)vdev_set_config(&blk->dev, 0, &space, sizeof space);
}
