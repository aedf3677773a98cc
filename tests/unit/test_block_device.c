/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver of virtIO disks at devices that are wrong, stuck or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk_rig.h"

static void a_device_that_answers_nonsense(void **state)
{
    uint16_t *used = (uint16_t *)(void *)(world_at(&disk_rig.world, DISK_RIG_MEMORY_AT) + 0x1800);

    (void)state;
    disk_rig.at_once = false;
    disk_rig_submit(1, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    /* Slots that there are not, or that are free; and an index that has run away. */
    memset(used + 2, 0xff, 8);
    used[1] = 1;
    disk_rig_expect_none();
    memset(used + 6, 0, 8);
    used[6] = 5;
    used[1] = 2;
    disk_rig_expect_none();
    assert_int_equal(disk_rig.driver.nonsense, 2);
    /* It says that the request is done, and has not written a status. */
    memset(used + 10, 0, 8);
    used[1] = 60000;
    disk_rig_expect(1, BLOCK_FAILED);
    disk_rig_expect_none();
    assert_true(disk_rig.driver.nonsense <= 2 + 2 * DISK_RIG_SLOTS);
    /* A reset mends it. */
    assert_int_equal(virtio_blk_withdraw(&disk_rig.driver, 9), VIRTIO_DEVICE_OK);
    disk_rig_submit(2, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    disk_rig_finish(1);
    disk_rig_expect(2, BLOCK_DONE);
}

static void devices_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(disk_rig_start(0x2000 + 3 * VIRTIO_BLK_SLOT_BYTES), VIRTIO_DEVICE_SMALL);
    assert_int_equal(disk_rig_start(100), VIRTIO_DEVICE_SMALL);
    disk_rig.stuck = true;
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_STUCK);
    disk_rig.stuck = false;
    disk_rig.features = VIRTIO_F_EVENT_IDX;
    disk_rig_make_device();
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_FEATURES);
    disk_rig.world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 1;
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_OTHER);
    disk_rig.world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 0;
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_NONE);
    disk_rig.world.page[VIRTIO_MMIO_VERSION / 4] = 1;
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_NONE);
    for (unsigned int error = VIRTIO_DEVICE_OK; error <= VIRTIO_DEVICE_STUCK; error++) {
        assert_string_not_equal(virtio_device_says((enum virtio_device_error)error), "is wrong");
    }
}

static void a_device_that_does_not_come_out_of_a_withdrawal(void **state)
{
    (void)state;
    disk_rig.at_once = false;
    disk_rig_submit(1, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    disk_rig.stuck = true;
    assert_int_equal(virtio_blk_withdraw(&disk_rig.driver, 1), VIRTIO_DEVICE_STUCK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, disk_rig_setup, disk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_device_that_answers_nonsense),
        T(devices_that_are_none),
        T(a_device_that_does_not_come_out_of_a_withdrawal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
