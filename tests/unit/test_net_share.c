/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port of the network switch can take from the others: slots and time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "switch_rig.h"

static void who_does_not_read_loses_its_own(void **state)
{
    (void)state;
    /* Two senders fill the queue of a port that does not read. */
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        switch_rig_send(0, 1);
    }
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        switch_rig_send(2, 1);
    }
    assert_int_equal(switch_rig.network.ports[1].stats.congested, 2 * NET_SMALL_SLOTS - NET_SLOTS);
    /* The second one has slots for others. */
    switch_rig_send(2, 3);
    assert_int_equal(switch_rig_receive(3, 2), 1);
    struct net_frame frame;
    const uint8_t *payload;
    while (net_client_receive(&switch_rig.clients[1], &frame, &payload)) {
        net_client_return(&switch_rig.clients[1], &frame);
    }
    switch_rig_expect_all_back();
}

/* Send a frame of 64 KiB. */
static void send_large(unsigned from, unsigned to)
{
    uint8_t mac[NET_MAC_BYTES];
    struct net_frame frame;
    uint16_t slot;
    uint8_t *at;

    net_rig_mac(to, mac);
    frame = switch_rig_frame(from, mac);
    frame.bytes = 65000;
    if (!net_client_reserve(&switch_rig.clients[from], frame.bytes, &slot, &at)) {
        /* The switch looks for slots that are back. */
        (void)switch_rig_serve();
        assert_true(net_client_reserve(&switch_rig.clients[from], frame.bytes, &slot, &at));
    }
    memset(at, (int)from + 1, frame.bytes);
    net_client_send(&switch_rig.clients[from], slot, &frame);
    (void)switch_rig_serve();
}

/* A port that returns nothing has a share of a sender's slots; with the others that reaches whom it
 * wants. */
static void what_one_keeps_is_bounded(void **state)
{
    struct net_port_stats *stats = &switch_rig.network.ports[1].stats;

    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        switch_rig_send(0, 1);
        switch_rig_send(0, 3);
        assert_int_equal(switch_rig_receive(3, 0), 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL);
    assert_int_equal(stats->congested, 1000 - NET_HELD_SMALL);
    for (unsigned i = 0; i < 100; i++) {
        send_large(0, 1);
        send_large(0, 3);
        assert_int_equal(switch_rig_receive(3, 0), 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL + NET_HELD_LARGE);
    assert_int_equal(stats->congested, 1100 - NET_HELD_SMALL - NET_HELD_LARGE);
    assert_int_equal(switch_rig.network.ports[3].stats.congested, 0);
    /* Of another sender it can have as much. */
    for (unsigned i = 0; i < 10; i++) {
        send_large(2, 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL + NET_HELD_LARGE + 10);
    /* What it gives back it may have again. */
    while (net_client_receive(&switch_rig.clients[1], &frame, &payload)) {
        net_client_return(&switch_rig.clients[1], &frame);
    }
    send_large(0, 1);
    switch_rig_send(0, 1);
    assert_int_equal(stats->congested, 1100 - NET_HELD_SMALL - NET_HELD_LARGE);
    /* When it begins anew it has nothing, and so it is when the sender does. */
    switch_rig_open(1);
    (void)switch_rig_serve();
    switch_rig_expect_all_back();
    assert_int_equal(
        switch_rig.network.ports[1].held[0][0] + switch_rig.network.ports[1].held[0][1], 0);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig.network.ports[1].held[0][0], 1);
    assert_int_equal(switch_rig.network.ports[0].out[0], 1);
    assert_int_equal(switch_rig.network.ports[0].out[0], 1);
    switch_rig_open(0);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[1].held[0][0], 0);
    assert_int_equal(switch_rig.network.ports[0].out[0], 0);
    assert_int_equal(switch_rig.network.ports[0].out[0], 0);
}

/* Whatever many of them return nothing, there are slots for frames to those that do, and one for
 * who has none. */
static void several_that_keep_all_leave_some(void **state)
{
    uint64_t kept;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        switch_rig_send(0, 1);
        switch_rig_send(0, 2);
        switch_rig_send(0, 3);
        assert_int_equal(switch_rig_receive(3, 0), 1);
    }
    kept = switch_rig.network.ports[1].stats.received_frames +
           switch_rig.network.ports[2].stats.received_frames;
    assert_in_range(kept, NET_SMALL_SLOTS * 9 / 10, NET_SMALL_SLOTS - 10);
    for (unsigned i = 0; i < 100; i++) {
        send_large(0, 1);
        send_large(0, 2);
        send_large(0, 3);
        assert_int_equal(switch_rig_receive(3, 0), 1);
    }
    assert_int_equal(switch_rig.network.ports[3].stats.congested, 0);
    assert_true(switch_rig.network.ports[1].stats.congested > 0 &&
                switch_rig.network.ports[2].stats.congested > 0);
    for (unsigned port = 1; port < SWITCH_RIG_PORTS; port++) {
        switch_rig_open(port);
    }
    switch_rig_expect_all_back();
    assert_int_equal(switch_rig.network.ports[0].out[0] + switch_rig.network.ports[0].out[1], 0);
    /* The last one is for a receiver that has none. */
    switch_rig.network.ports[1].held[0][0] = 1;
    switch_rig.network.ports[0].out[0] = NET_SMALL_SLOTS - 1;
    switch_rig.network.ports[0].out[1] = NET_LARGE_SLOTS - 1;
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    switch_rig_send(0, 2);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    send_large(0, 2);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    switch_rig.network.ports[1].held[0][0] = 0;
    switch_rig.network.ports[0].out[0] = 1;
    switch_rig.network.ports[0].out[1] = 1;
    switch_rig_expect_all_back();
}

/* A port with more than a piece of work does not keep the others waiting. */
static void each_port_has_its_turn(void **state)
{
    struct net_frame frame;
    uint8_t to[NET_MAC_BYTES];

    (void)state;
    net_rig_mac(3, to);
    for (unsigned port = 0; port < 2; port++) {
        frame = switch_rig_frame(port, to);
        for (unsigned i = 0; i < 100; i++) {
            switch_rig_put(port, &frame);
        }
    }
    assert_true(net_switch_serve(&switch_rig.network, 0, switch_rig.now));
    assert_int_equal(switch_rig.network.ports[0].stats.sent_frames, 64);
    assert_int_equal(switch_rig.network.ports[1].stats.sent_frames, 0);
    assert_true(net_switch_round(&switch_rig.network, switch_rig.now));
    assert_int_equal(switch_rig.network.ports[0].stats.sent_frames, 100);
    assert_int_equal(switch_rig.network.ports[1].stats.sent_frames, 64);
    assert_false(net_switch_round(&switch_rig.network, switch_rig.now));
    assert_int_equal(switch_rig.network.ports[1].stats.sent_frames, 100);
    switch_rig_open(3);
    switch_rig_expect_all_back();
}

#define T(name) cmocka_unit_test_setup_teardown(name, switch_rig_setup, switch_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(who_does_not_read_loses_its_own),
        T(what_one_keeps_is_bounded),
        T(several_that_keep_all_leave_some),
        T(each_port_has_its_turn),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
