/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest around a device, for tests and fuzz targets: RAM in ranges of which each is a heap block
 * of its own (so that the sanitizer sees every byte outside), a register page, an interrupt status
 * word, and the driver's way through initialisation.
 *
 *   0x40000000  512 KiB: queues, 0x8000 each from the start, data from 0x40040000 on
 *   0x50000000   64 KiB and 0x50010000 64 KiB: adjoining in the guest, apart here
 *   0x60000000  512 KiB: indirect tables
 */
#ifndef TESTS_VIRTIO_WORLD_H
#define TESTS_VIRTIO_WORLD_H

#include <virtio/spec.h>
#include <virtio/vdev.h>
#include <virtio/vmmio.h>

#include "virtio_driver.h"

#define WORLD_QUEUES_AT 0x40000000ULL
#define WORLD_DATA_AT 0x40040000ULL
#define WORLD_DATA_BYTES 0x40000U
#define WORLD_SECOND_AT 0x50000000ULL
#define WORLD_SECOND_BYTES 0x10000U
#define WORLD_THIRD_AT 0x50010000ULL
#define WORLD_TABLES_AT 0x60000000ULL
#define WORLD_RANGES 4
#define WORLD_QUEUE_BYTES 0x8000U
#define WORLD_MAX_QUEUES 8U
#define WORLD_MAX_EVENTS 64

/* All that the core can do for rings. */
#define WORLD_RINGS (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

struct world {
    struct guestmem mem;
    unsigned char *ram[WORLD_RANGES];
    uint32_t page[VMMIO_PAGE_BYTES / 4];
    struct vmmio mmio;
    struct vmmio_ops ops;
    /* What the device did. */
    unsigned raised_used;
    unsigned raised_config;
    unsigned lowered;
    unsigned quiesced;
    unsigned pauses;
    unsigned resumes;
    unsigned published;
    unsigned reports;
    enum virtio_error reported;
    unsigned reported_queue;
    /* Status and generation that the guest would have read when the last interrupt was raised. */
    uint32_t status_at_raise;
    uint32_t generation_at_raise;
    /* The last member. */
    struct driver_ring rings[WORLD_MAX_QUEUES];
};

/* Fresh RAM, all zero. */
void world_init(struct world *world);
/* All but the RAM, for who has RAM of his own. */
void world_init_without_ram(struct world *world);
void world_free(struct world *world);

/* Put the transport around a device. */
void world_attach(struct world *world, struct vdev *dev);

/* Report function; its context is the world. */
void world_report(void *context, const struct vdev *dev, unsigned queue, enum virtio_error error);

/* The guest's RAM at an address, which must be there. */
unsigned char *world_at(struct world *world, uint64_t at);

/* The guest loads and stores 32-bit registers. */
uint32_t world_load(const struct world *world, uint32_t offset);
enum vdev_answer world_store(struct world *world, uint32_t offset, uint32_t value);

/* Steps of a driver. Features are accepted exactly as given (VERSION_1 is added). */
void world_reset(struct world *world);
bool world_negotiate(struct world *world, uint64_t features);
void world_queue(struct world *world, unsigned queue, unsigned entries, uint64_t features);
void world_driver_ok(struct world *world);
/* All of it, with `queues` queues of `entries` entries. */
void world_boot(struct world *world, uint64_t features, unsigned queues, unsigned entries);

/* Publish what was added to a ring and kick if the device wants that. Returns whether it did. */
bool world_kick(struct world *world, unsigned queue);

#endif
