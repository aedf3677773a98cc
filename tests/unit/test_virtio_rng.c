/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vrng.h>

#include "virtio_rig.h"

#define ENTRIES 8U

static struct vrng rng;
static struct virtq queue;
static struct chain_segment segments[ENTRIES];
static size_t available;
static unsigned char next_byte;

static size_t op_fill(void *context, void *to, size_t bytes)
{
    unsigned char *place = to;

    (void)context;
    assert_true(bytes <= VRNG_MAX_BYTES);
    if (bytes > available) {
        bytes = available;
    }
    for (size_t i = 0; i < bytes; i++) {
        place[i] = ++next_byte;
    }
    available -= bytes;
    return bytes;
}

static const struct vrng_ops ops = { .fill = op_fill };

static int setup(void **state)
{
    const struct vrng_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .features = WORLD_RINGS,
        .queue = &queue,
        .queue_entries = ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    (void)state;
    world_init(&world);
    available = SIZE_MAX;
    next_byte = 0;
    assert_int_equal(vrng_init(&rng, &config), VIRTIO_OK);
    world_attach(&world, &rng.dev);
    return 0;
}

static void ask(uint64_t at, uint32_t bytes, bool write)
{
    const struct driver_element element = { at, bytes, write };

    assert_true(driver_ring_add(&world.rings[0], &element, 1, DRIVER_DIRECT, bytes));
    world_kick(&world, 0);
}

static uint32_t answer(void)
{
    uint32_t cookie;
    uint32_t written;

    assert_true(driver_ring_get(&world.rings[0], &cookie, &written));
    return written;
}

static bool no_answer(void)
{
    uint32_t cookie;
    uint32_t written;

    return !driver_ring_get(&world.rings[0], &cookie, &written);
}

static void vio_rng_01_one_byte_at_least(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 4);
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        world_boot(&world, virtio_rig_formats[i], 1, ENTRIES);
        available = 0;
        ask(WORLD_DATA_AT, 64, true);
        assert_true(no_answer());
        vrng_resume(&rng);
        assert_true(no_answer());
        available = 1;
        vrng_resume(&rng);
        assert_int_equal(answer(), 1);
        assert_int_equal(*world_at(&world, WORLD_DATA_AT), next_byte);
        /* Nothing waits any more. */
        available = SIZE_MAX;
        vrng_resume(&rng);
        assert_true(no_answer());
    }
}

static void a_buffer_is_filled(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    memset(world_at(&world, WORLD_DATA_AT), 0xee, 128);
    ask(WORLD_DATA_AT, 64, true);
    assert_int_equal(answer(), 64);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 1);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT + 63), 64);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT + 64), 0xee);
    assert_int_equal(world.raised_used, 1);
}

static void a_large_buffer_gets_a_bounded_number(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    ask(WORLD_DATA_AT, 0x10000, true);
    assert_int_equal(answer(), VRNG_MAX_BYTES);
}

static void hostile_readable_buffer(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    memset(world_at(&world, WORLD_DATA_AT), 0xee, 16);
    ask(WORLD_DATA_AT, 16, false);
    assert_int_equal(answer(), 0);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 0xee);
    assert_int_equal(rng.dev.stats.errors[VIRTIO_ERR_DIRECTION], 1);
    ask(WORLD_DATA_AT, 16, true);
    assert_int_equal(answer(), 16);
}

static void reset_with_a_buffer_that_waits(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    available = 0;
    ask(WORLD_DATA_AT, 64, true);
    world_reset(&world);
    available = SIZE_MAX;
    vrng_resume(&rng);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 0);
    world_boot(&world, 0, 1, ENTRIES);
    vrng_resume(&rng);
    assert_true(no_answer());
    ask(WORLD_DATA_AT, 64, true);
    assert_int_equal(answer(), 64);
}

static void queue_stopped_with_a_buffer_that_waits(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    available = 0;
    ask(WORLD_DATA_AT, 64, true);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    available = SIZE_MAX;
    vrng_resume(&rng);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 0);
}

static void a_full_queue_is_served_in_pieces(void **state)
{
    const struct driver_element element = { WORLD_DATA_AT, 8, true };

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    available = 4;
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], &element, 1, DRIVER_DIRECT, i));
    }
    world_kick(&world, 0);
    assert_int_equal(answer(), 4);
    assert_true(no_answer());
    available = SIZE_MAX;
    vrng_resume(&rng);
    for (unsigned i = 1; i < ENTRIES; i++) {
        assert_int_equal(answer(), 8);
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], &element, 1, DRIVER_DIRECT, i));
    }
    driver_ring_publish(&world.rings[0]);
    assert_true(vmmio_doorbell(&world.mmio));
    assert_false(vdev_work(&rng.dev));
}

static void a_failed_device_gives_nothing(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    available = 0;
    ask(WORLD_DATA_AT, 64, true);
    vdev_fail(&rng.dev, 0, VIRTIO_ERR_HEAD);
    available = SIZE_MAX;
    vrng_resume(&rng);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_rng_01_one_byte_at_least),         T(a_buffer_is_filled),
        T(a_large_buffer_gets_a_bounded_number), T(hostile_readable_buffer),
        T(reset_with_a_buffer_that_waits),       T(queue_stopped_with_a_buffer_that_waits),
        T(a_full_queue_is_served_in_pieces),     T(a_failed_device_gives_nothing),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
