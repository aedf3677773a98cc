/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames through the network switch, and ports and switches that begin anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "switch_rig.h"

static void a_frame_goes_to_its_address_alone(void **state)
{
    (void)state;
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    /* An address that nobody has. */
    switch_rig_send(0, 77);
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        assert_int_equal(switch_rig_receive(i, 0), 0);
    }
    assert_int_equal(switch_rig.network.ports[0].stats.unwanted, 1);
    /* Its own. */
    switch_rig_send(0, 0);
    assert_int_equal(switch_rig_receive(0, 0), 0);
    switch_rig_expect_all_back();
}

static void a_segment_of_64_kib_crosses_whole(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;
    uint16_t slot;
    uint8_t *at;

    (void)state;
    net_rig_mac(1, to);
    frame = switch_rig_frame(0, to);
    frame.bytes = NET_MAX_FRAME;
    frame.flags = NET_NEEDS_CSUM;
    frame.gso_type = NET_GSO_TCP4;
    frame.gso_bytes = 1448;
    frame.csum_start = 34;
    frame.csum_offset = 16;
    assert_true(net_client_reserve(&switch_rig.clients[0], NET_MAX_FRAME, &slot, &at));
    for (size_t i = 0; i < NET_MAX_FRAME; i++) {
        at[i] = (uint8_t)(i * 7 >> 3);
    }
    net_client_send(&switch_rig.clients[0], slot, &frame);
    (void)switch_rig_serve();
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    assert_int_equal(frame.bytes, NET_MAX_FRAME);
    assert_int_equal(frame.flags, NET_NEEDS_CSUM);
    assert_int_equal(frame.gso_type, NET_GSO_TCP4);
    assert_int_equal(frame.gso_bytes, 1448);
    assert_memory_equal(payload, at + NET_ETHERNET_BYTES, NET_MAX_FRAME - NET_ETHERNET_BYTES);
    net_client_return(&switch_rig.clients[1], &frame);
    assert_false(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    switch_rig_expect_all_back();
}

static void only_who_waits_is_notified(void **state)
{
    struct net_frame frame = switch_rig_frame(0, switch_rig_everybody);
    const uint8_t *payload;

    (void)state;
    switch_rig_put(0, &frame);
    assert_true(net_client_flush(&switch_rig.clients[0]));
    assert_false(net_client_flush(&switch_rig.clients[0]));
    assert_int_equal(switch_rig_serve(), 0xe);
    /* Nobody has looked yet, so nobody waits for more. */
    switch_rig_put(0, &frame);
    assert_true(net_client_flush(&switch_rig.clients[0]));
    switch_rig_put(0, &frame);
    assert_false(net_client_flush(&switch_rig.clients[0]));
    assert_int_equal(switch_rig_serve(), 0);
    /* Of slots that are back the switch is not told. */
    (void)net_client_flush(&switch_rig.clients[1]);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    net_client_return(&switch_rig.clients[1], &frame);
    assert_false(net_client_flush(&switch_rig.clients[1]));
    for (unsigned i = 1; i < SWITCH_RIG_PORTS; i++) {
        (void)switch_rig_receive(i, 0);
    }
    switch_rig_expect_all_back();
}

static void who_waits_for_slots_gets_them(void **state)
{
    struct net_frame frame;
    const uint8_t *payload;
    uint8_t to[NET_MAC_BYTES];
    uint16_t slot;
    uint8_t *at;

    (void)state;
    net_rig_mac(1, to);
    (void)switch_rig_receive(1, 0);
    frame = switch_rig_frame(0, to);
    for (unsigned i = 0; i < NET_HELD_SMALL; i++) {
        switch_rig_put(0, &frame);
    }
    (void)net_client_flush(&switch_rig.clients[0]);
    (void)net_switch_serve(&switch_rig.network, 0, switch_rig.now);
    while (net_switch_serve(&switch_rig.network, 0, switch_rig.now)) {
    }
    /* The others have a use, too. */
    while (net_client_reserve_small(&switch_rig.clients[0], &slot, &at)) {
    }
    /* One is back before the sender waits, and nobody is told. */
    (void)net_client_flush(&switch_rig.clients[1]);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    net_client_return(&switch_rig.clients[1], &frame);
    assert_false(net_client_flush(&switch_rig.clients[1]));
    (void)net_switch_notify(&switch_rig.network);
    /* Now the sender waits; the switch looks, and tells it. */
    assert_false(net_client_reserve(&switch_rig.clients[0], 60, &slot, &at));
    assert_true(net_client_flush(&switch_rig.clients[0]));
    assert_false(net_switch_serve(&switch_rig.network, 0, switch_rig.now));
    assert_int_equal(net_switch_notify(&switch_rig.network), 1);
    assert_true(net_client_reserve(&switch_rig.clients[0], 60, &slot, &at));
    /* It waits for another: this time the return is told of. */
    assert_false(net_client_reserve(&switch_rig.clients[0], 60, &slot, &at));
    assert_true(net_client_flush(&switch_rig.clients[0]));
    assert_false(net_switch_serve(&switch_rig.network, 0, switch_rig.now));
    assert_int_equal(net_switch_notify(&switch_rig.network), 0);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    net_client_return(&switch_rig.clients[1], &frame);
    assert_true(net_client_flush(&switch_rig.clients[1]));
    assert_false(net_switch_serve(&switch_rig.network, 1, switch_rig.now));
    assert_int_equal(net_switch_notify(&switch_rig.network), 1);
    assert_true(net_client_reserve(&switch_rig.clients[0], 60, &slot, &at));
}

static unsigned lent_of(unsigned port)
{
    unsigned lent = 0;

    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        lent += switch_rig.network.ports[port].slots[slot].holders != 0;
    }
    return lent;
}

/* Of small slots several go back at once, and large ones, of which there are few, with the next
 * notification. */
static void small_slots_go_back_together(void **state)
{
    uint8_t mac[NET_MAC_BYTES];
    struct net_frame large;
    struct net_frame frame;
    const uint8_t *payload;
    uint16_t slot;
    uint8_t *at;

    (void)state;
    for (unsigned i = 1; i <= 64; i++) {
        switch_rig_send(0, 1);
        assert_int_equal(switch_rig_receive(1, 0), 1);
        (void)net_switch_serve(&switch_rig.network, 1, switch_rig.now);
        /* Those before the sixteenth went back when that was lent. */
        assert_int_equal(lent_of(0), i < 16 ? i : i % 16 + 1);
    }
    net_rig_mac(1, mac);
    large = switch_rig_frame(0, mac);
    large.bytes = NET_SMALL_BYTES + 1;
    assert_true(net_client_reserve(&switch_rig.clients[0], large.bytes, &slot, &at));
    net_client_send(&switch_rig.clients[0], slot, &large);
    (void)switch_rig_serve();
    assert_int_equal(lent_of(0), 1);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    net_client_return(&switch_rig.clients[1], &frame);
    (void)net_switch_serve(&switch_rig.network, 1, switch_rig.now);
    assert_int_equal(lent_of(0), 0);
    /* Of a port that has nothing else to say the returns are looked at, too. */
    for (unsigned i = 0; i < 200; i++) {
        struct net_frame small = switch_rig_frame(0, mac);

        switch_rig_put(0, &small);
        (void)net_switch_serve(&switch_rig.network, 0, switch_rig.now);
        assert_int_equal(switch_rig_receive(1, 0), 1);
        assert_true(lent_of(0) <= NET_SLOTS / 4);
    }
    switch_rig_expect_all_back();
}

static void frames_stay_in_order_and_none_is_lost(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;
    uint32_t next = 0;

    (void)state;
    net_rig_mac(1, to);
    for (uint32_t i = 0; i < 20000;) {
        for (unsigned burst = 0; burst < i % 91 + 1 && i - next < NET_HELD_SMALL; burst++) {
            uint16_t slot;
            uint8_t *at;

            if (!net_client_reserve(&switch_rig.clients[0], 60, &slot, &at)) {
                break;
            }
            memcpy(at + NET_ETHERNET_BYTES, &i, sizeof i);
            frame = switch_rig_frame(0, to);
            net_client_send(&switch_rig.clients[0], slot, &frame);
            i++;
        }
        (void)switch_rig_serve();
        for (unsigned burst = 0; burst < i % 37 + 30; burst++) {
            uint32_t number;

            if (!net_client_receive(&switch_rig.clients[1], &frame, &payload)) {
                break;
            }
            memcpy(&number, payload, sizeof number);
            assert_int_equal(number, next);
            next++;
            net_client_return(&switch_rig.clients[1], &frame);
        }
    }
    while (net_client_receive(&switch_rig.clients[1], &frame, &payload)) {
        net_client_return(&switch_rig.clients[1], &frame);
        next++;
        (void)switch_rig_serve();
    }
    assert_int_equal(next, switch_rig.network.ports[0].stats.sent_frames);
    assert_int_equal(switch_rig.network.ports[1].stats.congested, 0);
    switch_rig_expect_all_back();
}

static void a_port_that_begins_anew(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    /* What was behind it is forgotten. */
    switch_rig_others_behind(1);
    switch_rig_others_behind(2);
    net_rig_mac(0, to);
    frame = switch_rig_frame(99, to);
    switch_rig_put(1, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(0, 1), 1);
    switch_rig_open(1);
    (void)switch_rig_serve();
    switch_rig_send(0, 99);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    /* It has a frame of another in hand, and one on its way, and another has one of it. */
    switch_rig_send(0, 1);
    switch_rig_send(2, 1);
    switch_rig_send(1, 3);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    switch_rig_open(1);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(1, 0), 0);
    /* Who has a frame of the former life may still read and return it. */
    assert_int_equal(switch_rig_receive(3, 1), 1);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].slots[frame.slot].holders, 0);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    switch_rig_send(1, 0);
    assert_int_equal(switch_rig_receive(0, 1), 1);
    switch_rig_expect_all_back();
}

static void a_switch_that_begins_anew(void **state)
{
    struct net_frame frame = switch_rig_frame(0, switch_rig_everybody);

    (void)state;
    /* All slots are lent when it forgets them. */
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        switch_rig_put(0, &frame);
    }
    net_switch_init(&switch_rig.network, SWITCH_RIG_AGE);
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        struct net_port_rules rules = switch_rig_rules(i);

        net_switch_add(&switch_rig.network, &rules, switch_rig.memories[i]);
    }
    (void)switch_rig_serve();
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    switch_rig_expect_all_back();
}

static void a_return_of_an_earlier_life_of_the_switch(void **state)
{
    struct net_frame first;
    struct net_frame second;
    const uint8_t *payload;

    (void)state;
    switch_rig_send(0, 1);
    assert_true(net_client_receive(&switch_rig.clients[1], &first, &payload));
    net_switch_init(&switch_rig.network, SWITCH_RIG_AGE);
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        struct net_port_rules rules = switch_rig_rules(i);

        net_switch_add(&switch_rig.network, &rules, switch_rig.memories[i]);
    }
    (void)switch_rig_serve();
    /* The slot is used again while the receiver still has what was in it. */
    assert_true(net_client_restarted(&switch_rig.clients[0]));
    switch_rig_send(0, 1);
    assert_true(net_client_receive(&switch_rig.clients[1], &second, &payload));
    assert_int_equal(first.slot, second.slot);
    net_client_return(&switch_rig.clients[1], &first);
    assert_true(net_client_wait_slots(&switch_rig.clients[0]));
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[1].stats.malformed, 1);
    assert_int_equal(switch_rig.network.ports[0].slots[second.slot].holders, 2);
    net_client_return(&switch_rig.clients[1], &second);
    switch_rig_expect_all_back();
}

static void as_many_ports_as_there_are_channels(void **state)
{
    static struct net_client all[NET_MAX_PORTS];
    void *shared[NET_MAX_PORTS];
    uint8_t *many = calloc(NET_MAX_PORTS, NET_BUFFER_BYTES);

    (void)state;
    net_switch_init(&switch_rig.network, SWITCH_RIG_AGE);
    for (unsigned i = 0; i < NET_MAX_PORTS; i++) {
        struct net_port_rules rules = switch_rig_rules(i);

        shared[i] = net_rig_memory();
        const struct net_client_place place = { shared[i], many, UINT64_MAX, i };
        net_switch_add(&switch_rig.network, &rules, shared[i]);
        net_client_open(&all[i], &place);
        net_client_wish(&all[i], NET_WISH_UP, 0);
        (void)net_switch_serve(&switch_rig.network, i, switch_rig.now);
    }
    for (unsigned from = 0; from < NET_MAX_PORTS; from++) {
        for (unsigned to = 0; to < NET_MAX_PORTS; to++) {
            uint8_t mac[NET_MAC_BYTES];
            struct net_frame frame;
            const uint8_t *payload;
            uint16_t slot;
            uint8_t *at;

            net_rig_mac(to, mac);
            frame = switch_rig_frame(from, mac);
            assert_true(net_client_reserve(&all[from], 60, &slot, &at));
            net_client_send(&all[from], slot, &frame);
            (void)net_switch_serve(&switch_rig.network, from, switch_rig.now);
            for (unsigned i = 0; i < NET_MAX_PORTS; i++) {
                assert_int_equal(net_client_receive(&all[i], &frame, &payload),
                                 i == to && from != to);
                if (i == to && from != to) {
                    assert_int_equal(frame.port, from);
                    net_client_return(&all[i], &frame);
                }
            }
        }
    }
    for (unsigned i = 0; i < NET_MAX_PORTS; i++) {
        free(shared[i]);
    }
    free(many);
}

#define T(name) cmocka_unit_test_setup_teardown(name, switch_rig_setup, switch_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_frame_goes_to_its_address_alone),
        T(a_segment_of_64_kib_crosses_whole),
        T(only_who_waits_is_notified),
        T(who_waits_for_slots_gets_them),
        T(small_slots_go_back_together),
        T(frames_stay_in_order_and_none_is_lost),
        T(a_port_that_begins_anew),
        T(a_switch_that_begins_anew),
        T(a_return_of_an_earlier_life_of_the_switch),
        T(as_many_ports_as_there_are_channels),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
