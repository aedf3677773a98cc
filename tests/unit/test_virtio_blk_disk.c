/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device shows of its disk, and what hangs on what the disk is like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "blk_rig.h"

#define WRITEBACK (VIRTIO_MMIO_CONFIG + 32U)

static void vio_blk_01_a_write_to_a_read_only_disk_fails(void **state)
{
    (void)state;
    blk_rig.disk.read_only = true;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    assert_true((blk_rig.blk.dev.offered & VBLK_F_RO) != 0);
    assert_int_equal(blk_rig.blk.dev.offered & (VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES), 0);
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 1, 0, 512);
    blk_rig_expect(0, 1, 1);
    blk_rig_ask(1, 11, 0, 16);
    blk_rig_expect(1, 1, 2);
    assert_int_equal(blk_rig.count, 0);
    blk_rig_ask(2, 0, 0, 512);
    assert_int_equal(blk_rig.count, 1);
}

static void vio_blk_03_config_wce_is_not_offered_without_flush(void **state)
{
    (void)state;
    assert_true((blk_rig.blk.dev.offered & VBLK_F_CONFIG_WCE) != 0);
    assert_true((blk_rig.blk.dev.offered & VBLK_F_FLUSH) != 0);
    world_reset(&world);
    assert_false(world_negotiate(&world, VBLK_F_CONFIG_WCE));
    blk_rig.disk.flush = false;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    assert_int_equal(blk_rig.blk.dev.offered & (VBLK_F_CONFIG_WCE | VBLK_F_FLUSH), 0);
    /* Without a cache a flush is done. */
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 4, 0, 0);
    blk_rig_expect(0, 1, 0);
}

static void vio_blk_04_writes_are_stable_unless_the_driver_flushes(void **state)
{
    const uint8_t both[] = { 0, 1, 0 };

    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 1, 0, 512);
    assert_true(blk_rig.requests[0].stable);
    blk_rig.quiet = true;
    world_boot(&world, VBLK_F_FLUSH, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 1, 0, 512);
    assert_false(blk_rig.requests[1].stable);
    world_boot(&world, VBLK_F_FLUSH | VBLK_F_CONFIG_WCE, 1, BLK_RIG_ENTRIES);
    assert_int_equal(world_load(&world, WRITEBACK) & 0xff, 1);
    for (unsigned i = 0; i < 3; i++) {
        vmmio_store(&world.mmio, WRITEBACK, 1, both[i]);
        assert_int_equal(world_load(&world, WRITEBACK) & 0xff, both[i]);
        blk_rig_ask(i, 1, 0, 512);
        assert_int_equal(blk_rig.requests[2 + i].stable, both[i] == 0);
    }
}

static void vio_blk_05_padding_is_zero(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, WRITEBACK) & 0xff00, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 56) & 0xffffff00, 0);
}

static void the_configuration_says_what_the_disk_is(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), BLK_RIG_SECTORS);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 8), 0x10000);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), 8);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 20), 512);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 24), 3 | 8 << 16);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 36), 64);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 40), 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 44), 8);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 48), 32);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 52), 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 56), 1);
}

static void blocks_of_4_kib_take_whole_ones_only(void **state)
{
    (void)state;
    blk_rig.disk.block_bytes = 4096;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 20), 4096);
    blk_rig_ask(0, 0, 0, 512);
    blk_rig_expect(0, 513, 1);
    assert_int_equal(blk_rig.count, 0);
    blk_rig_ask(1, 0, 8, 4096);
    assert_int_equal(blk_rig.count, 1);
}

static void how_worn_it_is(void **state)
{
    const struct driver_element halves[] = {
        { BLK_RIG_HEADER_AT, 16, false },
        { BLK_RIG_BUFFER_AT, 2, true },
        { BLK_RIG_BUFFER_AT + 0x1000, 5, true },
    };

    (void)state;
    /* The disk does not know. */
    assert_int_equal(blk_rig.blk.dev.offered & VBLK_F_LIFETIME, 0);
    blk_rig.disk.lifetime = true;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    assert_true((blk_rig.blk.dev.offered & VBLK_F_LIFETIME) != 0);
    /* Not negotiated. */
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 10, 0, 6);
    blk_rig_expect(0, 1, 2);
    world_boot(&world, VBLK_F_LIFETIME, 1, BLK_RIG_ENTRIES);
    for (uint32_t bytes = 0; bytes < 16; bytes++) {
        if (bytes != VBLK_LIFETIME_BYTES) {
            blk_rig_ask(0, 10, 0, bytes);
            blk_rig_expect(0, 1, 1);
        }
    }
    assert_int_equal(blk_rig.count, 0);
    blk_rig_ask(0, 10, 77, 6);
    assert_int_equal(blk_rig.requests[0].kind, VBLK_LIFETIME);
    assert_int_equal(blk_rig.requests[0].sector, 0);
    assert_int_equal(blk_rig.requests[0].bytes, 6);
    assert_int_equal(blk_rig.requests[0].count, 1);
    assert_int_equal(blk_rig.requests[0].segments[0].guest.value, BLK_RIG_BUFFER_AT);
    blk_rig_complete(0, VBLK_OK);
    blk_rig_expect(0, 7, 0);
    blk_rig_header(BLK_RIG_HEADER_AT, 10, 0);
    assert_true(driver_ring_add(&world.rings[0], halves, 3, DRIVER_DIRECT, 1));
    world_kick(&world, 0);
    assert_int_equal(blk_rig.requests[1].count, 2);
    assert_int_equal(blk_rig.requests[1].segments[1].bytes, 4);
}

static void disks_that_cannot_be(void **state)
{
    const struct vblk_disk good = blk_rig.disk;

    (void)state;
    blk_rig.disk.block_bytes = 768;
    assert_int_equal(blk_rig_make(), VIRTIO_ERR_ARGUMENT);
    blk_rig.disk = good;
    blk_rig.disk.physical_bytes = 256;
    assert_int_equal(blk_rig_make(), VIRTIO_ERR_ARGUMENT);
    blk_rig.disk = good;
    blk_rig.disk.max_segments = 0;
    assert_int_equal(blk_rig_make(), VIRTIO_ERR_ARGUMENT);
    blk_rig.disk = good;
    blk_rig.disk.block_bytes = 4096;
    blk_rig.disk.sectors = 2047;
    assert_int_equal(blk_rig_make(), VIRTIO_ERR_ARGUMENT);
    blk_rig.disk = good;
    /* A queue has room for so many, header and status besides. */
    blk_rig.disk.max_segments = 256;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), BLK_RIG_ENTRIES - 2);
    blk_rig.disk = good;
    assert_int_equal(blk_rig_make(), VIRTIO_OK);
}

static void hostile_config_stores(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < 64; offset++) {
        for (unsigned width = 1; width <= 4; width *= 2) {
            uint32_t before = world_load(&world, VIRTIO_MMIO_CONFIG + offset / 4 * 4);

            vmmio_store(&world.mmio, VIRTIO_MMIO_CONFIG + offset, width, 0x55);
            assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + offset / 4 * 4), before);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, blk_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(vio_blk_01_a_write_to_a_read_only_disk_fails),
        TEST(vio_blk_03_config_wce_is_not_offered_without_flush),
        TEST(vio_blk_04_writes_are_stable_unless_the_driver_flushes),
        TEST(vio_blk_05_padding_is_zero),
        TEST(the_configuration_says_what_the_disk_is),
        TEST(blocks_of_4_kib_take_whole_ones_only),
        TEST(how_worn_it_is),
        TEST(disks_that_cannot_be),
        TEST(hostile_config_stores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
