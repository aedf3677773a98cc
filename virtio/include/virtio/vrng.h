/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtIO entropy device (5.4): fills the guest's buffers with random bytes, a bounded number
 * each.
 */
#ifndef VIRTIO_VRNG_H
#define VIRTIO_VRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/vdev.h>

/** Most bytes that one buffer is given; the rest of it stays as it is. */
#define VRNG_MAX_BYTES 256U

/** Where random bytes come from. */
struct vrng_ops {
    /**
     * Put up to `bytes` random bytes, at most VRNG_MAX_BYTES, at `to`. Returns how many; with 0 the
     * buffer waits for vrng_resume().
     */
    size_t (*fill)(void *context, void *to, size_t bytes);
};

/** What to make an entropy device of. Pointers stay in use. */
struct vrng_config {
    const struct guestmem *mem;
    const struct vrng_ops *ops;
    void *context;
    /** Features of the rings to offer, and features that the driver must accept. */
    uint64_t features;
    uint64_t required;
    /** One queue, of queue_entries entries, and as many segments. */
    struct virtq *queue;
    unsigned queue_entries;
    struct chain_segment *segments;
    vdev_report *report;
    void *report_context;
};

/** An entropy device. `dev` is for the transport and for statistics. */
struct vrng {
    struct vdev dev;
    const struct vrng_ops *ops;
    void *context;
    /** A buffer waits for random bytes, in `chain`. */
    struct chain chain;
};

/** Make an entropy device; give `dev` a transport next. Errors: those of vdev_init(). */
enum virtio_error vrng_init(struct vrng *rng, const struct vrng_config *config);

/** There are random bytes again. */
void vrng_resume(struct vrng *rng);

#endif
