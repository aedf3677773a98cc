/* SPDX-License-Identifier: BSD-2-Clause */
/* The half of the driver (virtio_nic.h) that goes to the device. */
#ifndef DRIVERS_NET_VIRTIO_NIC_SEND_H
#define DRIVERS_NET_VIRTIO_NIC_SEND_H

#include "virtio_nic.h"

/** Pieces of others' frames with the device for which no interrupt is asked: who sends next looks
 *  after them. Fewer than a port has slots of either size. */
#define VIRTIO_NIC_LAZY 8u

/** Take back what the device has read, and give it frames until there are no more, or no room. */
void virtio_nic_send(struct virtio_nic *nic);

#endif
