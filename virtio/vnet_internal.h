/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of vnet.h share. */
#ifndef VIRTIO_VNET_INTERNAL_H
#define VIRTIO_VNET_INTERNAL_H

#include <virtio/vnet.h>

/* The configuration space: mac[6], le16 status, le16 max_virtqueue_pairs, le16 mtu. */
#define VNET_CONFIG_MAC 0U
#define VNET_CONFIG_STATUS 6U
#define VNET_CONFIG_MTU 10U
#define VNET_CONFIG_BYTES 12U

/* Receive offloads that the driver can switch. */
#define VNET_OFFLOADS (VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN)

/* Bytes of the largest frame that is not to be segmented. */
static inline uint32_t vnet_most_bytes(const struct vnet *net)
{
    return (uint32_t)net->mtu + VNET_ETHERNET_BYTES + VNET_TAG_BYTES;
}

/* Which frames a guest wants that has said nothing yet: all. */
void vnet_control_reset(struct vnet *net);

/* Do what the messages in the control queue say. Returns true when some are left. */
bool vnet_control_serve(struct vnet *net);

/* Show link and announcement in the configuration space. */
void vnet_show_status(struct vnet *net);

/* Forget the buffers that were taken for receiving. */
void vnet_receive_reset(struct vnet *net);

/* The same, after taking back what is posted. */
void vnet_receive_stop(struct vnet *net);

/* There may be new buffers for receiving. */
void vnet_receive_kick(struct vnet *net);

#endif
