/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a guest's network device that its switch copies itself (io/net/direct.h). */
#ifndef VMM_VIRTIO_NET_DIRECT_H
#define VMM_VIRTIO_NET_DIRECT_H

#include "virtio_net.h"

/** Begin; what an earlier life of this program had posted is the guest's again. */
void virtio_net_direct_open(struct virtio_net *device);

/**
 * Put a frame of the guest, whose description says all but where its payload is, into the batch:
 * that is what `reader` has next. False: it is in too many pieces.
 */
bool virtio_net_direct_add(struct virtio_net *device, struct chain_reader *reader,
                           const struct net_frame *frame, uint16_t slot);

/** Send the batch. What the switch does not take goes into slots. */
void virtio_net_direct_send(struct virtio_net *device);

/** @{ Of struct vnet_ops. */
bool virtio_net_direct_post(void *context, const struct chain *chain);
unsigned virtio_net_direct_unpost(void *context, bool all);
/** @} */

/** What the switch is told of what landed frames may leave to the guest. */
uint32_t virtio_net_direct_wishes(const struct virtio_net *device);

#endif
