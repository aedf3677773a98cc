/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/chain.h>

/* A chain's whole length is at most this (2.7.5.2). */
#define CHAIN_MAX_BYTES ((uint64_t)1 << 32)

void chain_init(struct chain *chain, struct chain_segment *segments, uint16_t capacity)
{
    *chain = (struct chain){ .segments = segments, .capacity = capacity };
}

void chain_clear(struct chain *chain)
{
    chain->readable = 0;
    chain->count = 0;
    chain->in_flight = false;
    chain->readable_bytes.bytes = 0;
    chain->writable_bytes.bytes = 0;
}

/* Add a segment for each range that an element is in. */
static enum virtio_error __attribute__((noinline))
add_pieces(struct chain *chain, const struct guestmem *mem, struct gpa at, uint32_t bytes)
{
    struct length left = { bytes };

    while (left.bytes != 0) {
        struct chain_segment *segment = &chain->segments[chain->count];
        struct length part;
        enum virtio_error error;

        if (chain->count == chain->capacity) {
            return VIRTIO_ERR_CHAIN;
        }
        error = guestmem_find(mem, at, left, &segment->host, &part);
        if (error != VIRTIO_OK) {
            return error;
        }
        segment->guest = at;
        segment->bytes = (uint32_t)part.bytes;
        chain->count++;
        at.value += part.bytes;
        left.bytes -= part.bytes;
    }
    return VIRTIO_OK;
}

enum virtio_error chain_add(struct chain *chain, const struct guestmem *mem, struct gpa at,
                            uint32_t bytes, bool writable)
{
    unsigned char *whole = guestmem_first(mem, at, bytes);

    if (!writable && chain->count != chain->readable) {
        return VIRTIO_ERR_ORDER;
    }
    if (chain->readable_bytes.bytes + chain->writable_bytes.bytes + bytes > CHAIN_MAX_BYTES) {
        return VIRTIO_ERR_LENGTH;
    }
    if (whole != NULL && bytes != 0 && chain->count != chain->capacity) {
        chain->segments[chain->count++] = (struct chain_segment){ { whole }, at, bytes };
    } else {
        enum virtio_error error = add_pieces(chain, mem, at, bytes);

        if (error != VIRTIO_OK) {
            return error;
        }
    }
    if (writable) {
        chain->writable_bytes.bytes += bytes;
    } else {
        chain->readable_bytes.bytes += bytes;
        chain->readable = chain->count;
    }
    return VIRTIO_OK;
}

/* VIO-SPLIT-03, VIO-PACKED-04: a reader ends where the writable segments begin. */
struct chain_reader chain_reader(const struct chain *chain)
{
    return (struct chain_reader){ .chain = chain };
}

/* VIO-SPLIT-02, VIO-PACKED-03: a writer begins behind the readable segments. */
struct chain_writer chain_writer(const struct chain *chain)
{
    return (struct chain_writer){ .chain = chain, .segment = chain->readable };
}

size_t chain_peek(const struct chain_reader *reader, const void **data)
{
    const struct chain_segment *segment;

    if (reader->segment == reader->chain->readable) {
        return 0;
    }
    segment = &reader->chain->segments[reader->segment];
    *data = segment->host.ptr + reader->offset;
    return segment->bytes - reader->offset;
}

struct gpa chain_where(const struct chain_reader *reader)
{
    struct gpa at = reader->chain->segments[reader->segment].guest;

    at.value += reader->offset;
    return at;
}

void chain_skip(struct chain_reader *reader, size_t bytes)
{
    reader->offset += (uint32_t)bytes;
    if (reader->offset == reader->chain->segments[reader->segment].bytes) {
        reader->segment++;
        reader->offset = 0;
    }
}

size_t chain_room(const struct chain_writer *writer, void **data)
{
    const struct chain_segment *segment;

    if (writer->segment == writer->chain->count) {
        return 0;
    }
    segment = &writer->chain->segments[writer->segment];
    *data = segment->host.ptr + writer->offset;
    return segment->bytes - writer->offset;
}

void chain_fill(struct chain_writer *writer, size_t bytes)
{
    writer->written += bytes;
    writer->offset += (uint32_t)bytes;
    if (writer->offset == writer->chain->segments[writer->segment].bytes) {
        writer->segment++;
        writer->offset = 0;
    }
}

size_t chain_pass(struct chain_writer *writer, size_t bytes)
{
    size_t left = bytes;
    void *at;

    for (size_t room = chain_room(writer, &at); left != 0 && room != 0;
         room = chain_room(writer, &at)) {
        room = room < left ? room : left;
        chain_fill(writer, room);
        left -= room;
    }
    return bytes - left;
}

static size_t __attribute__((noinline))
read_pieces(struct chain_reader *reader, void *to, size_t bytes)
{
    const struct chain *chain = reader->chain;
    unsigned char *place = to;
    size_t left = bytes;

    while (left != 0 && reader->segment != chain->readable) {
        const struct chain_segment *segment = &chain->segments[reader->segment];
        size_t part = segment->bytes - reader->offset;
        const unsigned char *from = segment->host.ptr + reader->offset;

        if (part > left) {
            part = left;
            reader->offset += (uint32_t)part;
        } else {
            reader->segment++;
            reader->offset = 0;
        }
        __builtin_memcpy(place, from, part);
        place += part;
        left -= part;
    }
    return bytes - left;
}

size_t chain_read(struct chain_reader *reader, void *to, size_t bytes)
{
    const void *from;

    if (bytes != 0 && chain_peek(reader, &from) >= bytes) {
        __builtin_memcpy(to, from, bytes);
        chain_skip(reader, bytes);
    } else {
        bytes = read_pieces(reader, to, bytes);
    }
    /* From here on the compiler must take the copy, and not look at the guest's memory again. */
    __asm__ volatile("" : : "r"(to) : "memory");
    return bytes;
}

static size_t __attribute__((noinline))
write_pieces(struct chain_writer *writer, const void *from, size_t bytes)
{
    const struct chain *chain = writer->chain;
    const unsigned char *place = from;
    size_t left = bytes;

    while (left != 0 && writer->segment != chain->count) {
        const struct chain_segment *segment = &chain->segments[writer->segment];
        size_t part = segment->bytes - writer->offset;
        unsigned char *to = segment->host.ptr + writer->offset;

        if (part > left) {
            part = left;
            writer->offset += (uint32_t)part;
        } else {
            writer->segment++;
            writer->offset = 0;
        }
        __builtin_memcpy(to, place, part);
        place += part;
        left -= part;
    }
    writer->written += bytes - left;
    return bytes - left;
}

size_t chain_write(struct chain_writer *writer, const void *from, size_t bytes)
{
    void *to;

    if (bytes == 0 || chain_room(writer, &to) < bytes) {
        return write_pieces(writer, from, bytes);
    }
    __builtin_memcpy(to, from, bytes);
    chain_fill(writer, bytes);
    return bytes;
}
