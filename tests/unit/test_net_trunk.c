/* SPDX-License-Identifier: BSD-2-Clause */
/* Two switches with two ports each, and a trunk between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "io/net/config.h"
#include "tests/unit/net_rig.h"

#define SWITCHES 2u
#define GUESTS 2u
/** The trunk's port of each switch. */
#define TRUNK GUESTS
#define PORTS (GUESTS + 1u)
#define PAYLOAD 100u
#define TAGGED 5u

static struct net_switch switches[SWITCHES];
static struct net_client guests[SWITCHES][GUESTS];
static struct net_trunk trunk;
static struct net_port_memory *memories[SWITCHES][PORTS];
static uint8_t *buffers[SWITCHES];

static void mac_of(unsigned sw, unsigned port, uint8_t mac[NET_MAC_BYTES])
{
    memset(mac, 0, NET_MAC_BYTES);
    mac[0] = 2;
    mac[4] = (uint8_t)sw;
    mac[5] = (uint8_t)port;
}

static struct net_client_place place_of(unsigned sw, unsigned port)
{
    return (struct net_client_place){ memories[sw][port], buffers[sw], (1u << PORTS) - 1, port };
}

static int setup(void **state)
{
    struct net_client_place places[NET_TRUNK_ENDS];

    (void)state;
    for (unsigned sw = 0; sw < SWITCHES; sw++) {
        buffers[sw] = calloc(PORTS, NET_BUFFER_BYTES);
        net_switch_init(&switches[sw], NET_DEFAULT_AGE);
        for (unsigned port = 0; port < PORTS; port++) {
            struct net_port_rules rules = {
                .any_mac = port == TRUNK,
                .vlan = NET_DEFAULT_VLAN,
                .tagged = { UINT64_C(1) << TAGGED },
                .to = UINT64_MAX,
            };

            mac_of(sw, port, rules.mac);
            memories[sw][port] = net_rig_memory();
            net_switch_add(&switches[sw], &rules, memories[sw][port]);
        }
        for (unsigned port = 0; port < GUESTS; port++) {
            const struct net_client_place place = place_of(sw, port);

            net_client_open(&guests[sw][port], &place);
            net_client_wish(&guests[sw][port], NET_WISH_UP, 0);
        }
        places[sw] = place_of(sw, TRUNK);
    }
    net_trunk_open(&trunk, places);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned sw = 0; sw < SWITCHES; sw++) {
        for (unsigned port = 0; port < PORTS; port++) {
            free(memories[sw][port]);
        }
        free(buffers[sw]);
    }
    return 0;
}

static void serve(unsigned sw)
{
    for (unsigned port = 0; port < PORTS; port++) {
        while (net_switch_serve(&switches[sw], port, 1)) {
        }
    }
}

/* Until nothing moves; as notifications would have it. */
static void run(void)
{
    for (unsigned round = 0; round < 8; round++) {
        serve(0);
        serve(1);
        net_trunk_serve(&trunk);
        (void)net_trunk_flush(&trunk, 0);
        (void)net_trunk_flush(&trunk, 1);
    }
}

static struct net_frame frame_of(unsigned from_sw, unsigned from, const uint8_t *to)
{
    struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + PAYLOAD };

    memcpy(frame.ethernet, to, NET_MAC_BYTES);
    mac_of(from_sw, from, frame.ethernet + NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    return frame;
}

static void send(unsigned sw, unsigned port, const struct net_frame *frame)
{
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&guests[sw][port], frame->bytes, &slot, &at));
    for (uint32_t i = 0; i < frame->bytes - NET_ETHERNET_BYTES; i++) {
        at[i] = (uint8_t)(i * 3 >> 1);
    }
    net_client_send(&guests[sw][port], slot, frame);
}

/* Frames that a guest got, the last of them in `frame`. */
static unsigned receive(unsigned sw, unsigned port, struct net_frame *frame)
{
    const uint8_t *payload;
    unsigned count = 0;

    while (net_client_receive(&guests[sw][port], frame, &payload)) {
        for (uint32_t i = 0; i < frame->bytes - NET_ETHERNET_BYTES; i++) {
            assert_int_equal(payload[i], (uint8_t)(i * 3 >> 1));
        }
        net_client_return(&guests[sw][port], frame);
        count++;
    }
    return count;
}

static void frames_cross_and_addresses_are_learned(void **state)
{
    static const uint8_t everybody[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct net_frame frame = frame_of(0, 0, everybody);
    uint8_t to[NET_MAC_BYTES];
    uint64_t crossed;

    (void)state;
    run();
    send(0, 0, &frame);
    run();
    assert_int_equal(receive(0, 1, &frame), 1);
    assert_int_equal(receive(1, 0, &frame), 1);
    assert_int_equal(receive(1, 1, &frame), 1);
    assert_int_equal(receive(0, 0, &frame), 0);
    /* The answer finds its way, and goes to nobody else. */
    mac_of(0, 0, to);
    frame = frame_of(1, 1, to);
    send(1, 1, &frame);
    run();
    assert_int_equal(receive(0, 0, &frame), 1);
    assert_int_equal(receive(0, 1, &frame), 0);
    assert_int_equal(receive(1, 0, &frame), 0);
    /* What is for a neighbour does not cross. */
    crossed = switches[0].ports[TRUNK].stats.received_frames;
    mac_of(0, 1, to);
    frame = frame_of(0, 0, to);
    send(0, 0, &frame);
    run();
    assert_int_equal(receive(0, 1, &frame), 1);
    assert_int_equal(switches[0].ports[TRUNK].stats.received_frames, crossed);
}

static void tags_and_offloads_stay(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;

    (void)state;
    run();
    mac_of(1, 0, to);
    frame = frame_of(0, 1, to);
    frame.bytes = NET_MAX_FRAME;
    frame.vlan = NET_VLAN_TAG | TAGGED;
    frame.flags = NET_NEEDS_CSUM;
    frame.gso_type = NET_GSO_TCP4;
    frame.gso_bytes = 1448;
    frame.csum_start = 34;
    frame.csum_offset = 16;
    send(0, 1, &frame);
    run();
    assert_int_equal(receive(1, 0, &frame), 1);
    assert_int_equal(frame.bytes, NET_MAX_FRAME);
    assert_int_equal(frame.vlan, NET_VLAN_TAG | TAGGED);
    assert_int_equal(frame.flags, NET_NEEDS_CSUM);
    assert_int_equal(frame.gso_type, NET_GSO_TCP4);
    assert_int_equal(frame.gso_bytes, 1448);
}

static void groups_cross(void **state)
{
    static const uint8_t group[NET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 1 };
    struct net_frame frame = frame_of(0, 0, group);

    (void)state;
    net_client_wish(&guests[1][1], NET_WISH_UP, UINT64_C(1) << net_hash(group));
    run();
    send(0, 0, &frame);
    run();
    assert_int_equal(receive(0, 1, &frame), 0);
    assert_int_equal(receive(1, 0, &frame), 0);
    assert_int_equal(receive(1, 1, &frame), 1);
}

/* While the other switch does nothing frames wait, and of too many the oldest go. */
static void a_switch_that_stands_still_keeps_no_buffers(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    unsigned held = 0;
    unsigned got = 0;

    (void)state;
    run();
    mac_of(1, 0, to);
    frame = frame_of(0, 0, to);
    for (unsigned i = 0; i < 1000; i++) {
        send(0, 0, &frame);
        (void)net_client_flush(&guests[0][0]);
        serve(0);
        net_trunk_serve(&trunk);
        (void)net_trunk_flush(&trunk, 0);
    }
    (void)net_client_wait_slots(&guests[0][0]);
    serve(0);
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        held += switches[0].ports[0].slots[slot].holders != 0;
    }
    assert_int_equal(held, NET_TRUNK_BACKLOG + 1);
    assert_int_equal(trunk.ends[0].dropped, 1000 - NET_SMALL_SLOTS - held);
    for (unsigned round = 0; round < 40; round++) {
        got += receive(1, 0, &frame);
        (void)net_client_flush(&guests[1][0]);
        run();
    }
    assert_int_equal(got + switches[1].ports[0].stats.congested, NET_SMALL_SLOTS + held);
}

static void who_does_not_read_keeps_no_buffers(void **state)
{
    uint8_t to[NET_MAC_BYTES];
    struct net_frame frame;
    unsigned sent = 0;
    unsigned held = 0;

    (void)state;
    run();
    mac_of(1, 0, to);
    frame = frame_of(0, 0, to);
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 32; i++, sent++) {
            send(0, 0, &frame);
            (void)net_client_flush(&guests[0][0]);
        }
        run();
    }
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        held += switches[0].ports[0].slots[slot].holders != 0;
    }
    assert_true(held <= NET_TRUNK_BACKLOG + 1);
    unsigned dropped = (unsigned)(trunk.ends[0].dropped + switches[1].ports[0].stats.congested);
    assert_true(dropped > 0);
    /* All that was not dropped arrives. */
    unsigned got = 0;
    for (unsigned round = 0; round < 40; round++) {
        got += receive(1, 0, &frame);
        (void)net_client_flush(&guests[1][0]);
        run();
    }
    assert_int_equal(trunk.ends[0].dropped + switches[1].ports[0].stats.congested, dropped);
    assert_int_equal(got + dropped, sent);
}

static void configurations_that_are_wrong(void **state)
{
    static const char good[] = "end 3 0x1000 0x2000 4 0x1f\n# and\nend 5 0x3000 0x4000 0 1\n";
    static const struct {
        const char *text;
        unsigned line;
    } wrong[] = {
        { "", 1 },
        { "end 3 0x1000 0x2000 4 0x1f\n", 2 },
        { "end 3 0x1000 0x2000 4\n", 1 },
        { "end 62 0x1000 0x2000 4 1\n", 1 },
        { "end 3 0x1000 0x2000 62 1\n", 1 },
        { "end 3 0x1000 0x2000 4 1 1\n", 1 },
        { "port 3 0x1000 0x2000 4 1\n", 1 },
        { "end 3 1 2 4 1\nend 3 1 2 4 1\n", 2 },
        { "end 3 1 2 4 1\nend 4 1 2 4 1\nend 5 1 2 4 1\n", 3 },
    };
    struct net_config_trunk config;

    (void)state;
    assert_int_equal(net_config_read_trunk(&config, good, sizeof good - 1), 0);
    assert_int_equal(config.ends[0].channel, 3);
    assert_int_equal(config.ends[0].readable, 0x1f);
    assert_int_equal(config.ends[1].memory, 0x3000);
    assert_int_equal(config.ends[1].buffers, 0x4000);
    assert_int_equal(config.ends[0].port, 4);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(net_config_read_trunk(&config, wrong[i].text, strlen(wrong[i].text)),
                         wrong[i].line);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(frames_cross_and_addresses_are_learned),
        T(tags_and_offloads_stay),
        T(groups_cross),
        T(a_switch_that_stands_still_keeps_no_buffers),
        T(who_does_not_read_keeps_no_buffers),
        T(configurations_that_are_wrong),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
