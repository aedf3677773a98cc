/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of vblk.h share. */
#ifndef VIRTIO_VBLK_INTERNAL_H
#define VIRTIO_VBLK_INTERNAL_H

#include <virtio/vblk.h>

/* The configuration space (5.2.4). */
struct vblk_space {
    uint64_t capacity;
    uint32_t size_max;
    uint32_t seg_max;
    uint8_t geometry[4];
    uint32_t blk_size;
    uint8_t physical_block_exp;
    uint8_t alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback;
    uint8_t unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors;
    uint32_t max_discard_seg;
    uint32_t discard_sector_alignment;
    uint32_t max_write_zeroes_sectors;
    uint32_t max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap;
    uint8_t unused1[3];
};

_Static_assert(offsetof(struct vblk_space, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct vblk_space, writeback) == 32, "5.2.4");
_Static_assert(offsetof(struct vblk_space, write_zeroes_may_unmap) == 56, "5.2.4");
_Static_assert(sizeof(struct vblk_space) == 64, "whole words");

/* What a buffer turned out to be. */
enum vblk_decoded {
    /* A request for the backing. */
    VBLK_DECODED_SUBMIT,
    /* The request's answer is known without the backing. */
    VBLK_DECODED_ANSWERED,
    /* The buffer is none for a request, and has no place for a status. */
    VBLK_DECODED_NONSENSE,
};

/* Take the buffer in blk->chain apart, into blk->request, ->status and ->written. `*status` is the
 * answer of VBLK_DECODED_ANSWERED. */
enum vblk_decoded vblk_request_decode(struct vblk *blk, enum vblk_status *status);

/* Can a disk be so? */
bool vblk_disk_is_valid(const struct vblk_disk *disk);

/* Features that a disk has. */
uint64_t vblk_disk_features(const struct vblk_disk *disk);

/* Show it in the configuration space. */
void vblk_disk_show(struct vblk *blk);

#endif
