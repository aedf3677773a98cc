/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's virtIO network devices, each on a port of a switch. */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include <virtio/vnet.h>

#include "io/net/direct.h"
#include "io/net/offload.h"
#include "virtio_page.h"

#define VIRTIO_NET_ENTRIES 256u
/** Frames that may wait for a guest that gives no buffers; of more, the oldest are dropped. */
#define VIRTIO_NET_BACKLOG 128u
/** Large frames that may be on their way before the guest is held back. With as many as it may have
 * beside them (VNET_KEPT_FRAMES) these are all that there are slots for. */
#define VIRTIO_NET_AHEAD 4u
/** A smaller frame is copied twice sooner than it is said where it lies. */
#define VIRTIO_NET_LEAST_DIRECT 256u

/* What is looked at for each frame stands before what is large. */
struct virtio_net {
    struct virtio_page page;
    const struct guestmem *mem;
    uint32_t channel;
    /* The switch copies frames itself, of guest memory that is described in `direct`. */
    bool is_direct;
    /* The address of which frames without tag are wanted. None: 0. */
    uint64_t own;
    /* A frame for the guest that waits for buffers. */
    bool held;
    /* It is being finished for a guest that takes no offloads; a piece of it waits. */
    bool finishing;
    bool piece;
    struct net_frame frame;
    const uint8_t *payload;
    uint64_t dropped;
    struct net_client client;
    struct vnet model;
    struct net_offload offload;
    struct net_direct direct;
    struct virtq queues[VNET_QUEUES];
    struct chain_segment segments[VNET_SEGMENTS(VIRTIO_NET_ENTRIES)];
};

/** All of a guest's. */
struct virtio_nets {
    struct virtio_net devices[CONFIG_MAX_NET];
    uint32_t count;
};

/** What the devices are made of. Pointers stay in use, but for `config`. */
struct virtio_nets_machine {
    const struct config *config;
    const struct guestmem *mem;
    struct bus *bus;
    vdev_report *report;
    void *report_context;
};

/** Make the device of the line `virtio`. Returns NULL, or what is wrong. */
const char *virtio_nets_add(struct virtio_nets *nets, const struct virtio_nets_machine *machine,
                            const struct config_virtio *virtio);

/** The page with that doorbell, or NULL. */
struct virtio_page *virtio_nets_find(struct virtio_nets *nets, uint32_t channel);

/**
 * A notification on `channel` came. False: it is no switch's; else `asked` is whether the answer to
 * virtio_nets_ask() may have come with it.
 */
bool virtio_nets_notified(struct virtio_nets *nets, uint32_t channel, bool *asked);

/** Ask the switches what they counted of the devices' ports. */
void virtio_nets_ask(struct virtio_nets *nets);

/** The answer to that for the device of this channel, once. False: there is none. */
bool virtio_nets_answer(struct virtio_nets *nets, uint32_t channel, struct net_port_stats *stats);

/** Go on with what a doorbell left, and wake switches that have something to do. */
void virtio_nets_work(struct virtio_nets *nets);

/** As after a reset of the machine. The guest's vCPUs are stopped. */
void virtio_nets_reset(struct virtio_nets *nets);

#endif
