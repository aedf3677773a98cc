/* SPDX-License-Identifier: BSD-2-Clause */
#include "trunk.h"

#include <string.h>

/** Frames of one direction before the other has its turn. */
#define TRUNK_ROUND 64U

void net_trunk_open(struct net_trunk *trunk, const struct net_client_place places[NET_TRUNK_ENDS])
{
    for (unsigned i = 0; i < NET_TRUNK_ENDS; i++) {
        trunk->ends[i].held = false;
        trunk->ends[i].dropped = 0;
        net_client_open(&trunk->ends[i].client, &places[i]);
        net_client_wish(&trunk->ends[i].client, NET_WISH_UP | NET_WISH_ALL_MULTICAST, 0);
    }
}

/* The frame in hand goes into the other switch. False: there is no buffer for it now. */
static bool carry(struct net_trunk_end *from, struct net_trunk_end *to)
{
    uint32_t bytes = from->frame.bytes - NET_ETHERNET_BYTES;
    struct net_frame frame = from->frame;
    uint16_t slot;
    uint8_t *at;

    if (!net_client_reserve(&to->client, bytes, &slot, &at)) {
        return false;
    }
    memcpy(at, from->payload, bytes);
    frame.offset = 0;
    net_client_send(&to->client, slot, &frame);
    return true;
}

/* Returns whether there may be more. */
static bool carry_some(struct net_trunk_end *from, struct net_trunk_end *to)
{
    for (unsigned i = 0; i < TRUNK_ROUND; i++) {
        if (!from->held && !net_client_receive(&from->client, &from->frame, &from->payload)) {
            return false;
        }
        from->held = !carry(from, to);
        if (from->held) {
            /* Others have no use for a switch that keeps their buffers. */
            if (net_client_backlog(&from->client) <= NET_TRUNK_BACKLOG) {
                return false;
            }
            from->held = false;
            from->dropped++;
        }
        net_client_return(&from->client, &from->frame);
    }
    return true;
}

void net_trunk_serve(struct net_trunk *trunk)
{
    bool more;

    do {
        more = carry_some(&trunk->ends[0], &trunk->ends[1]);
        more = carry_some(&trunk->ends[1], &trunk->ends[0]) || more;
    } while (more);
}

bool net_trunk_flush(struct net_trunk *trunk, unsigned end)
{
    return net_client_flush(&trunk->ends[end].client);
}
