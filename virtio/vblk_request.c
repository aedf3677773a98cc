/* SPDX-License-Identifier: BSD-2-Clause */
#include "vblk_internal.h"

/* Types of requests (5.2.6). */
#define TYPE_IN 0U
#define TYPE_OUT 1U
#define TYPE_FLUSH 4U
#define TYPE_GET_ID 8U
#define TYPE_GET_LIFETIME 10U
#define TYPE_DISCARD 11U
#define TYPE_WRITE_ZEROES 13U

/* The range of a request to discard or to write zeros. */
#define RANGE_UNMAP 1U
/* Most bytes of a request's data, so that sums with sectors do not overflow. */
#define MAX_BYTES ((uint64_t)1 << 41)

/* What begins a request. */
struct header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

struct range {
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

/* Take the last writable byte off the chain: it is the status. False: there is none. */
static bool take_status(struct chain *chain, struct host_ptr *status)
{
    struct chain_segment *last;

    if (chain->count == chain->readable) {
        return false;
    }
    last = &chain->segments[chain->count - 1];
    status->ptr = last->host.ptr + (last->bytes - 1);
    last->bytes--;
    chain->writable_bytes.bytes--;
    if (last->bytes == 0) {
        chain->count--;
    }
    return true;
}

/* The readable segments from the reader's place on, trimmed. */
static void rest_of(struct chain *chain, const struct chain_reader *reader,
                    struct vblk_request *request)
{
    request->segments = chain->segments + reader->segment;
    request->count = chain->readable - reader->segment;
    if (reader->offset != 0) {
        struct chain_segment *first = &chain->segments[reader->segment];

        first->host.ptr += reader->offset;
        first->guest.value += reader->offset;
        first->bytes -= reader->offset;
    }
}

static enum vblk_status decode_range(struct vblk *blk, struct chain_reader *reader,
                                     struct vblk_request *request)
{
    bool discard = request->kind == VBLK_DISCARD;
    uint32_t most = discard ? blk->disk.max_discard : blk->disk.max_zero;
    struct range range;

    /* VIO-BLK-06: flags that are not known; a discard has none. */
    if (blk->chain.readable_bytes.bytes != sizeof(struct header) + sizeof range ||
        chain_read(reader, &range, sizeof range) != sizeof range) {
        return VBLK_IOERR;
    }
    if ((range.flags & ~(discard ? 0 : RANGE_UNMAP)) != 0) {
        return VBLK_UNSUPP;
    }
    if (range.sectors == 0 || range.sectors > most) {
        return VBLK_IOERR;
    }
    request->unmap = (range.flags & RANGE_UNMAP) != 0;
    request->sector = range.sector;
    request->bytes = (uint64_t)range.sectors * VBLK_SECTOR;
    request->stable = !discard && blk->write_through;
    return VBLK_OK;
}

static enum vblk_status decode_data(struct vblk *blk, const struct chain_reader *reader,
                                    struct vblk_request *request)
{
    struct chain *chain = &blk->chain;

    if (request->kind == VBLK_READ) {
        request->segments = chain->segments + chain->readable;
        request->count = (unsigned)(chain->count - chain->readable);
        request->bytes = chain->writable_bytes.bytes;
    } else {
        rest_of(chain, reader, request);
        request->bytes = chain->readable_bytes.bytes - sizeof(struct header);
        request->stable = blk->write_through;
    }
    if (request->bytes == 0 || request->bytes % blk->disk.block_bytes != 0 ||
        request->bytes > MAX_BYTES || request->count > blk->disk.max_segments) {
        return VBLK_IOERR;
    }
    return VBLK_OK;
}

/* The backing writes it, in the disk's format, which is the driver's. */
static enum vblk_status decode_lifetime(struct vblk *blk, struct vblk_request *request)
{
    struct chain *chain = &blk->chain;

    request->sector = 0;
    request->segments = chain->segments + chain->readable;
    request->count = (unsigned)(chain->count - chain->readable);
    request->bytes = chain->writable_bytes.bytes;
    if (request->bytes != VBLK_LIFETIME_BYTES || request->count > blk->disk.max_segments) {
        return VBLK_IOERR;
    }
    blk->written = VBLK_LIFETIME_BYTES;
    return VBLK_OK;
}

static enum vblk_status answer_id(struct vblk *blk)
{
    struct chain_writer writer = chain_writer(&blk->chain);

    blk->written = chain_write(&writer, blk->disk.id, VBLK_ID_BYTES);
    return VBLK_OK;
}

enum vblk_decoded vblk_request_decode(struct vblk *blk, enum vblk_status *status)
{
    struct chain_reader reader = chain_reader(&blk->chain);
    struct vblk_request *request = &blk->request;
    struct header header;

    blk->written = 0;
    if (!take_status(&blk->chain, &blk->status)) {
        return VBLK_DECODED_NONSENSE;
    }
    if (chain_read(&reader, &header, sizeof header) != sizeof header) {
        *status = VBLK_IOERR;
        return VBLK_DECODED_ANSWERED;
    }
    *request = (struct vblk_request){ .sector = header.sector };
    switch (header.type) {
    case TYPE_IN:
        request->kind = VBLK_READ;
        *status = decode_data(blk, &reader, request);
        blk->written = blk->chain.writable_bytes.bytes;
        break;
    case TYPE_OUT:
        request->kind = VBLK_WRITE;
        /* VIO-BLK-01 */
        *status = blk->disk.read_only ? VBLK_IOERR : decode_data(blk, &reader, request);
        break;
    case TYPE_FLUSH:
        request->kind = VBLK_FLUSH;
        if (!blk->disk.flush) {
            *status = VBLK_OK;
            return VBLK_DECODED_ANSWERED;
        }
        request->sector = 0;
        return VBLK_DECODED_SUBMIT;
    case TYPE_DISCARD:
    case TYPE_WRITE_ZEROES:
        request->kind = header.type == TYPE_DISCARD ? VBLK_DISCARD : VBLK_ZERO;
        if (!vdev_has(&blk->dev,
                      header.type == TYPE_DISCARD ? VBLK_F_DISCARD : VBLK_F_WRITE_ZEROES)) {
            *status = VBLK_UNSUPP;
            return VBLK_DECODED_ANSWERED;
        }
        *status = decode_range(blk, &reader, request);
        break;
    case TYPE_GET_LIFETIME:
        request->kind = VBLK_LIFETIME;
        if (!vdev_has(&blk->dev, VBLK_F_LIFETIME)) {
            *status = VBLK_UNSUPP;
            return VBLK_DECODED_ANSWERED;
        }
        *status = decode_lifetime(blk, request);
        break;
    case TYPE_GET_ID:
        *status = answer_id(blk);
        return VBLK_DECODED_ANSWERED;
    default:
        /* VIO-BLK-02 */
        *status = VBLK_UNSUPP;
        return VBLK_DECODED_ANSWERED;
    }
    return *status == VBLK_OK ? VBLK_DECODED_SUBMIT : VBLK_DECODED_ANSWERED;
}
