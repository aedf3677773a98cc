/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory as a device model sees it: a few ranges of guest-physical addresses, each of
 * them mapped at some place of ours. A guest-physical address, a pointer of ours and a length are
 * distinct types, so that one cannot be taken for another.
 *
 * The ranges must stay mapped and unchanged for as long as a queue or chain that was built upon
 * them is used. Whatever lies behind them is written by the guest at any moment.
 */
#ifndef VIRTIO_GUESTMEM_H
#define VIRTIO_GUESTMEM_H

#include <stdbool.h>
#include <stdint.h>

#include <virtio/virtio_error.h>

/** A guest-physical address. */
struct gpa {
    uint64_t value;
};

/** A place in our own address space at which guest memory is mapped. */
struct host_ptr {
    unsigned char *ptr;
};

/** A number of bytes. */
struct length {
    uint64_t bytes;
};

/** Most ranges of one guest. */
#define GUESTMEM_MAX_RANGES 8U

/** One range of guest RAM. */
struct guestmem_range {
    struct gpa start;
    struct length size;
    struct host_ptr host;
};

/** All RAM of one guest. Filled by guestmem_init(). */
struct guestmem {
    struct guestmem_range ranges[GUESTMEM_MAX_RANGES];
    unsigned count;
};

/**
 * Take over the ranges of a guest (they are copied).
 *
 * Errors: VIRTIO_ERR_ARGUMENT when there are none or more than GUESTMEM_MAX_RANGES of them, when
 * one is empty, has no host pointer, ends beyond the 64-bit space, or overlaps another.
 */
enum virtio_error guestmem_init(struct guestmem *mem, const struct guestmem_range *ranges,
                                unsigned count);

/**
 * Find where `size` bytes at `at` are mapped, or as many of them as lie in one range: `part` is at
 * least 1 and at most `size`. Ranges that adjoin in the guest need not adjoin here, so a caller
 * that wants the rest asks again.
 *
 * Errors: VIRTIO_ERR_ADDRESS when `size` is 0, when `at` + `size` wraps around, or when the first
 * byte is not RAM. `host` and `part` are written only with VIRTIO_OK.
 */
enum virtio_error guestmem_find(const struct guestmem *mem, struct gpa at, struct length size,
                                struct host_ptr *host, struct length *part);

/**
 * Where all of `bytes` bytes at `at` are mapped, if they are in the guest's first range; else NULL.
 * Most guests have no other.
 */
static inline unsigned char *guestmem_first(const struct guestmem *mem, struct gpa at,
                                            uint64_t bytes)
{
    const struct guestmem_range *range = &mem->ranges[0];
    /* Of an address below the range this is more than its size, too. */
    uint64_t offset = at.value - range->start.value;

    return offset < range->size.bytes && bytes <= range->size.bytes - offset
               ? range->host.ptr + offset
               : (unsigned char *)0;
}

/**
 * Find where all of `size` bytes at `at` are mapped in one piece.
 *
 * Errors: VIRTIO_ERR_ADDRESS as guestmem_find(), and when they are not all in one range. `host` is
 * written only with VIRTIO_OK.
 */
enum virtio_error guestmem_map(const struct guestmem *mem, struct gpa at, struct length size,
                               struct host_ptr *host);

#endif
