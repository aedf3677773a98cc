/* SPDX-License-Identifier: BSD-2-Clause */
/* What all devices have: work that is left, statistics, and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe_rig.h"

static void work_that_is_left_is_gone_on_with(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, PROBE_RIG_ENTRIES);
    probe.busy = true;
    assert_true(vmmio_doorbell_queue(&world.mmio, 1));
    assert_true(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 2);
    assert_int_equal(probe.kicks[0], 0);
    probe.busy = false;
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 3);
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 3);
    vdev_leave_work(&probe.dev, 0);
    world_reset(&world);
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[0], 0);
}

static void statistics_have_names_and_values(void **state)
{
    const char *name;
    uint64_t value;
    unsigned count = 0;
    uint64_t sum = 0;

    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    probe_rig_kick();
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 60);
    vdev_signal(&probe.dev, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 77);
    while (vdev_stat(&probe.dev, count, &name, &value)) {
        assert_true(strlen(name) > 0);
        sum += value;
        count++;
    }
    /* requests, bytes in, kicks, interrupts, one reset, and one error. */
    assert_int_equal(sum, 1 + 60 + 1 + 1 + 1 + 1);
    assert_int_equal(count, 8 + VIRTIO_ERROR_COUNT - VIRTIO_ERR_INDEX);
}

static void impossible_devices_are_refused(void **state)
{
    static const struct vdev_model big = { .config_bytes = VDEV_CONFIG_BYTES + 4 };
    static const struct vdev_model odd = { .config_bytes = 6 };
    static const struct vdev_model good = { .config_bytes = VDEV_CONFIG_BYTES };
    static struct virtq queues[VDEV_MAX_QUEUES + 1];
    struct vdev_config config = {
        .model = &good, .mem = &world.mem, .queues = queues, .queue_count = 1, .queue_entries = 1024
    };
    struct vdev dev;

    (void)state;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_OK);
    config.queue_count = 0;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_count = VDEV_MAX_QUEUES + 1;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_count = VDEV_MAX_QUEUES;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_OK);
    config.queue_entries = 2048;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 24;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 0;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 8;
    config.model = &big;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.model = &odd;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(work_that_is_left_is_gone_on_with),
        T(statistics_have_names_and_values),
        T(impossible_devices_are_refused),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
