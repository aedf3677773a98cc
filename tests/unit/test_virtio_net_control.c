/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest tells a network device by its control queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vnet_rig.h"

#define CONTROL                                                                  \
    (VNET_F_CTRL_VQ | VNET_F_CTRL_RX | VNET_F_CTRL_RX_EXTRA | VNET_F_CTRL_VLAN | \
     VNET_F_CTRL_MAC_ADDR | VNET_F_CTRL_GUEST_OFFLOADS | VNET_F_GUEST_ANNOUNCE | VNET_F_STATUS)
#define CONTROL_AT (WORLD_DATA_AT + 0x3f000)

static const uint8_t broadcast[VNET_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t multicast[VNET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 1 };
static const uint8_t other[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 9 };

/* A control message; returns the answer, 0 for done. */
static uint8_t control(uint8_t class, uint8_t command, const void *data, uint32_t bytes)
{
    const struct driver_element elements[3] = {
        { CONTROL_AT, 2, false },
        { CONTROL_AT + 2, bytes, false },
        { CONTROL_AT + 0x800, 1, true },
    };
    unsigned char *head = world_at(&world, CONTROL_AT);
    uint32_t cookie;
    uint32_t written;

    head[0] = class;
    head[1] = command;
    memcpy(head + 2, data, bytes);
    *world_at(&world, CONTROL_AT + 0x800) = 0xee;
    assert_true(driver_ring_add(&world.rings[2], elements, 3, DRIVER_DIRECT, 5));
    world_kick(&world, 2);
    assert_true(driver_ring_get(&world.rings[2], &cookie, &written));
    assert_int_equal(written, 1);
    return *world_at(&world, CONTROL_AT + 0x800);
}

static uint8_t control_switch(uint8_t command, uint8_t on)
{
    return control(0, command, &on, 1);
}

static void vio_net_05_filter_tables_are_empty_after_reset(void **state)
{
    uint8_t table[4 + 6 + 4 + 6] = { 1, 0, 0, 0, 2,    0,    0, 0, 0, 9,
                                     1, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1 };
    uint16_t vlan = 5;

    (void)state;
    vnet_rig_boot(CONTROL);
    /* Until the driver says something, all frames are wanted. */
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_int_equal(control_switch(0, 0), 0);
    assert_true(vnet_wants(&vnet_rig.net, vnet_rig_mac, -1));
    assert_true(vnet_wants(&vnet_rig.net, broadcast, -1));
    assert_false(vnet_wants(&vnet_rig.net, multicast, -1));
    assert_false(vnet_wants(&vnet_rig.net, other, -1));
    assert_int_equal(control(1, 0, table, sizeof table), 0);
    assert_true(vnet_wants(&vnet_rig.net, multicast, -1));
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, 5));
    assert_int_equal(control(2, 0, &vlan, 2), 0);
    assert_true(vnet_wants(&vnet_rig.net, vnet_rig_mac, 5));
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, 4));
    assert_int_equal(control(2, 1, &vlan, 2), 0);
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, 5));
    vnet_rig_boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_false(vnet_wants(&vnet_rig.net, multicast, -1));
    assert_false(vnet_wants(&vnet_rig.net, other, -1));
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, 4));
    world_reset(&world);
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, -1));
}

static void receive_modes(void **state)
{
    (void)state;
    vnet_rig_boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control_switch(1, 1), 0);
    assert_true(vnet_wants(&vnet_rig.net, multicast, -1));
    assert_int_equal(control_switch(3, 1), 0);
    assert_false(vnet_wants(&vnet_rig.net, multicast, -1));
    assert_int_equal(control_switch(5, 1), 0);
    assert_false(vnet_wants(&vnet_rig.net, broadcast, -1));
    assert_int_equal(control_switch(2, 1), 0);
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_int_equal(control_switch(4, 1), 0);
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, -1));
    assert_true(vnet_rig.changes >= 6);
}

static void vio_net_06_the_address_is_shown_before_the_answer(void **state)
{
    (void)state;
    vnet_rig_boot(CONTROL | VNET_F_MAC);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control(1, 1, other, sizeof other), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) & 0xffff, 0x0900);
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_false(vnet_wants(&vnet_rig.net, vnet_rig_mac, -1));
    assert_int_equal(control(1, 1, multicast, sizeof multicast), 1);
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) & 0xffff, 0x0100);
}

static void vio_net_09_an_announcement_ends_before_the_answer(void **state)
{
    (void)state;
    vnet_rig_boot(CONTROL);
    assert_int_equal(control(3, 0, "", 0), 1);
    vnet_announce(&vnet_rig.net);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) >> 16, 3);
    assert_int_equal(control(3, 0, "", 0), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) >> 16, 1);
    vnet_rig_boot(VNET_F_STATUS);
    vnet_announce(&vnet_rig.net);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) >> 16, 1);
}

static void receive_offloads_are_switched(void **state)
{
    const struct vnet_frame sums = { .bytes = 60, .flags = VNET_NEEDS_CSUM };
    uint64_t offloads = 0;

    (void)state;
    vnet_rig_boot(CONTROL | VNET_F_GUEST_CSUM);
    assert_true(vnet_takes(&vnet_rig.net, &sums));
    assert_int_equal(control(5, 0, &offloads, 8), 0);
    assert_false(vnet_takes(&vnet_rig.net, &sums));
    offloads = VNET_F_GUEST_TSO4;
    assert_int_equal(control(5, 0, &offloads, 8), 1);
    offloads = VNET_F_GUEST_CSUM;
    assert_int_equal(control(5, 0, &offloads, 8), 0);
    assert_true(vnet_takes(&vnet_rig.net, &sums));
}

static void hostile_control_messages(void **state)
{
    const struct driver_element no_answer = { CONTROL_AT, 3, false };
    const struct driver_element short_head[2] = { { CONTROL_AT, 1, false },
                                                  { CONTROL_AT + 0x800, 1, true } };
    uint8_t table[8] = { 255, 255, 255, 255, 0, 0, 0, 0 };
    uint16_t vlan = 4096;

    (void)state;
    vnet_rig_boot(CONTROL);
    assert_int_equal(control(9, 0, "", 0), 1);
    assert_int_equal(control(0, 6, "x", 1), 1);
    assert_int_equal(control(0, 0, "", 0), 1);
    assert_int_equal(control(1, 0, table, 3), 1);
    assert_int_equal(control(1, 0, table, 8), 1);
    assert_int_equal(control(1, 2, table, 8), 1);
    assert_int_equal(control(1, 1, table, 5), 1);
    assert_int_equal(control(2, 0, &vlan, 2), 1);
    assert_int_equal(control(2, 2, "\1\0", 2), 1);
    assert_int_equal(control(5, 1, table, 8), 1);
    /* The mode is as it was. */
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_true(driver_ring_add(&world.rings[2], &no_answer, 1, DRIVER_DIRECT, 1));
    assert_true(driver_ring_add(&world.rings[2], short_head, 2, DRIVER_DIRECT, 1));
    world_kick(&world, 2);
    assert_int_equal(vnet_rig.net.dev.stats.errors[VIRTIO_ERR_MESSAGE], 11);
    assert_int_equal(vnet_rig.net.dev.stats.errors[VIRTIO_ERR_SIZE], 1);
    /* What was not negotiated is no command. */
    vnet_rig_boot(VNET_F_CTRL_VQ);
    assert_int_equal(control_switch(0, 0), 1);
    assert_int_equal(control(1, 1, other, 6), 1);
    assert_int_equal(control(2, 0, "\5\0", 2), 1);
}

static void a_long_table_takes_all(void **state)
{
    uint8_t table[4 + 40 * 6 + 4] = { 40 };

    (void)state;
    vnet_rig_boot(CONTROL);
    assert_int_equal(control_switch(0, 0), 0);
    assert_int_equal(control(1, 0, table, sizeof table), 0);
    assert_true(vnet_wants(&vnet_rig.net, other, -1));
    assert_false(vnet_wants(&vnet_rig.net, multicast, -1));
}

#define T(name) cmocka_unit_test_setup_teardown(name, vnet_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_net_05_filter_tables_are_empty_after_reset),
        T(receive_modes),
        T(vio_net_06_the_address_is_shown_before_the_answer),
        T(vio_net_09_an_announcement_ends_before_the_answer),
        T(receive_offloads_are_switched),
        T(hostile_control_messages),
        T(a_long_table_takes_all),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
