/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's driver wants to receive, and what the switch and the guest get of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <virtio/spec.h>
#include <virtio/vnet.h>

#include "io/net/switch.h"
#include "vmm_fake.h"
#include "vmm_rig.h"

#define DEVICE 0xb010000UL
#define DOORBELL 3u
#define CHANNEL 5u
#define MACHINE "name left\ngic 3 0x8000000 0x80a0000\n"
#define HEADER VNET_HEADER_BYTES
#define PAYLOAD 100u
#define TAG 4u
#define VLAN 5u
#define ANSWER_AT 0x800u
#define CONTROL                                                                             \
    ((uint32_t)(VNET_F_CTRL_VQ | VNET_F_CTRL_RX | VNET_F_CTRL_RX_EXTRA | VNET_F_CTRL_VLAN | \
                VNET_F_CSUM | VNET_F_GUEST_CSUM | VNET_F_MAC))
/* Classes and commands of control messages. */
#define RX 0u
#define PROMISCUOUS 0u
#define ALL_MULTICAST 1u
#define ALL_UNICAST 2u
#define NO_MULTICAST 3u
#define NO_UNICAST 4u
#define NO_BROADCAST 5u
#define MAC 1u
#define TABLE_SET 0u

static _Alignas(64) uint8_t memories[2][NET_PORT_BYTES];
static uint8_t buffers[2 * NET_BUFFER_BYTES];
static struct net_switch network;
static struct net_client peer;
static char config[512];

static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t second[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 9 };
static const uint8_t everybody[NET_MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t group[NET_MAC_BYTES] = { 0x33, 0x33, 0, 0, 0, 1 };

static void serve(void)
{
    for (unsigned port = 0; port < 2; port++) {
        while (net_switch_serve(&network, port, 1)) {
        }
    }
    (void)net_switch_notify(&network);
}

/* A guest whose driver has the features of CONTROL; the guest may have other addresses. */
static void boot(void)
{
    const struct net_client_place place = { memories[1], buffers, 3, 1 };
    struct net_port_rules rules = {
        .vlan = NET_DEFAULT_VLAN,
        .tagged = { 1u << VLAN },
        .to = UINT64_MAX,
        .any_mac = true,
    };

    rig_reset();
    (void)vmm_fake_page(DEVICE, DOORBELL);
    memset(memories, 0, sizeof(memories));
    net_switch_init(&network, NET_DEFAULT_AGE);
    memcpy(rules.mac, own, sizeof(own));
    net_switch_add(&network, &rules, memories[0]);
    memcpy(rules.mac, other, sizeof(other));
    net_switch_add(&network, &rules, memories[1]);
    (void)snprintf(config, sizeof(config),
                   MACHINE "virtio net 0xb010000 209 3\n"
                           "net 3 02:00:00:00:00:01 1500 5 0x%lx 0x%lx 0 0x3\n",
                   (unsigned long)memories[0], (unsigned long)buffers);
    assert_true(rig_boot(config, false));
    net_client_open(&peer, &place);
    net_client_wish(&peer, NET_WISH_UP | NET_WISH_PROMISCUOUS, 0);
    serve();
    rig_start_driver(DEVICE, VNET_QUEUES, CONTROL);
    serve();
}

/* A control message with a place for the answer, which is that it was done. */
static void control(uint8_t class, uint8_t command, const void *data, uint32_t bytes)
{
    const uint64_t queue = RIG_QUEUE(VNET_QUEUE_CONTROL);
    uint8_t *at = rig_buffer(VNET_QUEUE_CONTROL);

    at[0] = class;
    at[1] = command;
    memcpy(at + 2, data, bytes);
    at[ANSWER_AT] = 0xee;
    rig_offer(VNET_QUEUE_CONTROL, 2 + bytes, false);
    rig_put(queue + 12, VIRTIO_DESC_NEXT, 2);
    rig_put(queue + 14, 1, 2);
    rig_put(queue + 16, queue + RIG_BUFFER + ANSWER_AT, 8);
    rig_put(queue + 24, 1, 4);
    rig_put(queue + 28, VIRTIO_DESC_WRITE, 2);
    guest_notified(&rig.guest, DOORBELL);
    assert_int_equal(at[ANSWER_AT], 0);
    serve();
}

static void mode(uint8_t command, uint8_t on)
{
    control(RX, command, &on, sizeof(on));
}

static const struct net_wishes *wishes(void)
{
    const struct net_port_memory *memory = (const void *)memories[0];

    return &memory->wishes;
}

static void table(const uint8_t *unicast, const uint8_t *multicast)
{
    uint8_t bytes[8 + 2 * NET_MAC_BYTES] = { 0 };
    uint8_t *at = bytes;

    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *address = i == 0 ? unicast : multicast;

        at[0] = address != NULL;
        at += 4;
        if (address != NULL) {
            memcpy(at, address, NET_MAC_BYTES);
            at += NET_MAC_BYTES;
        }
    }
    control(MAC, TABLE_SET, bytes, (uint32_t)(at - bytes));
}

/* Whether the guest gets a frame that the test sends; `frame` says all but the addresses. */
static bool gets(const uint8_t *to, struct net_frame frame)
{
    uint16_t before = rig_used(VNET_QUEUE_RX);
    uint16_t slot;
    uint8_t *at;

    frame.bytes = NET_ETHERNET_BYTES + PAYLOAD;
    memcpy(frame.ethernet, to, NET_MAC_BYTES);
    memcpy(frame.ethernet + NET_MAC_BYTES, other, NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    assert_true(net_client_reserve(&peer, frame.bytes, &slot, &at));
    memset(at, 0x5a, PAYLOAD);
    net_client_send(&peer, slot, &frame);
    serve();
    if (rig_get16(RIG_QUEUE(VNET_QUEUE_RX) + RIG_DRIVER + 2) == before) {
        rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    }
    guest_notified(&rig.guest, CHANNEL);
    serve();
    return rig_used(VNET_QUEUE_RX) != before;
}

static bool gets_plain(const uint8_t *to)
{
    return gets(to, (struct net_frame){ .flags = 0 });
}

static void the_switch_is_told_what_is_wanted(void **state)
{
    (void)state;
    boot();
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_PROMISCUOUS);
    mode(PROMISCUOUS, 0);
    assert_int_equal(wishes()->flags, NET_WISH_UP);
    assert_int_equal(wishes()->multicast, 0);
    mode(ALL_MULTICAST, 1);
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_ALL_MULTICAST);
    mode(ALL_MULTICAST, 0);
    mode(NO_MULTICAST, 1);
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_NO_MULTICAST);
    mode(NO_MULTICAST, 0);
    mode(NO_BROADCAST, 1);
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_NO_BROADCAST);
    mode(NO_BROADCAST, 0);
    mode(ALL_UNICAST, 1);
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_PROMISCUOUS);
    mode(ALL_UNICAST, 0);
    table(NULL, group);
    assert_int_equal(wishes()->flags, NET_WISH_UP);
    assert_int_equal(wishes()->multicast, UINT64_C(1) << net_hash(group));
    table(second, NULL);
    assert_int_equal(wishes()->flags, NET_WISH_UP | NET_WISH_PROMISCUOUS);
    assert_int_equal(wishes()->multicast, 0);
    /* Without driver nothing. */
    (void)rig_store(DEVICE + VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(wishes()->flags, 0);
}

static void the_guest_gets_what_it_wants(void **state)
{
    uint8_t alike[NET_MAC_BYTES];

    (void)state;
    boot();
    assert_true(gets_plain(own));
    assert_true(gets_plain(everybody));
    assert_true(gets_plain(group));
    mode(PROMISCUOUS, 0);
    assert_true(gets_plain(own));
    assert_true(gets_plain(everybody));
    assert_false(gets_plain(group));
    assert_false(gets_plain(second));
    mode(NO_BROADCAST, 1);
    assert_false(gets_plain(everybody));
    table(second, group);
    assert_true(gets_plain(group));
    assert_true(gets_plain(second));
    /* A group that the switch cannot tell from that one is left out by the monitor. */
    memcpy(alike, group, sizeof(alike));
    do {
        alike[4]++;
        alike[5] = (uint8_t)(alike[5] + (alike[4] == 0));
    } while (net_hash(alike) != net_hash(group));
    assert_false(gets_plain(alike));
    mode(NO_UNICAST, 1);
    assert_false(gets_plain(own));
}

static void tagged_frames_are_filtered_by_vlan(void **state)
{
    const struct net_frame tagged = { .vlan = NET_VLAN_TAG | VLAN };
    const uint16_t vlan = VLAN;

    (void)state;
    boot();
    assert_true(gets(own, tagged));
    mode(PROMISCUOUS, 0);
    assert_false(gets(own, tagged));
    assert_true(gets_plain(own));
    control(2, 0, &vlan, sizeof(vlan));
    assert_true(gets(own, tagged));
    control(2, 1, &vlan, sizeof(vlan));
    assert_false(gets(own, tagged));
}

/* Places count from the frame's beginning, where a tag is in the way or is not. */
static void a_tag_moves_the_checksum(void **state)
{
    const struct net_frame tagged = {
        .flags = NET_NEEDS_CSUM,
        .csum_start = 34,
        .csum_offset = 6,
        .header_bytes = 42,
        .vlan = NET_VLAN_TAG | VLAN,
    };
    uint8_t bytes[HEADER + NET_ETHERNET_BYTES + TAG + PAYLOAD] = { 0 };
    struct virtio_net_header header;
    struct net_frame got;
    const uint8_t *payload;

    (void)state;
    boot();
    assert_true(gets(own, tagged));
    memcpy(&header, rig_buffer(VNET_QUEUE_RX), sizeof(header));
    assert_int_equal(header.flags, NET_NEEDS_CSUM);
    assert_int_equal(header.csum_start, 34 + TAG);
    assert_int_equal(header.csum_offset, 6);
    assert_int_equal(header.header_bytes, 42 + TAG);
    /* The other way. */
    header.buffers = 0;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + HEADER, other, NET_MAC_BYTES);
    memcpy(bytes + HEADER + NET_MAC_BYTES, own, NET_MAC_BYTES);
    memcpy(bytes + HEADER + 12, "\x81\0\0\5\x8\0", 6);
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
    serve();
    assert_true(net_client_receive(&peer, &got, &payload));
    assert_int_equal(got.flags, NET_NEEDS_CSUM);
    assert_int_equal(got.csum_start, 34);
    assert_int_equal(got.csum_offset, 6);
    assert_int_equal(got.header_bytes, 42);
    assert_int_equal(got.vlan, NET_VLAN_TAG | VLAN);
    net_client_return(&peer, &got);
    /* A hint that is shorter than the tag stays one, and a sum over the tag goes nowhere. */
    header.header_bytes = 1;
    memcpy(bytes, &header, sizeof(header));
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
    serve();
    assert_true(net_client_receive(&peer, &got, &payload));
    assert_int_equal(got.header_bytes, 1);
    net_client_return(&peer, &got);
    header.csum_start = NET_ETHERNET_BYTES + TAG - 1;
    memcpy(bytes, &header, sizeof(header));
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
    serve();
    assert_false(net_client_receive(&peer, &got, &payload));
    assert_int_equal(rig.guest.virtio.nets.devices[0].model.stats.sent_dropped, 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_switch_is_told_what_is_wanted),
        T(the_guest_gets_what_it_wants),
        T(tagged_frames_are_filtered_by_vlan),
        T(a_tag_moves_the_checksum),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
