/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is reset, stops or fails, while the backing is at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blk_rig.h"

static void a_reset_waits_for_the_backing(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 0, 0, 512);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(blk_rig.quiesces, 1);
    assert_int_not_equal(world_load(&world, VIRTIO_MMIO_STATUS), 0);
    /* An answer that comes now is late. */
    blk_rig_complete(0, VBLK_OK);
    assert_int_equal(blk_rig_status(0), BLK_RIG_UNSET);
    blk_rig_expect_none();
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    vblk_quiesced(&blk_rig.blk);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS), 0);
    blk_rig_complete(0, VBLK_OK);
    assert_int_equal(blk_rig_status(0), BLK_RIG_UNSET);
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig.count = 0;
    blk_rig_ask(1, 0, 0, 512);
    blk_rig_complete(0, VBLK_OK);
    blk_rig_expect(1, 513, 0);
    /* With nothing in flight there is nothing to wait for. */
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
}

static void a_late_answer_changes_no_byte_after_the_reset(void **state)
{
    (void)state;
    blk_rig.quiet = true;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 0, 0, 512);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
    blk_rig_complete(0, VBLK_OK);
    assert_int_equal(blk_rig_status(0), BLK_RIG_UNSET);
    /* Twice, or never sent. */
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig.count = 0;
    blk_rig_ask(1, 0, 0, 512);
    blk_rig_complete(0, VBLK_OK);
    blk_rig_complete(0, VBLK_IOERR);
    vblk_complete(&blk_rig.blk, BLK_RIG_ENTRIES, VBLK_OK);
    vblk_complete(&blk_rig.blk, UINT16_MAX, VBLK_OK);
    blk_rig_expect(1, 513, 0);
    blk_rig_expect_none();
}

static void a_queue_that_stops_sends_nothing_on(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig.room = 1;
    blk_rig_ask(0, 0, 0, 512);
    blk_rig_ask(1, 0, 1, 512);
    assert_int_equal(blk_rig.count, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(blk_rig.quiesces, 1);
    /* Another CPU of the guest rings, and there is room again. */
    blk_rig.room = 64;
    blk_rig_ask(2, 0, 2, 512);
    vblk_resume(&blk_rig.blk);
    assert_int_equal(blk_rig.count, 1);
    vblk_quiesced(&blk_rig.blk);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    blk_rig_complete(0, VBLK_OK);
    vblk_resume(&blk_rig.blk);
    assert_int_equal(blk_rig.count, 1);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(blk_rig_status(n), BLK_RIG_UNSET);
    }
}

static void a_failed_device_takes_answers_and_changes_nothing(void **state)
{
    const struct driver_element nowhere[] = { { 0x1000, 16, false },
                                              { BLK_RIG_STATUS_AT, 1, true } };

    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 0, 0, 512);
    assert_true(driver_ring_add(&world.rings[0], nowhere, 2, DRIVER_DIRECT, 9));
    world_kick(&world, 0);
    assert_int_equal(world.reports, 1);
    blk_rig_complete(0, VBLK_OK);
    assert_int_equal(blk_rig_status(0), BLK_RIG_UNSET);
    assert_int_equal(blk_rig.blk.in_flight, 0);
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig.count = 0;
    blk_rig_ask(1, 0, 0, 512);
    blk_rig_complete(0, VBLK_OK);
    blk_rig_expect(1, 513, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, blk_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reset_waits_for_the_backing),
        TEST(a_late_answer_changes_no_byte_after_the_reset),
        TEST(a_queue_that_stops_sends_nothing_on),
        TEST(a_failed_device_takes_answers_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
