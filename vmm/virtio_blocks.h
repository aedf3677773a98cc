/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's virtIO disks: /dev/vda, /dev/vdb and so on. */
#ifndef VMM_VIRTIO_BLOCKS_H
#define VMM_VIRTIO_BLOCKS_H

#include "virtio_block.h"

struct virtio_blocks {
    struct virtio_block devices[CONFIG_MAX_BLOCKS];
    uint32_t count;
};

/** What every disk is made of. Pointers stay in use. */
struct virtio_blocks_machine {
    const struct config *config;
    const struct guestmem *mem;
    uint64_t ram;
    const uint8_t *ids;
    struct bus *bus;
    vdev_report *report;
    void *report_context;
};

/** Open the connection of one more. NULL, or what is wrong, as a sentence about the guest. */
const char *virtio_blocks_add(struct virtio_blocks *blocks,
                              const struct virtio_blocks_machine *machine,
                              const struct config_virtio *virtio);

/** The device whose doorbell is that channel; NULL: none, or it is not there yet. */
struct virtio_page *virtio_blocks_find(struct virtio_blocks *blocks, uint32_t channel);

/**
 * Somebody notified on that channel. False: it is no disk's. `*wrong`: what is wrong with that
 * disk, as a sentence about the guest, or NULL.
 */
bool virtio_blocks_notified(struct virtio_blocks *blocks, uint32_t channel, const char **wrong);

/** All are known, and nothing of an earlier life reaches the guest's RAM. */
bool virtio_blocks_are_settled(const struct virtio_blocks *blocks);

/** Is this device a disk? */
bool virtio_blocks_have(const struct virtio_blocks *blocks, const struct vdev *dev);

/** Go on with what doorbells left. */
void virtio_blocks_work(struct virtio_blocks *blocks);

/** As after a reset of the machine. */
void virtio_blocks_reset(struct virtio_blocks *blocks);

#endif
