/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers of virtIO network devices that lose the link, start anew, or leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nic_rig.h"

static void the_link_goes_down_and_up(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    struct net_frame frame;

    (void)state;
    vnet_set_link(&nic_rig.net, false);
    virtio_nic_interrupt(&nic_rig.nic);
    assert_true(nic_rig_send_plain(100));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 0);
    assert_int_equal(nic_rig.network.ports[NIC_RIG_PEER].stats.unwanted, 1);
    assert_int_equal(nic_rig_lent(), 0);
    vnet_set_link(&nic_rig.net, true);
    virtio_nic_interrupt(&nic_rig.nic);
    assert_true(nic_rig_send_plain(100));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 1);
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    nic_rig_run();
    nic_rig_expect(&frame, 100);
}

static void a_restart_gives_everything_back(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    struct net_frame frame;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        nic_rig.answer = VNET_WAIT;
        for (unsigned i = 0; i < 200; i++) {
            assert_true(nic_rig_send_plain(1000));
        }
        nic_rig_run();
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        /* It dies here, and knows nothing of that afterwards. */
        memset(&nic_rig.nic, 0, sizeof(nic_rig.nic));
        nic_rig.answer = VNET_TAKEN;
        nic_rig.wire_count = 0;
        assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_OK);
        nic_rig_run();
        assert_int_equal(nic_rig_lent(), 0);
        nic_rig_expect_none();
        assert_true(nic_rig_send_plain(200));
        nic_rig_run();
        assert_int_equal(nic_rig.wire_count, 1);
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        nic_rig_run();
        nic_rig_expect(&frame, 100);
    }
}

static void who_leaves_gives_everything_back(void **state)
{
    const struct virtio_nic_setup given = nic_rig_given();

    (void)state;
    nic_rig.answer = VNET_WAIT;
    for (unsigned i = 0; i < 15; i++) {
        assert_true(nic_rig_send_segment(60000, NET_GSO_TCP4));
    }
    nic_rig_run();
    assert_true(nic_rig_lent() > 0);
    memset(&nic_rig.nic, 0, sizeof(nic_rig.nic));
    assert_int_equal(virtio_nic_leave(&nic_rig.nic, &given), VIRTIO_DEVICE_OK);
    assert_false(vnet_is_up(&nic_rig.net));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(nic_rig_send_plain(1000));
        for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
            while (net_switch_serve(&nic_rig.network, port, NIC_RIG_SECOND)) {
            }
        }
    }
    assert_int_equal(nic_rig_lent(), 0);
    /* Unless it still may be read. */
    nic_rig.stuck = true;
    assert_int_equal(virtio_nic_leave(&nic_rig.nic, &given), VIRTIO_DEVICE_STUCK);
}

static void a_restart_of_the_switch_takes_no_slot_from_the_device(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    bool seen[NET_CLIENT_SLOTS] = { false };
    struct net_frame frame;

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        (void)virtio_nic_serve(&nic_rig.nic);
        nic_rig_make_switch();
        nic_rig_run();
        /* Slots with the device and free ones are different ones, and together all. */
        memset(seen, 0, sizeof(seen));
        for (unsigned i = 0; i < NIC_RIG_ENTRIES; i++) {
            if (nic_rig.nic.posted[i]) {
                assert_false(seen[nic_rig.nic.rx_slots[i]]);
                seen[nic_rig.nic.rx_slots[i]] = true;
            }
        }
        for (unsigned i = 0; i < nic_rig.nic.client.small_count; i++) {
            assert_false(seen[nic_rig.nic.client.small[i]]);
            seen[nic_rig.nic.client.small[i]] = true;
        }
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        nic_rig_run();
        nic_rig_expect(&frame, 100);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_rig_setup, nic_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_link_goes_down_and_up),
        TEST(a_restart_gives_everything_back),
        TEST(who_leaves_gives_everything_back),
        TEST(a_restart_of_the_switch_takes_no_slot_from_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
