/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fuzz target of a virtqueue, for both formats: the input is the guest's memory, and what the
 * guest and the device do with it in turn.
 */
#ifndef TESTS_FUZZ_VIRTIO_RING_H
#define TESTS_FUZZ_VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Run one input. */
void ring_fuzz(const uint8_t *data, size_t bytes, bool packed);

#endif
