/* SPDX-License-Identifier: BSD-2-Clause */
/* The device behind virtio_nic.h: how it is started, and whether its link is up. */
#ifndef DRIVERS_NET_VIRTIO_NIC_DEVICE_H
#define DRIVERS_NET_VIRTIO_NIC_DEVICE_H

#include "virtio_nic.h"

/** @{ Queues. */
#define VIRTIO_NIC_RX 0u
#define VIRTIO_NIC_TX 1u
#define VIRTIO_NIC_CONTROL 2u
/** @} */

/** @{ Where things are in the memory that the device reaches. */
#define VIRTIO_NIC_QUEUES 0u
#define VIRTIO_NIC_COMMAND 0x6000u
#define VIRTIO_NIC_HEADS 0x7000u
/** @} */

/** @{ Features of a network device (5.1.3). */
#define VIRTIO_NIC_F_CSUM VIRTIO_FEATURE(0)
#define VIRTIO_NIC_F_GUEST_CSUM VIRTIO_FEATURE(1)
#define VIRTIO_NIC_F_GUEST_TSO4 VIRTIO_FEATURE(7)
#define VIRTIO_NIC_F_GUEST_TSO6 VIRTIO_FEATURE(8)
#define VIRTIO_NIC_F_GUEST_ECN VIRTIO_FEATURE(9)
#define VIRTIO_NIC_F_HOST_TSO4 VIRTIO_FEATURE(11)
#define VIRTIO_NIC_F_HOST_TSO6 VIRTIO_FEATURE(12)
#define VIRTIO_NIC_F_HOST_ECN VIRTIO_FEATURE(13)
#define VIRTIO_NIC_F_MRG_RXBUF VIRTIO_FEATURE(15)
#define VIRTIO_NIC_F_STATUS VIRTIO_FEATURE(16)
#define VIRTIO_NIC_F_CTRL_VQ VIRTIO_FEATURE(17)
#define VIRTIO_NIC_F_CTRL_RX VIRTIO_FEATURE(18)
/** @} */

/** Were all of those features negotiated? */
bool virtio_nic_device_has(const struct virtio_nic *nic, uint64_t features);

/** Reset the device, negotiate, give it empty queues, and let it begin. */
enum virtio_device_error virtio_nic_device_start(struct virtio_nic *nic);

/** Find the device and reset it. */
enum virtio_device_error virtio_nic_device_stop(struct virtio_nic *nic);

/** Is there a link? True where the device does not say. */
bool virtio_nic_device_link(const struct virtio_nic *nic);

/** Ask the device for frames to all addresses: those of the guests are not its own. */
void virtio_nic_device_promiscuous(struct virtio_nic *nic);

#endif
