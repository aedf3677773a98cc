/* SPDX-License-Identifier: BSD-2-Clause */
/* The device behind virtio_blk.h: how it is started, what it says of itself. */
#ifndef DRIVERS_BLOCK_VIRTIO_BLK_DEVICE_H
#define DRIVERS_BLOCK_VIRTIO_BLK_DEVICE_H

#include "virtio_blk.h"

/** The only queue. */
#define VIRTIO_BLK_QUEUE 0u

/** A feature that requests depend on (5.2.3). */
#define VIRTIO_BLK_FEATURE_FLUSH VIRTIO_FEATURE(9)

/** @{ The queue in memory: three areas, each with room for VIRTIO_BLK_SLOTS entries. */
#define VIRTIO_BLK_DESC 0u
#define VIRTIO_BLK_AVAIL 0x1000u
#define VIRTIO_BLK_USED 0x1800u
/** @} */

/** A 16-bit word of the queue's areas. */
uint16_t *virtio_blk_device_word(const struct virtio_blk *blk, uint32_t offset);

/** Was that feature negotiated? */
bool virtio_blk_device_has(const struct virtio_blk *blk, uint64_t feature);

/** Reset the device, negotiate, empty the queue on both sides, and let the device begin. */
enum virtio_device_error virtio_blk_device_start(struct virtio_blk *blk);

/** What the disk is like. */
enum virtio_device_error virtio_blk_device_config(const struct virtio_blk *blk,
                                                  struct block_info *info);

#endif
