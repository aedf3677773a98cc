/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtIO block device (5.2): a disk, with VIRTIO_BLK_F_SIZE_MAX, _SEG_MAX, _BLK_SIZE,
 * _TOPOLOGY, _FLUSH, _CONFIG_WCE, _DISCARD, _WRITE_ZEROES, _LIFETIME and _RO.
 *
 * The data of a request is not touched here: its segments, which are checked to be RAM of the
 * guest, go to whoever implements `submit`, and its answer comes by vblk_complete(), in any order.
 * What of a request is wrong by itself is answered at once. Everything else of it, such as its
 * range, is the backing's to check.
 *
 * The status byte of a request is written when it is completed, and then the buffer goes back.
 * While the device is being reset nothing goes back, and the reset is complete when the backing
 * says that it has let go of everything.
 */
#ifndef VIRTIO_VBLK_H
#define VIRTIO_VBLK_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio/spec.h>
#include <virtio/vdev.h>

/** @{ Features. */
#define VBLK_F_SIZE_MAX VIRTIO_FEATURE(1)
#define VBLK_F_SEG_MAX VIRTIO_FEATURE(2)
#define VBLK_F_RO VIRTIO_FEATURE(5)
#define VBLK_F_BLK_SIZE VIRTIO_FEATURE(6)
#define VBLK_F_FLUSH VIRTIO_FEATURE(9)
#define VBLK_F_TOPOLOGY VIRTIO_FEATURE(10)
#define VBLK_F_CONFIG_WCE VIRTIO_FEATURE(11)
#define VBLK_F_DISCARD VIRTIO_FEATURE(13)
#define VBLK_F_WRITE_ZEROES VIRTIO_FEATURE(14)
#define VBLK_F_LIFETIME VIRTIO_FEATURE(15)
/** @} */

/** Bytes of the string that GET_ID answers. */
#define VBLK_ID_BYTES 20U
/** Bytes that GET_LIFETIME answers: three 16-bit words (5.2.6). */
#define VBLK_LIFETIME_BYTES 6U
#define VBLK_SECTOR 512U

/** Segments that a device needs, for a queue of `entries` entries. */
#define VBLK_SEGMENTS(entries) ((entries) + 2U)

enum vblk_kind {
    VBLK_READ,
    VBLK_WRITE,
    VBLK_FLUSH,
    VBLK_DISCARD,
    VBLK_ZERO,
    /** To write VBLK_LIFETIME_BYTES that say how worn the disk is. */
    VBLK_LIFETIME,
};

/** What becomes of a request; the values are those of the status byte. */
enum vblk_status {
    VBLK_OK = 0,
    VBLK_IOERR = 1,
    VBLK_UNSUPP = 2,
};

/** A request for the backing. */
struct vblk_request {
    enum vblk_kind kind;
    /** Comes back in vblk_complete(); below the number of the queue's entries. */
    uint16_t tag;
    /** Stable when it is completed (VBLK_WRITE, VBLK_ZERO). */
    bool stable;
    /** VBLK_ZERO: the storage may be given back. */
    bool unmap;
    /** First sector, of 512 bytes. Not checked. */
    uint64_t sector;
    /** Bytes of data, or of the range; at most 2^41. */
    uint64_t bytes;
    /** Data; only for the time of the call. */
    const struct chain_segment *segments;
    unsigned count;
};

/** The backing. All run in the device's thread. */
struct vblk_ops {
    /**
     * Begin a request, or keep it. False: there is no room, and vblk_resume() will be called. May
     * call vblk_complete().
     */
    bool (*submit)(void *context, const struct vblk_request *request);
    /** After the last `submit` of a batch. May be NULL. */
    void (*submit_end)(void *context);
    /**
     * Let go of all requests: they will not be completed, and nothing of the guest's memory will be
     * touched any more. Returns true when that is so; false: vblk_quiesced() will be called. Called
     * again during that time for another reset.
     */
    bool (*quiesce)(void *context);
};

/** What the disk is like. */
struct vblk_disk {
    /** Sectors of 512 bytes. */
    uint64_t sectors;
    /** A power of two of at least 512: the smallest unit of a request. */
    uint32_t block_bytes;
    /** As that or larger: what the disk writes without reading. */
    uint32_t physical_bytes;
    bool read_only;
    /** There is a cache that a flush empties. */
    bool flush;
    /** Segments of a request, and bytes of one. */
    uint32_t max_segments;
    uint32_t max_segment_bytes;
    /** Sectors of a request to discard, or to write zeros; 0: it cannot be done. */
    uint32_t max_discard;
    uint32_t discard_alignment;
    uint32_t max_zero;
    /** It knows how worn it is. */
    bool lifetime;
    /** Not zero-terminated when it is full. */
    char id[VBLK_ID_BYTES];
};

/** What to make a disk of. Pointers stay in use, except `disk`. */
struct vblk_config {
    const struct guestmem *mem;
    const struct vblk_ops *ops;
    void *context;
    const struct vblk_disk *disk;
    /** Features of the rings to offer, and features that the driver must accept. */
    uint64_t features;
    uint64_t required;
    /** One queue of queue_entries entries, as many slots, and VBLK_SEGMENTS() segments. */
    struct virtq *queue;
    unsigned queue_entries;
    struct vblk_slot *slots;
    struct chain_segment *segments;
    vdev_report *report;
    void *report_context;
};

/** A request that is with the backing. */
struct vblk_slot {
    /** Without its segments. */
    struct chain chain;
    struct host_ptr status;
    uint64_t written;
    uint16_t next_free;
};

/** A disk. `dev` is for the transport and for statistics. */
struct vblk {
    struct vdev dev;
    const struct vblk_ops *ops;
    void *context;
    struct vblk_disk disk;
    struct vblk_slot *slots;
    unsigned slot_count;
    uint16_t free;
    unsigned in_flight;
    /** The driver wants writes to be stable when they are answered. */
    bool write_through;
    /** A reset waits for the backing. */
    bool stopping;
    /** The buffer in `chain` was taken, and waits for room. */
    bool blocked;
    struct chain chain;
    /** What is in `chain`: the request, where its status goes, bytes that are written when it is
     *  done. */
    struct vblk_request request;
    struct host_ptr status;
    uint64_t written;
};

/**
 * Make a disk; give `dev` a transport next.
 * Errors: VIRTIO_ERR_ARGUMENT for a disk that cannot be, and those of vdev_init().
 */
enum virtio_error vblk_init(struct vblk *blk, const struct vblk_config *config);

/**
 * A request that was submitted is done. Ignored for a tag that is not in flight. Call
 * vblk_completed() behind the last of a batch.
 */
void vblk_complete(struct vblk *blk, uint16_t tag, enum vblk_status status);

/** After vblk_complete(): interrupt the driver if it wants that. */
void vblk_completed(struct vblk *blk);

/** There is room again for what `submit` refused. */
void vblk_resume(struct vblk *blk);

/** What `quiesce` was called for is so. */
void vblk_quiesced(struct vblk *blk);

#endif
