/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A chain: the private snapshot of one buffer that a driver made available. Its descriptors were
 * each read once, checked, and turned into segments; nothing here looks at the ring again. The
 * segments that the device may read come first, those that it may write behind them.
 *
 * Data is reached through a reader or a writer, two types, so that a device cannot write to what
 * it may only read. How the driver divided a buffer into descriptors is invisible through them.
 */
#ifndef VIRTIO_CHAIN_H
#define VIRTIO_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/virtio_error.h>
#include <virtio/guestmem.h>

/** Part of a buffer, in one piece on both sides. */
struct chain_segment {
    struct host_ptr host;
    struct gpa guest;
    uint32_t bytes;
};

/** A buffer. Initialise with chain_init(), fill with virtq_pop(). */
struct chain {
    /** Storage of the caller, `capacity` entries. */
    struct chain_segment *segments;
    uint16_t capacity;
    /** Segments that the device may read: [0, readable). */
    uint16_t readable;
    /** All segments; [readable, count) are the ones that it may write. */
    uint16_t count;
    /** What the queue needs to give the buffer back. */
    uint16_t id;
    uint16_t slots;
    uint32_t epoch;
    /** Taken from the queue and not given back. */
    bool in_flight;
    /** Sums over the segments, at most 2^32 together. */
    struct length readable_bytes;
    struct length writable_bytes;
};

/** Reads a chain's device-readable bytes in order. */
struct chain_reader {
    const struct chain *chain;
    unsigned segment;
    uint32_t offset;
};

/** Writes a chain's device-writable bytes in order. */
struct chain_writer {
    const struct chain *chain;
    unsigned segment;
    uint32_t offset;
    /** Bytes written so far. */
    uint64_t written;
};

/**
 * Give a chain its storage: `capacity` segments, 1 to 65535, owned by the caller for as long as the
 * chain is used. A buffer costs a segment a descriptor, and one more where it goes from one range
 * of guest memory to the next.
 */
void chain_init(struct chain *chain, struct chain_segment *segments, uint16_t capacity);

/** Make the chain empty, for a new buffer. */
void chain_clear(struct chain *chain);

/**
 * Add a buffer element of `bytes` bytes at `at`. An element of 0 bytes adds nothing.
 *
 * Errors, of which each leaves a chain that must be cleared:
 *   VIRTIO_ERR_ADDRESS  not all of it is RAM of the guest
 *   VIRTIO_ERR_LENGTH   the sum would exceed 2^32 bytes
 *   VIRTIO_ERR_ORDER    it is readable, and a writable one came before
 *   VIRTIO_ERR_CHAIN    the storage is full
 */
enum virtio_error chain_add(struct chain *chain, const struct guestmem *mem, struct gpa at,
                            uint32_t bytes, bool writable);

/** A reader at the first readable byte. */
struct chain_reader chain_reader(const struct chain *chain);

/** A writer at the first writable byte. */
struct chain_writer chain_writer(const struct chain *chain);

/**
 * Copy up to `bytes` bytes out of the chain. Returns how many there were. They are private
 * after that: changes that the guest makes in its memory do not reach `to`.
 */
size_t chain_read(struct chain_reader *reader, void *to, size_t bytes);

/**
 * The next piece of readable memory in place: its length is returned and `data` points to it; 0 at
 * the end. The guest may change it at any moment, so it may be copied but not interpreted.
 */
size_t chain_peek(const struct chain_reader *reader, const void **data);

/** Where in the guest that piece is. Only after chain_peek() returned one. */
struct gpa chain_where(const struct chain_reader *reader);

/** Go on by `bytes`, at most what chain_peek() returned. */
void chain_skip(struct chain_reader *reader, size_t bytes);

/** Copy up to `bytes` bytes into the chain. Returns how many found room. */
size_t chain_write(struct chain_writer *writer, const void *from, size_t bytes);

/**
 * The next piece of writable memory in place: its length is returned and `data` points to it; 0 at
 * the end.
 */
size_t chain_room(const struct chain_writer *writer, void **data);

/** Say that `bytes`, at most what chain_room() returned, were written there. */
void chain_fill(struct chain_writer *writer, size_t bytes);

/** Say that up to `bytes` bytes were written in the chain. Returns how many found room. */
size_t chain_pass(struct chain_writer *writer, size_t bytes);

#endif
