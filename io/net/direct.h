/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's side of frames that the switch copies from guest to guest (protocol.h): a batch that is
 * put together for NET_CALL_SEND, and buffers that are posted. The calls are the caller's.
 */
#ifndef IO_NET_DIRECT_H
#define IO_NET_DIRECT_H

#include "client.h"

/** Its members are this module's, but for those that are read. */
struct net_direct {
    struct net_client *client;
    struct ring posted;
    /** Frames and pieces of the batch. */
    unsigned frames;
    unsigned pieces;
    /** @{ What they are and a slot for each, for those that the switch does not take. */
    struct net_frame kept[NET_BATCH_FRAMES];
    uint16_t slots[NET_BATCH_FRAMES];
    /** @} */
    /** Landed frames in `received` whose buffers are not posted any more. */
    unsigned stale;
};

/** Begin, with an opened client. NET_CALL_UNPOST and net_direct_unposted() come next. */
void net_direct_open(struct net_direct *direct, struct net_client *client);

/**
 * Where the pieces of the next frame are to be written, and how many can be. 0: the batch has to be
 * sent first.
 */
unsigned net_direct_room(const struct net_direct *direct, struct net_piece **pieces);

/** A frame whose payload is in the next `pieces` pieces; a reserved slot is kept for it. */
void net_direct_add(struct net_direct *direct, const struct net_frame *frame, unsigned pieces,
                    uint16_t slot);

/** After a NET_CALL_UNPOST, a landed frame that is received does not count (`all`), or does.
 *  Returns how many posted buffers the frames that count and wait to be received are in. */
unsigned net_direct_unposted(struct net_direct *direct, bool all);

/** Whether a landed frame that was received counts. To be asked once of each. */
bool net_direct_counts(struct net_direct *direct);

/** Post a buffer of `count` pieces. False: there is no room now. */
bool net_direct_post(struct net_direct *direct, const struct net_piece *pieces, unsigned count);

#endif
