/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a virtIO device that are mapped into the address space. */
#ifndef DRIVERS_VIRTIO_VIRTIO_MAPPED_H
#define DRIVERS_VIRTIO_VIRTIO_MAPPED_H

#include "virtio_device.h"

/** Those at that address, which stay mapped as device memory. */
struct virtio_device virtio_mapped(uintptr_t address);

#endif
