/* SPDX-License-Identifier: BSD-2-Clause */
/* What a network device writes into the buffers of a guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vnet_rig.h"

static void vio_net_03_no_offloads_that_the_driver_does_not_know(void **state)
{
    const struct vnet_frame sums = { .bytes = 60, .flags = 1, .csum_start = 34, .csum_offset = 6 };
    const struct vnet_frame valid = { .bytes = 60, .flags = VNET_DATA_VALID };
    const struct vnet_frame large = { .bytes = 1000, .gso_type = VNET_GSO_TCP4, .gso_bytes = 500 };

    (void)state;
    vnet_rig_boot(0);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 2000);
    assert_int_equal(vnet_rig_receive(sums), VNET_DROPPED);
    assert_int_equal(vnet_rig_receive(large), VNET_DROPPED);
    assert_int_equal(vnet_rig_receive(valid), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 72);
    assert_int_equal(*world_at(&world, VNET_RIG_RECEIVE_AT), 0);
    vnet_rig_boot(VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 2000);
    assert_int_equal(vnet_rig_receive(sums), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 72);
    assert_int_equal(*world_at(&world, VNET_RIG_RECEIVE_AT), 1);
    assert_int_equal(vnet_rig_word(VNET_RIG_RECEIVE_AT + 6), 34);
    assert_false(vnet_takes(&vnet_rig.net, &(struct vnet_frame){ .gso_type = VNET_GSO_TCP6 }));
    assert_false(vnet_takes(&vnet_rig.net,
                            &(struct vnet_frame){ .gso_type = VNET_GSO_TCP4 | VNET_GSO_ECN }));
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 2000);
    assert_int_equal(vnet_rig_receive(large), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 1012);
    assert_int_equal(*world_at(&world, VNET_RIG_RECEIVE_AT + 1), VNET_GSO_TCP4);
}

static void vio_net_04_the_number_of_buffers_is_that_of_the_used(void **state)
{
    static uint8_t joined[VNET_RIG_SEGMENT + VNET_HEADER_BYTES];
    const struct vnet_frame large = { .bytes = VNET_RIG_SEGMENT,
                                      .gso_type = VNET_GSO_TCP4,
                                      .gso_bytes = 1460 };
    uint32_t done = 0;
    unsigned buffers = 0;

    (void)state;
    vnet_rig_boot(0);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 1600);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1000 }), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 1012);
    assert_int_equal(vnet_rig_word(VNET_RIG_RECEIVE_AT + 10), 1);
    vnet_rig_boot(VNET_RIG_OFFLOADS | VNET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 45; i++) {
        vnet_rig_give(VNET_RIG_RECEIVE_AT + i * 1536ull, 1536);
    }
    assert_int_equal(vnet_rig_receive(large), VNET_TAKEN);
    while (done < sizeof joined) {
        uint32_t part = vnet_rig_received();

        assert_true(part != 0 && part <= sizeof joined - done);
        memcpy(joined + done, world_at(&world, VNET_RIG_RECEIVE_AT + buffers * 1536), part);
        done += part;
        buffers++;
        assert_true(part == 1536 || done == sizeof joined);
    }
    assert_int_equal(vnet_rig_word(VNET_RIG_RECEIVE_AT + 10), buffers);
    for (uint32_t i = 0; i < VNET_RIG_SEGMENT; i++) {
        assert_int_equal(joined[VNET_HEADER_BYTES + i], (uint8_t)(i * 5 + 1));
    }
    /* The rest is there for the next. */
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 72);
}

static void a_frame_for_the_guest_waits_for_buffers(void **state)
{
    (void)state;
    vnet_rig_boot(VNET_F_MRG_RXBUF);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 1000);
    assert_int_equal(vnet_rig.wanted, 1);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    assert_int_equal(vnet_rig_received(), 0);
    vnet_rig_give(VNET_RIG_RECEIVE_AT + 1000, 1000);
    assert_int_equal(vnet_rig.wanted, 2);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1400 }), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 1000);
    assert_int_equal(vnet_rig_received(), 412);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 100);
    assert_int_equal(vnet_rig.wanted, 2);
    /* What is in stock is forgotten by a reset, with the wish. */
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1400 }), VNET_WAIT);
    world_reset(&world);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_DROPPED);
    vnet_rig_boot(VNET_F_MRG_RXBUF);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 1536);
    assert_int_equal(vnet_rig.wanted, 2);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(vnet_rig_received(), 72);
}

static void hostile_receive_buffers(void **state)
{
    const struct driver_element readable = { VNET_RIG_RECEIVE_AT, 100, false };

    (void)state;
    vnet_rig_boot(0);
    /* One that is too small for a header, and one that cannot be written: given back. */
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 11);
    assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, 1));
    world_kick(&world, 0);
    vnet_rig_give(VNET_RIG_RECEIVE_AT + 0x1000, 100);
    memset(world_at(&world, VNET_RIG_RECEIVE_AT), 0xee, 200);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1000 }), VNET_DROPPED);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(*world_at(&world, VNET_RIG_RECEIVE_AT), 0xee);
    assert_int_equal(vnet_rig_received(), 0);
    assert_int_equal(vnet_rig_received(), 0);
    assert_int_equal(vnet_rig_received(), 72);
    assert_int_equal(vnet_rig.net.dev.stats.errors[VIRTIO_ERR_SIZE], 2);
    /* Merged buffers of 20 bytes: a large frame finds no place, small ones do. */
    vnet_rig_boot(VNET_RIG_OFFLOADS | VNET_F_MRG_RXBUF);
    for (unsigned i = 0; i < VNET_RIG_ENTRIES; i++) {
        vnet_rig_give(VNET_RIG_RECEIVE_AT + i * 32, 20);
    }
    assert_int_equal(vnet_rig_receive((struct vnet_frame){
                         .bytes = VNET_RIG_SEGMENT, .gso_type = 1, .gso_bytes = 1460 }),
                     VNET_DROPPED);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_int_equal(vnet_rig_word(VNET_RIG_RECEIVE_AT + 10), 4);
}

static void hostile_many_tiny_buffers(void **state)
{
    struct driver_element elements[16];

    (void)state;
    vnet_rig_boot(VNET_RIG_OFFLOADS | VNET_F_MRG_RXBUF | VIRTIO_F_INDIRECT_DESC);
    for (unsigned i = 0; i < 16; i++) {
        elements[i] = (struct driver_element){ VNET_RIG_RECEIVE_AT + i, 1, true };
    }
    for (unsigned i = 0; i < VNET_RIG_ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], elements, 16, DRIVER_INDIRECT, i));
    }
    world_kick(&world, 0);
    /* Its storage for segments is full before the frame fits. */
    assert_int_equal(vnet_rig_receive((struct vnet_frame){
                         .bytes = VNET_RIG_SEGMENT, .gso_type = 1, .gso_bytes = 1460 }),
                     VNET_DROPPED);
    for (unsigned i = 0; i < VNET_RIG_ENTRIES / 2; i++) {
        assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 20 }), VNET_TAKEN);
        assert_int_equal(vnet_rig_received(), 16);
        assert_int_equal(vnet_rig_received(), 16);
    }
}

static void vio_net_08_nothing_above_the_mtu_is_passed(void **state)
{
    (void)state;
    vnet_rig_boot(VNET_F_MTU);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 4000);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1519 }), VNET_DROPPED);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1518 }), VNET_TAKEN);
    assert_int_equal(vnet_rig.net.stats.received_too_large, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, vnet_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_net_03_no_offloads_that_the_driver_does_not_know),
        T(vio_net_04_the_number_of_buffers_is_that_of_the_used),
        T(a_frame_for_the_guest_waits_for_buffers),
        T(hostile_receive_buffers),
        T(hostile_many_tiny_buffers),
        T(vio_net_08_nothing_above_the_mtu_is_passed),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
