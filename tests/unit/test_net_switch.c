/* SPDX-License-Identifier: BSD-2-Clause */
/* The network switch, with ports that behave and ports that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/switch.h"
#include "tests/unit/net_rig.h"

#define PORTS 4U
#define SECOND 1000000000ULL
#define PAYLOAD 46U

static struct net_switch network;
static struct net_client clients[PORTS];
static void *memories[PORTS];
static uint8_t *buffers;
static uint64_t now;

static const uint8_t everybody[NET_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };

static struct net_port_rules rules_of(unsigned port)
{
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

    net_rig_mac(port, rules.mac);
    return rules;
}

static void open_client(unsigned port)
{
    net_rig_open(&clients[port], memories[port], buffers, PORTS, port);
    net_client_wish(&clients[port], NET_WISH_UP, 0);
}

static int setup(void **state)
{
    (void)state;
    buffers = calloc(PORTS, NET_BUFFER_BYTES);
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < PORTS; i++) {
        struct net_port_rules rules = rules_of(i);

        memories[i] = net_rig_memory();
        net_switch_add(&network, &rules, memories[i]);
        open_client(i);
    }
    now = SECOND;
    for (unsigned i = 0; i < PORTS; i++) {
        (void)net_switch_serve(&network, i, now);
    }
    (void)net_switch_notify(&network);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PORTS; i++) {
        free(memories[i]);
    }
    free(buffers);
    return 0;
}

/* All ports are served until nothing is left. Returns whom the switch notifies. */
static uint64_t serve(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        while (net_switch_serve(&network, i, now)) {
        }
    }
    return net_switch_notify(&network);
}

static struct net_frame frame_to(unsigned from, const uint8_t *to)
{
    struct net_frame frame = { .offset = NET_ETHERNET_BYTES,
                               .bytes = NET_ETHERNET_BYTES + PAYLOAD };

    memcpy(frame.ethernet, to, NET_MAC_BYTES);
    net_rig_mac(from, frame.ethernet + NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    return frame;
}

/* Send a frame as it is. */
static void put(unsigned from, const struct net_frame *frame)
{
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&clients[from], 60, &slot, &at));
    memset(at, (int)from + 1, 60);
    net_client_send(&clients[from], slot, frame);
}

static void send_to(unsigned from, const uint8_t *to)
{
    struct net_frame frame = frame_to(from, to);

    put(from, &frame);
    (void)serve();
}

static void send(unsigned from, unsigned to)
{
    uint8_t mac[NET_MAC_BYTES];

    net_rig_mac(to, mac);
    send_to(from, mac);
}

/* Frames that a port got and gives back; their payload is that of `from`. */
static unsigned receive(unsigned port, unsigned from)
{
    struct net_frame frame;
    const uint8_t *payload;
    unsigned count = 0;

    while (net_client_receive(&clients[port], &frame, &payload)) {
        assert_int_equal(frame.port, from);
        assert_int_equal(payload[0], from + 1);
        assert_int_equal(payload[frame.bytes - NET_ETHERNET_BYTES - 1], from + 1);
        net_client_return(&clients[port], &frame);
        count++;
    }
    return count;
}

/* No slot is lent and none is lost. Who waits for slots gets what is back. */
static void assert_all_back(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        (void)net_client_wait_slots(&clients[i]);
    }
    (void)serve();
    for (unsigned i = 0; i < PORTS; i++) {
        uint16_t slots[NET_SMALL_SLOTS];
        uint8_t *at;
        unsigned count = 0;

        for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
            assert_int_equal(network.ports[i].slots[slot].holders, 0);
        }
        while (count < NET_SMALL_SLOTS && net_client_reserve(&clients[i], 60, &slots[count], &at)) {
            count++;
        }
        assert_int_equal(count, NET_SMALL_SLOTS);
        while (count > 0) {
            net_client_release(&clients[i], slots[--count]);
        }
    }
}

static void has_others_behind(unsigned port)
{
    network.ports[port].rules.any_mac = true;
    network.any_mac |= UINT64_C(1) << port;
}

/* A port says what it wants, and that it did. */
static void wish(unsigned port, uint32_t flags, uint64_t multicast)
{
    net_client_wish(&clients[port], flags, multicast);
    assert_true(net_client_flush(&clients[port]));
    (void)net_switch_serve(&network, port, now);
}

static void a_frame_goes_to_its_address_alone(void **state)
{
    (void)state;
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 0);
    /* An address that nobody has. */
    send(0, 77);
    for (unsigned i = 0; i < PORTS; i++) {
        assert_int_equal(receive(i, 0), 0);
    }
    assert_int_equal(network.ports[0].stats.unwanted, 1);
    /* Its own. */
    send(0, 0);
    assert_int_equal(receive(0, 0), 0);
    assert_all_back();
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
    frame = frame_to(0, to);
    frame.bytes = NET_MAX_FRAME;
    frame.flags = NET_NEEDS_CSUM;
    frame.gso_type = NET_GSO_TCP4;
    frame.gso_bytes = 1448;
    frame.csum_start = 34;
    frame.csum_offset = 16;
    assert_true(net_client_reserve(&clients[0], NET_MAX_FRAME, &slot, &at));
    for (size_t i = 0; i < NET_MAX_FRAME; i++) {
        at[i] = (uint8_t)(i * 7 >> 3);
    }
    net_client_send(&clients[0], slot, &frame);
    (void)serve();
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    assert_int_equal(frame.bytes, NET_MAX_FRAME);
    assert_int_equal(frame.flags, NET_NEEDS_CSUM);
    assert_int_equal(frame.gso_type, NET_GSO_TCP4);
    assert_int_equal(frame.gso_bytes, 1448);
    assert_memory_equal(payload, at + NET_ETHERNET_BYTES, NET_MAX_FRAME - NET_ETHERNET_BYTES);
    net_client_return(&clients[1], &frame);
    assert_false(net_client_receive(&clients[1], &frame, &payload));
    assert_all_back();
}

static void only_who_waits_is_notified(void **state)
{
    struct net_frame frame = frame_to(0, everybody);
    const uint8_t *payload;

    (void)state;
    put(0, &frame);
    assert_true(net_client_flush(&clients[0]));
    assert_false(net_client_flush(&clients[0]));
    assert_int_equal(serve(), 0xe);
    /* Nobody has looked yet, so nobody waits for more. */
    put(0, &frame);
    assert_true(net_client_flush(&clients[0]));
    put(0, &frame);
    assert_false(net_client_flush(&clients[0]));
    assert_int_equal(serve(), 0);
    /* Of slots that are back the switch is not told. */
    (void)net_client_flush(&clients[1]);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    net_client_return(&clients[1], &frame);
    assert_false(net_client_flush(&clients[1]));
    for (unsigned i = 1; i < PORTS; i++) {
        (void)receive(i, 0);
    }
    assert_all_back();
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
    (void)receive(1, 0);
    frame = frame_to(0, to);
    for (unsigned i = 0; i < NET_HELD_SMALL; i++) {
        put(0, &frame);
    }
    (void)net_client_flush(&clients[0]);
    (void)net_switch_serve(&network, 0, now);
    while (net_switch_serve(&network, 0, now)) {
    }
    /* The others have a use, too. */
    while (net_client_reserve_small(&clients[0], &slot, &at)) {
    }
    /* One is back before the sender waits, and nobody is told. */
    (void)net_client_flush(&clients[1]);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    net_client_return(&clients[1], &frame);
    assert_false(net_client_flush(&clients[1]));
    (void)net_switch_notify(&network);
    /* Now the sender waits; the switch looks, and tells it. */
    assert_false(net_client_reserve(&clients[0], 60, &slot, &at));
    assert_true(net_client_flush(&clients[0]));
    assert_false(net_switch_serve(&network, 0, now));
    assert_int_equal(net_switch_notify(&network), 1);
    assert_true(net_client_reserve(&clients[0], 60, &slot, &at));
    /* It waits for another: this time the return is told of. */
    assert_false(net_client_reserve(&clients[0], 60, &slot, &at));
    assert_true(net_client_flush(&clients[0]));
    assert_false(net_switch_serve(&network, 0, now));
    assert_int_equal(net_switch_notify(&network), 0);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    net_client_return(&clients[1], &frame);
    assert_true(net_client_flush(&clients[1]));
    assert_false(net_switch_serve(&network, 1, now));
    assert_int_equal(net_switch_notify(&network), 1);
    assert_true(net_client_reserve(&clients[0], 60, &slot, &at));
}

static void broadcast_goes_to_all_who_want_it(void **state)
{
    (void)state;
    wish(2, NET_WISH_UP | NET_WISH_NO_BROADCAST, 0);
    wish(3, 0, 0);
    send_to(0, everybody);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 0);
    send(0, 3);
    assert_int_equal(receive(3, 0), 0);
    wish(3, NET_WISH_UP, 0);
    send(0, 3);
    assert_int_equal(receive(3, 0), 1);
    assert_all_back();
}

static void multicast_goes_to_members(void **state)
{
    static const uint8_t group[NET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 7 };

    (void)state;
    wish(1, NET_WISH_UP, UINT64_C(1) << net_hash(group));
    wish(2, NET_WISH_UP | NET_WISH_ALL_MULTICAST, 0);
    send_to(0, group);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 1);
    assert_int_equal(receive(3, 0), 0);
    wish(2, NET_WISH_UP | NET_WISH_ALL_MULTICAST | NET_WISH_NO_MULTICAST, 0);
    wish(3, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    send_to(0, group);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 1);
    /* What is for others it sees only where it may have others behind it. */
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(3, 0), 0);
    send(0, 77);
    assert_int_equal(receive(3, 0), 0);
    wish(3, NET_WISH_UP, 0);
    has_others_behind(3);
    wish(3, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(3, 0), 1);
    assert_all_back();
}

static void rules_keep_ports_apart(void **state)
{
    (void)state;
    network.ports[0].rules.to = 0x2;
    network.ports[3].rules.to = 0;
    send(0, 2);
    assert_int_equal(receive(2, 0), 0);
    send_to(0, everybody);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 0);
    send(3, 1);
    assert_int_equal(receive(1, 3), 0);
    send(1, 3);
    assert_int_equal(receive(3, 1), 1);
    /* Not by being promiscuous either. */
    has_others_behind(2);
    wish(2, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    send(0, 1);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(1, 0), 1);
    assert_all_back();
}

static void a_port_sends_from_its_address(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    net_rig_mac(1, to);
    frame = frame_to(2, to);
    put(0, &frame);
    (void)serve();
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(network.ports[0].stats.wrong_source, 1);
    /* Nor from a group's, which nobody has. */
    has_others_behind(0);
    frame.ethernet[6] = 3;
    put(0, &frame);
    (void)serve();
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(network.ports[0].stats.wrong_source, 2);
    frame.ethernet[6] = 2;
    put(0, &frame);
    (void)serve();
    assert_int_equal(receive(1, 0), 1);
    assert_all_back();
}

static void addresses_are_learned_and_forgotten(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    uint8_t behind[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    has_others_behind(2);
    has_others_behind(3);
    net_rig_mac(0, to);
    net_rig_mac(99, behind);
    /* Nobody knows it: it goes to those that may have it. */
    send_to(0, behind);
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(receive(2, 0), 1);
    assert_int_equal(receive(3, 0), 1);
    frame = frame_to(99, to);
    put(2, &frame);
    (void)serve();
    assert_int_equal(receive(0, 2), 1);
    send_to(0, behind);
    assert_int_equal(receive(2, 0), 1);
    assert_int_equal(receive(3, 0), 0);
    /* It moves. */
    put(3, &frame);
    (void)serve();
    assert_int_equal(receive(0, 3), 1);
    send_to(0, behind);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 1);
    /* As long as it is seen it is known. */
    for (unsigned i = 0; i < 3; i++) {
        now += 200 * SECOND;
        put(3, &frame);
        (void)serve();
        assert_int_equal(receive(0, 3), 1);
    }
    now += 299 * SECOND;
    send_to(0, behind);
    assert_int_equal(receive(2, 0), 0);
    assert_int_equal(receive(3, 0), 1);
    /* It is forgotten. */
    now += 2 * SECOND;
    send_to(0, behind);
    assert_int_equal(receive(2, 0), 1);
    assert_int_equal(receive(3, 0), 1);
    /* And stays so, whatever the clock shows: it was seen 301 s ago. */
    const uint64_t seen = now - 301 * SECOND;
    for (unsigned bit = 40; bit < 60; bit++) {
        now = seen + (UINT64_C(1) << bit);
        send_to(0, behind);
        assert_int_equal(receive(2, 0), 1);
        assert_int_equal(receive(3, 0), 1);
    }
    /* A port's own address cannot be taken over by another. */
    frame = frame_to(1, to);
    put(3, &frame);
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(0, 3), 1);
    assert_all_back();
}

static void a_flood_of_addresses_harms_nobody(void **state)
{
    uint8_t behind[NET_MAC_BYTES];
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    has_others_behind(2);
    has_others_behind(3);
    net_rig_mac(0, to);
    net_rig_mac(99, behind);
    frame = frame_to(99, to);
    put(2, &frame);
    (void)serve();
    (void)receive(0, 2);
    for (uint32_t i = 0; i < 100000; i++) {
        frame = frame_to(0, to);
        memcpy(frame.ethernet + 7, &i, sizeof i);
        frame.ethernet[11] = 5;
        put(3, &frame);
        (void)serve();
        assert_int_equal(receive(0, 3), 1);
        assert_true(network.table.counts[3] <= NET_TABLE_SHARE);
    }
    /* What the other port has behind it is still known. */
    send_to(0, behind);
    assert_int_equal(receive(2, 0), 1);
    assert_int_equal(receive(3, 0), 0);
    assert_all_back();
}

static void a_share_of_the_table_counts_addresses_that_moved(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    has_others_behind(2);
    has_others_behind(3);
    net_rig_mac(0, to);
    for (uint32_t i = 0; i < 2 * NET_TABLE_SHARE; i++) {
        frame = frame_to(0, to);
        memcpy(frame.ethernet + 7, &i, sizeof i);
        frame.ethernet[11] = 5;
        for (unsigned port = 2; port <= 3; port++) {
            put(port, &frame);
            (void)serve();
            assert_int_equal(receive(0, port), 1);
        }
        assert_true(network.table.counts[3] <= NET_TABLE_SHARE);
    }
    assert_all_back();
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
    put(from, frame);
    (void)serve();
    assert_int_equal(receive(0, from), 1);
    send_to(0, frame->ethernet + NET_MAC_BYTES);
    assert_int_equal(receive(2, 0), from == 2);
    assert_int_equal(receive(3, 0), from == 3);
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
    has_others_behind(2);
    has_others_behind(3);
    net_rig_mac(0, to);
    for (uint32_t i = 0; found < count; i++) {
        chosen[found] = frame_to(0, to);
        memcpy(chosen[found].ethernet + 7, &i, sizeof i);
        chosen[found].ethernet[11] = 5;
        found += found == 0 || set_of(&chosen[found]) == set_of(&chosen[0]);
    }
    for (unsigned i = fair; i < count - fair; i++) {
        learn(3, &chosen[i]);
    }
    assert_int_equal(network.table.counts[3], NET_TABLE_WAYS);
    for (unsigned i = 0; i < fair; i++) {
        learn(2, &chosen[i]);
    }
    for (unsigned i = count - fair; i < count; i++) {
        learn(3, &chosen[i]);
    }
    assert_int_equal(network.table.counts[2], fair);
    assert_int_equal(network.table.counts[3], NET_TABLE_WAYS - fair);
    for (unsigned i = 0; i < fair; i++) {
        send_to(0, chosen[i].ethernet + NET_MAC_BYTES);
        assert_int_equal(receive(2, 0), 1);
        assert_int_equal(receive(3, 0), 0);
    }
    assert_all_back();
}

static void vlans_are_apart(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    network.ports[0].rules.vlan = 5;
    network.ports[1].rules.vlan = 6;
    network.ports[2].rules.vlan = 5;
    network.ports[3].rules.vlan = 0;
    network.ports[3].rules.tagged[0] = 1U << 5 | 1U << 6;
    send_to(0, everybody);
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(receive(2, 0), 1);
    assert_true(net_client_receive(&clients[3], &frame, &payload));
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5);
    net_client_return(&clients[3], &frame);
    send(0, 1);
    assert_int_equal(receive(1, 0), 0);
    /* From the trunk, by tag, with its priority. */
    net_rig_mac(1, to);
    frame = frame_to(3, everybody);
    frame.vlan = NET_VLAN_TAG | 6 | 0x6000;
    put(3, &frame);
    (void)serve();
    assert_int_equal(receive(0, 3), 0);
    assert_int_equal(receive(2, 3), 0);
    assert_int_equal(receive(1, 3), 1);
    /* Without tag, with one that it has not, and with a second one. */
    frame.vlan = 0;
    put(3, &frame);
    frame.vlan = NET_VLAN_TAG | 7;
    put(3, &frame);
    frame.vlan = NET_VLAN_TAG | 6;
    frame.ethernet[12] = 0x81;
    frame.ethernet[13] = 0;
    put(3, &frame);
    (void)serve();
    assert_int_equal(network.ports[3].stats.wrong_vlan, 3);
    /* A port without tags cannot send any. */
    frame = frame_to(0, everybody);
    frame.vlan = NET_VLAN_TAG | 6;
    put(0, &frame);
    (void)serve();
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(network.ports[0].stats.wrong_vlan, 1);
    frame.vlan = 0;
    frame.ethernet[12] = 0x88;
    frame.ethernet[13] = 0xa8;
    put(0, &frame);
    (void)serve();
    assert_int_equal(network.ports[0].stats.wrong_vlan, 2);
    /* But a priority. */
    frame = frame_to(0, everybody);
    frame.vlan = NET_VLAN_TAG | 0x2000;
    put(0, &frame);
    (void)serve();
    assert_int_equal(receive(2, 0), 1);
    assert_true(net_client_receive(&clients[3], &frame, &payload));
    assert_int_equal(frame.vlan, NET_VLAN_TAG | 5 | 0x2000);
    net_client_return(&clients[3], &frame);
    /* An address that nobody knows is looked for in its VLAN alone. */
    has_others_behind(1);
    send(0, 77);
    assert_int_equal(receive(1, 0), 0);
    assert_int_equal(network.ports[0].stats.unwanted, 2);
    assert_all_back();
}

static void a_rate_is_kept(void **state)
{
    unsigned got = 0;

    (void)state;
    network.ports[0].rules.rate = 60 * 1000ull;
    network.ports[0].rules.burst = 60 * 20;
    network.ports[0].tokens = 60 * 20;
    network.ports[0].filled = now;
    for (unsigned i = 0; i < 100; i++) {
        send(0, 1);
        got += receive(1, 0);
    }
    assert_int_equal(got, 20);
    assert_int_equal(network.ports[0].stats.limited, 80);
    /* In steps of 0.1 ms, which are six bytes each. */
    for (unsigned i = 0; i < 10000; i++) {
        now += SECOND / 10000;
        send(0, 1);
        got += receive(1, 0);
    }
    assert_in_range(got, 1018, 1020);
    now += 3600 * SECOND;
    for (unsigned i = 0; i < 100; i++) {
        send(0, 1);
        got += receive(1, 0);
    }
    assert_in_range(got, 1038, 1040);
    /* Who tries all the time loses nothing by it: in 17 us there is 1.02 of a byte. */
    got = 0;
    for (unsigned i = 0; i < 100000; i++) {
        now += 17000;
        send(0, 1);
        got += receive(1, 0);
    }
    assert_in_range(got, 1699, 1701);
    got = 0;
    for (unsigned i = 0; i < 100000; i++) {
        now += 33000;
        send(0, 1);
        got += receive(1, 0);
    }
    assert_in_range(got, 3299, 3301);
    /* The highest rate after a rest that is long. */
    network.ports[0].rules.rate = UINT64_C(1) << 40;
    network.ports[0].rules.burst = UINT64_C(1) << 40;
    network.ports[0].tokens = 0;
    now += (UINT64_C(1) << 24) * 1000;
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_in_range(network.ports[0].tokens, (UINT64_C(1) << 40) - 100, UINT64_C(1) << 40);
    assert_all_back();
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

            if (!net_client_reserve(&clients[0], 60, &slot, &at)) {
                break;
            }
            memcpy(at + NET_ETHERNET_BYTES, &i, sizeof i);
            frame = frame_to(0, to);
            net_client_send(&clients[0], slot, &frame);
            i++;
        }
        (void)serve();
        for (unsigned burst = 0; burst < i % 37 + 30; burst++) {
            uint32_t number;

            if (!net_client_receive(&clients[1], &frame, &payload)) {
                break;
            }
            memcpy(&number, payload, sizeof number);
            assert_int_equal(number, next);
            next++;
            net_client_return(&clients[1], &frame);
        }
    }
    while (net_client_receive(&clients[1], &frame, &payload)) {
        net_client_return(&clients[1], &frame);
        next++;
        (void)serve();
    }
    assert_int_equal(next, network.ports[0].stats.sent_frames);
    assert_int_equal(network.ports[1].stats.congested, 0);
    assert_all_back();
}

static void who_does_not_read_loses_its_own(void **state)
{
    (void)state;
    /* Two senders fill the queue of a port that does not read. */
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        send(0, 1);
    }
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        send(2, 1);
    }
    assert_int_equal(network.ports[1].stats.congested, 2 * NET_SMALL_SLOTS - NET_SLOTS);
    /* The second one has slots for others. */
    send(2, 3);
    assert_int_equal(receive(3, 2), 1);
    struct net_frame frame;
    const uint8_t *payload;
    while (net_client_receive(&clients[1], &frame, &payload)) {
        net_client_return(&clients[1], &frame);
    }
    assert_all_back();
}

/* Send a frame of 64 KiB. */
static void send_large(unsigned from, unsigned to)
{
    uint8_t mac[NET_MAC_BYTES];
    struct net_frame frame;
    uint16_t slot;
    uint8_t *at;

    net_rig_mac(to, mac);
    frame = frame_to(from, mac);
    frame.bytes = 65000;
    if (!net_client_reserve(&clients[from], frame.bytes, &slot, &at)) {
        /* The switch looks for slots that are back. */
        (void)serve();
        assert_true(net_client_reserve(&clients[from], frame.bytes, &slot, &at));
    }
    memset(at, (int)from + 1, frame.bytes);
    net_client_send(&clients[from], slot, &frame);
    (void)serve();
}

/* A port that returns nothing has a share of a sender's slots; with the others that reaches whom it
 * wants. */
static void what_one_keeps_is_bounded(void **state)
{
    struct net_port_stats *stats = &network.ports[1].stats;

    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        send(0, 1);
        send(0, 3);
        assert_int_equal(receive(3, 0), 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL);
    assert_int_equal(stats->congested, 1000 - NET_HELD_SMALL);
    for (unsigned i = 0; i < 100; i++) {
        send_large(0, 1);
        send_large(0, 3);
        assert_int_equal(receive(3, 0), 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL + NET_HELD_LARGE);
    assert_int_equal(stats->congested, 1100 - NET_HELD_SMALL - NET_HELD_LARGE);
    assert_int_equal(network.ports[3].stats.congested, 0);
    /* Of another sender it can have as much. */
    for (unsigned i = 0; i < 10; i++) {
        send_large(2, 1);
    }
    assert_int_equal(stats->received_frames, NET_HELD_SMALL + NET_HELD_LARGE + 10);
    /* What it gives back it may have again. */
    while (net_client_receive(&clients[1], &frame, &payload)) {
        net_client_return(&clients[1], &frame);
    }
    send_large(0, 1);
    send(0, 1);
    assert_int_equal(stats->congested, 1100 - NET_HELD_SMALL - NET_HELD_LARGE);
    /* When it begins anew it has nothing, and so it is when the sender does. */
    open_client(1);
    (void)serve();
    assert_all_back();
    assert_int_equal(network.ports[1].held[0][0] + network.ports[1].held[0][1], 0);
    send(0, 1);
    assert_int_equal(network.ports[1].held[0][0], 1);
    assert_int_equal(network.ports[0].out[0], 1);
    assert_int_equal(network.ports[0].out[0], 1);
    open_client(0);
    (void)serve();
    assert_int_equal(network.ports[1].held[0][0], 0);
    assert_int_equal(network.ports[0].out[0], 0);
    assert_int_equal(network.ports[0].out[0], 0);
}

/* Whatever many of them return nothing, there are slots for frames to those that do, and one for
 * who has none. */
static void several_that_keep_all_leave_some(void **state)
{
    uint64_t kept;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        send(0, 1);
        send(0, 2);
        send(0, 3);
        assert_int_equal(receive(3, 0), 1);
    }
    kept = network.ports[1].stats.received_frames + network.ports[2].stats.received_frames;
    assert_in_range(kept, NET_SMALL_SLOTS * 9 / 10, NET_SMALL_SLOTS - 10);
    for (unsigned i = 0; i < 100; i++) {
        send_large(0, 1);
        send_large(0, 2);
        send_large(0, 3);
        assert_int_equal(receive(3, 0), 1);
    }
    assert_int_equal(network.ports[3].stats.congested, 0);
    assert_true(network.ports[1].stats.congested > 0 && network.ports[2].stats.congested > 0);
    for (unsigned port = 1; port < PORTS; port++) {
        open_client(port);
    }
    assert_all_back();
    assert_int_equal(network.ports[0].out[0] + network.ports[0].out[1], 0);
    /* The last one is for a receiver that has none. */
    network.ports[1].held[0][0] = 1;
    network.ports[0].out[0] = NET_SMALL_SLOTS - 1;
    network.ports[0].out[1] = NET_LARGE_SLOTS - 1;
    send(0, 1);
    assert_int_equal(receive(1, 0), 0);
    send(0, 2);
    assert_int_equal(receive(2, 0), 1);
    send_large(0, 2);
    assert_int_equal(receive(2, 0), 1);
    network.ports[1].held[0][0] = 0;
    network.ports[0].out[0] = 1;
    network.ports[0].out[1] = 1;
    assert_all_back();
}

/* A port with more than a piece of work does not keep the others waiting. */
static void each_port_has_its_turn(void **state)
{
    struct net_frame frame;
    uint8_t to[NET_MAC_BYTES];

    (void)state;
    net_rig_mac(3, to);
    for (unsigned port = 0; port < 2; port++) {
        frame = frame_to(port, to);
        for (unsigned i = 0; i < 100; i++) {
            put(port, &frame);
        }
    }
    assert_true(net_switch_serve(&network, 0, now));
    assert_int_equal(network.ports[0].stats.sent_frames, 64);
    assert_int_equal(network.ports[1].stats.sent_frames, 0);
    assert_true(net_switch_round(&network, now));
    assert_int_equal(network.ports[0].stats.sent_frames, 100);
    assert_int_equal(network.ports[1].stats.sent_frames, 64);
    assert_false(net_switch_round(&network, now));
    assert_int_equal(network.ports[1].stats.sent_frames, 100);
    open_client(3);
    assert_all_back();
}

/* What a port writes into its rings itself. */

static void put_raw(unsigned port, const struct net_frame *frame)
{
    assert_true(net_ring_put(&clients[port].sent, NET_FRAME_SHAPE, frame));
}

static void hostile_descriptors(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame good;
    struct net_frame bad;

    (void)state;
    net_rig_mac(1, to);
    good = frame_to(0, to);
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
        (void)serve();
        assert_int_equal(network.ports[0].stats.malformed, i + 1);
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
    (void)serve();
    assert_int_equal(network.ports[0].stats.malformed, 17);
    assert_int_equal(receive(1, 0), 0);
    /* The same slot twice: the second is not what the receiver reads. */
    good.reserved[0] = 0xbad;
    good.flags = NET_LANDED | 0x80;
    put_raw(0, &good);
    put_raw(0, &good);
    (void)serve();
    assert_int_equal(network.ports[0].stats.malformed, 18);
    struct net_frame frame;
    const uint8_t *payload;
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    /* What only the switch says, a port cannot say. */
    assert_int_equal(frame.reserved[0], 0);
    assert_int_equal(frame.flags, 0);
    net_client_return(&clients[1], &frame);
    assert_false(net_client_receive(&clients[1], &frame, &payload));
    assert_all_back();
}

static unsigned lent_of(unsigned port)
{
    unsigned lent = 0;

    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        lent += network.ports[port].slots[slot].holders != 0;
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
        send(0, 1);
        assert_int_equal(receive(1, 0), 1);
        (void)net_switch_serve(&network, 1, now);
        /* Those before the sixteenth went back when that was lent. */
        assert_int_equal(lent_of(0), i < 16 ? i : i % 16 + 1);
    }
    net_rig_mac(1, mac);
    large = frame_to(0, mac);
    large.bytes = NET_SMALL_BYTES + 1;
    assert_true(net_client_reserve(&clients[0], large.bytes, &slot, &at));
    net_client_send(&clients[0], slot, &large);
    (void)serve();
    assert_int_equal(lent_of(0), 1);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    net_client_return(&clients[1], &frame);
    (void)net_switch_serve(&network, 1, now);
    assert_int_equal(lent_of(0), 0);
    /* Of a port that has nothing else to say the returns are looked at, too. */
    for (unsigned i = 0; i < 200; i++) {
        struct net_frame small = frame_to(0, mac);

        put(0, &small);
        (void)net_switch_serve(&network, 0, now);
        assert_int_equal(receive(1, 0), 1);
        assert_true(lent_of(0) <= NET_SLOTS / 4);
    }
    assert_all_back();
}

static void hostile_returns(void **state)
{
    struct net_return entry = { .slot = 0, .port = 0 };
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    /* What is returned is looked at, because somebody waits. */
    (void)net_client_wait_slots(&clients[0]);
    /* Slots that it does not have, of ports that are not there. */
    entry.port = PORTS;
    assert_true(net_ring_put(&clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.port = UINT16_MAX;
    assert_true(net_ring_put(&clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.port = 0;
    entry.slot = NET_SLOTS;
    assert_true(net_ring_put(&clients[2].returned, NET_RETURN_SHAPE, &entry));
    entry.slot = 1;
    assert_true(net_ring_put(&clients[2].returned, NET_RETURN_SHAPE, &entry));
    (void)serve();
    assert_int_equal(network.ports[2].stats.malformed, 4);
    /* Another's, with its number; its own twice; its own with another number. */
    send(0, 1);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    net_client_return(&clients[2], &frame);
    frame.number++;
    net_client_return(&clients[1], &frame);
    (void)serve();
    assert_int_equal(network.ports[0].slots[frame.slot].holders, 2);
    frame.number--;
    net_client_return(&clients[1], &frame);
    net_client_return(&clients[1], &frame);
    (void)serve();
    assert_int_equal(network.ports[1].stats.malformed, 2);
    assert_int_equal(network.ports[2].stats.malformed, 5);
    assert_all_back();
}

/* A frame is in somebody's ring before the others have it, and may be back, or seem so, before they
 * have been looked at. */
static void a_return_that_is_early(void **state)
{
    struct net_frame frame = frame_to(0, everybody);
    struct net_return entry = { .number = network.number + 1, .slot = 0, .port = 0 };
    uint16_t *out = &network.ports[0].out[0];

    (void)state;
    /* So that the returns of all are looked at for the second one, who has enough. */
    *out = NET_SMALL_SLOTS - 1;
    network.ports[2].held[0][0] = 1;
    network.ports[3].held[0][0] = 1;
    entry.slot = clients[0].small[clients[0].small_count - 1];
    assert_true(net_ring_put(&clients[1].returned, NET_RETURN_SHAPE, &entry));
    put(0, &frame);
    (void)serve();
    assert_int_equal(network.ports[0].slots[entry.slot].holders, 0);
    assert_int_equal(*out, NET_SMALL_SLOTS - 1);
    assert_int_equal(network.ports[1].held[0][0], 0);
    assert_int_equal(ring_available(&clients[0].done), 1);
    assert_int_equal(receive(1, 0), 1);
    *out = 0;
    network.ports[2].held[0][0] = 0;
    network.ports[3].held[0][0] = 0;
    assert_all_back();
}

static void hostile_positions(void **state)
{
    struct net_port_memory *memory = memories[0];
    struct ring_memory *sent = (struct ring_memory *)(void *)memory->sent;
    struct ring_memory *received = (struct ring_memory *)(void *)memory->received;

    (void)state;
    /* More frames than the ring has: none of them counts. */
    sent->produced += NET_SLOTS + 1;
    (void)serve();
    assert_int_equal(network.ports[0].stats.malformed, 0);
    assert_int_equal(network.ports[0].sent.broken, 1);
    /* A consumer that is ahead: its queue looks full. */
    received->consumed += 100000;
    for (unsigned i = 0; i < NET_HELD_SMALL; i++) {
        send(1, 0);
        send(2, 0);
        send(3, 0);
    }
    assert_true(network.ports[0].received.broken > 0);
    assert_true(network.ports[0].stats.congested > 0);
    send(3, 2);
    assert_int_equal(receive(2, 3), 1);
}

static void a_port_that_begins_anew(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    /* What was behind it is forgotten. */
    has_others_behind(1);
    has_others_behind(2);
    net_rig_mac(0, to);
    frame = frame_to(99, to);
    put(1, &frame);
    (void)serve();
    assert_int_equal(receive(0, 1), 1);
    open_client(1);
    (void)serve();
    send(0, 99);
    assert_int_equal(receive(1, 0), 1);
    assert_int_equal(receive(2, 0), 1);
    /* It has a frame of another in hand, and one on its way, and another has one of it. */
    send(0, 1);
    send(2, 1);
    send(1, 3);
    assert_true(net_client_receive(&clients[1], &frame, &payload));
    open_client(1);
    (void)serve();
    assert_int_equal(receive(1, 0), 0);
    /* Who has a frame of the former life may still read and return it. */
    assert_int_equal(receive(3, 1), 1);
    (void)serve();
    assert_int_equal(network.ports[0].slots[frame.slot].holders, 0);
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    send(1, 0);
    assert_int_equal(receive(0, 1), 1);
    assert_all_back();
}

static void a_switch_that_begins_anew(void **state)
{
    struct net_frame frame = frame_to(0, everybody);

    (void)state;
    /* All slots are lent when it forgets them. */
    for (unsigned i = 0; i < NET_SMALL_SLOTS; i++) {
        put(0, &frame);
    }
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < PORTS; i++) {
        struct net_port_rules rules = rules_of(i);

        net_switch_add(&network, &rules, memories[i]);
    }
    (void)serve();
    send(0, 1);
    assert_int_equal(receive(1, 0), 1);
    assert_all_back();
}

static void a_return_of_an_earlier_life_of_the_switch(void **state)
{
    struct net_frame first;
    struct net_frame second;
    const uint8_t *payload;

    (void)state;
    send(0, 1);
    assert_true(net_client_receive(&clients[1], &first, &payload));
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < PORTS; i++) {
        struct net_port_rules rules = rules_of(i);

        net_switch_add(&network, &rules, memories[i]);
    }
    (void)serve();
    /* The slot is used again while the receiver still has what was in it. */
    assert_true(net_client_restarted(&clients[0]));
    send(0, 1);
    assert_true(net_client_receive(&clients[1], &second, &payload));
    assert_int_equal(first.slot, second.slot);
    net_client_return(&clients[1], &first);
    assert_true(net_client_wait_slots(&clients[0]));
    (void)serve();
    assert_int_equal(network.ports[1].stats.malformed, 1);
    assert_int_equal(network.ports[0].slots[second.slot].holders, 2);
    net_client_return(&clients[1], &second);
    assert_all_back();
}

static void as_many_ports_as_there_are_channels(void **state)
{
    static struct net_client all[NET_MAX_PORTS];
    void *shared[NET_MAX_PORTS];
    uint8_t *many = calloc(NET_MAX_PORTS, NET_BUFFER_BYTES);

    (void)state;
    net_switch_init(&network, 300 * SECOND);
    for (unsigned i = 0; i < NET_MAX_PORTS; i++) {
        struct net_port_rules rules = rules_of(i);

        shared[i] = net_rig_memory();
        const struct net_client_place place = { shared[i], many, UINT64_MAX, i };
        net_switch_add(&network, &rules, shared[i]);
        net_client_open(&all[i], &place);
        net_client_wish(&all[i], NET_WISH_UP, 0);
        (void)net_switch_serve(&network, i, now);
    }
    for (unsigned from = 0; from < NET_MAX_PORTS; from++) {
        for (unsigned to = 0; to < NET_MAX_PORTS; to++) {
            uint8_t mac[NET_MAC_BYTES];
            struct net_frame frame;
            const uint8_t *payload;
            uint16_t slot;
            uint8_t *at;

            net_rig_mac(to, mac);
            frame = frame_to(from, mac);
            assert_true(net_client_reserve(&all[from], 60, &slot, &at));
            net_client_send(&all[from], slot, &frame);
            (void)net_switch_serve(&network, from, now);
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_frame_goes_to_its_address_alone),
        T(a_segment_of_64_kib_crosses_whole),
        T(only_who_waits_is_notified),
        T(who_waits_for_slots_gets_them),
        T(small_slots_go_back_together),
        T(broadcast_goes_to_all_who_want_it),
        T(multicast_goes_to_members),
        T(rules_keep_ports_apart),
        T(a_port_sends_from_its_address),
        T(addresses_are_learned_and_forgotten),
        T(a_flood_of_addresses_harms_nobody),
        T(a_share_of_the_table_counts_addresses_that_moved),
        T(chosen_addresses_harm_nobody),
        T(vlans_are_apart),
        T(a_rate_is_kept),
        T(frames_stay_in_order_and_none_is_lost),
        T(who_does_not_read_loses_its_own),
        T(what_one_keeps_is_bounded),
        T(several_that_keep_all_leave_some),
        T(each_port_has_its_turn),
        T(hostile_descriptors),
        T(hostile_returns),
        T(a_return_that_is_early),
        T(hostile_positions),
        T(a_port_that_begins_anew),
        T(a_switch_that_begins_anew),
        T(a_return_of_an_earlier_life_of_the_switch),
        T(as_many_ports_as_there_are_channels),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
