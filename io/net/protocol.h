/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a port of the network switch and the switch share. A port is a guest's monitor, a device's
 * driver, or any other protection domain.
 *
 * Frames stay where their sender put them. A port has *buffers*: memory that it alone writes, in
 * NET_SLOTS slots at most, which the switch and the ports that may receive from it map read-only. A
 * frame is sent by a descriptor, and so is received; a slot belongs, in this order, to its port,
 * to the switch, to those who receive the frame, to the switch, and to its port again:
 *
 *     port -- `sent` ------> switch -- `received` --> other ports
 *     port <-- `done` ------ switch <-- `returned` -- other ports
 *
 * Who receives reads the payload from the sender's buffers, once, and returns the slot. The
 * Ethernet header is in the descriptor, so that what the switch has checked is what arrives,
 * whatever the sender does to its buffers meanwhile. A sender that does so garbles its own frames.
 *
 * Returns are not told of: the switch finds them when it has something to do for that port and has
 * lent it some frames, or when it has lent it many. A port that runs out of slots sets
 * `data_wanted` of its `done` and notifies, whatever the switch wants; then the switch looks for
 * returns everywhere, and asks to be told of them.
 *
 * Wishes are looked at when the port notifies.
 *
 * The switch believes no number of a port: it checks each descriptor, knows who has which slot, and
 * gives descriptors on that it made itself. A port believes the switch, whose client it is.
 *
 * Where the description trusts the switch with the guests' memory, frames between guests go another
 * way, with one copy. A monitor *posts* buffers in which its guest wants to receive. Who sends
 * describes frames in `batch` where they lie in its guest's memory, and makes a protected call,
 * NET_CALL_SEND; the switch checks each frame as any other, copies its payload from one guest's
 * memory into the others' posted buffers, and puts a descriptor that says so (NET_LANDED) into
 * their `received`, in order with those of slots. It answers how many frames it took; it takes none
 * that somebody should get who has posted too little or cannot have it so, nor any behind that one:
 * those go into slots. So the memory of who sends is looked at while its call lasts and never after
 * it, and with NET_CALL_UNPOST a monitor takes back what it posted: after that call nothing is
 * written there any more, whatever the switch had begun. Addresses are the guest's; the switch
 * knows which memory each port's guest has, and touches no other.
 *
 * An opened ring has an epoch (io/ring/ring.h). When the switch sees a new one of a port, it
 * forgets the slots that the port had lent and borrowed; when a port sees a new one of the switch,
 * all its slots are its own again, and what it received is dropped.
 */
#ifndef IO_NET_PROTOCOL_H
#define IO_NET_PROTOCOL_H

#include <stdint.h>

#include "ring.h"

#define NET_MAC_BYTES 6U
/** Most ports of a switch: it has as many channels. */
#define NET_MAX_PORTS 62U
/** Most slots of a port's buffers, which may lie anywhere in them. */
#define NET_SLOTS 512U
/**
 * @{ Slots of one sender that one receiver may have, of frames of up to NET_HELD_BYTES, and of
 * larger ones: 9 times, and 4 times, as many as nobody has. What is beyond is dropped, for that
 * receiver. So one that gives nothing back has NET_HELD_SMALL and NET_HELD_LARGE at most, two have
 * fewer each, and whatever many of them keep, there are some for frames to others; the last one
 * is for a receiver that has none.
 */
#define NET_HELD_BYTES 2048U
#define NET_OUT_SMALL 320U
#define NET_OUT_LARGE 20U
#define NET_HELD_PART_SMALL 9U
#define NET_HELD_PART_LARGE 4U
#define NET_HELD_SMALL 288U
#define NET_HELD_LARGE 16U
/** @} */
/** Bytes of a port's buffers. */
#define NET_BUFFER_BYTES 0x200000U
/** Bytes of an Ethernet header without tag, of a tag, and of the largest frame without tag. */
#define NET_ETHERNET_BYTES 14U
#define NET_TAG_BYTES 4U
#define NET_MAX_FRAME (65535U + NET_ETHERNET_BYTES)

/** @{ Of a frame's flags: its checksum is to be filled in; it is known to be good. */
#define NET_NEEDS_CSUM 1U
#define NET_DATA_VALID 2U
/** From the switch alone: the payload is in posted buffers of the receiver, of which `slot` says
 * how many were used. There is nothing to return. */
#define NET_LANDED 4U
/** @} */
/** @{ Of gso_type: nothing to segment, TCP over IPv4, over IPv6, and with ECN. */
#define NET_GSO_NONE 0U
#define NET_GSO_TCP4 1U
#define NET_GSO_TCP6 4U
#define NET_GSO_ECN 0x80U
/** @} */
/** In `vlan`: there is a tag; the other bits are its priority (13 to 15) and VLAN (0 to 11). */
#define NET_VLAN_TAG 0x1000U
#define NET_VLAN_MASK 0xfffU

/** A frame. */
struct net_frame {
    /** Where the payload, behind Ethernet header and tag, is in the sender's buffers. */
    uint32_t offset;
    /** Of the frame: Ethernet header without tag, and payload. */
    uint32_t bytes;
    /** The switch's number of this frame, for the return; a sender leaves it 0. */
    uint32_t number;
    /** The sender's name of the slot, below NET_SLOTS. */
    uint16_t slot;
    /** The sender's port number; the switch fills it in. */
    uint16_t port;
    uint8_t flags;
    uint8_t gso_type;
    uint16_t gso_bytes;
    /** From the frame's first byte, as if there were no tag; the last is a hint of the sender. */
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t header_bytes;
    uint16_t vlan;
    uint8_t ethernet[NET_ETHERNET_BYTES] __attribute__((aligned(4)));
    uint16_t reserved[3];
} __attribute__((aligned(8)));

_Static_assert(sizeof(struct net_frame) == 48, "layout");

/** A slot that goes back. */
struct net_return {
    uint32_t number;
    uint16_t slot;
    /** Whose slot it is; towards the owner unused. */
    uint16_t port;
} __attribute__((aligned(8)));

_Static_assert(sizeof(struct net_return) == 8, "layout");

/** @{ Of net_wishes.flags. */
/** The port takes frames at all. */
#define NET_WISH_UP 1U
/** Every frame of its VLANs that the rules let through; of a port that may have no addresses beside
 * its own: every one to a group. */
#define NET_WISH_PROMISCUOUS 2U
#define NET_WISH_ALL_MULTICAST 4U
#define NET_WISH_NO_MULTICAST 8U
#define NET_WISH_NO_BROADCAST 16U
/** It posts buffers; without NET_WISH_MERGE a frame must fit into one. */
#define NET_WISH_POSTS 32U
#define NET_WISH_MERGE 64U
/** What landed frames may leave to the receiver: a checksum, segmentation. */
#define NET_WISH_CSUM 128U
#define NET_WISH_TCP4 256U
#define NET_WISH_TCP6 512U
#define NET_WISH_ECN 1024U
/** @} */

/** Which frames a port wants; it may change its mind at any time. */
struct net_wishes {
    uint32_t flags;
    uint32_t reserved;
    /** Bit net_hash(address) is set for each multicast address that is wanted. */
    uint64_t multicast;
};

/** Frames and bytes of a port, and why frames of it were dropped. */
struct net_port_stats {
    uint64_t sent_frames;
    uint64_t sent_bytes;
    uint64_t received_frames;
    uint64_t received_bytes;
    uint64_t malformed;
    uint64_t wrong_source;
    uint64_t wrong_vlan;
    uint64_t limited;
    /** Nobody was there, wanted it, or may have it. */
    uint64_t unwanted;
    /** Frames for this port that found it with its queue full. */
    uint64_t congested;
};

/** What a port asks for by another number in `asked`, and a notification. */
struct net_counts {
    /** The number that was asked with; the switch writes it last. */
    uint32_t answered;
    uint32_t reserved;
    struct net_port_stats stats;
};

/** Bytes at the beginning of a posted buffer that the receiver writes itself, beside the Ethernet
 *  header and a tag. */
#define NET_POST_HEADER 12U

/** A piece of a guest's memory, at its own address. */
struct net_piece {
    uint64_t address;
    uint32_t bytes;
    /** Of a posted buffer: this is its last piece. */
    uint32_t last;
};

_Static_assert(sizeof(struct net_piece) == 16, "layout");

#define NET_BATCH_FRAMES 32U
#define NET_BATCH_PIECES 256U

/** Frames that lie in guest memory. */
struct net_batch {
    /** `offset` is 0, and `slot` the number of pieces that the payload is in. */
    struct net_frame frames[NET_BATCH_FRAMES];
    /** Of the first frame, then of the second, and so on. */
    struct net_piece pieces[NET_BATCH_PIECES];
};

/** @{ Labels of protected calls to the switch; message word 0 of the first is the number of frames
 *  in the batch, and that of its answer how many it took. */
#define NET_CALL_SEND 1U
#define NET_CALL_UNPOST 2U
/** @} */

/** The memory that a port and the switch share, both writing. */
struct net_port_memory {
    struct net_wishes wishes;
    uint32_t asked;
    uint8_t wishes_reserved[60 - sizeof(struct net_wishes)];
    /* The switch's. */
    struct net_counts counts;
    uint8_t counts_reserved[4096 - 64 - sizeof(struct net_counts)];
    uint8_t sent[NET_RING_BYTES(sizeof(struct net_frame), NET_SLOTS)] __attribute__((aligned(64)));
    uint8_t done[NET_RING_BYTES(sizeof(struct net_return), NET_SLOTS)] __attribute__((aligned(64)));
    uint8_t received[NET_RING_BYTES(sizeof(struct net_frame), NET_SLOTS)]
        __attribute__((aligned(64)));
    uint8_t returned[NET_RING_BYTES(sizeof(struct net_return), 2 * NET_SLOTS)]
        __attribute__((aligned(64)));
    uint8_t posted[NET_RING_BYTES(sizeof(struct net_piece), NET_SLOTS)]
        __attribute__((aligned(64)));
    struct net_batch batch;
};

/** Bytes of its region. */
#define NET_PORT_BYTES 0x14000U
_Static_assert(sizeof(struct net_port_memory) <= NET_PORT_BYTES, "the region's size");

#define NET_FRAME_SHAPE ((struct net_ring_shape){ sizeof(struct net_frame), NET_SLOTS })
#define NET_DONE_SHAPE ((struct net_ring_shape){ sizeof(struct net_return), NET_SLOTS })
#define NET_POST_SHAPE ((struct net_ring_shape){ sizeof(struct net_piece), NET_SLOTS })
#define NET_RETURN_SHAPE ((struct net_ring_shape){ sizeof(struct net_return), 2 * NET_SLOTS })

/** Which of 64 bits stands for an address. */
static inline unsigned net_hash(const uint8_t mac[NET_MAC_BYTES])
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < NET_MAC_BYTES; i++) {
        hash = (hash ^ mac[i]) * 0x01000193U;
    }
    return (hash ^ hash >> 16) & 63U;
}

#endif
