/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch's side of posted buffers (protocol.h): a port's guest memory, and the buffers in it
 * that wait for frames. What a port posts is read once, checked against its guest's memory, and
 * kept here; a piece that is not in that memory counts as an empty one.
 */
#ifndef IO_NET_LANDING_H
#define IO_NET_LANDING_H

#include "protocol.h"

/** Pieces in hand: the largest frame in buffers of 1.5 KiB several times, a power of two. */
#define NET_LANDING_PIECES 128U
/** Most buffers that a frame is spread over. */
#define NET_LANDING_BUFFERS 72U

/** A guest's memory: where it is in the guest, and here. 0 bytes: there is none. */
struct net_memory {
    uint64_t address;
    uint64_t bytes;
    uint8_t *at;
};

/** Part of it, that was checked. */
struct net_span {
    uint8_t *at;
    uint32_t bytes;
    bool last;
};

/** A port's posted buffers. Its members are this module's, but for `memory` and `broken`. */
struct net_landing {
    struct net_memory memory;
    struct ring posted;
    /** The port has taken back what was there from before. */
    bool open;
    unsigned first;
    unsigned count;
    /** What net_landing_room() said last. */
    unsigned buffers;
    /** Pieces that were outside of the guest's memory. */
    uint64_t broken;
    struct net_span hand[NET_LANDING_PIECES];
};

/** A port whose guest has this memory (none: it cannot post). `ring` is its `posted`. */
void net_landing_init(struct net_landing *landing, const struct net_memory *memory, void *ring);

/** Forget what is posted. */
void net_landing_unpost(struct net_landing *landing);

/** Check a piece. False: it is not in the guest's memory; it is an empty span then. */
bool net_landing_span(const struct net_memory *memory, const struct net_piece *piece,
                      struct net_span *span);

/**
 * How many of the posted buffers a frame of `bytes` bytes needs, NET_POST_HEADER and its own header
 * included; with `merge` it may need several. 0: they are too few, or too small.
 */
unsigned net_landing_room(struct net_landing *landing, uint32_t bytes, bool merge);

/**
 * Copy `count` spans, for which net_landing_room() found buffers, into those, from `skip` bytes
 * behind their beginning on, and give the buffers up. Returns how many they were.
 */
unsigned net_landing_write(struct net_landing *landing, uint32_t skip, const struct net_span *spans,
                           unsigned count);

#endif
