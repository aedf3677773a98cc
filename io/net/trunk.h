/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trunk between two switches: a port of each, and what comes out of one goes into the other, with
 * its tag and its offloads. The switches learn who is behind it, as behind an uplink. A frame is
 * copied once on its way, from the buffers of its sender into the trunk's own.
 */
#ifndef IO_NET_TRUNK_H
#define IO_NET_TRUNK_H

#include "client.h"

#define NET_TRUNK_ENDS 2U
/** Frames that may wait for a switch that gives no buffers back; of more, the oldest are dropped.
 */
#define NET_TRUNK_BACKLOG 128U

struct net_trunk_end {
    struct net_client client;
    /** A frame that was received here, and waits for a buffer at the other end. */
    bool held;
    struct net_frame frame;
    const uint8_t *payload;
    uint64_t dropped;
};

/** A trunk. Its members are this module's. */
struct net_trunk {
    struct net_trunk_end ends[NET_TRUNK_ENDS];
};

/** Open both ends. The memory stays in use; then each switch is to be notified once. */
void net_trunk_open(struct net_trunk *trunk, const struct net_client_place places[NET_TRUNK_ENDS]);

/** Carry what there is, after a notification of any of the two. */
void net_trunk_serve(struct net_trunk *trunk);

/** Whether the switch at this end is to be notified now. Asks once. */
bool net_trunk_flush(struct net_trunk *trunk, unsigned end);

#endif
