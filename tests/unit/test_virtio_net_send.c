/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest sends by a network device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "vnet_rig.h"

static void frames_are_sent(void **state)
{
    (void)state;
    vnet_rig_boot(0);
    for (uint32_t bytes = 14; bytes <= 1518; bytes += 47) {
        assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = bytes }));
        assert_int_equal(vnet_rig.sent_frame.bytes, bytes);
        assert_memory_equal(vnet_rig.sent, world_at(&world, WORLD_DATA_AT + VNET_HEADER_BYTES),
                            bytes);
    }
    /* Nothing was held, so that nobody asks for how long. */
    assert_int_equal(vnet_rig.ends, 0);
    assert_int_equal(vnet_rig.net.stats.sent_frames, vnet_rig.sent_count);
}

/* How many of the guest's frames it has the buffers back of, since the last call. */
static unsigned given_back(void)
{
    uint32_t cookie;
    uint32_t written;
    unsigned count = 0;

    while (driver_ring_get(&world.rings[1], &cookie, &written)) {
        assert_int_equal(written, 0);
        count++;
    }
    return count;
}

static void held_frames_come_back_when_they_may(void **state)
{
    const struct vnet_frame frame = { .bytes = 64 };
    uint64_t features[] = { 0, VIRTIO_F_RING_PACKED };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        world_reset(&world);
        vnet_rig_boot(features[i]);
        vnet_rig.answer = VNET_HELD;
        vnet_rig.keep = 0;
        assert_true(vnet_rig_send(&frame));
        for (vnet_rig.keep = 1; vnet_rig.keep <= 3; vnet_rig.keep++) {
            assert_false(vnet_rig_send(&frame));
        }
        vnet_rig.keep = 3;
        assert_int_equal(vnet_rig.net.held_count, 3);
        /* What is sent behind them and not held comes back before them. */
        vnet_rig.answer = VNET_TAKEN;
        assert_true(vnet_rig_send(&frame));
        vnet_transmit_release(&vnet_rig.net, 3);
        assert_int_equal(given_back(), 0);
        world.raised_used = 0;
        vnet_transmit_release(&vnet_rig.net, 1);
        assert_int_equal(world.raised_used, 1);
        assert_int_equal(given_back(), 2);
        vnet_transmit_release(&vnet_rig.net, 0);
        assert_int_equal(given_back(), 1);
        vnet_transmit_release(&vnet_rig.net, 0);
        assert_int_equal(given_back(), 0);
    }
    assert_int_equal(world.reports, 0);
}

/* A guest that is to be held back more than there is room for gets its buffers back sooner. */
static void held_frames_are_bounded(void **state)
{
    (void)state;
    vnet_rig_boot(0);
    vnet_rig.answer = VNET_HELD;
    vnet_rig.keep = UINT32_MAX;
    for (unsigned i = 0; i < 5 * VNET_HELD_FRAMES; i++) {
        assert_int_equal(vnet_rig_send(&(struct vnet_frame){ .bytes = 64 }), i >= VNET_KEPT_FRAMES);
    }
    assert_int_equal(vnet_rig.net.held_count, VNET_KEPT_FRAMES);
    assert_int_equal(vnet_rig.net.stats.sent_frames, 5 * VNET_HELD_FRAMES);
}

/* A queue that ends takes with it what was held of it. */
static void held_frames_end_with_the_queue(void **state)
{
    (void)state;
    vnet_rig_boot(0);
    vnet_rig.answer = VNET_HELD;
    vnet_rig.keep = 2;
    (void)vnet_rig_send(&(struct vnet_frame){ .bytes = 64 });
    (void)vnet_rig_send(&(struct vnet_frame){ .bytes = 64 });
    world_reset(&world);
    assert_int_equal(vnet_rig.net.held_count, 0);
    vnet_transmit_release(&vnet_rig.net, 0);
    vnet_rig_boot(0);
    vnet_transmit_release(&vnet_rig.net, 0);
    assert_int_equal(given_back(), 0);
    assert_int_equal(world.reports, 0);
    assert_false(vnet_rig_send(&(struct vnet_frame){ .bytes = 64 }));
}

static void hostile_runts_and_giants(void **state)
{
    const struct driver_element nothing = { WORLD_DATA_AT, VNET_HEADER_BYTES - 1, false };
    const struct driver_element writable = { WORLD_DATA_AT, 100, true };

    (void)state;
    vnet_rig_boot(VNET_RIG_OFFLOADS);
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 0 }));
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 13 }));
    assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = 1518 }));
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 1519 }));
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = VNET_MAX_FRAME + 1,
                                                      .flags = VNET_NEEDS_CSUM,
                                                      .gso_type = VNET_GSO_TCP4,
                                                      .gso_bytes = 1460 }));
    assert_true(driver_ring_add(&world.rings[1], &nothing, 1, DRIVER_DIRECT, 1));
    assert_true(driver_ring_add(&world.rings[1], &writable, 1, DRIVER_DIRECT, 1));
    world_kick(&world, 1);
    assert_int_equal(vnet_rig.sent_count, 1);
    assert_int_equal(vnet_rig.net.stats.sent_malformed, 6);
    assert_int_equal(vnet_rig.net.dev.stats.errors[VIRTIO_ERR_MESSAGE], 6);
    assert_int_equal(vnet_rig.net.dev.stats.errors[VIRTIO_ERR_DIRECTION], 1);
    assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = 60 }));
}

static void hostile_segmentation_headers(void **state)
{
    const struct vnet_frame good = {
        .bytes = VNET_RIG_SEGMENT,
        .flags = VNET_NEEDS_CSUM,
        .gso_type = VNET_GSO_TCP4,
        .header_bytes = 54,
        .gso_bytes = 1460,
        .csum_start = 34,
        .csum_offset = 16,
    };
    struct vnet_frame bad = good;

    (void)state;
    vnet_rig_boot(VNET_RIG_OFFLOADS & ~(VNET_F_HOST_TSO6 | VNET_F_HOST_ECN));
    assert_true(vnet_rig_passes(good));
    bad.gso_bytes = 0;
    assert_false(vnet_rig_passes(bad));
    bad = good;
    bad.flags = 0;
    assert_false(vnet_rig_passes(bad));
    bad = good;
    bad.gso_type = VNET_GSO_TCP6;
    assert_false(vnet_rig_passes(bad));
    bad.gso_type = VNET_GSO_TCP4 | VNET_GSO_ECN;
    assert_false(vnet_rig_passes(bad));
    bad.gso_type = 3;
    assert_false(vnet_rig_passes(bad));
    bad = good;
    bad.csum_start = 65000;
    assert_false(vnet_rig_passes(bad));
    vnet_rig_boot(VNET_F_CSUM);
    assert_false(vnet_rig_passes(good));
}

static void vio_net_01_unknown_flags_are_ignored(void **state)
{
    (void)state;
    vnet_rig_boot(VNET_F_CSUM);
    assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = 60, .flags = 0xfe }));
    assert_int_equal(vnet_rig.sent_frame.flags, 0);
    assert_true(vnet_rig_passes(
        (struct vnet_frame){ .bytes = 60, .flags = 0xff, .csum_start = 34, .csum_offset = 24 }));
    assert_int_equal(vnet_rig.sent_frame.flags, VNET_NEEDS_CSUM);
    /* Without NEEDS_CSUM the checksum's place is not looked at. */
    assert_true(vnet_rig_passes(
        (struct vnet_frame){ .bytes = 60, .csum_start = 0xffff, .csum_offset = 0xffff }));
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 60, .flags = 1, .csum_start = 59 }));
    assert_false(vnet_rig_passes(
        (struct vnet_frame){ .bytes = 60, .flags = 1, .csum_start = 1, .csum_offset = 0xffff }));
    vnet_rig_boot(0);
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 60, .flags = VNET_NEEDS_CSUM }));
}

static void vio_net_02_the_hint_of_the_headers_length_is_not_relied_on(void **state)
{
    struct vnet_frame frame = {
        .bytes = 4000,
        .flags = VNET_NEEDS_CSUM,
        .gso_type = VNET_GSO_TCP4,
        .header_bytes = 0xffff,
        .gso_bytes = 1460,
        .csum_start = 34,
        .csum_offset = 16,
    };

    (void)state;
    vnet_rig_boot(VNET_RIG_OFFLOADS);
    assert_true(vnet_rig_passes(frame));
    frame.header_bytes = 0;
    assert_true(vnet_rig_passes(frame));
}

static void a_frame_waits_for_room(void **state)
{
    const struct vnet_frame frame = { .bytes = 200 };
    uint32_t cookie;
    uint32_t written;

    (void)state;
    vnet_rig_boot(0);
    vnet_rig.answer = VNET_WAIT;
    assert_false(vnet_rig_send(&frame));
    assert_false(vnet_rig_send(&frame));
    vnet_rig.answer = VNET_TAKEN;
    vnet_transmit_resume(&vnet_rig.net);
    assert_int_equal(vnet_rig.sent_count, 2);
    vnet_transmit_resume(&vnet_rig.net);
    assert_int_equal(vnet_rig.sent_count, 2);
    assert_true(driver_ring_get(&world.rings[1], &cookie, &written));
    assert_true(driver_ring_get(&world.rings[1], &cookie, &written));
    /* And one that waits is forgotten by a reset. */
    vnet_rig.answer = VNET_WAIT;
    assert_false(vnet_rig_send(&frame));
    world_reset(&world);
    vnet_rig.answer = VNET_TAKEN;
    vnet_transmit_resume(&vnet_rig.net);
    assert_int_equal(vnet_rig.sent_count, 2);
    vnet_rig.answer = VNET_DROPPED;
    vnet_rig_boot(0);
    assert_true(vnet_rig_send(&frame));
    assert_int_equal(vnet_rig.net.stats.sent_dropped, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, vnet_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(frames_are_sent),
        T(held_frames_come_back_when_they_may),
        T(held_frames_are_bounded),
        T(held_frames_end_with_the_queue),
        T(hostile_runts_and_giants),
        T(hostile_segmentation_headers),
        T(vio_net_01_unknown_flags_are_ignored),
        T(vio_net_02_the_hint_of_the_headers_length_is_not_relied_on),
        T(a_frame_waits_for_room),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
