/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtIO disk (/dev/vda), on a connection to a block virtualiser. No data passes here:
 * the guest's segments, which are its RAM, go on as offsets in it.
 *
 * The device is there when the virtualiser has said what the disk is like; until then, and while
 * requests of an earlier life may still write to the guest's RAM, the guest does not start.
 */
#ifndef VMM_VIRTIO_BLOCK_H
#define VMM_VIRTIO_BLOCK_H

#include <virtio/vblk.h>

#include "io/block/client.h"
#include "virtio_page.h"

#define VIRTIO_BLOCK_ENTRIES 256u

_Static_assert(VIRTIO_BLOCK_ENTRIES <= BLOCK_MAX_IN_FLIGHT, "each buffer finds a tag");

/** What the device needs; pointers stay in use. */
struct virtio_block_config {
    const struct config_virtio *device;
    const struct guestmem *mem;
    /** Guest-physical address of the RAM, whose offsets the virtualiser knows. */
    uint64_t ram;
    const uint8_t *ids; /* of the vCPUs */
    struct bus *bus;
    vdev_report *report;
    void *report_context;
    /** The connection. */
    void *memory;
    uint64_t bytes;
    uint32_t channel;
};

struct virtio_block {
    struct virtio_block_config config;
    struct vblk model;
    struct virtio_page page;
    /** It is configured, and its connection open. */
    bool connected;
    enum block_disk disk;
    struct block_client client;
    /** The virtualiser is to be notified. */
    bool notify;
    /** The model waits for the end of a quiesce. */
    bool quieting;
    /** By the connection's tag, the model's. */
    uint16_t tags[BLOCK_MAX_IN_FLIGHT];
    struct block_segment data[VBLK_SEGMENTS(VIRTIO_BLOCK_ENTRIES)];
    struct virtq queue;
    struct vblk_slot slots[VIRTIO_BLOCK_ENTRIES];
    struct chain_segment segments[VBLK_SEGMENTS(VIRTIO_BLOCK_ENTRIES)];
};

/** Open the connection. NULL, or what is wrong, as a sentence about the guest. */
const char *virtio_block_connect(struct virtio_block *block,
                                 const struct virtio_block_config *config);

/**
 * The virtualiser notified: answers, room, the end of a quiesce, or the disk's facts, with which
 * the device is made. NULL, or what is wrong with the disk, as a sentence about the guest.
 */
const char *virtio_block_notified(struct virtio_block *block);

/** Counters of the virtualiser by index, from 0: the `index`th's name and value. False: none. */
bool virtio_block_stat(const struct virtio_block *block, unsigned index, const char **name,
                       uint64_t *value);

/** The disk is known, or known not to be, and nothing of it reaches the guest's RAM. */
bool virtio_block_is_settled(const struct virtio_block *block);

#endif
