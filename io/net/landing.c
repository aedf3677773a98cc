/* SPDX-License-Identifier: BSD-2-Clause */
#include "landing.h"

#include <string.h>

void net_landing_init(struct net_landing *landing, const struct net_memory *memory, void *ring)
{
    landing->memory = *memory;
    landing->open = false;
    landing->first = 0;
    landing->count = 0;
    landing->broken = 0;
    ring_begin_consumer(&landing->posted, ring, NET_POST_SHAPE.capacity);
    net_ring_drop(&landing->posted);
}

void net_landing_unpost(struct net_landing *landing)
{
    net_ring_drop(&landing->posted);
    landing->first = 0;
    landing->count = 0;
    landing->open = landing->memory.bytes != 0;
}

bool net_landing_span(const struct net_memory *memory, const struct net_piece *piece,
                      struct net_span *span)
{
    /* Of an address below the memory this is more than its size, too. */
    uint64_t offset = piece->address - memory->address;
    bool inside = offset < memory->bytes && piece->bytes <= memory->bytes - offset;

    span->at = memory->at + (inside ? offset : 0);
    span->bytes = inside ? piece->bytes : 0;
    span->last = piece->last != 0;
    return inside;
}

static struct net_span *piece_at(struct net_landing *landing, unsigned number)
{
    return &landing->hand[(landing->first + number) % NET_LANDING_PIECES];
}

/* Take more of what is posted into the hand. False: there is no more, or no place. */
static bool take(struct net_landing *landing)
{
    struct net_piece piece;

    if (landing->count == NET_LANDING_PIECES ||
        !net_ring_take(&landing->posted, NET_POST_SHAPE, &piece)) {
        return false;
    }
    if (!net_landing_span(&landing->memory, &piece, piece_at(landing, landing->count))) {
        landing->broken++;
    }
    landing->count++;
    return true;
}

unsigned net_landing_room(struct net_landing *landing, uint32_t bytes, bool merge)
{
    uint64_t room = 0;
    unsigned buffers = 0;
    bool took = false;
    bool enough = false;

    if (!landing->open) {
        return 0;
    }
    for (unsigned i = 0; !enough && buffers < (merge ? NET_LANDING_BUFFERS : 1); i++) {
        if (i == landing->count) {
            if (!take(landing)) {
                break;
            }
            took = true;
        }
        room += piece_at(landing, i)->bytes;
        if (piece_at(landing, i)->last) {
            buffers++;
            enough = room >= bytes;
        }
    }
    if (took) {
        ring_release(&landing->posted);
    }
    landing->buffers = enough ? buffers : 0;
    return landing->buffers;
}

/* Give up the buffers. They are all in hand. */
static void drop(struct net_landing *landing)
{
    unsigned pieces = 0;

    for (unsigned left = landing->buffers; left != 0; pieces++) {
        left -= piece_at(landing, pieces)->last;
    }
    landing->first = (landing->first + pieces) % NET_LANDING_PIECES;
    landing->count -= pieces;
}

unsigned net_landing_write(struct net_landing *landing, uint32_t skip, const struct net_span *spans,
                           unsigned count)
{
    struct net_span to = { NULL, 0, false };
    unsigned piece = 0;

    for (unsigned i = 0; i < count; i++) {
        struct net_span from = spans[i];

        while (from.bytes != 0) {
            uint32_t bytes;

            if (to.bytes == 0) {
                to = *piece_at(landing, piece++);
                bytes = skip < to.bytes ? skip : to.bytes;
                to.at += bytes;
                to.bytes -= bytes;
                skip -= bytes;
                continue;
            }
            bytes = to.bytes < from.bytes ? to.bytes : from.bytes;
            memcpy(to.at, from.at, bytes);
            to.at += bytes;
            to.bytes -= bytes;
            from.at += bytes;
            from.bytes -= bytes;
        }
    }
    drop(landing);
    return landing->buffers;
}
