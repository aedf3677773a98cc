/* SPDX-License-Identifier: BSD-2-Clause */
/* How queues are set up, made ready, and taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe_rig.h"

static void vio_mmio_06_reset_clears_queue_ready(void **state)
{
    (void)state;
    world_boot(&world, 0, PROBE_QUEUES, PROBE_RIG_ENTRIES);
    for (unsigned i = 0; i < PROBE_QUEUES; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    }
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    for (unsigned i = 0; i < PROBE_QUEUES; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    }
}

static void vio_mmio_08_no_access_while_queue_ready_is_0(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    probe_rig_kick();
    vmmio_doorbell(&world.mmio);
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 0));
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(*world.rings[0].device, 0);
    /* A queue that was never set up has no memory at all. */
    assert_int_equal(vdev_pop(&probe.dev, 1, &probe.chain), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 1));
}

static void vio_mmio_11_absent_queues(void **state)
{
    static const uint32_t absent[] = { PROBE_QUEUES, 63, 64, 0xffff, 0x10000, UINT32_MAX };

    (void)state;
    world_negotiate(&world, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), PROBE_ENTRIES);
    for (unsigned i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        uint64_t before = probe_rig_errors(VIRTIO_ERR_QUEUE);

        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, absent[i]);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
        world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x40000000);
        world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
        world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
        assert_int_equal(probe_rig_errors(VIRTIO_ERR_QUEUE), before + 4);
    }
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), PROBE_ENTRIES);
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    world_driver_ok(&world);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, PROBE_QUEUES);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
}

static void vio_mmio_12_queue_ready_reads_what_was_written(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, PROBE_RIG_ENTRIES);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
}

static void queue_ready_0_waits_until_the_queue_is_quiet(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, PROBE_RIG_ENTRIES);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    vdev_quiesced(&probe.dev);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
    /* The other queue runs on. */
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    assert_int_equal(probe.kicks[0], 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
    assert_int_equal(probe.kicks[1], 0);
}

static void expect_setup_refused(unsigned entries, uint64_t desc, uint64_t driver, uint64_t device,
                                 uint64_t features)
{
    const uint64_t areas[3] = { desc, driver, device };

    world_reset(&world);
    assert_true(world_negotiate(&world, features));
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, entries);
    for (unsigned i = 0; i < 3; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, (uint32_t)areas[i]);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, (uint32_t)(areas[i] >> 32));
    }
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_NEGOTIATED | VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(world.reported, VIRTIO_ERR_SETUP);
    world.reported = VIRTIO_OK;
}

static void hostile_queue_set_up(void **state)
{
    const uint64_t at = WORLD_QUEUES_AT;
    const uint64_t packed = VIRTIO_F_RING_PACKED;

    (void)state;
    /* Sizes. */
    expect_setup_refused(0, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(3, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(2 * PROBE_ENTRIES, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(PROBE_ENTRIES + 1, at, at + 0x4000, at + 0x5000, packed);
    expect_setup_refused(0x10010, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(UINT32_MAX, at, at + 0x4000, at + 0x5000, 0);
    /* Alignment. */
    expect_setup_refused(16, at + 8, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4001, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4000, at + 0x5002, 0);
    expect_setup_refused(16, at, at + 0x4002, at + 0x5000, packed);
    expect_setup_refused(16, at, at + 0x4000, at + 0x5002, packed);
    /* Places: none, just beyond the end, the end in a hole, the end of the address space, and
     * across the border of two ranges. */
    expect_setup_refused(16, 0, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at + 0x80000 - 0xf0, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x80000 - 36, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4000, at + 0x80000 - 132, 0);
    expect_setup_refused(16, UINT64_MAX - 0xff, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, UINT64_MAX - 0xf, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, WORLD_THIRD_AT - 0x80, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at | 1ULL << 63, at + 0x4000, at + 0x5000, 0);
}

static void queue_areas_may_end_where_ram_does(void **state)
{
    const uint64_t end = WORLD_QUEUES_AT + 0x80000;

    (void)state;
    assert_true(world_negotiate(&world, 0));
    world_queue(&world, 0, 16, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)(end - 38));
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)(end - 36));
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
}

static void queue_addresses_are_set_and_not_added_to(void **state)
{
    struct virtq_setup *queue_setup = &probe.queues[0].setup;

    (void)state;
    assert_true(world_negotiate(&world, 0));
    for (unsigned i = 0; i < 3; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, 0xffffffff);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, 0xffffffff);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, 0x1000 + i);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, 0x20 + i);
    }
    assert_int_equal(queue_setup->desc.value, 0x2000001000);
    assert_int_equal(queue_setup->driver.value, 0x2100001001);
    assert_int_equal(queue_setup->device.value, 0x2200001002);
    world_reset(&world);
    assert_int_equal(queue_setup->desc.value, 0);
    assert_int_equal(queue_setup->entries, 0);
}

static void hostile_queue_set_up_at_the_wrong_time(void **state)
{
    struct virtq_setup before;

    (void)state;
    /* Before FEATURES_OK the format of the ring is not known. */
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(virtio_rig_status(), 0);
    /* While it is ready, and while the device is live. */
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    before = probe.queues[0].setup;
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
    world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x1000);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 2);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0xffffffff);
    assert_memory_equal(&before, &probe.queues[0].setup, sizeof before);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_true(probe.dev.live);
    assert_true(probe_rig_errors(VIRTIO_ERR_STATE) >= 7);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_mmio_06_reset_clears_queue_ready),
        T(vio_mmio_08_no_access_while_queue_ready_is_0),
        T(vio_mmio_11_absent_queues),
        T(vio_mmio_12_queue_ready_reads_what_was_written),
        T(queue_ready_0_waits_until_the_queue_is_quiet),
        T(hostile_queue_set_up),
        T(queue_areas_may_end_where_ram_does),
        T(queue_addresses_are_set_and_not_added_to),
        T(hostile_queue_set_up_at_the_wrong_time),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
