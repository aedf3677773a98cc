/* SPDX-License-Identifier: BSD-2-Clause */
/* The probe in its world, anew for each test, and the driver's hands on its queues. */
#ifndef TESTS_PROBE_RIG_H
#define TESTS_PROBE_RIG_H

#include "virtio_probe.h"
#include "virtio_rig.h"

/* Entries of a queue, where nothing hangs on them. */
#define PROBE_RIG_ENTRIES 16U

extern struct probe probe;
/* The driver's side of the first queue. */
extern struct driver_ring *ring;

/* For each test; virtio_rig_teardown() ends it. */
int probe_rig_setup(void **state);

/* How often the device met that error. */
uint64_t probe_rig_errors(enum virtio_error error);

/* A writable buffer in a queue, and a kick of the first one. */
void probe_rig_offer(unsigned queue);
void probe_rig_kick(void);

/* The device has failed, for this reason, has told so exactly once, and nothing more comes. */
void probe_rig_expect_failed(enum virtio_error error);

#endif
