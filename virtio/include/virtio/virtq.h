/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device side of a virtqueue, split or packed. The device's own indices are private: nothing
 * that the device wrote to guest memory is ever read back.
 *
 * The life of a buffer: virtq_pop() takes it as a chain, the device reads and writes its data, and
 * virtq_push() gives it back; after the last of a batch virtq_interrupt_due() says whether the
 * driver wants to hear of it. Several buffers may be in flight and come back in any order.
 *
 * An error of virtq_pop() other than VIRTIO_EMPTY means that the ring is malformed. The queue stays
 * memory-safe after it, but makes no sense; the device sets DEVICE_NEEDS_RESET (vdev.h does).
 *
 * Nothing here is thread-safe: one thread serves a device.
 */
#ifndef VIRTIO_VIRTQ_H
#define VIRTIO_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio/chain.h>
#include <virtio/guestmem.h>
#include <virtio/virtio_error.h>

/** Most entries of a queue. */
#define VIRTQ_MAX_ENTRIES 1024U

/** What the driver configures before the queue is ready. Unchecked until virtq_enable(). */
struct virtq_setup {
    uint32_t entries;
    struct gpa desc;
    struct gpa driver;
    struct gpa device;
};

/** A queue. Its members are for virtq*.c, except that `setup` is written by the transport. */
struct virtq {
    /** The driver said QueueReady, and what it configured was sound. */
    bool ready;
    bool packed;
    bool event_idx;
    bool indirect;
    /** Kicks are suppressed. */
    bool calm;
    /** Packed: wrap counters at `avail` and at `used`. */
    bool avail_wrap;
    bool used_wrap;
    uint16_t entries;
    /** Split: free-running indices. Packed: slots. Next to take and next to give back. */
    uint16_t avail;
    uint16_t used;
    /** Split: the driver's index when it was read last. */
    uint16_t seen;
    /** Chains (split) or slots (packed) taken and not given back. */
    uint16_t in_flight;
    /** Entries (split) or slots (packed) given back since the last decision to interrupt. */
    uint16_t unsignalled;
    /** Counts the lives of the queue, so that a late virtq_push() is recognised. */
    uint32_t epoch;
    const struct guestmem *mem;
    struct host_ptr desc;
    struct host_ptr driver;
    struct host_ptr device;
    uint16_t max_entries;
    struct virtq_setup setup;
};

/**
 * Make a queue of at most `max_entries` entries, which must be a power of two, 1 to
 * VIRTQ_MAX_ENTRIES; it is not ready.
 *
 * Errors: VIRTIO_ERR_ARGUMENT for another number.
 */
enum virtio_error virtq_init(struct virtq *queue, unsigned max_entries);

/**
 * Check what the driver configured in `setup` and start the queue. `features` are the negotiated
 * ones; the ring's format follows from them. `mem` must outlive the queue's use.
 *
 * Errors: VIRTIO_ERR_SETUP when the size is 0, above the maximum, or (split) no power of two, or
 * when an area is misaligned or not wholly in one range of guest RAM. The queue is not ready then.
 */
enum virtio_error virtq_enable(struct virtq *queue, const struct guestmem *mem, uint64_t features);

/** Stop the queue. Guest memory is not touched any more; chains in flight become stale. */
void virtq_disable(struct virtq *queue);

/** Stop the queue and forget what the driver configured. */
void virtq_reset(struct virtq *queue);

/**
 * Take the next available buffer into `chain`, which was initialised by chain_init() and holds
 * nothing that is still to be given back. Without VIRTIO_OK it is empty afterwards.
 *
 * The whole chain has at most as many direct descriptors as the queue has entries, and as many
 * segments as `chain` has room for; a device gives room for the maximum queue size.
 *
 * Returns VIRTIO_OK, VIRTIO_EMPTY (also when the queue is not ready), or what is wrong with the
 * ring: VIRTIO_ERR_INDEX, _HEAD, _CHAIN, _ADDRESS, _LENGTH, _ORDER, _INDIRECT or _PARTIAL.
 */
enum virtio_error virtq_pop(struct virtq *queue, struct chain *chain);

/**
 * Give a buffer back, with `written` bytes of its device-writable part written from its beginning.
 * More than the part has is cut down to what it has.
 *
 * Errors: VIRTIO_ERR_STALE when the chain is not in flight on this queue in its present life;
 * guest memory is untouched then.
 */
enum virtio_error virtq_push(struct virtq *queue, struct chain *chain, uint64_t written);

/**
 * Whether the driver wants a notification for what was given back since the last call.
 */
bool virtq_interrupt_due(struct virtq *queue);

/** Whether virtq_pop() would not find the queue empty: a look that costs less. */
bool virtq_any(const struct virtq *queue);

/** Whether a kick can be about this queue: none is suppressed, and virtq_any(). */
static inline bool virtq_kicked(const struct virtq *queue)
{
    return !queue->calm && virtq_any(queue);
}

/** Tell the driver that kicks are not needed for now (advice: they may come nevertheless). */
void virtq_suppress_kicks(struct virtq *queue);

/**
 * Ask the driver for a kick with the next buffer. Returns true when there is one already, made
 * available before the driver could know: the caller must look again, no kick will come for it.
 */
bool virtq_want_kick(struct virtq *queue);

#endif
