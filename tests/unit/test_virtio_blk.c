/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to a disk: what reaches the backing, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "blk_rig.h"

static void a_read_and_a_write_reach_the_backing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        const struct vblk_request *request = &blk_rig.requests[0];

        world_boot(&world, virtio_rig_formats[i] | VBLK_F_FLUSH, 1, BLK_RIG_ENTRIES);
        blk_rig.count = 0;
        blk_rig_ask(0, 0, 7, 1024);
        assert_int_equal(blk_rig.count, 1);
        assert_int_equal(request->kind, VBLK_READ);
        assert_int_equal(request->sector, 7);
        assert_int_equal(request->bytes, 1024);
        assert_int_equal(request->count, 1);
        assert_ptr_equal(request->segments[0].host.ptr, world_at(&world, BLK_RIG_BUFFER_AT));
        assert_int_equal(request->segments[0].guest.value, BLK_RIG_BUFFER_AT);
        assert_int_equal(request->segments[0].bytes, 1024);
        blk_rig_expect_none();
        assert_int_equal(blk_rig_status(0), BLK_RIG_UNSET);
        blk_rig_complete(0, VBLK_OK);
        blk_rig_expect(0, 1025, 0);
        blk_rig_ask(1, 1, 2047, 512);
        assert_int_equal(blk_rig.requests[1].kind, VBLK_WRITE);
        assert_false(blk_rig.requests[1].stable);
        blk_rig_complete(1, VBLK_OK);
        blk_rig_expect(1, 1, 0);
    }
}

static void requests_are_in_flight_together_and_come_back_in_any_order(void **state)
{
    static const unsigned order[] = { 3, 0, 4, 1, 2 };

    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        world_boot(&world, virtio_rig_formats[i] | VBLK_F_FLUSH, 1, BLK_RIG_ENTRIES);
        blk_rig.count = 0;
        for (unsigned n = 0; n < 5; n++) {
            blk_rig_ask(n, 0, n, 512);
        }
        assert_int_equal(blk_rig.count, 5);
        for (unsigned n = 0; n < 5; n++) {
            blk_rig_complete(order[n], VBLK_OK);
            blk_rig_expect(order[n], 513, 0);
        }
        assert_int_equal(blk_rig.blk.in_flight, 0);
    }
}

static void any_division_into_descriptors(void **state)
{
    const struct driver_element elements[] = {
        { BLK_RIG_HEADER_AT, 5, false },
        { BLK_RIG_HEADER_AT + 5, 11 + 100, false },
        { BLK_RIG_BUFFER_AT, 412, false },
        { BLK_RIG_STATUS_AT, 1, true },
    };
    const struct driver_element read[] = {
        { BLK_RIG_HEADER_AT, 16, false },
        { BLK_RIG_BUFFER_AT, 100, true },
        { BLK_RIG_BUFFER_AT + 0x1000, 413, true },
    };

    (void)state;
    for (unsigned shape = 0; shape < 2; shape++) {
        enum driver_shape how = shape == 0 ? DRIVER_DIRECT : DRIVER_INDIRECT;

        world_boot(&world, VIRTIO_F_INDIRECT_DESC, 1, BLK_RIG_ENTRIES);
        blk_rig.count = 0;
        blk_rig_header(BLK_RIG_HEADER_AT, 1, 3);
        assert_true(driver_ring_add(&world.rings[0], elements, 4, how, 0));
        world_kick(&world, 0);
        assert_int_equal(blk_rig.count, 1);
        assert_int_equal(blk_rig.requests[0].bytes, 512);
        assert_int_equal(blk_rig.requests[0].count, 2);
        assert_int_equal(blk_rig.requests[0].segments[0].guest.value, BLK_RIG_HEADER_AT + 16);
        assert_ptr_equal(blk_rig.requests[0].segments[0].host.ptr,
                         world_at(&world, BLK_RIG_HEADER_AT + 16));
        assert_int_equal(blk_rig.requests[0].segments[0].bytes, 100);
        assert_int_equal(blk_rig.requests[0].segments[1].bytes, 412);
        blk_rig_complete(0, VBLK_OK);
        blk_rig_expect(0, 1, 0);
        /* The status is the last byte of what is writable. */
        blk_rig_header(BLK_RIG_HEADER_AT, 0, 3);
        *world_at(&world, BLK_RIG_BUFFER_AT + 0x1000 + 412) = BLK_RIG_UNSET;
        assert_true(driver_ring_add(&world.rings[0], read, 3, how, 1));
        world_kick(&world, 0);
        assert_int_equal(blk_rig.requests[1].bytes, 512);
        assert_int_equal(blk_rig.requests[1].segments[1].bytes, 412);
        blk_rig_complete(1, VBLK_IOERR);
        assert_int_equal(*world_at(&world, BLK_RIG_BUFFER_AT + 0x1000 + 412), 1);
    }
}

static void flush_discard_and_zeros(void **state)
{
    const struct {
        uint64_t sector;
        uint32_t sectors;
        uint32_t flags;
    } discard = { 100, 64, 0 }, zero = { 200, 32, 1 };

    (void)state;
    world_boot(&world, VBLK_F_FLUSH | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 4, 0, 0);
    assert_int_equal(blk_rig.requests[0].kind, VBLK_FLUSH);
    blk_rig_put(BLK_RIG_BUFFER_AT + 0x1000, &discard, sizeof discard);
    blk_rig_ask(1, 11, 0, 16);
    assert_int_equal(blk_rig.requests[1].kind, VBLK_DISCARD);
    assert_int_equal(blk_rig.requests[1].sector, 100);
    assert_int_equal(blk_rig.requests[1].bytes, 64 * 512);
    blk_rig_put(BLK_RIG_BUFFER_AT + 0x2000, &zero, sizeof zero);
    blk_rig_ask(2, 13, 0, 16);
    assert_int_equal(blk_rig.requests[2].kind, VBLK_ZERO);
    assert_int_equal(blk_rig.requests[2].sector, 200);
    assert_true(blk_rig.requests[2].unmap);
    blk_rig_complete(1, VBLK_OK);
    blk_rig_complete(2, VBLK_UNSUPP);
    blk_rig_complete(0, VBLK_OK);
    blk_rig_expect(1, 1, 0);
    blk_rig_expect(2, 1, 2);
    blk_rig_expect(0, 1, 0);
}

static void the_id_is_answered_at_once(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    blk_rig_ask(0, 8, 0, 20);
    blk_rig_expect(0, 21, 0);
    assert_memory_equal(world_at(&world, BLK_RIG_BUFFER_AT), blk_rig.disk.id, 20);
    memset(world_at(&world, BLK_RIG_BUFFER_AT + 0x1000), BLK_RIG_UNSET, 16);
    blk_rig_ask(1, 8, 0, 4);
    blk_rig_expect(1, 5, 0);
    assert_int_equal(*world_at(&world, BLK_RIG_BUFFER_AT + 0x1004), BLK_RIG_UNSET);
    assert_int_equal(blk_rig.count, 0);
}

static void vio_blk_02_what_is_not_known_is_not_supported(void **state)
{
    static const uint32_t types[] = { 2, 3, 5, 9, 10, 12, 14, 15, 0x80000000, 0xffffffff };

    (void)state;
    world_boot(&world, 0, 1, BLK_RIG_ENTRIES);
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        blk_rig_ask(i, types[i], 0, 512);
        blk_rig_expect(i, 1, 2);
    }
    /* Nor what was not negotiated. */
    blk_rig_ask(10, 11, 0, 16);
    blk_rig_expect(10, 1, 2);
    blk_rig_ask(11, 13, 0, 16);
    blk_rig_expect(11, 1, 2);
    assert_int_equal(blk_rig.count, 0);
}

static void vio_blk_06_unknown_flags_of_a_range_are_not_supported(void **state)
{
    static const struct {
        uint32_t type;
        uint32_t flags;
    } wrong[] = { { 11, 1 }, { 11, 2 }, { 11, 0x80000000 }, { 13, 2 }, { 13, 3 } };

    (void)state;
    world_boot(&world, VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES, 1, BLK_RIG_ENTRIES);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const uint32_t range[4] = { 0, 0, 8, wrong[i].flags };

        blk_rig_put(BLK_RIG_BUFFER_AT + i * 0x1000, range, sizeof range);
        blk_rig_ask(i, wrong[i].type, 0, 16);
        blk_rig_expect(i, 1, 2);
    }
    assert_int_equal(blk_rig.count, 0);
}

static void without_room_the_queue_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        world_boot(&world, virtio_rig_formats[i], 1, BLK_RIG_ENTRIES);
        blk_rig.count = 0;
        blk_rig.room = 1;
        blk_rig_ask(0, 0, 0, 512);
        blk_rig_ask(1, 1, 1, 1024);
        blk_rig_ask(2, 0, 2, 512);
        assert_int_equal(blk_rig.count, 1);
        vblk_resume(&blk_rig.blk);
        assert_int_equal(blk_rig.count, 1);
        blk_rig.room = 64;
        vblk_resume(&blk_rig.blk);
        assert_int_equal(blk_rig.count, 3);
        assert_int_equal(blk_rig.requests[1].kind, VBLK_WRITE);
        assert_int_equal(blk_rig.requests[1].bytes, 1024);
        for (unsigned n = 0; n < 3; n++) {
            blk_rig_complete(n, VBLK_OK);
        }
        blk_rig_expect(0, 513, 0);
        blk_rig_expect(1, 1, 0);
        blk_rig_expect(2, 513, 0);
    }
}

static void hostile_requests(void **state)
{
    const struct driver_element headers[] = { { BLK_RIG_HEADER_AT, 15, false },
                                              { BLK_RIG_STATUS_AT, 1, true } };
    const struct driver_element only_status[] = { { BLK_RIG_STATUS_AT, 1, true } };
    const struct driver_element readable[] = { { BLK_RIG_HEADER_AT, 16, false },
                                               { BLK_RIG_BUFFER_AT, 512, false } };
    const struct driver_element odd[] = { { BLK_RIG_HEADER_AT, 16, false },
                                          { BLK_RIG_BUFFER_AT, 511, true },
                                          { BLK_RIG_STATUS_AT, 1, true } };
    const struct driver_element many[] = {
        { BLK_RIG_HEADER_AT, 16, false },        { BLK_RIG_BUFFER_AT, 512, true },
        { BLK_RIG_BUFFER_AT + 512, 512, true },  { BLK_RIG_BUFFER_AT + 1024, 512, true },
        { BLK_RIG_BUFFER_AT + 1536, 512, true }, { BLK_RIG_BUFFER_AT + 2048, 512, true },
        { BLK_RIG_BUFFER_AT + 2560, 512, true }, { BLK_RIG_BUFFER_AT + 3072, 512, true },
        { BLK_RIG_BUFFER_AT + 3584, 512, true }, { BLK_RIG_BUFFER_AT + 4096, 512, true },
        { BLK_RIG_STATUS_AT, 1, true },
    };

    (void)state;
    world_boot(&world, VBLK_F_DISCARD, 1, BLK_RIG_ENTRIES);
    blk_rig_header(BLK_RIG_HEADER_AT, 0, 0);
    assert_true(driver_ring_add(&world.rings[0], headers, 2, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    blk_rig_expect(0, 1, 1);
    assert_true(driver_ring_add(&world.rings[0], only_status, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    blk_rig_expect(0, 1, 1);
    *world_at(&world, BLK_RIG_STATUS_AT) = BLK_RIG_UNSET;
    assert_true(driver_ring_add(&world.rings[0], readable, 2, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    blk_rig_expect(0, 0, BLK_RIG_UNSET);
    assert_int_equal(blk_rig.blk.dev.stats.errors[VIRTIO_ERR_DIRECTION], 1);
    assert_true(driver_ring_add(&world.rings[0], odd, 3, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    blk_rig_expect(0, 512, 1);
    assert_true(driver_ring_add(&world.rings[0], many, 11, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    blk_rig_expect(0, 4609, 1);
    /* No data, and ranges of every wrong length. */
    blk_rig_ask(0, 0, 0, 0);
    blk_rig_expect(0, 1, 1);
    blk_rig_ask(1, 1, 0, 0);
    blk_rig_expect(1, 1, 1);
    for (uint32_t bytes = 1; bytes < 40; bytes += 7) {
        blk_rig_ask(2, 11, 0, bytes);
        blk_rig_expect(2, 1, 1);
    }
    assert_int_equal(blk_rig.count, 0);
    /* The device goes on. */
    blk_rig_ask(3, 0, UINT64_MAX, 512);
    assert_int_equal(blk_rig.requests[0].sector, UINT64_MAX);
    blk_rig_complete(0, VBLK_IOERR);
    blk_rig_expect(3, 513, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, blk_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_read_and_a_write_reach_the_backing),
        TEST(requests_are_in_flight_together_and_come_back_in_any_order),
        TEST(any_division_into_descriptors),
        TEST(flush_discard_and_zeros),
        TEST(the_id_is_answered_at_once),
        TEST(vio_blk_02_what_is_not_known_is_not_supported),
        TEST(vio_blk_06_unknown_flags_of_a_range_are_not_supported),
        TEST(without_room_the_queue_waits),
        TEST(hostile_requests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
