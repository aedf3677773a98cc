/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver of a virtIO block device behind virtio-mmio, version 2 (virtIO 1.2, 4.2 and 5.2). It
 * speaks requests and answers of io/block/queue.h, whose addresses are those that the device uses.
 * A split queue with indirect descriptors and, where the device has them, event indices.
 *
 * Plain C: the program around it brings the registers and the memory. Nothing waits for the device,
 * but for a reset, which is polled for a bounded time.
 */
#ifndef DRIVERS_BLOCK_VIRTIO_BLK_H
#define DRIVERS_BLOCK_VIRTIO_BLK_H

#include <drivers/virtio/virtio_device.h>
#include <io/block/queue.h>

/** Requests with the device, at most. */
#define VIRTIO_BLK_SLOTS 128u
/** Memory for a slot, and before the first one. */
#define VIRTIO_BLK_SLOT_BYTES 0x1080u
#define VIRTIO_BLK_QUEUE_BYTES 0x2000u
/** Slots that a driver needs at least. */
#define VIRTIO_BLK_MIN_SLOTS 4u

/** Memory that the device reaches: RING_ALIGN-aligned, zeroed, and where the device finds it. */
struct virtio_blk_memory {
    uint8_t *bytes;
    uint64_t address;
    size_t count;
};

/** A request that is with the device. */
struct virtio_blk_slot {
    bool busy;
    /** Behind its data its cache is to be emptied, too, and that is what is with the device. */
    bool flushes;
    struct block_request request;
    uint8_t next_free;
};

struct virtio_blk {
    struct virtio_device device;
    struct virtio_blk_memory memory;
    bool event_idx;
    /** Offered and accepted features. */
    uint64_t features;
    uint32_t entries;
    /** Free-running indices: next to show, shown at the last kick, next to take. */
    uint16_t avail;
    uint16_t kicked;
    uint16_t used;
    uint32_t slot_count;
    uint32_t in_flight;
    uint8_t free;
    struct virtio_blk_slot slots[VIRTIO_BLK_SLOTS];
    /** An answer that the device did not give: of a request that was withdrawn. */
    uint32_t withdrawn;
    /** Entries of the used ring that name no request. */
    uint64_t nonsense;
    uint64_t resets;
};

/**
 * Find the device, reset it, and start it. `info` becomes what the disk is like. The device needs
 * VERSION_1 and INDIRECT_DESC; its load16() is not used.
 */
enum virtio_device_error virtio_blk_start(struct virtio_blk *blk,
                                          const struct virtio_device *device,
                                          const struct virtio_blk_memory *memory,
                                          struct block_info *info);

/** Give the device a request, which was checked. False: all slots are taken. */
bool virtio_blk_submit(struct virtio_blk *blk, const struct block_request *request,
                       const struct block_segment *segments);

/** Tell the device of what was submitted, if it wants to be told. */
void virtio_blk_kick(struct virtio_blk *blk);

/** Acknowledge the device's interrupt. */
void virtio_blk_acknowledge(struct virtio_blk *blk);

/**
 * The next answer, with the request's own id. False: there is none; an interrupt will come with the
 * next.
 */
bool virtio_blk_take(struct virtio_blk *blk, struct block_answer *answer);

/** Are requests of that owner with the device? */
bool virtio_blk_has(const struct virtio_blk *blk, uint16_t owner);

/**
 * Withdraw an owner's requests: the device is reset, theirs are answered BLOCK_ABORTED by
 * virtio_blk_take(), and the others are given to it anew. On an error the device is of no use, and
 * whether it still reaches memory is not known.
 */
enum virtio_device_error virtio_blk_withdraw(struct virtio_blk *blk, uint16_t owner);

#endif
