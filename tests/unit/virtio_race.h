/* SPDX-License-Identifier: BSD-2-Clause */
/* Another CPU of the guest, which changes a descriptor while the device looks at it. */
#ifndef TESTS_VIRTIO_RACE_H
#define TESTS_VIRTIO_RACE_H

#include "virtio_probe.h"

/* Where the flags are in the second word of a descriptor. */
#define RACE_SPLIT_FLAGS 32U
#define RACE_PACKED_FLAGS 48U

/*
 * Pop the probe's first buffer again and again, while its one descriptor at `place` (in the ring or
 * in a table) changes between 16 bytes at the end of RAM with the flags of `first`, and all of RAM
 * with those of `second`. Whatever mixture is seen: what passed the check is what is used.
 */
void race_pop(struct probe *probe, struct world *world, unsigned char *place, unsigned flags_at,
              uint16_t first, uint16_t second);

#endif
