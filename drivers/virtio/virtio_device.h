/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers of virtIO devices behind virtio-mmio, version 2, do in the same way (virtIO 1.2,
 * 3.1.1 and 4.2.3): find the device, reset it, agree on features, give it queues, let it begin.
 *
 * Plain C: the program around a driver brings the registers. Nothing waits for the device, but for
 * a reset, which is polled for a bounded time.
 */
#ifndef DRIVERS_VIRTIO_VIRTIO_DEVICE_H
#define DRIVERS_VIRTIO_VIRTIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio/spec.h>

/** The device's registers, by byte offsets. */
struct virtio_device {
    void *context;
    /** What is loaded from memory behind it is not older than the register. */
    uint32_t (*load)(void *context, uint32_t offset);
    /** For 16-bit fields of the configuration space. */
    uint16_t (*load16)(void *context, uint32_t offset);
    /** What was stored to memory before it is there for the device. */
    void (*store)(void *context, uint32_t offset, uint32_t value);
};

enum virtio_device_error {
    VIRTIO_DEVICE_OK = 0,
    /** There is no virtIO device, or one of the legacy kind. */
    VIRTIO_DEVICE_NONE,
    /** It is of another type. */
    VIRTIO_DEVICE_OTHER,
    /** It refuses features that the driver needs. */
    VIRTIO_DEVICE_FEATURES,
    /** A queue or the memory is too small, or its configuration cannot be. */
    VIRTIO_DEVICE_SMALL,
    /** It does not come out of a reset. */
    VIRTIO_DEVICE_STUCK,
};

/** Where the device finds a queue: its three areas, and its number of entries. */
struct virtio_device_queue {
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
    uint32_t entries;
};

static inline uint32_t virtio_device_load(const struct virtio_device *device, uint32_t offset)
{
    return device->load(device->context, offset);
}

static inline void virtio_device_store(const struct virtio_device *device, uint32_t offset,
                                       uint32_t value)
{
    device->store(device->context, offset, value);
}

/** Is there a device of that type (VIRTIO_ID_*)? OK, NONE or OTHER. */
enum virtio_device_error virtio_device_find(const struct virtio_device *device, uint32_t type);

/** OK or STUCK. */
enum virtio_device_error virtio_device_reset(const struct virtio_device *device);

/** After a reset: say that there is a driver. Returns the features that are offered. */
uint64_t virtio_device_offer(const struct virtio_device *device);

/** Accept those of the offered features. FEATURES: the device does not work with them. */
enum virtio_device_error virtio_device_accept(const struct virtio_device *device,
                                              uint64_t features);

/** Select a queue. Returns its number of entries at most; 0: the device has none of that number. */
uint32_t virtio_device_select(const struct virtio_device *device, uint32_t number);

/** Give the device the selected queue, which is empty. */
void virtio_device_give(const struct virtio_device *device,
                        const struct virtio_device_queue *queue);

/** All queues are there: the device may begin. */
void virtio_device_begin(const struct virtio_device *device);

/** What is wrong, as the end of a sentence about the device. */
const char *virtio_device_says(enum virtio_device_error error);

#endif
