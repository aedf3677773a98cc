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

#include <io/block/queue.h>

/** Requests with the device, at most. */
#define VIRTIO_BLK_SLOTS 128u
/** Memory for a slot, and before the first one. */
#define VIRTIO_BLK_SLOT_BYTES 0x1080u
#define VIRTIO_BLK_QUEUE_BYTES 0x2000u
/** Slots that a driver needs at least. */
#define VIRTIO_BLK_MIN_SLOTS 4u

/** The device's registers: 32-bit words, byte offsets. */
struct virtio_blk_registers {
    void *context;
    /** What is loaded from memory behind it is not older than the register. */
    uint32_t (*load)(void *context, uint32_t offset);
    /** What was stored to memory before it is there for the device. */
    void (*store)(void *context, uint32_t offset, uint32_t value);
};

/** Memory that the device reaches: RING_ALIGN-aligned, zeroed, and where the device finds it. */
struct virtio_blk_memory {
    uint8_t *bytes;
    uint64_t address;
    size_t count;
};

enum virtio_blk_error {
    VIRTIO_BLK_OK = 0,
    /** There is no virtIO device, or one of the legacy kind. */
    VIRTIO_BLK_NONE,
    /** It is no disk. */
    VIRTIO_BLK_OTHER,
    /** It refuses the features that this driver needs (VERSION_1, INDIRECT_DESC). */
    VIRTIO_BLK_FEATURES,
    /** Its queue or the memory is too small, or its configuration cannot be. */
    VIRTIO_BLK_SMALL,
    /** It does not come out of a reset. */
    VIRTIO_BLK_STUCK,
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
    struct virtio_blk_registers registers;
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

/** Find the device, reset it, and start it. `info` becomes what the disk is like. */
enum virtio_blk_error virtio_blk_start(struct virtio_blk *blk,
                                       const struct virtio_blk_registers *registers,
                                       const struct virtio_blk_memory *memory,
                                       struct block_info *info);

/** What is wrong, as the end of a sentence about the device. */
const char *virtio_blk_says(enum virtio_blk_error error);

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
enum virtio_blk_error virtio_blk_withdraw(struct virtio_blk *blk, uint16_t owner);

#endif
