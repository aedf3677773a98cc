/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of the block class: requests from a client to a server, and answers back, in one shared
 * region. A client and the virtualiser have such a connection, and so have the virtualiser and the
 * driver of a disk. Plain C, no kernel, no allocation; this header is the manual of the format.
 *
 * The region begins zeroed and is aligned to a page:
 *
 *     offset            who writes  what
 *          0            server      struct block_info, then `ready` (enum block_disk)
 *       0x80            server      struct block_stats, by the virtualiser; zeros by drivers
 *      0x200            client      `quiesce`
 *      0x240            server      `quiesced`
 *      0x248            server      `opened`: low half, its position in the ring of requests when
 * it opened its end; high half, the epoch that began then 0x1000            both        ring of
 * answers (io/ring/ring.h), BLOCK_ANSWER_BYTES 0x3000 to the end both        ring of requests
 *
 * A request is BLOCK_HEADER_SLOTS slots and one for each segment:
 *
 *     word 0   bits 0-31 id, 32-39 kind, 40-47 flags, 48-63 number of segments
 *     word 1   first sector, of 512 bytes
 *     word 2   bytes: of the segments together, or of the range
 *     word 3   bits 0-15 owner
 *     segment: word 0 address, word 1 bytes
 *
 * and an answer one slot: word 0 bits 0-31 id, 32-39 status; word 1 bytes that were moved.
 *
 * Requests are in flight together, and are answered once each, in any order. Reads and writes that
 * overlap and are in flight together happen in any order. BLOCK_FLUSH makes stable what was
 * answered before it was sent. A request with BLOCK_FLAG_BARRIER begins when all that were sent
 * before it are answered, and those behind it begin when it is answered itself.
 *
 * Addresses are the server's affair: for the virtualiser they are offsets in the memory that the
 * description lets the client use for data, for a driver whatever it can reach memory by. The
 * memory of a segment belongs to the server until the answer.
 *
 * Quiesce. A client that wants its memory back, or that starts anew, adds 1 to the upper 48 bits of
 * `quiesce` and notifies. The server answers everything that it has taken or can take with what
 * became of it, or with BLOCK_ABORTED, and writes the same word into `quiesced` when no answer is
 * left and nothing of the client's memory is in use any more. The lower 16 bits are the owner whose
 * requests are meant; between a client and the virtualiser that is always 0.
 *
 * Restart. A server that starts anew takes up what was sent and not taken. What its earlier life
 * had taken and not answered is lost: the client sees by `opened` that there is a new life, and
 * where it begins, and ends what was sent before. A driver makes sure that its device reaches no
 * memory any more before it opens its end.
 *
 * Trust: none. The server copies a request out before it looks at it, and checks all of it; the
 * client knows which ids it has sent, and forgets an answer with another one.
 */
#ifndef IO_BLOCK_QUEUE_H
#define IO_BLOCK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/ring/ring.h"

#define BLOCK_SECTOR 512u
/** Segments of a request. */
#define BLOCK_MAX_SEGMENTS 256u
/** Requests of a client that are not answered. */
#define BLOCK_MAX_IN_FLIGHT 256u
/** Bytes of a request's data or range: they and a sector fit into 64 bits, whatever the sector. */
#define BLOCK_MAX_BYTES (1ull << 41)
#define BLOCK_HEADER_SLOTS 2u
#define BLOCK_ID_BYTES 20u
#define BLOCK_LIFETIME_BYTES 6u

#define BLOCK_ANSWERS 0x1000u
#define BLOCK_ANSWER_BYTES 0x2000u
#define BLOCK_REQUESTS (BLOCK_ANSWERS + BLOCK_ANSWER_BYTES)
/** A connection has at least this: room for the largest request. */
#define BLOCK_MIN_BYTES (BLOCK_REQUESTS + 0x3000u)

enum block_kind {
    BLOCK_READ = 1,
    BLOCK_WRITE = 2,
    BLOCK_FLUSH = 3,
    BLOCK_DISCARD = 4,
    BLOCK_ZERO = 5,
    /** To write BLOCK_LIFETIME_BYTES that say how worn the disk is, as virtIO 1.2 has them (5.2.6).
     */
    BLOCK_LIFETIME = 6,
    BLOCK_KIND_COUNT
};

/** @{ Flags of a request. */
/** BLOCK_WRITE, BLOCK_ZERO: stable when it is answered. */
#define BLOCK_FLAG_STABLE 1u
/** BLOCK_ZERO: the server may give the storage back. */
#define BLOCK_FLAG_UNMAP 2u
#define BLOCK_FLAG_BARRIER 4u
/** @} */

enum block_status {
    BLOCK_DONE = 0,
    /** The disk could not do it, or not all of it. */
    BLOCK_FAILED = 1,
    /** A kind that the server has not (block_info.flags). */
    BLOCK_UNSUPPORTED = 2,
    /** A range, a segment or a number that cannot be. */
    BLOCK_INVALID = 3,
    BLOCK_READ_ONLY = 4,
    /** It was withdrawn by a quiesce. */
    BLOCK_ABORTED = 5,
    /** It was not done by its deadline. */
    BLOCK_LATE = 6,
    BLOCK_STATUS_COUNT
};

/** @{ block_info.flags. */
#define BLOCK_INFO_READ_ONLY 1u
/** There is a cache that BLOCK_FLUSH empties. */
#define BLOCK_INFO_FLUSH 2u
#define BLOCK_INFO_DISCARD 4u
#define BLOCK_INFO_ZERO 8u
/** The disk knows how worn it is. */
#define BLOCK_INFO_LIFETIME 16u
/** @} */

/** What the server has said of the disk. */
enum block_disk {
    /** Nothing yet. */
    BLOCK_DISK_UNKNOWN = 0,
    /** block_info holds. */
    BLOCK_DISK_THERE = 1,
    /** There is none for this client, and will not be. */
    BLOCK_DISK_NONE = 2,
};

/** What the disk is like. Zero where the server does not know. */
struct block_info {
    uint64_t sectors;
    /** Smallest unit of a request, and the one that the disk writes without reading. */
    uint32_t logical_bytes;
    uint32_t physical_bytes;
    uint32_t flags;
    /** Segments of a request, at most BLOCK_MAX_SEGMENTS. */
    uint32_t max_segments;
    /** Bytes of a segment. */
    uint32_t max_segment_bytes;
    /** Requests in flight, at most BLOCK_MAX_IN_FLIGHT. */
    uint32_t depth;
    /** Sectors of a BLOCK_DISCARD, of a BLOCK_ZERO, and their alignment. */
    uint32_t max_discard;
    uint32_t max_zero;
    uint32_t discard_alignment;
    uint32_t reserved;
    char id[BLOCK_ID_BYTES];
    uint32_t reserved_end;
};

/** What the virtualiser counts of a client, from its start on. */
struct block_stats {
    /** Answered, by kind (enum block_kind; 0: no kind that there is). */
    uint64_t requests[BLOCK_KIND_COUNT];
    uint64_t bytes_read;
    uint64_t bytes_written;
    /** Answered, by status. */
    uint64_t statuses[BLOCK_STATUS_COUNT];
    uint64_t quiesces;
    /** Times that a limit held a request back. */
    uint64_t held;
    /** Requests that failed because the driver was restarted. */
    uint64_t lost;
};

/** The first page of a connection. */
struct block_shared {
    struct block_info info;
    uint64_t ready;
    uint8_t info_reserved[0x80 - sizeof(struct block_info) - 8];
    struct block_stats stats;
    uint8_t server_reserved[0x200 - 0x80 - sizeof(struct block_stats)];
    uint64_t quiesce;
    uint8_t client_reserved[0x38];
    uint64_t quiesced;
    uint64_t opened;
};

_Static_assert(sizeof(struct block_info) == 72, "layout");
_Static_assert(offsetof(struct block_shared, stats) == 0x80, "layout");
_Static_assert(offsetof(struct block_shared, quiesce) == 0x200, "layout");
_Static_assert(offsetof(struct block_shared, quiesced) == 0x240, "layout");
_Static_assert(offsetof(struct block_shared, opened) == 0x248, "layout");

struct block_segment {
    uint64_t address;
    uint64_t bytes;
};

_Static_assert(sizeof(struct block_segment) == sizeof(struct ring_slot), "a segment is a slot");

struct block_request {
    uint32_t id;
    uint8_t kind;
    uint8_t flags;
    uint16_t segments;
    uint64_t sector;
    uint64_t bytes;
    uint16_t owner;
};

struct block_answer {
    uint32_t id;
    uint8_t status;
    uint64_t bytes;
};

/** @{ Between the structs and their slots. */
void block_queue_pack(const struct block_request *request, struct ring_slot to[BLOCK_HEADER_SLOTS]);
void block_queue_unpack(const struct ring_slot from[BLOCK_HEADER_SLOTS],
                        struct block_request *request);
/** @} */

/** Is this a region for a connection? It is aligned, and not too small. */
bool block_queue_fits(const void *memory, size_t bytes);

#endif
