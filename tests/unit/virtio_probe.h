/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device type for tests that does nothing by itself: it notes what the core asks of it, stops as
 * late as it is told to, and has a feature (bit 1) that needs another (bit 0).
 */
#ifndef TESTS_VIRTIO_PROBE_H
#define TESTS_VIRTIO_PROBE_H

#include "virtio_world.h"

#define PROBE_ID 42U
#define PROBE_F_BASE VIRTIO_FEATURE(0)
#define PROBE_F_DEPENDENT VIRTIO_FEATURE(1)
#define PROBE_CONFIG_BYTES 16U
#define PROBE_QUEUES 4U
#define PROBE_ENTRIES 64U

struct probe {
    struct vdev dev;
    struct virtq queues[PROBE_QUEUES];
    struct chain chain;
    struct chain_segment segments[PROBE_ENTRIES];
    /* What the core asked for. */
    unsigned starts;
    unsigned stops;
    unsigned queue_stops;
    unsigned kicks[PROBE_QUEUES];
    /* Answers to stop and stop_queue, and to kick. */
    bool quiet;
    bool busy;
    /* Last store to the configuration space. */
    unsigned config_offset;
    unsigned config_width;
    uint32_t config_value;
    unsigned config_writes;
};

/* Offers `features`, requires `required`. */
enum virtio_error probe_init(struct probe *probe, struct world *world, uint64_t features,
                             uint64_t required);

/* World, probe and transport, not initialised by the driver yet. Aborts when it cannot. */
void probe_setup(struct probe *probe, struct world *world);

/* Take the next buffer of the first queue into `chain`, and give it back. */
enum virtio_error probe_pop(struct probe *probe);
void probe_push(struct probe *probe, uint64_t written);

#endif
