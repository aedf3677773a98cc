/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port of the network switch writes into its rings itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "switch_rig.h"

static void put_raw(unsigned port, const struct net_frame *frame)
{
    assert_true(net_ring_put(&switch_rig.clients[port].sent, NET_FRAME_SHAPE, frame));
}

static void hostile_descriptors(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame good;
    struct net_frame bad;

    (void)state;
    net_rig_mac(1, to);
    good = switch_rig_frame(0, to);
    const struct {
        uint32_t offset;
        uint32_t bytes;
        uint16_t slot;
    } wrong[] = {
        { 0, 0, 0 },
        { 0, 13, 0 },
        { 0, NET_MAX_FRAME + 1, 0 },
        { NET_BUFFER_BYTES, 15, 0 },
        { NET_BUFFER_BYTES + 1, 14, 0 },
        { UINT32_MAX, 60, 0 },
        { NET_BUFFER_BYTES - 45, 60, 0 },
        { 0, UINT32_MAX, 0 },
        { 0, 60, NET_SLOTS },
        { 0, 60, UINT16_MAX },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bad = good;
        bad.offset = wrong[i].offset;
        bad.bytes = wrong[i].bytes;
        bad.slot = wrong[i].slot;
        put_raw(0, &bad);
        (void)switch_rig_serve();
        assert_int_equal(switch_rig.network.ports[0].stats.malformed, i + 1);
    }
    bad = good;
    bad.flags = NET_NEEDS_CSUM;
    bad.csum_start = 59;
    put_raw(0, &bad);
    bad.csum_start = UINT16_MAX;
    bad.csum_offset = UINT16_MAX;
    put_raw(0, &bad);
    /* A sum that would be filled into the address that was checked. */
    bad.csum_start = NET_ETHERNET_BYTES - 1;
    bad.csum_offset = 0;
    put_raw(0, &bad);
    bad = good;
    bad.csum_start = 34;
    bad.csum_offset = 16;
    bad.gso_type = NET_GSO_TCP4;
    bad.gso_bytes = 1460;
    put_raw(0, &bad);
    bad.flags = NET_NEEDS_CSUM;
    bad.gso_bytes = 0;
    put_raw(0, &bad);
    bad.gso_bytes = 1;
    bad.gso_type = 3;
    put_raw(0, &bad);
    bad.gso_type = NET_GSO_ECN;
    put_raw(0, &bad);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].stats.malformed, 17);
    assert_int_equal(switch_rig_receive(1, 0), 0);
    /* The same slot twice: the second is not what the receiver reads. */
    good.reserved[0] = 0xbad;
    good.flags = NET_LANDED | 0x80;
    put_raw(0, &good);
    put_raw(0, &good);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].stats.malformed, 18);
    struct net_frame frame;
    const uint8_t *payload;
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    /* What only the switch says, a port cannot say. */
    assert_int_equal(frame.reserved[0], 0);
    assert_int_equal(frame.flags, 0);
    net_client_return(&switch_rig.clients[1], &frame);
    assert_false(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    switch_rig_expect_all_back();
}

static void hostile_returns(void **state)
{
    struct net_return entry = { .slot = 0, .port = 0 };
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    /* What is returned is looked at, because somebody waits. */
    (void)net_client_wait_slots(&switch_rig.clients[0]);
    /* Slots that it does not have, of ports that are not there. */
    entry.port = SWITCH_RIG_PORTS;
    assert_true(net_ring_put(&switch_rig.clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.port = UINT16_MAX;
    assert_true(net_ring_put(&switch_rig.clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.port = 0;
    entry.slot = NET_SLOTS;
    assert_true(net_ring_put(&switch_rig.clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.slot = 1;
    assert_true(net_ring_put(&switch_rig.clients[2].returned, NET_RETURN_SHAPE, &entry));
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[2].stats.malformed, 4);
    /* Another's, with its number; its own twice; its own with another number. */
    switch_rig_send(0, 1);
    assert_true(net_client_receive(&switch_rig.clients[1], &frame, &payload));
    net_client_return(&switch_rig.clients[2], &frame);
    frame.number++;
    net_client_return(&switch_rig.clients[1], &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].slots[frame.slot].holders, 2);
    frame.number--;
    net_client_return(&switch_rig.clients[1], &frame);
    net_client_return(&switch_rig.clients[1], &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[1].stats.malformed, 2);
    assert_int_equal(switch_rig.network.ports[2].stats.malformed, 5);
    switch_rig_expect_all_back();
}

/* A frame is in somebody's ring before the others have it, and may be back, or seem so, before they
 * have been looked at. */
static void a_return_that_is_early(void **state)
{
    struct net_frame frame = switch_rig_frame(0, switch_rig_everybody);
    struct net_return entry = { .number = switch_rig.network.number + 1, .slot = 0, .port = 0 };
    uint16_t *out = &switch_rig.network.ports[0].out[0];

    (void)state;
    /* So that the returns of all are looked at for the second one, who has enough. */
    *out = NET_SMALL_SLOTS - 1;
    switch_rig.network.ports[2].held[0][0] = 1;
    switch_rig.network.ports[3].held[0][0] = 1;
    entry.slot = switch_rig.clients[0].small[switch_rig.clients[0].small_count - 1];
    assert_true(net_ring_put(&switch_rig.clients[1].returned, NET_RETURN_SHAPE, &entry));
    switch_rig_put(0, &frame);
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].slots[entry.slot].holders, 0);
    assert_int_equal(*out, NET_SMALL_SLOTS - 1);
    assert_int_equal(switch_rig.network.ports[1].held[0][0], 0);
    assert_int_equal(ring_available(&switch_rig.clients[0].done), 1);
    assert_int_equal(switch_rig_receive(1, 0), 1);
    *out = 0;
    switch_rig.network.ports[2].held[0][0] = 0;
    switch_rig.network.ports[3].held[0][0] = 0;
    switch_rig_expect_all_back();
}

static void hostile_positions(void **state)
{
    struct net_port_memory *memory = switch_rig.memories[0];
    struct ring_memory *sent = (struct ring_memory *)(void *)memory->sent;
    struct ring_memory *received = (struct ring_memory *)(void *)memory->received;

    (void)state;
    /* More frames than the ring has: none of them counts. */
    sent->produced += NET_SLOTS + 1;
    (void)switch_rig_serve();
    assert_int_equal(switch_rig.network.ports[0].stats.malformed, 0);
    assert_int_equal(switch_rig.network.ports[0].sent.broken, 1);
    /* A consumer that is ahead: its queue looks full. */
    received->consumed += 100000;
    for (unsigned i = 0; i < NET_HELD_SMALL; i++) {
        switch_rig_send(1, 0);
        switch_rig_send(2, 0);
        switch_rig_send(3, 0);
    }
    assert_true(switch_rig.network.ports[0].received.broken > 0);
    assert_true(switch_rig.network.ports[0].stats.congested > 0);
    switch_rig_send(3, 2);
    assert_int_equal(switch_rig_receive(2, 3), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, switch_rig_setup, switch_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(hostile_descriptors),
        T(hostile_returns),
        T(a_return_that_is_early),
        T(hostile_positions),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
