/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_world.h"

#define ACKNOWLEDGED (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER)
#define NEGOTIATED (ACKNOWLEDGED | VIRTIO_STATUS_FEATURES_OK)

static const struct {
    uint64_t at;
    size_t bytes;
} ranges[WORLD_RANGES] = {
    { WORLD_QUEUES_AT, 0x80000 },
    { WORLD_SECOND_AT, WORLD_SECOND_BYTES },
    { WORLD_THIRD_AT, WORLD_SECOND_BYTES },
    { WORLD_TABLES_AT, 0x80000 },
};

static void op_raise(void *context, uint32_t bits)
{
    struct world *world = context;

    world->page[VIRTIO_MMIO_INTERRUPT_STATUS / 4] |= bits;
    world->status_at_raise = world->page[VIRTIO_MMIO_STATUS / 4];
    world->generation_at_raise = world->page[VIRTIO_MMIO_CONFIG_GENERATION / 4];
    if ((bits & VIRTIO_INTERRUPT_USED) != 0) {
        world->raised_used++;
    }
    if ((bits & VIRTIO_INTERRUPT_CONFIG) != 0) {
        world->raised_config++;
    }
}

static void op_lower(void *context, uint32_t bits)
{
    struct world *world = context;

    world->page[VIRTIO_MMIO_INTERRUPT_STATUS / 4] &= ~bits;
    world->lowered++;
}

static void op_publish(void *context, unsigned offset, unsigned bytes)
{
    struct world *world = context;

    if (offset + bytes > VMMIO_PAGE_BYTES) {
        abort();
    }
    world->published++;
}

static void op_pause(void *context)
{
    ((struct world *)context)->pauses++;
}

static void op_resume(void *context)
{
    ((struct world *)context)->resumes++;
}

static void op_quiesced(void *context)
{
    ((struct world *)context)->quiesced++;
}

void world_report(void *context, const struct vdev *dev, unsigned queue, enum virtio_error error)
{
    struct world *world = context;

    (void)dev;
    world->reports++;
    world->reported = error;
    world->reported_queue = queue;
}

void world_init_without_ram(struct world *world)
{
    /* The rings are large, and are initialised one by one. */
    memset(world, 0, offsetof(struct world, rings));
    world->ops = (struct vmmio_ops){
        .raise = op_raise,
        .lower = op_lower,
        .publish = op_publish,
        .pause = op_pause,
        .resume = op_resume,
        .quiesced = op_quiesced,
    };
}

void world_init(struct world *world)
{
    struct guestmem_range given[WORLD_RANGES];

    world_init_without_ram(world);
    for (unsigned i = 0; i < WORLD_RANGES; i++) {
        world->ram[i] = calloc(1, ranges[i].bytes);
        if (world->ram[i] == NULL) {
            abort();
        }
        given[i] = (struct guestmem_range){
            .start = { ranges[i].at },
            .size = { ranges[i].bytes },
            .host = { world->ram[i] },
        };
    }
    if (guestmem_init(&world->mem, given, WORLD_RANGES) != VIRTIO_OK) {
        abort();
    }
}

void world_free(struct world *world)
{
    for (unsigned i = 0; i < WORLD_RANGES; i++) {
        free(world->ram[i]);
    }
}

void world_attach(struct world *world, struct vdev *dev)
{
    vmmio_init(&world->mmio, dev, &world->ops, world, world->page, 0x4b4c5542);
}

unsigned char *world_at(struct world *world, uint64_t at)
{
    for (unsigned i = 0; i < WORLD_RANGES; i++) {
        if (at >= ranges[i].at && at - ranges[i].at < ranges[i].bytes) {
            return world->ram[i] + (at - ranges[i].at);
        }
    }
    fprintf(stderr, "no guest RAM at %llx\n", (unsigned long long)at);
    abort();
}

uint32_t world_load(const struct world *world, uint32_t offset)
{
    return world->page[offset / 4];
}

enum vdev_answer world_store(struct world *world, uint32_t offset, uint32_t value)
{
    return vmmio_store(&world->mmio, offset, 4, value);
}

void world_reset(struct world *world)
{
    world_store(world, VIRTIO_MMIO_STATUS, 0);
}

bool world_negotiate(struct world *world, uint64_t features)
{
    features |= VIRTIO_F_VERSION_1;
    world_store(world, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    world_store(world, VIRTIO_MMIO_STATUS, ACKNOWLEDGED);
    for (unsigned word = 0; word < 2; word++) {
        world_store(world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        world_store(world, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * word)));
    }
    world_store(world, VIRTIO_MMIO_STATUS, NEGOTIATED);
    return (world_load(world, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0;
}

void world_queue(struct world *world, unsigned queue, unsigned entries, uint64_t features)
{
    struct driver_ring *ring = &world->rings[queue];
    uint64_t at = WORLD_QUEUES_AT + (uint64_t)queue * WORLD_QUEUE_BYTES;
    const uint64_t areas[3] = { at, at + 0x4000, at + 0x5000 };

    memset(world_at(world, at), 0, WORLD_QUEUE_BYTES);
    ring->desc = world_at(world, areas[0]);
    ring->driver = world_at(world, areas[1]);
    ring->device = world_at(world, areas[2]);
    ring->tables = world_at(world, WORLD_TABLES_AT);
    ring->tables_at = WORLD_TABLES_AT;
    driver_ring_init(ring, (features & VIRTIO_F_RING_PACKED) != 0,
                     (features & VIRTIO_F_EVENT_IDX) != 0, (uint16_t)entries);
    world_store(world, VIRTIO_MMIO_QUEUE_SEL, queue);
    world_store(world, VIRTIO_MMIO_QUEUE_NUM, entries);
    for (unsigned i = 0; i < 3; i++) {
        world_store(world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, (uint32_t)areas[i]);
        world_store(world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, (uint32_t)(areas[i] >> 32));
    }
    world_store(world, VIRTIO_MMIO_QUEUE_READY, 1);
}

void world_driver_ok(struct world *world)
{
    world_store(world, VIRTIO_MMIO_STATUS, NEGOTIATED | VIRTIO_STATUS_DRIVER_OK);
}

void world_boot(struct world *world, uint64_t features, unsigned queues, unsigned entries)
{
    world_reset(world);
    if (!world_negotiate(world, features)) {
        fprintf(stderr, "the device refused features %llx\n", (unsigned long long)features);
        abort();
    }
    for (unsigned i = 0; i < queues; i++) {
        world_queue(world, i, entries, features);
    }
    world_driver_ok(world);
}

bool world_kick(struct world *world, unsigned queue)
{
    if (!driver_ring_publish(&world->rings[queue])) {
        return false;
    }
    world_store(world, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
    return true;
}
