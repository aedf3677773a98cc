/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's virtIO entropy device (/dev/hwrng), on its VMM's random numbers. */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include <virtio/vrng.h>

#include "random.h"
#include "virtio_page.h"

#define VIRTIO_RNG_ENTRIES 8u

struct virtio_rng {
    struct vrng model;
    struct virtio_page page;
    struct random *random;
    struct virtq queue;
    struct chain_segment segments[VIRTIO_RNG_ENTRIES];
};

/** Make the device. False: as virtio_page_init(). `mem`, `random` and `report` stay in use. */
bool virtio_rng_init(struct virtio_rng *rng, const struct config_virtio *config,
                     const struct guestmem *mem, struct random *random, struct bus *bus,
                     vdev_report *report, void *report_context);

#endif
