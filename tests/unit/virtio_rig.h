/* SPDX-License-Identifier: BSD-2-Clause */
/* The world of a test program, which holds its device, and what tests of all devices ask of it. */
#ifndef TESTS_VIRTIO_RIG_H
#define TESTS_VIRTIO_RIG_H

#include "virtio_world.h"

#define VIRTIO_RIG_ACKNOWLEDGED (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER)
#define VIRTIO_RIG_NEGOTIATED (VIRTIO_RIG_ACKNOWLEDGED | VIRTIO_STATUS_FEATURES_OK)
#define VIRTIO_RIG_RUNNING (VIRTIO_RIG_NEGOTIATED | VIRTIO_STATUS_DRIVER_OK)

#define VIRTIO_RIG_FORMATS 4U

/* The features of each format of a ring: split and packed, without and with event indices. */
extern const uint64_t virtio_rig_formats[VIRTIO_RIG_FORMATS];

/* Made by the rig of the device (world_init()), freed by virtio_rig_teardown(). */
extern struct world world;

/* For each test. */
int virtio_rig_teardown(void **state);

/* The device status as the driver reads it. */
uint32_t virtio_rig_status(void);

#endif
