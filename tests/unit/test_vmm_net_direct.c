/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's network device on a switch that has the guest's memory; the test is the other port. */
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

#include "io/net/direct.h"
#include "io/net/switch.h"
#include "vmm_fake.h"
#include "vmm_rig.h"

#define DEVICE 0xb010000UL
#define DOORBELL 3u
#define CHANNEL 5u
#define HEADER VNET_HEADER_BYTES
#define HEAD (HEADER + NET_ETHERNET_BYTES)
#define PAYLOAD 700u
#define PEER_BYTES 0x10000u
#define PEER_BUFFER 0x8000u
#define PEER_BUFFER_BYTES 2048u

static _Alignas(64) uint8_t memories[2][NET_PORT_BYTES];
static uint8_t buffers[2 * NET_BUFFER_BYTES];
static uint8_t peer_ram[PEER_BYTES];
static struct net_switch network;
static struct net_client peer;
static struct net_direct peer_direct;
static char config[512];

static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 2 };

/* The switch is called by the guest's monitor. */
static bool call(uint32_t channel, uint64_t label, uint64_t *word)
{
    assert_int_equal(channel, CHANNEL);
    if (label == NET_CALL_UNPOST) {
        net_switch_unpost(&network, 0);
        *word = 0;
    } else {
        assert_int_equal(label, NET_CALL_SEND);
        *word = net_switch_send(&network, 0, *word, 1);
    }
    return true;
}

static void make_switch(void)
{
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

    net_switch_init(&network, NET_DEFAULT_AGE);
    memcpy(rules.mac, own, sizeof(own));
    rules.guest = (struct net_memory){ RIG_GPA, RIG_BYTES, rig.ram };
    net_switch_add(&network, &rules, memories[0]);
    memcpy(rules.mac, other, sizeof(other));
    rules.guest = (struct net_memory){ 0, PEER_BYTES, peer_ram };
    net_switch_add(&network, &rules, memories[1]);
}

static uint64_t serve(void)
{
    for (unsigned port = 0; port < 2; port++) {
        while (net_switch_serve(&network, port, 1)) {
        }
    }
    return net_switch_notify(&network);
}

static void boot(void)
{
    const struct net_client_place place = { memories[1], buffers, 3, 1 };

    rig_reset();
    (void)vmm_fake_page(DEVICE, DOORBELL);
    memset(memories, 0, sizeof(memories));
    memset(buffers, 0, sizeof(buffers));
    memset(peer_ram, 0, sizeof(peer_ram));
    make_switch();
    vmm_fake.call = call;
    (void)snprintf(config, sizeof(config),
                   "name left\ngic 3 0x8000000 0x80a0000\nvirtio net 0xb010000 209 3\n"
                   "net 3 02:00:00:00:00:01 1500 5 0x%lx 0x%lx 0 0x3 direct\n",
                   (unsigned long)memories[0], (unsigned long)buffers);
    assert_true(rig_boot(config, false));
    net_client_open(&peer, &place);
    net_direct_open(&peer_direct, &peer);
    net_switch_unpost(&network, 1);
    net_client_wish(&peer, NET_WISH_UP | NET_WISH_POSTS | NET_WISH_MERGE, 0);
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    (void)serve();
}

static void fill_header(uint8_t *at, const uint8_t *to, const uint8_t *from)
{
    memcpy(at, to, NET_MAC_BYTES);
    memcpy(at + NET_MAC_BYTES, from, NET_MAC_BYTES);
    at[12] = 8;
    at[13] = 0;
}

static void fill(uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(i * 5 + i / 256 + 3);
    }
}

/* The guest sends a frame with so much payload to the test. */
static void send(uint32_t payload)
{
    uint8_t bytes[HEAD + PAYLOAD] = { 0 };

    fill_header(bytes + HEADER, other, own);
    fill(bytes + HEAD, payload);
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, HEAD + payload);
    (void)serve();
}

static void post_peer(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct net_piece piece = { PEER_BUFFER + i * PEER_BUFFER_BYTES, PEER_BUFFER_BYTES,
                                         1 };

        assert_true(net_direct_post(&peer_direct, &piece, 1));
    }
}

static struct net_frame frame_in(void)
{
    struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + PAYLOAD };

    fill_header(frame.ethernet, own, other);
    return frame;
}

/* The test sends a frame that the switch copies. Returns whether that took it. */
static bool land(void)
{
    const struct net_frame frame = frame_in();
    struct net_piece *pieces;

    fill(peer_ram, PAYLOAD);
    assert_true(net_direct_room(&peer_direct, &pieces) > 0);
    pieces[0] = (struct net_piece){ 0, PAYLOAD, 0 };
    net_direct_add(&peer_direct, &frame, 1, 0);
    peer_direct.frames = 0;
    peer_direct.pieces = 0;
    return net_switch_send(&network, 1, 1, 1) == 1;
}

/* The test sends a frame in a slot. */
static void lend(void)
{
    const struct net_frame frame = frame_in();
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&peer, frame.bytes, &slot, &at));
    fill(at, PAYLOAD);
    net_client_send(&peer, slot, &frame);
    (void)serve();
}

static void tell(void)
{
    guest_notified(&rig.guest, CHANNEL);
    (void)serve();
}

static void offer(void)
{
    memset(rig_buffer(VNET_QUEUE_RX), 0, RIG_BUFFER_BYTES);
    rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, DOORBELL);
}

/* The guest has received `count` frames, the last of them whole. */
static void expect_received(unsigned count)
{
    uint8_t payload[PAYLOAD];

    fill(payload, PAYLOAD);
    assert_int_equal(rig_used(VNET_QUEUE_RX), count);
    assert_int_equal(rig_written(VNET_QUEUE_RX), HEAD + PAYLOAD);
    assert_memory_equal(rig_buffer(VNET_QUEUE_RX) + HEADER, own, sizeof(own));
    assert_memory_equal(rig_buffer(VNET_QUEUE_RX) + HEAD, payload, PAYLOAD);
    assert_int_equal(rig_buffer(VNET_QUEUE_RX)[10], 1);
}

static bool is_zero(const uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

static void a_frame_goes_out(void **state)
{
    uint8_t payload[PAYLOAD];
    struct net_frame frame;
    const uint8_t *at;

    (void)state;
    fill(payload, PAYLOAD);
    boot();
    post_peer(1);
    send(PAYLOAD);
    assert_int_equal(rig_used(VNET_QUEUE_TX), 1);
    assert_true(net_client_receive(&peer, &frame, &at));
    assert_int_equal(frame.flags, NET_LANDED);
    assert_memory_equal(frame.ethernet, other, NET_MAC_BYTES);
    assert_memory_equal(peer_ram + PEER_BUFFER + HEAD, payload, PAYLOAD);
    /* Not by way of slots, all of which are free. */
    assert_true(is_zero(buffers, sizeof(buffers)));
    assert_int_equal(rig.guest.virtio.nets.devices[0].client.small_count, NET_SMALL_SLOTS);

    /* Nothing is posted any more, and a small frame would go so anyhow. */
    for (unsigned i = 0; i < 2; i++) {
        send(i == 0 ? PAYLOAD : 60);
        assert_true(net_client_receive(&peer, &frame, &at));
        assert_int_equal(frame.flags, 0);
        assert_memory_equal(at, payload, i == 0 ? PAYLOAD : 60);
        net_client_return(&peer, &frame);
        post_peer(1);
    }
    assert_int_equal(rig_used(VNET_QUEUE_TX), 3);
}

static void a_switch_that_does_not_answer(void **state)
{
    struct net_frame frame;
    const uint8_t *at;

    (void)state;
    boot();
    post_peer(1);
    vmm_fake.call = NULL;
    send(PAYLOAD);
    assert_int_equal(rig_used(VNET_QUEUE_TX), 1);
    assert_true(net_client_receive(&peer, &frame, &at));
    assert_int_equal(frame.flags, 0);
}

static void frames_come_in(void **state)
{
    (void)state;
    boot();
    /* There is no buffer. */
    assert_false(land());
    for (unsigned i = 1; i < 10; i++) {
        offer();
        assert_true(land());
        assert_int_equal(rig_used(VNET_QUEUE_RX), i - 1);
        tell();
        expect_received(i);
        assert_false(land());
    }
}

/* The only buffer that the guest gives is posted, and a frame comes in a slot. */
static void what_is_posted_serves_others(void **state)
{
    (void)state;
    boot();
    for (unsigned i = 1; i < 10; i += 2) {
        offer();
        lend();
        tell();
        expect_received(i);
        assert_false(land());
        offer();
        assert_true(land());
        lend();
        tell();
        expect_received(i + 1);
        /* The frame in the slot waits. */
        offer();
        expect_received(i + 2);
        i++;
    }
}

/* After a reset nothing is written, whatever had been posted, and what landed before is nothing to
 * a driver that comes then. */
static void a_reset_takes_back(void **state)
{
    (void)state;
    boot();
    offer();
    assert_true(land());
    (void)rig_store(DEVICE + VIRTIO_MMIO_STATUS, 0);
    memset(rig.ram, 0, RIG_BYTES);
    assert_false(land());
    assert_true(is_zero(rig.ram, RIG_BYTES));
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    offer();
    tell();
    assert_int_equal(rig_used(VNET_QUEUE_RX), 0);
    assert_true(land());
    tell();
    expect_received(1);

    offer();
    guest_stop(&rig.guest);
    memset(rig.ram, 0, RIG_BYTES);
    assert_false(land());
    (void)serve();
    /* It is off, and gets nothing. */
    assert_true(land());
    assert_int_equal(network.ports[1].stats.unwanted, 1);
    assert_true(is_zero(rig.ram, RIG_BYTES));
}

/* A monitor that begins anew has taken back what it had posted before it writes into the guest. */
static void a_new_monitor_takes_back(void **state)
{
    (void)state;
    boot();
    offer();
    rig_reset();
    (void)vmm_fake_page(DEVICE, DOORBELL);
    vmm_fake.call = call;
    assert_true(rig_boot(config, false));
    memset(rig_buffer(VNET_QUEUE_RX), 0, RIG_BUFFER_BYTES);
    assert_false(land());
    assert_true(is_zero(rig_buffer(VNET_QUEUE_RX), RIG_BUFFER_BYTES));
}

/* Frames that the guest does not want leave its buffers to others. */
static void what_is_not_wanted_is_posted_again(void **state)
{
    struct vnet *net = &rig.guest.virtio.nets.devices[0].model;

    (void)state;
    boot();
    offer();
    assert_true(land());
    net->modes.promiscuous = false;
    net->modes.no_unicast = true;
    rig.guest.virtio.nets.devices[0].own = 0;
    tell();
    assert_int_equal(rig_used(VNET_QUEUE_RX), 0);
    net->modes.no_unicast = false;
    assert_true(land());
    tell();
    expect_received(1);
}

static void a_new_switch_is_posted_to(void **state)
{
    (void)state;
    boot();
    tell();
    offer();
    make_switch();
    assert_false(land());
    tell();
    assert_true(land());
    tell();
    expect_received(1);
}

/* A switch that was taken over says that frames landed where nothing was posted. */
static void hostile_descriptors(void **state)
{
    struct net_frame frame = frame_in();
    static const uint16_t counts[] = { 0, 1, 2, 3, 72, 73, 255, 256, 257, UINT16_MAX };

    (void)state;
    boot();
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            frame.flags = NET_LANDED;
            frame.slot = counts[j];
            frame.bytes = counts[j] != 1 && j % 2 != 0 ? 1400 : UINT32_MAX;
            assert_true(net_ring_put(&network.ports[0].received, NET_FRAME_SHAPE, &frame));
            tell();
            assert_int_equal(rig_used(VNET_QUEUE_RX), 0);
        }
        offer();
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_frame_goes_out),
        T(a_switch_that_does_not_answer),
        T(frames_come_in),
        T(what_is_posted_serves_others),
        T(a_reset_takes_back),
        T(a_new_monitor_takes_back),
        T(what_is_not_wanted_is_posted_again),
        T(a_new_switch_is_posted_to),
        T(hostile_descriptors),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
