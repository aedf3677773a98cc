/* SPDX-License-Identifier: BSD-2-Clause */
#include "direct.h"

void net_direct_open(struct net_direct *direct, struct net_client *client)
{
    *direct = (struct net_direct){ .client = client };
    ring_begin_producer(&direct->posted, client->memory->posted, NET_POST_SHAPE.capacity);
}

unsigned net_direct_room(const struct net_direct *direct, struct net_piece **pieces)
{
    *pieces = direct->client->memory->batch.pieces + direct->pieces;
    return direct->frames < NET_BATCH_FRAMES ? NET_BATCH_PIECES - direct->pieces : 0;
}

void net_direct_add(struct net_direct *direct, const struct net_frame *frame, unsigned pieces,
                    uint16_t slot)
{
    struct net_frame *to = &direct->kept[direct->frames];

    *to = *frame;
    to->offset = 0;
    to->port = 0;
    to->number = 0;
    to->slot = (uint16_t)pieces;
    direct->client->memory->batch.frames[direct->frames] = *to;
    direct->slots[direct->frames++] = slot;
    direct->pieces += pieces;
}

unsigned net_direct_unposted(struct net_direct *direct, bool all)
{
    struct ring *received = &direct->client->received;
    uint32_t count = ring_available(received);
    unsigned landed = 0;
    unsigned buffers = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct net_frame frame;

        net_ring_peek(received, NET_FRAME_SHAPE, i, &frame);
        if ((frame.flags & NET_LANDED) != 0) {
            buffers += landed++ < direct->stale ? 0 : frame.slot;
        }
    }
    if (!all) {
        return buffers;
    }
    direct->stale = landed;
    return 0;
}

bool net_direct_counts(struct net_direct *direct)
{
    if (direct->stale == 0) {
        return true;
    }
    direct->stale--;
    return false;
}

bool net_direct_post(struct net_direct *direct, const struct net_piece *pieces, unsigned count)
{
    if (ring_space(&direct->posted) < count) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        (void)net_ring_put(&direct->posted, NET_POST_SHAPE, &pieces[i]);
    }
    return true;
}
