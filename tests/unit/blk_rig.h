/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk in its world, whose backing keeps requests until a test completes them, and its driver. */
#ifndef TESTS_BLK_RIG_H
#define TESTS_BLK_RIG_H

#include <virtio/vblk.h>

#include "virtio_rig.h"

#define BLK_RIG_ENTRIES 16U
#define BLK_RIG_SECTORS 2048U
#define BLK_RIG_MOST 64U

/* Where a request's parts are. */
#define BLK_RIG_HEADER_AT WORLD_DATA_AT
#define BLK_RIG_STATUS_AT (WORLD_DATA_AT + 0x1000)
#define BLK_RIG_BUFFER_AT (WORLD_DATA_AT + 0x2000)
/* The status before the device has written it. */
#define BLK_RIG_UNSET 0xee

struct blk_rig {
    struct vblk blk;
    struct vblk_disk disk;
    /* What the backing was sent, and how many more it takes. */
    struct vblk_request requests[BLK_RIG_MOST];
    struct chain_segment data[BLK_RIG_MOST][VBLK_SEGMENTS(BLK_RIG_ENTRIES)];
    unsigned count;
    unsigned room;
    unsigned ends;
    unsigned quiesces;
    /* Whether it is quiet at once. */
    bool quiet;
};

extern struct blk_rig blk_rig;

/* For each test; virtio_rig_teardown() ends it. */
int blk_rig_setup(void **state);

/* A new device on the disk as it is described now. */
enum virtio_error blk_rig_make(void);

/* Bytes, and a request's header, in the guest's memory. */
void blk_rig_put(uint64_t at, const void *from, size_t bytes);
void blk_rig_header(uint64_t at, uint32_t type, uint64_t sector);

/* A request in three descriptors, number n of them at places of their own. */
void blk_rig_ask(unsigned n, uint32_t type, uint64_t sector, uint32_t bytes);
unsigned blk_rig_status(unsigned n);

/* The next buffer that comes back is request n, with so many bytes; or none does. */
void blk_rig_expect(unsigned n, uint32_t written, unsigned status);
void blk_rig_expect_none(void);

/* The backing is done with a request that it was sent. */
void blk_rig_complete(unsigned number, enum vblk_status status);

#endif
