/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver of virtIO disks, and requests through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk_rig.h"

static void what_the_disk_is_like(void **state)
{
    (void)state;
    assert_int_equal(disk_rig.info.sectors, DISK_RIG_SECTORS);
    assert_int_equal(disk_rig.info.logical_bytes, 512);
    assert_int_equal(disk_rig.info.physical_bytes, 4096);
    assert_int_equal(disk_rig.info.flags, BLOCK_INFO_FLUSH | BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO);
    assert_int_equal(disk_rig.info.max_segments, 100);
    assert_int_equal(disk_rig.info.max_segment_bytes, 0x8000);
    assert_int_equal(disk_rig.info.max_discard, 64);
    assert_int_equal(disk_rig.info.max_zero, 32);
    assert_int_equal(disk_rig.info.depth, DISK_RIG_SLOTS);
    disk_rig.disk.read_only = true;
    disk_rig.disk.flush = false;
    disk_rig.disk.block_bytes = 4096;
    disk_rig_make_device();
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_OK);
    assert_int_equal(disk_rig.info.flags, BLOCK_INFO_READ_ONLY);
    assert_int_equal(disk_rig.info.logical_bytes, 4096);
}

static void reads_and_writes(void **state)
{
    static const uint64_t choices[] = { VIRTIO_F_INDIRECT_DESC,
                                        VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX };

    (void)state;
    for (unsigned int choice = 0; choice < 2; choice++) {
        disk_rig.features = choices[choice];
        disk_rig_make_device();
        assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_OK);
        for (uint32_t round = 0; round < 300; round++) {
            uint32_t id = round % 16;

            disk_rig.kept_count = 0;
            disk_rig_submit(id, BLOCK_READ, 0, round, 1024, 1);
            virtio_blk_kick(&disk_rig.driver);
            disk_rig_expect(id, BLOCK_DONE);
            disk_rig_expect_none();
            assert_memory_equal(world_at(&disk_rig.world, DISK_RIG_DATA_AT + id * 0x1000ull),
                                disk_rig_contents + round * 512ull, 1024);
            memset(world_at(&disk_rig.world, DISK_RIG_DATA_AT + id * 0x1000ull), (int)round, 1024);
            disk_rig_submit(id, BLOCK_WRITE, 0, round, 1024, 1);
            virtio_blk_kick(&disk_rig.driver);
            disk_rig_expect(id, BLOCK_DONE);
            assert_int_equal(disk_rig_contents[round * 512 + 1023], round & 0xff);
        }
    }
    assert_int_equal(disk_rig.flushes, 0);
}

static void a_stable_write_is_followed_by_a_flush(void **state)
{
    (void)state;
    disk_rig.at_once = false;
    disk_rig_submit(3, BLOCK_WRITE, BLOCK_FLAG_STABLE, 5, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.kept_count, 1);
    disk_rig_finish(0);
    disk_rig_expect_none();
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.kept_count, 2);
    assert_int_equal(disk_rig.kept[1].kind, VBLK_FLUSH);
    disk_rig_expect_none();
    disk_rig_finish(1);
    disk_rig_expect(3, BLOCK_DONE);
}

static void flush_discard_and_zeros(void **state)
{
    (void)state;
    disk_rig_submit(1, BLOCK_FLUSH, 0, 0, 0, 1);
    disk_rig_submit(2, BLOCK_DISCARD, 0, 100, 64 * 512, 1);
    disk_rig_submit(3, BLOCK_ZERO, BLOCK_FLAG_UNMAP, 200, 32 * 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.kept_count, 3);
    assert_int_equal(disk_rig.kept[0].kind, VBLK_FLUSH);
    assert_int_equal(disk_rig.kept[1].kind, VBLK_DISCARD);
    assert_int_equal(disk_rig.kept[1].sector, 100);
    assert_int_equal(disk_rig.kept[1].bytes, 64 * 512);
    assert_int_equal(disk_rig.kept[2].kind, VBLK_ZERO);
    assert_true(disk_rig.kept[2].unmap);
    for (uint32_t id = 1; id <= 3; id++) {
        disk_rig_expect(id, BLOCK_DONE);
    }
    assert_int_equal(disk_rig_contents[200 * 512], 0);
}

static void how_worn_it_is(void **state)
{
    const struct block_segment data[] = { { DISK_RIG_DATA_AT, 2 },
                                          { DISK_RIG_DATA_AT + 0x100, 4 } };
    const struct block_request request = {
        .id = 5, .kind = BLOCK_LIFETIME, .segments = 2, .bytes = BLOCK_LIFETIME_BYTES, .owner = 1
    };

    (void)state;
    /* The device does not know. */
    assert_int_equal(disk_rig.info.flags & BLOCK_INFO_LIFETIME, 0);
    disk_rig.disk.lifetime = true;
    disk_rig_make_device();
    assert_int_equal(disk_rig_start(DISK_RIG_MEMORY_BYTES), VIRTIO_DEVICE_OK);
    assert_true((disk_rig.info.flags & BLOCK_INFO_LIFETIME) != 0);
    memset(world_at(&disk_rig.world, DISK_RIG_DATA_AT), 0xee, 0x200);
    assert_true(virtio_blk_submit(&disk_rig.driver, &request, data));
    virtio_blk_kick(&disk_rig.driver);
    disk_rig_expect(5, BLOCK_DONE);
    assert_memory_equal(world_at(&disk_rig.world, DISK_RIG_DATA_AT), disk_rig_lifetime, 2);
    assert_memory_equal(world_at(&disk_rig.world, DISK_RIG_DATA_AT + 0x100), disk_rig_lifetime + 2,
                        4);
    assert_int_equal(*world_at(&disk_rig.world, DISK_RIG_DATA_AT + 2), 0xee);
    /* It is repeated like any other. */
    disk_rig.at_once = false;
    disk_rig.kept_count = 0;
    assert_true(virtio_blk_submit(&disk_rig.driver, &request, data));
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(virtio_blk_withdraw(&disk_rig.driver, 2), VIRTIO_DEVICE_OK);
    assert_int_equal(disk_rig.kept_count, 2);
    assert_int_equal(disk_rig.kept[1].kind, VBLK_LIFETIME);
    assert_int_equal(disk_rig.kept[1].bytes, BLOCK_LIFETIME_BYTES);
}

static void a_full_device(void **state)
{
    const struct block_request request = { .kind = BLOCK_FLUSH };

    (void)state;
    disk_rig.at_once = false;
    for (uint32_t id = 0; id < DISK_RIG_SLOTS; id++) {
        disk_rig_submit(id, BLOCK_FLUSH, 0, 0, 0, 1);
    }
    assert_false(virtio_blk_submit(&disk_rig.driver, &request, NULL));
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.kept_count, DISK_RIG_SLOTS);
    /* In any order. */
    for (uint32_t id = DISK_RIG_SLOTS; id-- > 0;) {
        disk_rig_finish(id);
        disk_rig_expect(id, BLOCK_DONE);
    }
    assert_int_equal(disk_rig.driver.in_flight, 0);
}

static void errors(void **state)
{
    (void)state;
    disk_rig.at_once = false;
    disk_rig_submit(1, BLOCK_READ, 0, 0, 512, 1);
    disk_rig_submit(2, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    vblk_complete(&disk_rig_blk, disk_rig.kept[0].tag, VBLK_IOERR);
    vblk_complete(&disk_rig_blk, disk_rig.kept[1].tag, VBLK_UNSUPP);
    disk_rig_expect(1, BLOCK_FAILED);
    disk_rig_expect(2, BLOCK_UNSUPPORTED);
}

static void what_is_withdrawn_comes_back_and_the_rest_is_repeated(void **state)
{
    (void)state;
    disk_rig.at_once = false;
    memset(world_at(&disk_rig.world, DISK_RIG_DATA_AT), 0x5a, 0x8000);
    disk_rig_submit(0, BLOCK_WRITE, 0, 10, 512, 1);
    disk_rig_submit(1, BLOCK_WRITE, 0, 20, 512, 2);
    disk_rig_submit(2, BLOCK_READ, 0, 30, 512, 1);
    disk_rig_submit(3, BLOCK_ZERO, 0, 40, 512, 3);
    disk_rig_submit(4, BLOCK_WRITE, BLOCK_FLAG_STABLE, 50, 512, 3);
    virtio_blk_kick(&disk_rig.driver);
    disk_rig_finish(4);
    disk_rig_expect_none();
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.kept_count, 6);
    assert_true(virtio_blk_has(&disk_rig.driver, 1));
    assert_false(virtio_blk_has(&disk_rig.driver, 4));
    assert_int_equal(virtio_blk_withdraw(&disk_rig.driver, 1), VIRTIO_DEVICE_OK);
    /* The device begins the others' anew: a write, a range, and the flush behind a write. */
    assert_int_equal(disk_rig.kept_count, 9);
    disk_rig_expect(0, BLOCK_ABORTED);
    disk_rig_expect(2, BLOCK_ABORTED);
    disk_rig_expect_none();
    /* Answers of before the reset are nobody's. */
    vblk_complete(&disk_rig_blk, 60, VBLK_OK);
    disk_rig_expect_none();
    for (unsigned int i = 6; i < 9; i++) {
        disk_rig_finish(i);
    }
    disk_rig_expect(1, BLOCK_DONE);
    disk_rig_expect(3, BLOCK_DONE);
    disk_rig_expect(4, BLOCK_DONE);
    assert_int_equal(disk_rig_contents[20 * 512], 0x5a);
    assert_int_equal(disk_rig_contents[40 * 512], 0);
    assert_int_not_equal(disk_rig_contents[10 * 512], 0x5a);
    assert_int_equal(disk_rig.flushes, 2);
    assert_int_equal(disk_rig.driver.in_flight, 0);
    disk_rig.at_once = true;
    disk_rig_submit(7, BLOCK_READ, 0, 0, 512, 1);
    virtio_blk_kick(&disk_rig.driver);
    disk_rig_expect(7, BLOCK_DONE);
}

static void notifications_are_saved(void **state)
{
    (void)state;
    disk_rig.at_once = false;
    for (uint32_t id = 0; id < 10; id++) {
        disk_rig_submit(id, BLOCK_FLUSH, 0, 0, 0, 1);
    }
    virtio_blk_kick(&disk_rig.driver);
    virtio_blk_kick(&disk_rig.driver);
    assert_int_equal(disk_rig.notifies, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, disk_rig_setup, disk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_the_disk_is_like),
        T(reads_and_writes),
        T(a_stable_write_is_followed_by_a_flush),
        T(flush_discard_and_zeros),
        T(how_worn_it_is),
        T(a_full_device),
        T(errors),
        T(what_is_withdrawn_comes_back_and_the_rest_is_repeated),
        T(notifications_are_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
