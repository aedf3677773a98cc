/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender left to be done, for a receiver that takes only finished frames: filling in a
 * checksum, and cutting a large TCP segment into ones of the size that it names.
 *
 * The frame's bytes may change while they are read, and its headers are whatever the sender wrote.
 * Headers are copied once and judged then; the payload is read and not interpreted. A frame is cut
 * only when its headers are TCP in IPv4, or in IPv6 behind hop-by-hop and destination options at
 * most; the length of its headers is taken from themselves. What does not make sense is not sent
 * on.
 */
#ifndef IO_NET_OFFLOAD_H
#define IO_NET_OFFLOAD_H

#include "protocol.h"

/** Bytes at the beginning of a frame in which all that is changed must lie. */
#define NET_OFFLOAD_HEAD 256U
/** A smaller size of segments is refused: it would make a frame into thousands. */
#define NET_OFFLOAD_LEAST 48U

/** A frame that is being finished. The first four members are the results of net_offload_next(). */
struct net_offload {
    /** The finished frame: its first bytes, from the Ethernet header on, and the rest. */
    uint8_t head[NET_OFFLOAD_HEAD];
    uint32_t head_bytes;
    const uint8_t *data;
    uint32_t data_bytes;
    /* Private. */
    const uint8_t *payload;
    uint32_t payload_bytes;
    uint32_t done;
    uint32_t step;
    uint16_t sum_start;
    uint16_t sum_at;
    bool is_ipv6;
    bool cut;
    bool ended;
    /** Of a frame that is to be cut: its headers, head_bytes, as they were judged. */
    uint8_t original[NET_OFFLOAD_HEAD];
};

/**
 * Begin with a frame that was received (net_client_receive()). False: it is malformed.
 */
bool net_offload_begin(struct net_offload *offload, const struct net_frame *frame,
                       const uint8_t *payload);

/** The next finished frame. False: there are no more. */
bool net_offload_next(struct net_offload *offload);

#endif
