/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that the switch copies from one guest's memory into another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "direct_rig.h"

static void a_frame_is_copied_once(void **state)
{
    const struct net_piece pieces[] = { { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 60, 0 },
                                        { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE + 60, 40, 0 } };
    struct net_frame frame = direct_rig_frame(0, 1, 100);

    (void)state;
    direct_rig_fill(0, DIRECT_RIG_SOURCE, 100);
    direct_rig_post(1, 0, 2, DIRECT_RIG_BUFFER);
    direct_rig_add(0, &frame, pieces, 2);
    assert_int_equal(direct_rig_send(0), 1);
    assert_int_equal(net_switch_notify(&direct_rig.network) & 2, 2);
    frame = direct_rig_landed(1, 1);
    assert_int_equal(frame.port, 0);
    assert_int_equal(frame.bytes, NET_ETHERNET_BYTES + 100);
    assert_memory_equal(direct_rig.ram[1] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD,
                        direct_rig.ram[0] + DIRECT_RIG_SOURCE, 100);
    /* Around it nothing is touched, and neither are the sender's slots. */
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD));
    assert_true(
        direct_rig_is_zero(direct_rig.ram[1] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD + 100,
                           DIRECT_RIG_RAM_BYTES - DIRECT_RIG_BUFFERS - DIRECT_RIG_HEAD - 100));
    assert_true(
        direct_rig_is_zero(direct_rig.buffers, (size_t)DIRECT_RIG_PORTS * NET_BUFFER_BYTES));
    assert_int_equal(direct_rig.network.ports[1].stats.received_frames, 1);
    assert_int_equal(direct_rig.network.ports[0].stats.sent_bytes, NET_ETHERNET_BYTES + 100);
}

/* 64 KiB over buffers of all kinds, and many times, so that ring and hand wrap. */
static void large_frames_are_spread(void **state)
{
    const uint32_t payload = 65000;
    unsigned number = 0;

    (void)state;
    direct_rig_fill(0, DIRECT_RIG_SOURCE, payload);
    for (unsigned round = 0; round < 40; round++) {
        uint32_t size = 1000 + round * 13;
        unsigned count = (unsigned)((payload + DIRECT_RIG_HEAD + size - 1) / size);
        struct net_frame frame = direct_rig_frame(0, 1, payload);
        const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, payload, 0 };

        if (count > NET_LANDING_BUFFERS) {
            continue;
        }
        memset(direct_rig.ram[1], 0, DIRECT_RIG_RAM_BYTES);
        direct_rig_post(1, 0, count, size);
        direct_rig_large(&frame, NET_GSO_TCP4);
        direct_rig_add(0, &frame, &piece, 1);
        assert_int_equal(direct_rig_send(0), 1);
        frame = direct_rig_landed(1, count);
        assert_int_equal(frame.gso_bytes, 1448);
        assert_memory_equal(direct_rig.ram[1] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD,
                            direct_rig.ram[0] + DIRECT_RIG_SOURCE, payload);
        number++;
    }
    assert_true(number > 10);
}

/* What is taken back is not written to, also by frames that were to come, and frames that landed
 * before count or do not, as the port wants. */
static void nothing_is_written_after_unpost(void **state)
{
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    direct_rig_fill(0, DIRECT_RIG_SOURCE, 100);
    direct_rig_post(1, 0, 8, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    net_switch_unpost(&direct_rig.network, 1);
    assert_int_equal(net_direct_unposted(&direct_rig.direct[1], false), 2);
    memset(direct_rig.ram[1], 0, DIRECT_RIG_RAM_BYTES);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_RAM_BYTES));
    (void)direct_rig_landed(1, 1);

    net_switch_unpost(&direct_rig.network, 1);
    assert_int_equal(net_direct_unposted(&direct_rig.direct[1], true), 0);
    direct_rig_post(1, 20, 1, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    /* The one that is left of before, and the new one. */
    assert_true(net_client_receive(&direct_rig.clients[1], &frame, &payload));
    assert_false(net_direct_counts(&direct_rig.direct[1]));
    (void)direct_rig_landed(1, 1);
    assert_true(direct_rig_idle(1));
}

/* The same with a buffer that the switch had in hand already, for a frame that did not fit. */
static void what_is_in_hand_is_given_up_by_unpost(void **state)
{
    (void)state;
    direct_rig_fill(0, DIRECT_RIG_SOURCE, 600);
    direct_rig_wish(1, 0);
    direct_rig_post(1, 0, 1, 512);
    assert_int_equal(direct_rig_send_to(0, 1, 600), 0);
    net_switch_unpost(&direct_rig.network, 1);
    assert_int_equal(net_direct_unposted(&direct_rig.direct[1], false), 0);
    memset(direct_rig.ram[1], 0, DIRECT_RIG_RAM_BYTES);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_RAM_BYTES));
    direct_rig_post(1, 4, 1, 512);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    (void)direct_rig_landed(1, 1);
    assert_true(
        direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_BUFFERS + 4 * 512 + DIRECT_RIG_HEAD));
}

/* A switch that begins anew knows of no posts until the port has taken back those of before. */
static void a_restart_forgets_posts(void **state)
{
    (void)state;
    direct_rig_post(1, 0, 4, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    net_switch_init(&direct_rig.network, 300 * DIRECT_RIG_SECOND);
    for (unsigned i = 0; i < DIRECT_RIG_PORTS; i++) {
        direct_rig_add_port(i);
        (void)net_switch_serve(&direct_rig.network, i, direct_rig.now);
    }
    memset(direct_rig.ram[1], 0, DIRECT_RIG_RAM_BYTES);
    direct_rig_post(1, 4, 1, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_RAM_BYTES));
    assert_true(net_client_restarted(&direct_rig.clients[1]));
    net_switch_unpost(&direct_rig.network, 1);
    assert_int_equal(net_direct_unposted(&direct_rig.direct[1], false), 1);
    direct_rig_post(1, 8, 1, DIRECT_RIG_BUFFER);
    (void)direct_rig_landed(1, 1);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 1);
    (void)direct_rig_landed(1, 1);
}

/* Who has posted too little gets frames in slots, and nothing behind them overtakes them. */
static void no_room_is_said_and_order_kept(void **state)
{
    struct net_frame frame = direct_rig_frame(0, 1, 1000);
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 1000, 0 };
    const uint8_t *payload;
    uint16_t slot;
    uint8_t *at;

    (void)state;
    direct_rig_post(1, 0, 1, DIRECT_RIG_BUFFER);
    direct_rig_post(2, 0, 8, DIRECT_RIG_BUFFER);
    for (unsigned i = 0; i < 4; i++) {
        frame.ethernet[5] = i < 3 ? 1 : 2;
        direct_rig_add(0, &frame, &piece, 1);
    }
    assert_int_equal(direct_rig_send(0), 1);
    assert_true(direct_rig_idle(2));
    assert_int_equal(direct_rig.network.ports[0].stats.sent_frames, 1);

    /* The one that was not taken, and a further one with a batch: the first stays the first. */
    frame.ethernet[5] = 1;
    assert_true(net_client_reserve(&direct_rig.clients[0], 1014, &slot, &at));
    net_client_send(&direct_rig.clients[0], slot, &frame);
    direct_rig_post(1, 1, 4, DIRECT_RIG_BUFFER);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 1);
    (void)direct_rig_landed(1, 1);
    assert_true(net_client_receive(&direct_rig.clients[1], &frame, &payload));
    assert_int_equal(frame.flags & NET_LANDED, 0);
    net_client_return(&direct_rig.clients[1], &frame);
    (void)direct_rig_landed(1, 1);
    assert_true(direct_rig_idle(1));
}

static void buffers_that_are_too_small(void **state)
{
    (void)state;
    direct_rig_wish(1, 0);
    direct_rig_post(1, 0, 4, 512);
    assert_int_equal(direct_rig_send_to(0, 1, 512 - DIRECT_RIG_HEAD + 1), 0);
    assert_int_equal(direct_rig_send_to(0, 1, 512 - DIRECT_RIG_HEAD), 1);
    (void)direct_rig_landed(1, 1);
    direct_rig_wish(1, NET_WISH_MERGE);
    assert_int_equal(direct_rig_send_to(0, 1, 512 - DIRECT_RIG_HEAD + 1), 1);
    (void)direct_rig_landed(1, 2);
    assert_int_equal(direct_rig_send_to(0, 1, 512), 0);
}

static void offloads_need_a_receiver_that_has_them(void **state)
{
    struct net_frame frame = direct_rig_frame(0, 1, 3000);
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 3000, 0 };

    (void)state;
    direct_rig_post(1, 0, 16, DIRECT_RIG_BUFFER);
    direct_rig_large(&frame, NET_GSO_TCP6);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 0);
    direct_rig_wish(1, NET_WISH_MERGE | NET_WISH_TCP6);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 0);
    direct_rig_wish(1, NET_WISH_MERGE | NET_WISH_TCP6 | NET_WISH_CSUM);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 1);
    frame.gso_type |= NET_GSO_ECN;
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 0);
    direct_rig_wish(1, NET_WISH_MERGE | NET_WISH_TCP6 | NET_WISH_CSUM | NET_WISH_ECN);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 1);
}

/* All members of a group get it, or it goes another way. */
static void a_group_gets_it_or_not(void **state)
{
    struct net_frame frame = direct_rig_frame(0, 1, 100);
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 100, 0 };

    (void)state;
    direct_rig_fill(0, DIRECT_RIG_SOURCE, 100);
    memset(frame.ethernet, 255, NET_MAC_BYTES);
    direct_rig_post(1, 0, 1, DIRECT_RIG_BUFFER);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 0);
    assert_true(direct_rig_idle(1));
    direct_rig_post(2, 0, 1, DIRECT_RIG_BUFFER);
    direct_rig_add(0, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(0), 1);
    (void)direct_rig_landed(1, 1);
    (void)direct_rig_landed(2, 1);
    assert_memory_equal(direct_rig.ram[1] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD,
                        direct_rig.ram[0] + DIRECT_RIG_SOURCE, 100);
    assert_memory_equal(direct_rig.ram[2] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD,
                        direct_rig.ram[0] + DIRECT_RIG_SOURCE, 100);
    assert_int_equal(direct_rig.network.ports[0].stats.sent_frames, 1);
}

/* A tag is of the receiver's making, and has its place in the buffer. */
static void tags_have_their_place(void **state)
{
    struct net_frame frame = direct_rig_frame(2, 3, 100);
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 100, 0 };

    (void)state;
    direct_rig_fill(2, DIRECT_RIG_SOURCE, 100);
    direct_rig_fill(3, DIRECT_RIG_SOURCE, 100);
    direct_rig_post(2, 0, 2, DIRECT_RIG_HEAD + NET_TAG_BYTES + 100);
    direct_rig_post(3, 0, 2, DIRECT_RIG_HEAD + 100);
    frame.vlan = NET_VLAN_TAG | 3U << 13 | 5;
    direct_rig_add(2, &frame, &piece, 1);
    assert_int_equal(direct_rig_send(2), 1);
    frame = direct_rig_landed(3, 1);
    assert_int_equal(frame.vlan, 0);
    assert_memory_equal(direct_rig.ram[3] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD,
                        direct_rig.ram[2] + DIRECT_RIG_SOURCE, 100);

    assert_int_equal(direct_rig_send_to(3, 2, 100), 1);
    frame = direct_rig_landed(2, 1);
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5);
    assert_memory_equal(direct_rig.ram[2] + DIRECT_RIG_BUFFERS + DIRECT_RIG_HEAD + NET_TAG_BYTES,
                        direct_rig.ram[3] + DIRECT_RIG_SOURCE, 100);
}

/* The same frames in slots and in a batch: what is dropped, and how it is counted, is the same. */
static void rules_hold_both_ways(void **state)
{
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, 100, 0 };
    struct net_frame frames[7];
    struct net_port_stats by_slot;
    struct net_port_stats by_batch;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        frames[i] = direct_rig_frame(3, 2, 100);
    }
    frames[0].ethernet[11] = 9;        /* another's address */
    frames[1].ethernet[6] = 3;         /* a group's */
    frames[2].vlan = NET_VLAN_TAG | 7; /* a VLAN that it is not in */
    frames[3].ethernet[12] = 0x81;     /* a tag in the bytes */
    frames[3].ethernet[13] = 0;
    frames[4].flags = NET_NEEDS_CSUM; /* a checksum outside of the frame */
    frames[4].csum_start = 113;
    frames[5].gso_type = NET_GSO_TCP4; /* segments of no size */
    frames[6].ethernet[5] = 1;         /* to a port of another VLAN */
    for (unsigned i = 0; i < 16; i++) {
        uint16_t slot;
        uint8_t *at;

        assert_true(net_client_reserve(&direct_rig.clients[3], 114, &slot, &at));
        net_client_send(&direct_rig.clients[3], slot, i < 7 ? &frames[i] : &frames[6]);
    }
    (void)net_switch_serve(&direct_rig.network, 3, direct_rig.now);
    by_slot = direct_rig.network.ports[3].stats;
    assert_true(by_slot.limited > 0 && by_slot.wrong_source == 2 && by_slot.wrong_vlan == 2 &&
                by_slot.malformed == 2 && by_slot.unwanted > 0);

    (void)direct_rig_teardown(NULL);
    (void)direct_rig_setup(NULL);
    direct_rig_post(2, 0, 16, DIRECT_RIG_BUFFER);
    direct_rig_post(1, 0, 16, DIRECT_RIG_BUFFER);
    for (unsigned i = 0; i < 16; i++) {
        direct_rig_add(3, i < 7 ? &frames[i] : &frames[6], &piece, 1);
    }
    assert_int_equal(direct_rig_send(3), 16);
    by_batch = direct_rig.network.ports[3].stats;
    assert_memory_equal(&by_batch, &by_slot, sizeof(by_slot));
    assert_true(direct_rig_idle(1) && direct_rig_idle(2));
    assert_true(direct_rig_is_zero(direct_rig.ram[1], DIRECT_RIG_RAM_BYTES) &&
                direct_rig_is_zero(direct_rig.ram[2], DIRECT_RIG_RAM_BYTES));
}

/* A port with whose guest's memory the switch is not trusted. */
static void a_port_without_memory(void **state)
{
    (void)state;
    direct_rig_post(1, 0, 4, DIRECT_RIG_BUFFER);
    direct_rig.network.ports[1].rules.guest.bytes = 0;
    direct_rig.network.ports[1].landing.memory.bytes = 0;
    net_switch_unpost(&direct_rig.network, 1);
    direct_rig_post(1, 0, 4, DIRECT_RIG_BUFFER);
    assert_int_equal(direct_rig_send_to(0, 1, 100), 0);
    assert_int_equal(direct_rig_send_to(1, 0, 100), 0);
    assert_int_equal(direct_rig.network.ports[1].stats.malformed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, direct_rig_setup, direct_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_frame_is_copied_once),
        TEST(large_frames_are_spread),
        TEST(nothing_is_written_after_unpost),
        TEST(what_is_in_hand_is_given_up_by_unpost),
        TEST(a_restart_forgets_posts),
        TEST(no_room_is_said_and_order_kept),
        TEST(buffers_that_are_too_small),
        TEST(offloads_need_a_receiver_that_has_them),
        TEST(a_group_gets_it_or_not),
        TEST(tags_have_their_place),
        TEST(rules_hold_both_ways),
        TEST(a_port_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
