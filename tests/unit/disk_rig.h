/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of virtIO disks against the model of one: both ends of the same specification. The
 * driver's registers and memory are a guest's.
 */
#ifndef TESTS_DISK_RIG_H
#define TESTS_DISK_RIG_H

#include <virtio/vblk.h>

#include "drivers/block/virtio_blk.h"
#include "virtio_world.h"

/* The driver's memory has room for so many slots. */
#define DISK_RIG_SLOTS 64u
#define DISK_RIG_MEMORY_AT WORLD_TABLES_AT
#define DISK_RIG_MEMORY_BYTES 0x80000u
/* Where requests have their data, 0x1000 bytes for each identifier. */
#define DISK_RIG_DATA_AT WORLD_DATA_AT
#define DISK_RIG_SECTORS 2048u
#define DISK_RIG_KEPT 256u
#define DISK_RIG_LIFETIME_BYTES 6u

struct disk_rig {
    struct world world;
    struct vblk_disk disk;
    /* What the device offers. */
    uint64_t features;
    /* What the driver says of the disk. */
    struct block_info info;
    /* What the device was sent, how many of it flushes, and whether it answers at once. */
    struct vblk_request kept[DISK_RIG_KEPT];
    unsigned int kept_count;
    unsigned int flushes;
    bool at_once;
    /* How often the driver notified it. */
    unsigned int notifies;
    /* A device that does not come out of a reset. */
    bool stuck;
    /* The last member: a sanitizer sees what is behind it. */
    struct virtio_blk driver;
};

extern struct disk_rig disk_rig;
extern struct vblk disk_rig_blk;

/* How worn it is: pre_eol_info, device_lifetime_est_typ_a and _b (5.2.6). */
extern const uint8_t disk_rig_lifetime[DISK_RIG_LIFETIME_BYTES];

/* What is on the disk. */
extern uint8_t disk_rig_contents[DISK_RIG_SECTORS * 512u];

/* For each test: a device that answers at once, and its driver, started. */
int disk_rig_setup(void **state);
int disk_rig_teardown(void **state);

/* A new device on the disk as it is described now. */
void disk_rig_make_device(void);

/* The driver starts, with so much memory. */
enum virtio_device_error disk_rig_start(size_t bytes);

/* The device answers the request that it was sent as number `number`. */
void disk_rig_finish(unsigned int number);

/* A request to the driver, whose data is in two pieces. */
void disk_rig_submit(uint32_t id, uint8_t kind, uint8_t flags, uint64_t sector, uint64_t bytes,
                     uint16_t owner);

/* The next answer of the driver, or there is none. */
void disk_rig_expect(uint32_t id, enum block_status status);
void disk_rig_expect_none(void);

#endif
