/* SPDX-License-Identifier: BSD-2-Clause */
/* The device status (2.1), and what a reset does and waits for (2.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe_rig.h"

/* Device status (2.1.2). */

static void vio_status_01_no_buffer_before_driver_ok(void **state)
{
    (void)state;
    world_negotiate(&world, 0);
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    probe_rig_offer(0);
    probe_rig_kick();
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_STATE), 2);
    world_driver_ok(&world);
    assert_int_equal(probe.starts, 1);
    probe_rig_kick();
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
}

static void vio_status_02_no_notification_before_driver_ok(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 0);
    /* The driver starts anew before the batch was signalled. */
    world_reset(&world);
    world_negotiate(&world, 0);
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    probe.queues[0].unsignalled = 1;
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
}

static void vio_status_03_needs_reset_after_a_fatal_error(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING | VIRTIO_STATUS_NEEDS_RESET);
    /* It says so once, and does nothing more until the reset. */
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_HEAD), 1);
    assert_int_equal(world.reports, 1);
    probe_rig_offer(0);
    probe_rig_kick();
    assert_int_equal(probe.kicks[0], 0);
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
    probe_rig_kick();
    assert_int_equal(probe.kicks[0], 1);
}

static void vio_status_04_needs_reset_is_announced(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
    /* A driver that looks sees the status. */
    assert_int_equal(world.status_at_raise & VIRTIO_STATUS_NEEDS_RESET, VIRTIO_STATUS_NEEDS_RESET);
}

static void vio_status_04_a_failure_before_driver_ok_is_announced_with_it(void **state)
{
    (void)state;
    world_negotiate(&world, 0);
    vdev_fail(&probe.dev, VDEV_MAX_QUEUES, VIRTIO_ERR_SETUP);
    assert_int_equal(world.raised_config, 0);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_NEGOTIATED | VIRTIO_STATUS_NEEDS_RESET);
    world_driver_ok(&world);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(probe.starts, 0);
    assert_false(probe.dev.live);
}

static void status_steps_in_order_only(void **state)
{
    static const uint32_t wrong[][2] = {
        { 0, VIRTIO_STATUS_DRIVER },
        { 0, VIRTIO_STATUS_FEATURES_OK },
        { VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_RIG_NEGOTIATED & ~VIRTIO_STATUS_DRIVER },
        { 0, VIRTIO_STATUS_DRIVER_OK },
        { VIRTIO_RIG_ACKNOWLEDGED, VIRTIO_RIG_ACKNOWLEDGED | VIRTIO_STATUS_DRIVER_OK },
        { VIRTIO_RIG_ACKNOWLEDGED, VIRTIO_RIG_RUNNING },
        { VIRTIO_RIG_ACKNOWLEDGED, VIRTIO_STATUS_ACKNOWLEDGE },
        { VIRTIO_RIG_ACKNOWLEDGED, VIRTIO_RIG_ACKNOWLEDGED | 16 },
        { VIRTIO_RIG_ACKNOWLEDGED, VIRTIO_RIG_ACKNOWLEDGED | 256 },
        { VIRTIO_RIG_NEGOTIATED, VIRTIO_RIG_ACKNOWLEDGED },
        { VIRTIO_RIG_NEGOTIATED, VIRTIO_RIG_RUNNING | VIRTIO_STATUS_FAILED },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        world_reset(&world);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 1);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][0] & VIRTIO_RIG_ACKNOWLEDGED);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][0]);
        assert_int_equal(virtio_rig_status(), wrong[i][0]);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][1]);
        assert_int_equal(virtio_rig_status(), wrong[i][0]);
        assert_int_equal(probe.starts, 0);
    }
    assert_true(probe_rig_errors(VIRTIO_ERR_STATE) >= sizeof wrong / sizeof wrong[0]);
}

static void status_failed_stops_the_device(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_RUNNING | VIRTIO_STATUS_FAILED);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING | VIRTIO_STATUS_FAILED);
    probe_rig_kick();
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
}

static void driver_may_write_needs_reset_back(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_store(&world, VIRTIO_MMIO_STATUS,
                VIRTIO_RIG_RUNNING | VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED);
    assert_int_equal(virtio_rig_status(),
                     VIRTIO_RIG_RUNNING | VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED);
    /* But it cannot set it. */
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_RUNNING | VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
}

/* Reset (2.4.1). */

static void vio_reset_01_status_is_0_after_reset(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
    assert_int_equal(virtio_rig_status(), 0);
    assert_int_equal(probe.stops, 2);
    /* Also from any half-way state. */
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    world_reset(&world);
    assert_int_equal(virtio_rig_status(), 0);
    world_negotiate(&world, 0);
    world_reset(&world);
    assert_int_equal(virtio_rig_status(), 0);
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_reset(&world);
    assert_int_equal(virtio_rig_status(), 0);
}

static void reset_waits_until_the_device_is_quiet(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
    /* Meanwhile nothing works, from no vCPU, and another reset waits as well. */
    probe_rig_kick();
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_RUNNING), VDEV_DONE);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4), VDEV_DONE);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_DONE);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 1);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(world.quiesced, 0);
    vdev_quiesced(&probe.dev);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(virtio_rig_status(), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    probe.quiet = true;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
    /* Said too often, it is nothing. */
    vdev_quiesced(&probe.dev);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
}

static void reset_while_a_queue_stops(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    vdev_quiesced(&probe.dev);
    assert_int_equal(virtio_rig_status(), 0);
    assert_int_equal(world.quiesced, 1);
}

static void reset_ends_what_another_store_waits_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t what = i == 0 ? VIRTIO_MMIO_QUEUE_READY : VIRTIO_MMIO_STATUS;

        probe.quiet = true;
        world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
        probe.quiet = false;
        assert_int_equal(world_store(&world, what, 0), VDEV_PENDING);
        assert_int_equal(world.quiesced, i);
        probe.quiet = true;
        assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
        assert_int_equal(world.quiesced, i + 1);
        assert_int_equal(virtio_rig_status(), 0);
        vdev_quiesced(&probe.dev);
        assert_int_equal(world.quiesced, i + 1);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_status_01_no_buffer_before_driver_ok),
        T(vio_status_02_no_notification_before_driver_ok),
        T(vio_status_03_needs_reset_after_a_fatal_error),
        T(vio_status_04_needs_reset_is_announced),
        T(vio_status_04_a_failure_before_driver_ok_is_announced_with_it),
        T(status_steps_in_order_only),
        T(status_failed_stops_the_device),
        T(driver_may_write_needs_reset_back),
        T(vio_reset_01_status_is_0_after_reset),
        T(reset_waits_until_the_device_is_quiet),
        T(reset_while_a_queue_stops),
        T(reset_ends_what_another_store_waits_for),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
