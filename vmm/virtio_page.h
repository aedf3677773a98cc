/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register page of one virtIO device, and the transport behind it: what the guest reads it
 * reads from the page, its doorbell comes as a notification, and its other stores come as faults.
 */
#ifndef VMM_VIRTIO_PAGE_H
#define VMM_VIRTIO_PAGE_H

#include <virtio/vmmio.h>

#include "access.h"
#include "bus.h"
#include "config.h"

struct virtio_page {
    struct vmmio mmio;
    struct vdev *dev; /* NULL: there is no such device */
    volatile uint32_t *registers;
    uint32_t channel;
    const uint8_t *ids; /* of the vCPUs, for a device whose stores may be pending */
    uint32_t waiting;   /* bit n: a store of vCPU n is */
};

/**
 * Put the transport around `dev` and its page on the bus. The page is mapped here where it is in
 * the guest. False: there is no page at that address, or the bus has another device there.
 */
bool virtio_page_init(struct virtio_page *page, struct vdev *dev,
                      const struct config_virtio *config, struct bus *bus);

/** The guest rang. */
void virtio_page_doorbell(struct virtio_page *page);

/** Go on with what a doorbell left, a bounded piece; nothing where there is no such device. */
void virtio_page_go_on(struct virtio_page *page);

static inline void virtio_page_work(struct virtio_page *page)
{
    /* Most often nothing was left. */
    if (page->dev != NULL && page->dev->work != 0) {
        virtio_page_go_on(page);
    }
}

/** The guest's vCPUs are stopped, and what they told the device is forgotten. */
void virtio_page_reset(struct virtio_page *page);

#endif
