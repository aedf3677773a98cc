/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtIO network device (5.1) with one pair of queues and a control queue: offloads for TCP
 * over IPv4 and IPv6 in both directions, merged receive buffers, receive modes and filters, VLAN
 * filter, link state and announcements.
 *
 * Frames go from the guest's memory straight to `transmit`; what that cannot take stays in the
 * guest until vnet_transmit_resume(). Frames for the guest come as vnet_receive(); what finds no
 * buffer stays with the caller until `receive_wanted`.
 *
 * Both ways can do with a copy less, where somebody beside us reaches the guest's memory: frames of
 * the guest may stay where they are until `transmit_end`, and buffers of the guest are *posted* to
 * who fills them itself, whose frames come as vnet_landed().
 *
 * A frame that is given to `transmit` has a sound header: it is no shorter than an Ethernet header
 * and no longer than the MTU allows (or 64 KiB of payload, when it is to be segmented), its
 * checksum lies inside of it, and its kind of segmentation was negotiated and has a size. What is
 * in the frame is the guest's word all the same.
 */
#ifndef VIRTIO_VNET_H
#define VIRTIO_VNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/spec.h>
#include <virtio/vdev.h>

/** @{ Features. */
#define VNET_F_CSUM VIRTIO_FEATURE(0)
#define VNET_F_GUEST_CSUM VIRTIO_FEATURE(1)
#define VNET_F_CTRL_GUEST_OFFLOADS VIRTIO_FEATURE(2)
#define VNET_F_MTU VIRTIO_FEATURE(3)
#define VNET_F_MAC VIRTIO_FEATURE(5)
#define VNET_F_GUEST_TSO4 VIRTIO_FEATURE(7)
#define VNET_F_GUEST_TSO6 VIRTIO_FEATURE(8)
#define VNET_F_GUEST_ECN VIRTIO_FEATURE(9)
#define VNET_F_HOST_TSO4 VIRTIO_FEATURE(11)
#define VNET_F_HOST_TSO6 VIRTIO_FEATURE(12)
#define VNET_F_HOST_ECN VIRTIO_FEATURE(13)
#define VNET_F_MRG_RXBUF VIRTIO_FEATURE(15)
#define VNET_F_STATUS VIRTIO_FEATURE(16)
#define VNET_F_CTRL_VQ VIRTIO_FEATURE(17)
#define VNET_F_CTRL_RX VIRTIO_FEATURE(18)
#define VNET_F_CTRL_VLAN VIRTIO_FEATURE(19)
#define VNET_F_CTRL_RX_EXTRA VIRTIO_FEATURE(20)
#define VNET_F_GUEST_ANNOUNCE VIRTIO_FEATURE(21)
#define VNET_F_CTRL_MAC_ADDR VIRTIO_FEATURE(23)
/** All of the above. */
#define VNET_FEATURES                                                                         \
    (VNET_F_CSUM | VNET_F_GUEST_CSUM | VNET_F_CTRL_GUEST_OFFLOADS | VNET_F_MTU | VNET_F_MAC | \
     VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN | VNET_F_HOST_TSO4 |            \
     VNET_F_HOST_TSO6 | VNET_F_HOST_ECN | VNET_F_MRG_RXBUF | VNET_F_STATUS | VNET_F_CTRL_VQ | \
     VNET_F_CTRL_RX | VNET_F_CTRL_VLAN | VNET_F_CTRL_RX_EXTRA | VNET_F_GUEST_ANNOUNCE |       \
     VNET_F_CTRL_MAC_ADDR)
/** @} */

/** @{ Of a frame: `flags` and `gso_type` (5.1.6). */
#define VNET_NEEDS_CSUM 1U
#define VNET_DATA_VALID 2U
#define VNET_GSO_NONE 0U
#define VNET_GSO_TCP4 1U
#define VNET_GSO_TCP6 4U
#define VNET_GSO_ECN 0x80U
/** @} */

#define VNET_MAC_BYTES 6U
/** An Ethernet header, and what a VLAN tag adds. */
#define VNET_ETHERNET_BYTES 14U
#define VNET_TAG_BYTES 4U
/** The largest frame: a packet of 64 KiB less one byte, with a tag. */
#define VNET_MAX_FRAME (65535U + VNET_ETHERNET_BYTES + VNET_TAG_BYTES)
/** The header before each frame in guest memory. */
#define VNET_HEADER_BYTES sizeof(struct virtio_net_header)
#define VNET_MIN_MTU 68U
#define VNET_MAX_MTU 65535U

/** Queues: receive, transmit, control. */
#define VNET_QUEUES 3U
#define VNET_QUEUE_RX 0U
#define VNET_QUEUE_TX 1U
#define VNET_QUEUE_CONTROL 2U

/** Receive buffers that are taken from the guest at a time, so most that one frame is spread over.
 */
#define VNET_STOCK 72U
/** Most posted buffers; of the entries of the receive queue they have half at most. */
#define VNET_POSTED 128U
/** Places for both, a power of two. */
#define VNET_BUFFERS 256U
/** Most pieces of a buffer that is posted. */
#define VNET_POSTED_PIECES 32U
/** Most frames of the guest that are held, and those that may be beyond the end of a batch. */
#define VNET_HELD_FRAMES 32U
#define VNET_KEPT_FRAMES 16U
/** Segments that a device needs, for queues of `entries` entries. */
#define VNET_SEGMENTS(entries) (4U * (entries))

/** Most addresses of each of the two filter tables; with more, the table takes every address. */
#define VNET_MAX_FILTER 32U

/** What is to be known of a frame beside its bytes. */
struct vnet_frame {
    /** Of the frame, from the Ethernet header on. */
    uint32_t bytes;
    uint8_t flags;
    uint8_t gso_type;
    /** A hint of the guest: length of all headers of a frame that is to be segmented. */
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
};

/** Most pieces that a frame comes in. */
#define VNET_MAX_PIECES 3U

/** Part of a frame's bytes; of a landed one, NULL: they are there. */
struct vnet_piece {
    const void *data;
    size_t bytes;
};

enum vnet_result {
    /** The frame was taken. */
    VNET_TAKEN,
    /** There is no room now. */
    VNET_WAIT,
    /** It was taken; the guest gets its buffer back behind `transmit_end`, if not later. */
    VNET_HELD,
    /** It was not taken, and never will be. */
    VNET_DROPPED,
};

/** Addresses that a guest wants to receive. */
struct vnet_filter {
    uint8_t macs[VNET_MAX_FILTER][VNET_MAC_BYTES];
    unsigned count;
    /** The guest named more than there is room for: take all. */
    bool all;
};

/** Which frames a guest wants. */
struct vnet_modes {
    bool promiscuous;
    bool all_multicast;
    bool all_unicast;
    bool no_multicast;
    bool no_unicast;
    bool no_broadcast;
    uint8_t mac[VNET_MAC_BYTES];
    struct vnet_filter unicast;
    struct vnet_filter multicast;
    /** Tagged frames are taken for these VLANs alone, when CTRL_VLAN was negotiated. */
    uint64_t vlans[4096 / 64];
};

struct vnet;

/** What the program around the device does for it. */
struct vnet_ops {
    /**
     * The guest sends a frame, whose `frame->bytes` bytes come next from the reader. They are guest
     * memory, which may change while they are read: copy them once. With VNET_WAIT nothing of it
     * counts as read, and vnet_transmit_resume() must be called when there is room.
     */
    enum vnet_result (*transmit)(void *context, const struct vnet_frame *frame,
                                 struct chain_reader *reader);
    /**
     * After the last `transmit` of a batch in which, or before which, one was held. Returns of how
     * many frames, at most VNET_KEPT_FRAMES, the guest does not get the buffers back yet:
     * vnet_transmit_release() must be called when that changes. What the guest has so few of it
     * sends no more of: so it is held back, and each of its streams by itself. May be NULL when
     * `transmit` never answers VNET_HELD.
     */
    unsigned (*transmit_end)(void *context);
    /**
     * A buffer of the guest may be filled with a frame that goes to vnet_landed(), in the order of
     * the posts. False: not now. NULL: none are posted.
     */
    bool (*post)(void *context, const struct chain *chain);
    /**
     * Take back what was posted: when this returns nobody writes there any more. Returns how many
     * buffers were filled before, whose frames still come. With `all` these shall not come either.
     */
    unsigned (*unpost)(void *context, bool all);
    /** vnet_receive() answered VNET_WAIT, and there are buffers now. */
    void (*receive_wanted)(void *context);
    /** `net->modes`, or whether there is a driver at all, changed. May be NULL. */
    void (*modes_changed)(void *context);
};

/** What to make a device of. Pointers stay in use. */
struct vnet_config {
    const struct guestmem *mem;
    const struct vnet_ops *ops;
    void *context;
    uint8_t mac[VNET_MAC_BYTES];
    /** VNET_MIN_MTU to VNET_MAX_MTU. */
    uint16_t mtu;
    bool link_up;
    /** Features of the device and of the rings to offer, and features that the driver must accept.
     */
    uint64_t features;
    uint64_t required;
    /** VNET_QUEUES of them, each of queue_entries. */
    struct virtq *queues;
    unsigned queue_entries;
    /** VNET_SEGMENTS() of them. */
    struct chain_segment *segments;
    vdev_report *report;
    void *report_context;
};

/** From the device's creation on. */
struct vnet_stats {
    uint64_t sent_frames;
    uint64_t sent_bytes;
    /** Frames of the guest that were malformed, and those that nobody wanted. */
    uint64_t sent_malformed;
    uint64_t sent_dropped;
    uint64_t received_frames;
    uint64_t received_bytes;
    /** Frames that fit into no buffer of the guest. */
    uint64_t received_too_large;
};

/** A network device. `dev` is for the transport and for statistics. */
struct vnet {
    struct vdev dev;
    const struct vnet_ops *ops;
    void *context;
    uint16_t mtu;
    bool link_up;
    bool announce;
    uint8_t own_mac[VNET_MAC_BYTES];
    struct vnet_modes modes;
    /** Receive offloads in use: features GUEST_*. */
    uint64_t offloads;
    struct vnet_stats stats;
    /** A frame of the guest that waits for room. */
    bool transmit_blocked;
    struct chain transmit;
    struct chain control;
    /** Frames of the guest in `held`, a ring, the oldest of which is `held_first`. */
    unsigned held_first;
    unsigned held_count;
    bool receive_blocked;
    /** Which of `buffers`, a ring of those for receiving that were taken from the guest, comes
     * first: posted ones, oldest first, and behind them those of the stock. */
    unsigned first;
    unsigned posted;
    unsigned stock_count;
    uint64_t stock_bytes;
    /** Their segments, and those used of the storage, which has gaps. */
    unsigned hand_segments;
    unsigned used_segments;
    /** They do not lie there in the order of the buffers. */
    bool turned;
    struct chain_segment *segments;
    struct chain buffers[VNET_BUFFERS];
    struct chain held[VNET_HELD_FRAMES];
};

/**
 * Make a network device; give `dev` a transport next.
 * Errors: VIRTIO_ERR_ARGUMENT (an MTU out of range), and those of vdev_init().
 */
enum virtio_error vnet_init(struct vnet *net, const struct vnet_config *config);

/** The guest's driver is up. */
bool vnet_is_up(const struct vnet *net);

/**
 * Whether the guest takes a frame with these offloads as it is. If not, then it must be summed or
 * segmented before vnet_receive().
 */
bool vnet_takes(const struct vnet *net, const struct vnet_frame *frame);

/**
 * Whether the guest wants a frame that goes to the address `to` (6 bytes), with tag `vlan`
 * (negative: none).
 */
bool vnet_wants(const struct vnet *net, const uint8_t *to, int vlan);

/**
 * Bring a frame to the guest: the bytes of `count` pieces (at most VNET_MAX_PIECES),
 * frame->bytes together, with offloads of
 * which vnet_takes() is true. VNET_WAIT: there are too few buffers, and `receive_wanted` follows.
 * VNET_DROPPED: the driver is not up, the link is down, or no buffer is large enough.
 */
enum vnet_result vnet_receive(struct vnet *net, const struct vnet_frame *frame,
                              const struct vnet_piece *pieces, unsigned count);

/**
 * A frame is in the first `buffers` posted buffers, behind VNET_HEADER_BYTES and the bytes of its
 * first pieces, which are written here; the last piece has no data. VNET_DROPPED: the guest does
 * not get it, and the buffers are posted again.
 */
enum vnet_result vnet_landed(struct vnet *net, const struct vnet_frame *frame,
                             const struct vnet_piece *pieces, unsigned count, unsigned buffers);

/** A landed frame is not for the guest. */
void vnet_not_landed(struct vnet *net, unsigned buffers);

/** Take back what is posted, as when who fills it began anew. */
void vnet_unpost(struct vnet *net);

/** After a batch of both: interrupt the guest if it wants that, and post what buffers it has. */
void vnet_receive_end(struct vnet *net);

/** Of the frames that are held the guest gets all buffers back but those of the newest `keep`. */
void vnet_transmit_release(struct vnet *net, unsigned keep);

/** `transmit` can take frames again. */
void vnet_transmit_resume(struct vnet *net);

/** The link is up, or down. Frames neither come nor go while it is down. */
void vnet_set_link(struct vnet *net, bool up);

/** Ask the guest to tell the network where it is, as after a move. */
void vnet_announce(struct vnet *net);

#endif
