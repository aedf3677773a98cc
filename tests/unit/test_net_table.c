/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that the network switch learns, and those that would push them out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "switch_rig.h"

static void addresses_are_learned_and_forgotten(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    uint8_t behind[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    switch_rig_others_behind(2);
    switch_rig_others_behind(3);
    net_rig_mac(0, to);
    net_rig_mac(99, behind);
    /* Nobody knows it: it goes to those that may have it. */
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    frame = switch_rig_frame(99, to);
    switch_rig_put(2, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(0, 2), 1);
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    /* It moves. */
    switch_rig_put(3, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(0, 3), 1);
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    /* As long as it is seen it is known. */
    for (unsigned i = 0; i < 3; i++) {
        switch_rig.now += 200 * SWITCH_RIG_SECOND;
        switch_rig_put(3, &frame);
        (void)switch_rig_serve();
        assert_int_equal(switch_rig_receive(0, 3), 1);
    }
    switch_rig.now += 299 * SWITCH_RIG_SECOND;
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(2, 0), 0);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    /* It is forgotten. */
    switch_rig.now += 2 * SWITCH_RIG_SECOND;
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 1);
    /* And stays so, whatever the clock shows: it was seen 301 s ago. */
    const uint64_t seen = switch_rig.now - 301 * SWITCH_RIG_SECOND;
    for (unsigned bit = 40; bit < 60; bit++) {
        switch_rig.now = seen + (UINT64_C(1) << bit);
        switch_rig_send_to(0, behind);
        assert_int_equal(switch_rig_receive(2, 0), 1);
        assert_int_equal(switch_rig_receive(3, 0), 1);
    }
    /* A port's own address cannot be taken over by another. */
    frame = switch_rig_frame(1, to);
    switch_rig_put(3, &frame);
    switch_rig_send(0, 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    assert_int_equal(switch_rig_receive(0, 3), 1);
    switch_rig_expect_all_back();
}

static void a_flood_of_addresses_harms_nobody(void **state)
{
    uint8_t behind[NET_MAC_BYTES];
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    switch_rig_others_behind(2);
    switch_rig_others_behind(3);
    net_rig_mac(0, to);
    net_rig_mac(99, behind);
    frame = switch_rig_frame(99, to);
    switch_rig_put(2, &frame);
    (void)switch_rig_serve();
    (void)switch_rig_receive(0, 2);
    for (uint32_t i = 0; i < 100000; i++) {
        frame = switch_rig_frame(0, to);
        memcpy(frame.ethernet + 7, &i, sizeof i);
        frame.ethernet[11] = 5;
        switch_rig_put(3, &frame);
        (void)switch_rig_serve();
        assert_int_equal(switch_rig_receive(0, 3), 1);
        assert_true(switch_rig.network.table.counts[3] <= NET_TABLE_SHARE);
    }
    /* What the other port has behind it is still known. */
    switch_rig_send_to(0, behind);
    assert_int_equal(switch_rig_receive(2, 0), 1);
    assert_int_equal(switch_rig_receive(3, 0), 0);
    switch_rig_expect_all_back();
}

static void a_share_of_the_table_counts_addresses_that_moved(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    switch_rig_others_behind(2);
    switch_rig_others_behind(3);
    net_rig_mac(0, to);
    for (uint32_t i = 0; i < 2 * NET_TABLE_SHARE; i++) {
        frame = switch_rig_frame(0, to);
        memcpy(frame.ethernet + 7, &i, sizeof i);
        frame.ethernet[11] = 5;
        for (unsigned port = 2; port <= 3; port++) {
            switch_rig_put(port, &frame);
            (void)switch_rig_serve();
            assert_int_equal(switch_rig_receive(0, port), 1);
        }
        assert_true(switch_rig.network.table.counts[3] <= NET_TABLE_SHARE);
    }
    switch_rig_expect_all_back();
}

/* The set of the table in which the source of a frame is. */
static unsigned set_of(const struct net_frame *frame)
{
    static struct net_table scratch;
    unsigned set = 0;

    net_table_init(&scratch, 1);
    net_table_learn(&scratch, net_table_key(net_table_address(frame->ethernet + NET_MAC_BYTES), 1),
                    0, 0);
    while (scratch.sets[set][0].port == NET_NO_PORT) {
        set++;
    }
    return set;
}

/* Port `from` sends from an address, which is then known to be there. */
static void learn(unsigned from, const struct net_frame *frame)
{
    switch_rig_put(from, frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig_receive(0, from), 1);
    switch_rig_send_to(0, frame->ethernet + NET_MAC_BYTES);
    assert_int_equal(switch_rig_receive(2, 0), from == 2);
    assert_int_equal(switch_rig_receive(3, 0), from == 3);
}

/* Addresses that are all in the same set: what is behind one port is learned though a second one
 * has filled that set, and is not pushed out of it by more. */
static void chosen_addresses_harm_nobody(void **state)
{
    struct net_frame chosen[3 * NET_TABLE_WAYS];
    const unsigned count = sizeof(chosen) / sizeof(chosen[0]);
    const unsigned fair = NET_TABLE_WAYS / 2;
    uint8_t to[NET_MAC_BYTES];
    unsigned found = 0;

    (void)state;
    switch_rig_others_behind(2);
    switch_rig_others_behind(3);
    net_rig_mac(0, to);
    for (uint32_t i = 0; found < count; i++) {
        chosen[found] = switch_rig_frame(0, to);
        memcpy(chosen[found].ethernet + 7, &i, sizeof i);
        chosen[found].ethernet[11] = 5;
        found += found == 0 || set_of(&chosen[found]) == set_of(&chosen[0]);
    }
    for (unsigned i = fair; i < count - fair; i++) {
        learn(3, &chosen[i]);
    }
    assert_int_equal(switch_rig.network.table.counts[3], NET_TABLE_WAYS);
    for (unsigned i = 0; i < fair; i++) {
        learn(2, &chosen[i]);
    }
    for (unsigned i = count - fair; i < count; i++) {
        learn(3, &chosen[i]);
    }
    assert_int_equal(switch_rig.network.table.counts[2], fair);
    assert_int_equal(switch_rig.network.table.counts[3], NET_TABLE_WAYS - fair);
    for (unsigned i = 0; i < fair; i++) {
        switch_rig_send_to(0, chosen[i].ethernet + NET_MAC_BYTES);
        assert_int_equal(switch_rig_receive(2, 0), 1);
        assert_int_equal(switch_rig_receive(3, 0), 0);
    }
    switch_rig_expect_all_back();
}

#define T(name) cmocka_unit_test_setup_teardown(name, switch_rig_setup, switch_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(addresses_are_learned_and_forgotten),
        T(a_flood_of_addresses_harms_nobody),
        T(a_share_of_the_table_counts_addresses_that_moved),
        T(chosen_addresses_harm_nobody),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
