/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_device.h"

/** Loads of the status register that a reset may take. */
#define RESET_POLLS 100000u

#define STATUS_DRIVER (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER)
#define STATUS_AGREED (STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK)

enum virtio_device_error virtio_device_find(const struct virtio_device *device, uint32_t type)
{
    uint32_t found;

    if (virtio_device_load(device, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE ||
        virtio_device_load(device, VIRTIO_MMIO_VERSION) != VIRTIO_MMIO_VERSION_VALUE) {
        return VIRTIO_DEVICE_NONE;
    }
    found = virtio_device_load(device, VIRTIO_MMIO_DEVICE_ID);
    if (found == type) {
        return VIRTIO_DEVICE_OK;
    }
    return found == 0 ? VIRTIO_DEVICE_NONE : VIRTIO_DEVICE_OTHER;
}

enum virtio_device_error virtio_device_reset(const struct virtio_device *device)
{
    virtio_device_store(device, VIRTIO_MMIO_STATUS, 0);
    for (uint32_t i = 0; i < RESET_POLLS; i++) {
        if (virtio_device_load(device, VIRTIO_MMIO_STATUS) == 0) {
            return VIRTIO_DEVICE_OK;
        }
    }
    return VIRTIO_DEVICE_STUCK;
}

uint64_t virtio_device_offer(const struct virtio_device *device)
{
    uint64_t offered;

    virtio_device_store(device, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    virtio_device_store(device, VIRTIO_MMIO_STATUS, STATUS_DRIVER);
    virtio_device_store(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    offered = (uint64_t)virtio_device_load(device, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    virtio_device_store(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return offered | virtio_device_load(device, VIRTIO_MMIO_DEVICE_FEATURES);
}

enum virtio_device_error virtio_device_accept(const struct virtio_device *device, uint64_t features)
{
    for (uint32_t half = 0; half < 2; half++) {
        virtio_device_store(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        virtio_device_store(device, VIRTIO_MMIO_DRIVER_FEATURES,
                            (uint32_t)(features >> (32 * half)));
    }
    virtio_device_store(device, VIRTIO_MMIO_STATUS, STATUS_AGREED);
    return (virtio_device_load(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0
               ? VIRTIO_DEVICE_OK
               : VIRTIO_DEVICE_FEATURES;
}

uint32_t virtio_device_select(const struct virtio_device *device, uint32_t number)
{
    virtio_device_store(device, VIRTIO_MMIO_QUEUE_SEL, number);
    return virtio_device_load(device, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void device_store_address(const struct virtio_device *device, uint32_t offset,
                                 uint64_t address)
{
    virtio_device_store(device, offset, (uint32_t)address);
    virtio_device_store(device, offset + 4, (uint32_t)(address >> 32));
}

void virtio_device_give(const struct virtio_device *device, const struct virtio_device_queue *queue)
{
    virtio_device_store(device, VIRTIO_MMIO_QUEUE_NUM, queue->entries);
    device_store_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, queue->desc);
    device_store_address(device, VIRTIO_MMIO_QUEUE_DRIVER_LOW, queue->avail);
    device_store_address(device, VIRTIO_MMIO_QUEUE_DEVICE_LOW, queue->used);
    virtio_device_store(device, VIRTIO_MMIO_QUEUE_READY, 1);
}

void virtio_device_begin(const struct virtio_device *device)
{
    virtio_device_store(device, VIRTIO_MMIO_STATUS, STATUS_AGREED | VIRTIO_STATUS_DRIVER_OK);
}

const char *virtio_device_says(enum virtio_device_error error)
{
    switch (error) {
    case VIRTIO_DEVICE_OK:
        return "works";
    case VIRTIO_DEVICE_NONE:
        return "is not there, or of the legacy kind";
    case VIRTIO_DEVICE_OTHER:
        return "is of another type";
    case VIRTIO_DEVICE_FEATURES:
        return "has not the features that are needed";
    case VIRTIO_DEVICE_SMALL:
        return "has a configuration that cannot be, or too small a queue";
    case VIRTIO_DEVICE_STUCK:
        return "does not come out of a reset";
    }
    return "is wrong";
}
