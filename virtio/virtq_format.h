/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two ring formats provide to virtq.c, and what they share. Private to virtio/.
 * The functions have the meaning of their namesakes in virtq.h, for a queue that is ready.
 */
#ifndef VIRTIO_VIRTQ_FORMAT_H
#define VIRTIO_VIRTQ_FORMAT_H

#include <virtio/virtq.h>

/** A descriptor as it was read, once. `next` is the buffer id in the packed format. */
struct virtq_desc {
    struct gpa at;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

/** Bytes of the driver and device areas, and their alignments. */
struct virtq_layout {
    uint32_t driver_bytes;
    uint32_t device_bytes;
    uint32_t driver_align;
    uint32_t device_align;
};

/** Read entry `index` of an indirect table, which need not be aligned. */
struct virtq_desc virtq_desc_from_table(const struct virtq *queue, struct host_ptr table,
                                        uint32_t index);

/**
 * Find the indirect table that `desc` refers to, and its number of entries.
 * Errors: VIRTIO_ERR_INDIRECT (not negotiated, continued by NEXT, empty, or its length is no
 * multiple of a descriptor's), VIRTIO_ERR_ADDRESS.
 */
enum virtio_error virtq_indirect_table(const struct virtq *queue, const struct virtq_desc *desc,
                                       struct host_ptr *table, uint32_t *entries);

void virtq_split_layout(uint16_t entries, struct virtq_layout *layout);
void virtq_split_start(struct virtq *queue);
bool virtq_split_any(const struct virtq *queue);
/* One format's registers are not to be saved for the other's work. */
__attribute__((noinline)) enum virtio_error virtq_split_pop(struct virtq *queue,
                                                            struct chain *chain);
void virtq_split_push(struct virtq *queue, const struct chain *chain, uint32_t written);
bool virtq_split_interrupt_due(const struct virtq *queue);
void virtq_split_suppress_kicks(struct virtq *queue);
bool virtq_split_want_kick(struct virtq *queue);

void virtq_packed_layout(struct virtq_layout *layout);
void virtq_packed_start(struct virtq *queue);
bool virtq_packed_any(const struct virtq *queue);
__attribute__((noinline)) enum virtio_error virtq_packed_pop(struct virtq *queue,
                                                             struct chain *chain);
void virtq_packed_push(struct virtq *queue, const struct chain *chain, uint32_t written);
bool virtq_packed_interrupt_due(const struct virtq *queue);
void virtq_packed_suppress_kicks(struct virtq *queue);
bool virtq_packed_want_kick(struct virtq *queue);

#endif
