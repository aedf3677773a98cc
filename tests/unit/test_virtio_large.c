/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of the largest size, several of them, each full of buffers that are under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "virtio_rig.h"

#define QUEUES 4U
#define ENTRIES VIRTQ_MAX_ENTRIES
#define SLOT 64U
#define ROUNDS 3U

_Static_assert(ENTRIES == 1024, "what is promised");
_Static_assert(QUEUES *ENTRIES *SLOT <= WORLD_DATA_BYTES, "each buffer has its own memory");

static struct vdev dev;
static struct virtq queues[QUEUES];
static struct chain chains[QUEUES][ENTRIES];
static struct chain_segment segments[QUEUES][ENTRIES];

static bool kick(struct vdev *device, unsigned queue)
{
    (void)device;
    (void)queue;
    return false;
}

static const struct vdev_model model = { .device_id = 42, .kick = kick };

static int setup(void **state)
{
    const struct vdev_config config = {
        .model = &model,
        .mem = &world.mem,
        .queues = queues,
        .queue_count = QUEUES,
        .queue_entries = ENTRIES,
        .features = WORLD_RINGS,
        .report = world_report,
        .report_context = &world,
    };

    (void)state;
    world_init(&world);
    if (vdev_init(&dev, &config) != VIRTIO_OK) {
        return -1;
    }
    world_attach(&world, &dev);
    return 0;
}

static uint64_t data_at(unsigned queue, unsigned i)
{
    return WORLD_DATA_AT + (uint64_t)(queue * ENTRIES + i) * SLOT;
}

/** The driver makes as many buffers available as the queue has entries. */
static void fill(unsigned queue, unsigned entries)
{
    struct driver_element element = { .bytes = SLOT, .write = true };

    for (unsigned i = 0; i < entries; i++) {
        element.at = data_at(queue, i);
        memset(world_at(&world, element.at), 0, SLOT);
        assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, i));
    }
    assert_false(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, 0));
    assert_true(world_kick(&world, queue));
}

static void take(unsigned queue, unsigned entries)
{
    struct chain none;
    struct chain_segment segment;

    for (unsigned i = 0; i < entries; i++) {
        chain_init(&chains[queue][i], &segments[queue][i], 1);
        assert_int_equal(vdev_pop(&dev, queue, &chains[queue][i]), VIRTIO_OK);
    }
    chain_init(&none, &segment, 1);
    assert_int_equal(vdev_pop(&dev, queue, &none), VIRTIO_EMPTY);
}

/** In an order that is not that of the driver: 617 has no divisor with the sizes used here. */
static void answer(unsigned queue, unsigned entries, uint32_t round)
{
    for (unsigned i = 0; i < entries; i++) {
        unsigned n = i * 617 % entries;
        const uint32_t said[3] = { queue, n, round };
        struct chain_writer writer = chain_writer(&chains[queue][n]);

        assert_int_equal(chain_write(&writer, said, sizeof said), sizeof said);
        vdev_push(&dev, queue, &chains[queue][n], sizeof said);
    }
    vdev_signal(&dev, queue);
}

/** The driver takes all of them back: each was answered once, where it is. */
static void collect(unsigned queue, unsigned entries, uint32_t round)
{
    for (unsigned i = 0; i < entries; i++) {
        uint32_t cookie;
        uint32_t written;
        uint32_t said[3];

        assert_true(driver_ring_get(&world.rings[queue], &cookie, &written));
        assert_int_equal(cookie, i * 617 % entries);
        assert_int_equal(written, sizeof said);
        memcpy(said, world_at(&world, data_at(queue, cookie)), sizeof said);
        assert_int_equal(said[0], queue);
        assert_int_equal(said[1], cookie);
        assert_int_equal(said[2], round);
    }
}

static void full_queues(uint64_t features, unsigned entries)
{
    const struct vdev_stats before = dev.stats;

    for (unsigned i = 0; i < QUEUES; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), ENTRIES);
    }
    world_boot(&world, features, QUEUES, entries);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < QUEUES; i++) {
            fill(i, entries);
        }
        for (unsigned i = 0; i < QUEUES; i++) {
            take(QUEUES - 1 - i, entries);
        }
        for (unsigned i = 0; i < QUEUES; i++) {
            answer(i, entries, round);
            collect(i, entries, round);
            /* The driver asks anew for what comes next. */
            driver_ring_interrupts(&world.rings[i], true);
            assert_false(vdev_want_kick(&dev, i));
        }
    }
    assert_int_equal(dev.stats.requests - before.requests, ROUNDS * QUEUES * entries);
    assert_int_equal(dev.stats.interrupts - before.interrupts, ROUNDS * QUEUES);
    assert_int_equal(world.reports, 0);
}

static void split_queues_full_of_buffers(void **state)
{
    (void)state;
    full_queues(0, ENTRIES);
    full_queues(VIRTIO_F_EVENT_IDX, ENTRIES);
}

static void packed_queues_full_of_buffers(void **state)
{
    (void)state;
    full_queues(VIRTIO_F_RING_PACKED, ENTRIES);
    full_queues(VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX, ENTRIES);
}

static void packed_queues_of_any_size(void **state)
{
    (void)state;
    full_queues(VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX, 1000);
}

/** One buffer of as many descriptors as there can be. */
static void longest(uint64_t features)
{
    static struct driver_element elements[ENTRIES];
    static unsigned char data[ENTRIES];
    struct chain chain;
    struct chain_reader reader;

    world_boot(&world, features, 1, ENTRIES);
    for (unsigned i = 0; i < ENTRIES; i++) {
        elements[i] = (struct driver_element){ .at = data_at(0, i), .bytes = 1 };
        *world_at(&world, elements[i].at) = (unsigned char)(i * 7);
    }
    assert_true(driver_ring_add(&world.rings[0], elements, ENTRIES, DRIVER_DIRECT, 5));
    assert_true(world_kick(&world, 0));
    chain_init(&chain, segments[0], ENTRIES);
    assert_int_equal(vdev_pop(&dev, 0, &chain), VIRTIO_OK);
    reader = chain_reader(&chain);
    assert_int_equal(chain_read(&reader, data, sizeof data), sizeof data);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_int_equal(data[i], (unsigned char)(i * 7));
    }
    assert_int_equal(world.reports, 0);
}

static void buffers_of_all_descriptors(void **state)
{
    (void)state;
    longest(0);
    longest(VIRTIO_F_RING_PACKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(split_queues_full_of_buffers, setup, virtio_rig_teardown),
        cmocka_unit_test_setup_teardown(packed_queues_full_of_buffers, setup, virtio_rig_teardown),
        cmocka_unit_test_setup_teardown(packed_queues_of_any_size, setup, virtio_rig_teardown),
        cmocka_unit_test_setup_teardown(buffers_of_all_descriptors, setup, virtio_rig_teardown),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests_name("virtio_large", tests, NULL, NULL);
}
