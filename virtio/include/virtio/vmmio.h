/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio-mmio transport, version 2 (4.2), made for a register page: the guest maps the page
 * read-only, so that its loads never leave it, and only its stores are brought here. This code
 * keeps the page's words what the guest must read. One word has another writer: InterruptStatus
 * belongs to whoever implements `raise` and `lower`; this code never writes it.
 *
 * Stores come as vmmio_store(). QueueNotify is meant to be posted instead, as vmmio_doorbell() or,
 * where the number of the queue is known, vmmio_doorbell_queue(). InterruptACK is meant to be
 * handled where `lower` is; when it comes here, it is passed on to `lower`.
 */
#ifndef VIRTIO_VMMIO_H
#define VIRTIO_VMMIO_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio/vdev.h>

/** Bytes of the register page, and of the window in it that has registers. */
#define VMMIO_PAGE_BYTES 4096U
#define VMMIO_WINDOW_BYTES (0x100U + VDEV_CONFIG_BYTES)

/** What the program around the device does for it. All run in the device's thread. */
struct vmmio_ops {
    /** Set bits of InterruptStatus, then raise the interrupt. One atomic step for the guest. */
    void (*raise)(void *context, uint32_t bits);
    /** Clear bits of InterruptStatus. */
    void (*lower)(void *context, uint32_t bits);
    /**
     * Words [offset, offset + bytes) of the page changed: make them visible to loads with any
     * memory attribute (clean the cache). Comes before the store is answered and before `raise`.
     * NULL where nothing is to be done.
     */
    void (*publish)(void *context, unsigned offset, unsigned bytes);
    /**
     * Stop the guest's vCPUs, and let them go on: around a change of the configuration space that
     * takes more than one store. NULL: such changes are refused.
     */
    void (*pause)(void *context);
    void (*resume)(void *context);
    /** The stores that were answered VDEV_PENDING may return now. */
    void (*quiesced)(void *context);
};

/** A transport. Its members are for vmmio.c. */
struct vmmio {
    struct vdev *dev;
    const struct vmmio_ops *ops;
    void *context;
    volatile uint32_t *page;
    uint32_t device_features_sel;
    uint32_t driver_features_sel;
    uint32_t queue_sel;
};

/**
 * Put a transport around a device. `page` has VMMIO_PAGE_BYTES, aligned to them in the guest; all
 * of it but the InterruptStatus word is written, which must be 0. `vendor` is what VendorID reads.
 */
void vmmio_init(struct vmmio *mmio, struct vdev *dev, const struct vmmio_ops *ops, void *context,
                volatile uint32_t *page, uint32_t vendor);

/**
 * The guest stored the low `width` bytes (1, 2, 4 or 8) of `value` at byte `offset` of the page.
 * With VDEV_PENDING the store must not return before `quiesced` was called. Stores that the
 * specification does not define change nothing and are counted. QueueNotify leaves its work to
 * vdev_work() where the caller does not look at `vdev.work` at once.
 */
enum vdev_answer vmmio_store(struct vmmio *mmio, uint32_t offset, unsigned width, uint64_t value);

/**
 * A posted doorbell of which the value is not known: for queues that have something and of which
 * kicks are not suppressed. Returns true when work is left.
 */
bool vmmio_doorbell(struct vmmio *mmio);

/** A posted doorbell with the value that the guest stored. Returns true when work is left. */
bool vmmio_doorbell_queue(struct vmmio *mmio, uint32_t value);

#endif
