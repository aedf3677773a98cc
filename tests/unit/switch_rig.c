/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "switch_rig.h"

#define PAYLOAD 46U

struct switch_rig switch_rig;
const uint8_t switch_rig_everybody[NET_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
static uint8_t *buffers;

struct net_port_rules switch_rig_rules(unsigned port)
{
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

    net_rig_mac(port, rules.mac);
    return rules;
}

void switch_rig_open(unsigned port)
{
    net_rig_open(&switch_rig.clients[port], switch_rig.memories[port], buffers, SWITCH_RIG_PORTS,
                 port);
    net_client_wish(&switch_rig.clients[port], NET_WISH_UP, 0);
}

int switch_rig_setup(void **state)
{
    (void)state;
    buffers = calloc(SWITCH_RIG_PORTS, NET_BUFFER_BYTES);
    net_switch_init(&switch_rig.network, SWITCH_RIG_AGE);
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        struct net_port_rules rules = switch_rig_rules(i);

        switch_rig.memories[i] = net_rig_memory();
        net_switch_add(&switch_rig.network, &rules, switch_rig.memories[i]);
        switch_rig_open(i);
    }
    switch_rig.now = SWITCH_RIG_SECOND;
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        (void)net_switch_serve(&switch_rig.network, i, switch_rig.now);
    }
    (void)net_switch_notify(&switch_rig.network);
    return 0;
}

int switch_rig_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        free(switch_rig.memories[i]);
    }
    free(buffers);
    return 0;
}

uint64_t switch_rig_serve(void)
{
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        while (net_switch_serve(&switch_rig.network, i, switch_rig.now)) {
        }
    }
    return net_switch_notify(&switch_rig.network);
}

struct net_frame switch_rig_frame(unsigned from, const uint8_t *to)
{
    struct net_frame frame = { .offset = NET_ETHERNET_BYTES,
                               .bytes = NET_ETHERNET_BYTES + PAYLOAD };

    memcpy(frame.ethernet, to, NET_MAC_BYTES);
    net_rig_mac(from, frame.ethernet + NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    return frame;
}

void switch_rig_put(unsigned from, const struct net_frame *frame)
{
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&switch_rig.clients[from], 60, &slot, &at));
    memset(at, (int)from + 1, 60);
    net_client_send(&switch_rig.clients[from], slot, frame);
}

void switch_rig_send_to(unsigned from, const uint8_t *to)
{
    struct net_frame frame = switch_rig_frame(from, to);

    switch_rig_put(from, &frame);
    (void)switch_rig_serve();
}

void switch_rig_send(unsigned from, unsigned to)
{
    uint8_t mac[NET_MAC_BYTES];

    net_rig_mac(to, mac);
    switch_rig_send_to(from, mac);
}

unsigned switch_rig_receive(unsigned port, unsigned from)
{
    struct net_frame frame;
    const uint8_t *payload;
    unsigned count = 0;

    while (net_client_receive(&switch_rig.clients[port], &frame, &payload)) {
        assert_int_equal(frame.port, from);
        assert_int_equal(payload[0], from + 1);
        assert_int_equal(payload[frame.bytes - NET_ETHERNET_BYTES - 1], from + 1);
        net_client_return(&switch_rig.clients[port], &frame);
        count++;
    }
    return count;
}

void switch_rig_expect_all_back(void)
{
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        (void)net_client_wait_slots(&switch_rig.clients[i]);
    }
    (void)switch_rig_serve();
    for (unsigned i = 0; i < SWITCH_RIG_PORTS; i++) {
        uint16_t slots[NET_SMALL_SLOTS];
        uint8_t *at;
        unsigned count = 0;

        for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
            assert_int_equal(switch_rig.network.ports[i].slots[slot].holders, 0);
        }
        while (count < NET_SMALL_SLOTS &&
               net_client_reserve(&switch_rig.clients[i], 60, &slots[count], &at)) {
            count++;
        }
        assert_int_equal(count, NET_SMALL_SLOTS);
        while (count > 0) {
            net_client_release(&switch_rig.clients[i], slots[--count]);
        }
    }
}

void switch_rig_others_behind(unsigned port)
{
    switch_rig.network.ports[port].rules.any_mac = true;
    switch_rig.network.any_mac |= UINT64_C(1) << port;
}

void switch_rig_wish(unsigned port, uint32_t flags, uint64_t multicast)
{
    net_client_wish(&switch_rig.clients[port], flags, multicast);
    assert_true(net_client_flush(&switch_rig.clients[port]));
    (void)net_switch_serve(&switch_rig.network, port, switch_rig.now);
}
