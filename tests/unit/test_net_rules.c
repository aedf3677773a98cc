/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gets a frame, and who may send it: wishes, rules, addresses, VLANs and rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "switch_rig.h"

static void broadcast_goes_to_all_who_want_it(void **state)
{
    (void)state;
    switch_rig_wish(2, NET_WISH_UP | NET_WISH_NO_BROADCAST, 0);
    switch_rig_wish(3, 0, 0);
    switch_rig_send_to(0, switch_rig_everybody);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_send(0, 3);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_wish(3, NET_WISH_UP, 0);
    switch_rig_send(0, 3);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    switch_rig_expect_all_back();
}

static void multicast_goes_to_members(void **state)
{
    static const uint8_t group[NET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 7 };

    (void)state;
    switch_rig_wish(1, NET_WISH_UP, UINT64_C(1) << net_hash(group));
    switch_rig_wish(2, NET_WISH_UP | NET_WISH_ALL_MULTICAST, 0);
    switch_rig_send_to(0, group);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_wish(2, NET_WISH_UP | NET_WISH_ALL_MULTICAST | NET_WISH_NO_MULTICAST, 0);
    switch_rig_wish(3, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    switch_rig_send_to(0, group);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    /* What is for others it sees only where it may have others behind it. */
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_send(0, 77);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_wish(3, NET_WISH_UP, 0);
    switch_rig_others_behind(3);
    switch_rig_wish(3, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    switch_rig_expect_all_back();
}

static void rules_keep_ports_apart(void **state)
{
    (void)state;
    switch_rig.network.ports[0].rules.to = 0x2;
    switch_rig.network.ports[3].rules.to = 0;
    switch_rig_send(0, 2);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    switch_rig_send_to(0, switch_rig_everybody);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_send(3, 1);
    assert_int_equal(switch_rig_receive(1, 3), 0);
    switch_rig_send(1, 3);
    assert_int_equal(switch_rig_receive(3, 1), 1);
    /* Not by being promiscuous either. */
    switch_rig_others_behind(2);
    switch_rig_wish(2, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    switch_rig_expect_all_back();
}

static void a_port_sends_from_its_address(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    net_rig_mac(1, to);
    frame = switch_rig_frame(2, to);
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig.network.ports[0].stats.wrong_source, 1);
    /* Nor from a group's, which nobody has. */
    switch_rig_others_behind(0);
    frame.ethernet[6] = 3;
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig.network.ports[0].stats.wrong_source, 2);
    frame.ethernet[6] = 2;
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(1, 0), 1);
    switch_rig_expect_all_back();
}

static void vlans_are_apart(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    switch_rig.network.ports[0].rules.vlan = 5;
    switch_rig.network.ports[1].rules.vlan = 6;
    switch_rig.network.ports[2].rules.vlan = 5;
    switch_rig.network.ports[3].rules.vlan = 0;
    switch_rig.network.ports[3].rules.tagged[0] = 1U << 5 | 1U << 6;
    switch_rig_send_to(0, switch_rig_everybody);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_true(net_client_receive(&switch_rig.clients[3], &frame, &payload));
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5);
    net_client_return(&switch_rig.clients[3], &frame);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    /* From the trunk, by tag, with its priority. */
    net_rig_mac(1, to);
    frame = switch_rig_frame(3, switch_rig_everybody);
    frame.vlan = NET_VLAN_TAG | 6 | 0x6000;
    switch_rig_put(3, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(0, 3), 0);
    assert_int_equal(switch_rig_receive(2, 3), 0);
    assert_int_equal(switch_rig_receive(1, 3), 1);
    /* Without tag, with one that it has not, and with a second one. */
    frame.vlan = 0;
    switch_rig_put(3, &frame);
    frame.vlan = NET_VLAN_TAG | 7;
    switch_rig_put(3, &frame);
    frame.vlan = NET_VLAN_TAG | 6;
    frame.ethernet[12] = 0x81;
    frame.ethernet[13] = 0;
    switch_rig_put(3, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[3].stats.wrong_vlan, 3);
    /* A port without tags cannot send any. */
    frame = switch_rig_frame(0, switch_rig_everybody);
    frame.vlan = NET_VLAN_TAG | 6;
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig.network.ports[0].stats.wrong_vlan, 1);
    frame.vlan = 0;
    frame.ethernet[12] = 0x88;
    frame.ethernet[13] = 0xa8;
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].stats.wrong_vlan, 2);
    /* But a priority. */
    frame = switch_rig_frame(0, switch_rig_everybody);
    frame.vlan = NET_VLAN_TAG | 0x2000;
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_true(net_client_receive(&switch_rig.clients[3], &frame, &payload));
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5 | 0x2000);
    net_client_return(&switch_rig.clients[3], &frame);
    /* An address that nobody knows is looked for in its VLAN alone. */
    switch_rig_others_behind(1);
    switch_rig_send(0, 77);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig.network.ports[0].stats.unwanted, 2);
    switch_rig_expect_all_back();
}

static void a_rate_is_kept(void **state)
{
    unsigned got = 0;

    (void)state;
    switch_rig.network.ports[0].rules.rate = 60 * 1000ull;
    switch_rig.network.ports[0].rules.burst = 60 * 20;
    switch_rig.network.ports[0].tokens = 60 * 20;
    switch_rig.network.ports[0].filled = switch_rig.now;
    for (unsigned i = 0; i < 100; i++) {
        switch_rig_send(0, 1);
        got += switch_rig_receive(1, 0);
    }
    assert_int_equal(got, 20);
    assert_int_equal(switch_rig.network.ports[0].stats.limited, 80);
    /* In steps of 0.1 ms, which are six bytes each. */
    for (unsigned i = 0; i < 10000; i++) {
        switch_rig.now += SWITCH_RIG_SECOND / 10000;
        switch_rig_send(0, 1);
        got += switch_rig_receive(1, 0);
    }
    assert_in_range(got, 1018, 1020);
    switch_rig.now += 3600 * SWITCH_RIG_SECOND;
    for (unsigned i = 0; i < 100; i++) {
        switch_rig_send(0, 1);
        got += switch_rig_receive(1, 0);
    }
    assert_in_range(got, 1038, 1040);
    /* Who tries all the time loses nothing by it: in 17 us there is 1.02 of a byte. */
    got = 0;
    for (unsigned i = 0; i < 100000; i++) {
        switch_rig.now += 17000;
        switch_rig_send(0, 1);
        got += switch_rig_receive(1, 0);
    }
    assert_in_range(got, 1699, 1701);
    got = 0;
    for (unsigned i = 0; i < 100000; i++) {
        switch_rig.now += 33000;
        switch_rig_send(0, 1);
        got += switch_rig_receive(1, 0);
    }
    assert_in_range(got, 3299, 3301);
    /* The highest rate after a rest that is long. */
    switch_rig.network.ports[0].rules.rate = UINT64_C(1) << 40;
    switch_rig.network.ports[0].rules.burst = UINT64_C(1) << 40;
    switch_rig.network.ports[0].tokens = 0;
    switch_rig.now += (UINT64_C(1) << 24) * 1000;
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_in_range(switch_rig.network.ports[0].tokens, (UINT64_C(1) << 40) - 100,
                    UINT64_C(1) << 40);
    switch_rig_expect_all_back();
}

#define T(name) cmocka_unit_test_setup_teardown(name, switch_rig_setup, switch_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(broadcast_goes_to_all_who_want_it),
        T(multicast_goes_to_members),
        T(rules_keep_ports_apart),
        T(a_port_sends_from_its_address),
        T(vlans_are_apart),
        T(a_rate_is_kept),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
