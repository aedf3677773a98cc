/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's network device on a port of a switch, on whose other port is the test. */
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
#define VLAN_TAG_BYTES 4u
#define LARGE_PAYLOAD 3000u

static _Alignas(64) uint8_t memories[2][NET_PORT_BYTES];
static uint8_t buffers[2 * NET_BUFFER_BYTES];
static struct net_switch network;
static struct net_client peer;
static char config[512];

static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, 2 };

static bool boot(void)
{
    const struct net_client_place place = { memories[1], buffers, 3, 1 };
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

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
    if (!rig_boot(config, false)) {
        return false;
    }
    net_client_open(&peer, &place);
    net_client_wish(&peer, NET_WISH_UP, 0);
    return true;
}

static uint64_t serve(void)
{
    for (unsigned port = 0; port < 2; port++) {
        while (net_switch_serve(&network, port, 1)) {
        }
    }
    return net_switch_notify(&network);
}

static void fill_header(uint8_t *at, const uint8_t *to, const uint8_t *from)
{
    memcpy(at, to, NET_MAC_BYTES);
    memcpy(at + NET_MAC_BYTES, from, NET_MAC_BYTES);
    at[12] = 8;
    at[13] = 0;
}

/* The guest sends a frame to the test. */
static void send(void)
{
    uint8_t bytes[HEADER + NET_ETHERNET_BYTES + PAYLOAD] = { 0 };

    fill_header(bytes + HEADER, other, own);
    memset(bytes + HEADER + NET_ETHERNET_BYTES, 0x5a, PAYLOAD);
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
}

/* The test sends a frame to the guest, and the guest's monitor hears of it. */
static void receive(struct net_frame frame, const uint8_t *payload)
{
    uint16_t slot;
    uint8_t *at;

    fill_header(frame.ethernet, own, other);
    assert_true(net_client_reserve(&peer, frame.bytes, &slot, &at));
    memcpy(at, payload, frame.bytes - NET_ETHERNET_BYTES);
    net_client_send(&peer, slot, &frame);
    (void)serve();
    guest_notified(&rig.guest, CHANNEL);
    (void)serve();
}

/* Nobody has anything of the test's. Who waits for slots gets what is back. */
static bool is_all_back(void)
{
    (void)net_client_wait_slots(&peer);
    (void)serve();
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        if (network.ports[1].slots[slot].holders != 0) {
            return false;
        }
    }
    return true;
}

static void a_frame_goes_out(void **state)
{
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    assert_true(boot());
    assert_int_equal(vmm_fake.notified, 1UL << CHANNEL);
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    (void)serve();
    vmm_fake.notified = 0;
    send();
    assert_int_equal(rig_used(VNET_QUEUE_TX), 1);
    assert_int_equal(vmm_fake.notified, 1UL << CHANNEL);
    assert_int_equal(serve(), 2);
    assert_true(net_client_receive(&peer, &frame, &payload));
    assert_int_equal(frame.bytes, NET_ETHERNET_BYTES + PAYLOAD);
    assert_int_equal(payload[0], 0x5a);
    assert_int_equal(payload[PAYLOAD - 1], 0x5a);
    net_client_return(&peer, &frame);
}

/* The guest sends `count` frames that are to be segmented. */
static void send_large(unsigned count)
{
    uint8_t bytes[HEADER + NET_ETHERNET_BYTES + LARGE_PAYLOAD] = { NET_NEEDS_CSUM, NET_GSO_TCP4 };
    const uint16_t gso_bytes = 1460;
    const uint16_t sum[2] = { 34, 16 };

    memcpy(bytes + 4, &gso_bytes, sizeof(gso_bytes));
    memcpy(bytes + 6, sum, sizeof(sum));
    fill_header(bytes + HEADER, other, own);
    for (; count != 0; count--) {
        rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
    }
}

/* The test takes `count` frames and returns them. Whether the guest's monitor is told. */
static bool take(unsigned count)
{
    struct net_frame frame;
    const uint8_t *payload;

    (void)serve();
    for (; count != 0; count--) {
        assert_true(net_client_receive(&peer, &frame, &payload));
        net_client_return(&peer, &frame);
    }
    (void)net_client_flush(&peer);
    return (serve() & 1) != 0;
}

static void start_driver_with_offloads(void)
{
    assert_true(boot());
    rig.entries = RIG_MAX_ENTRIES;
    rig_start_driver(DEVICE, VNET_QUEUES, (uint32_t)(VNET_F_CSUM | VNET_F_HOST_TSO4));
    (void)serve();
}

/* Who sends faster than who receives does not get its buffers back: so it waits, and loses none. */
static void a_guest_that_sends_too_fast_is_held_back(void **state)
{
    (void)state;
    start_driver_with_offloads();
    send_large(VIRTIO_NET_AHEAD);
    assert_int_equal(rig_used(VNET_QUEUE_TX), VIRTIO_NET_AHEAD);
    send_large(4);
    assert_int_equal(rig_used(VNET_QUEUE_TX), VIRTIO_NET_AHEAD);
    /* Small ones pass. */
    send();
    assert_int_equal(rig_used(VNET_QUEUE_TX), VIRTIO_NET_AHEAD + 1);
    assert_true(take(3));
    guest_notified(&rig.guest, CHANNEL);
    assert_int_equal(rig_used(VNET_QUEUE_TX), VIRTIO_NET_AHEAD + 4);
    assert_true(take(1));
    guest_notified(&rig.guest, CHANNEL);
    assert_int_equal(rig_used(VNET_QUEUE_TX), VIRTIO_NET_AHEAD + 5);
    /* Nobody is held back any more, and nobody wants to know. */
    assert_false(take(VIRTIO_NET_AHEAD + 1));
    assert_int_equal(network.ports[1].stats.congested, 0);
}

/* Who never returns what it was lent keeps some buffers of the guest, but lets others pass. */
static void who_keeps_everything_keeps_few_buffers(void **state)
{
    (void)state;
    start_driver_with_offloads();
    for (unsigned i = 0; i < 100; i++) {
        send_large(1);
        (void)serve();
        guest_notified(&rig.guest, CHANNEL);
    }
    assert_int_equal(rig_used(VNET_QUEUE_TX), 100 - (NET_HELD_LARGE - VIRTIO_NET_AHEAD));
    assert_int_equal(network.ports[1].stats.congested, 100 - NET_HELD_LARGE);
}

static void a_switch_that_begins_anew_holds_nobody_back(void **state)
{
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

    (void)state;
    start_driver_with_offloads();
    guest_notified(&rig.guest, CHANNEL);
    send_large(2 * VIRTIO_NET_AHEAD);
    net_switch_init(&network, NET_DEFAULT_AGE);
    memcpy(rules.mac, own, sizeof(own));
    net_switch_add(&network, &rules, memories[0]);
    guest_notified(&rig.guest, CHANNEL);
    assert_int_equal(rig_used(VNET_QUEUE_TX), 2 * VIRTIO_NET_AHEAD);
}

/* The guest looks behind its acknowledgement, so that one interrupt is for all that came before. */
static void an_interrupt_that_is_not_acknowledged_is_not_raised_again(void **state)
{
    uint32_t before;

    (void)state;
    assert_true(boot());
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    before = vmm_fake.device_raises;
    send();
    assert_int_equal(vmm_fake.device_raises, before + 1);
    assert_int_equal(*vmm_fake.status[DOORBELL], VIRTIO_INTERRUPT_USED);
    send();
    assert_int_equal(rig_used(VNET_QUEUE_TX), 2);
    assert_int_equal(vmm_fake.device_raises, before + 1);
    /* Another reason is another bit. */
    *vmm_fake.status[DOORBELL] = VIRTIO_INTERRUPT_CONFIG;
    send();
    assert_int_equal(vmm_fake.device_raises, before + 2);
    *vmm_fake.status[DOORBELL] = 0;
    send();
    assert_int_equal(vmm_fake.device_raises, before + 3);
}

static void a_frame_comes_in(void **state)
{
    const struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + PAYLOAD };
    uint8_t payload[PAYLOAD];

    (void)state;
    memset(payload, 0x77, sizeof(payload));
    assert_true(boot());
    /* Nobody is there for it. */
    receive(frame, payload);
    assert_true(is_all_back());
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    /* It waits for a buffer. */
    receive(frame, payload);
    assert_false(is_all_back());
    rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, DOORBELL);
    assert_int_equal(rig_used(VNET_QUEUE_RX), 1);
    assert_int_equal(rig_written(VNET_QUEUE_RX), HEADER + NET_ETHERNET_BYTES + PAYLOAD);
    assert_memory_equal(rig_buffer(VNET_QUEUE_RX) + HEADER, own, sizeof(own));
    assert_memory_equal(rig_buffer(VNET_QUEUE_RX) + HEADER + NET_ETHERNET_BYTES, payload, PAYLOAD);
    (void)serve();
    assert_true(is_all_back());
}

static void a_large_frame_is_cut_for_a_driver_that_takes_none(void **state)
{
    const struct net_frame frame = {
        .bytes = NET_ETHERNET_BYTES + 40 + 150,
        .flags = NET_NEEDS_CSUM,
        .gso_type = NET_GSO_TCP4,
        .gso_bytes = 100,
        .csum_start = 34,
        .csum_offset = 16,
    };
    uint8_t payload[190] = { 0x45, 0, 0, 190, 0, 0, 0, 0, 64, 6 };

    (void)state;
    payload[32] = 0x50;
    assert_true(boot());
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, DOORBELL);
    receive(frame, payload);
    assert_int_equal(rig_used(VNET_QUEUE_RX), 1);
    assert_int_equal(rig_written(VNET_QUEUE_RX), HEADER + NET_ETHERNET_BYTES + 40 + 100);
    assert_int_equal(rig_buffer(VNET_QUEUE_RX)[0], 0);
    assert_false(is_all_back());
    rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, DOORBELL);
    assert_int_equal(rig_used(VNET_QUEUE_RX), 2);
    assert_int_equal(rig_written(VNET_QUEUE_RX), HEADER + NET_ETHERNET_BYTES + 40 + 50);
    (void)serve();
    assert_true(is_all_back());
}

static void a_guest_that_takes_nothing_keeps_no_buffers(void **state)
{
    const struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + PAYLOAD };
    uint8_t payload[PAYLOAD] = { 0 };
    unsigned held = 0;

    (void)state;
    assert_true(boot());
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    for (unsigned i = 0; i < 1000; i++) {
        receive(frame, payload);
    }
    (void)net_client_wait_slots(&peer);
    (void)serve();
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        held += network.ports[1].slots[slot].holders != 0;
    }
    assert_int_equal(held, VIRTIO_NET_BACKLOG + 1);
    assert_int_equal(rig.guest.virtio.nets.devices[0].dropped, 1000 - held);
    /* And when it is off, none at all. */
    guest_stop(&rig.guest);
    (void)serve();
    assert_true(is_all_back());
    receive(frame, payload);
    assert_true(is_all_back());
}

static void tags_of_a_trunk_are_put_back(void **state)
{
    const struct net_frame frame = {
        .bytes = NET_ETHERNET_BYTES + PAYLOAD,
        .vlan = NET_VLAN_TAG | 5,
    };
    uint8_t bytes[HEADER + NET_ETHERNET_BYTES + VLAN_TAG_BYTES + PAYLOAD] = { 0 };
    uint8_t payload[PAYLOAD] = { 1 };
    struct net_frame got;
    const uint8_t *at;

    (void)state;
    assert_true(boot());
    network.ports[0].rules.tagged[0] = 1u << 5;
    network.ports[1].rules.tagged[0] = 1u << 5;
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    rig_offer(VNET_QUEUE_RX, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, DOORBELL);
    receive(frame, payload);
    assert_int_equal(rig_written(VNET_QUEUE_RX),
                     HEADER + NET_ETHERNET_BYTES + VLAN_TAG_BYTES + PAYLOAD);
    assert_memory_equal(rig_buffer(VNET_QUEUE_RX) + HEADER + 12, "\x81\0\0\5\x8\0\1", 7);
    /* The same on the way out. */
    fill_header(bytes + HEADER, other, own);
    memcpy(bytes + HEADER + 12, "\x81\0\0\5\x8\0\x33", 7);
    rig_send(DOORBELL, VNET_QUEUE_TX, bytes, sizeof(bytes));
    (void)serve();
    assert_true(net_client_receive(&peer, &got, &at));
    assert_int_equal(got.vlan, NET_VLAN_TAG | 5);
    assert_int_equal(got.bytes, NET_ETHERNET_BYTES + PAYLOAD);
    assert_int_equal(got.ethernet[12], 8);
    assert_int_equal(at[0], 0x33);
    net_client_return(&peer, &got);
}

/* The status word of the device's configuration space. */
static uint16_t status(void)
{
    const struct virtio_net *device = &rig.guest.virtio.nets.devices[0];
    uint16_t value;

    memcpy(&value, (const uint8_t *)device->page.registers + VIRTIO_MMIO_CONFIG + 6, sizeof(value));
    return value;
}

static void a_switch_that_begins_anew_is_announced_to(void **state)
{
    struct net_port_rules rules = { .vlan = NET_DEFAULT_VLAN, .to = UINT64_MAX };

    (void)state;
    assert_true(boot());
    (void)serve();
    rig_start_driver(DEVICE, VNET_QUEUES,
                     (uint32_t)(VNET_F_GUEST_ANNOUNCE | VNET_F_CTRL_VQ | VNET_F_STATUS));
    guest_notified(&rig.guest, CHANNEL);
    assert_int_equal(status(), 1);
    net_switch_init(&network, NET_DEFAULT_AGE);
    memcpy(rules.mac, own, sizeof(own));
    net_switch_add(&network, &rules, memories[0]);
    guest_notified(&rig.guest, CHANNEL);
    /* The link is up, and the driver is to say where it is. */
    assert_int_equal(status(), 3);
}

static void the_switch_says_what_it_counted(void **state)
{
    struct virtio_nets *nets = &rig.guest.virtio.nets;
    struct net_port_stats stats;

    (void)state;
    assert_true(boot());
    rig_start_driver(DEVICE, VNET_QUEUES, 0);
    (void)serve();
    send();
    (void)serve();
    assert_false(virtio_nets_answer(nets, CHANNEL, &stats));
    vmm_fake.notified = 0;
    virtio_nets_ask(nets);
    assert_int_equal(vmm_fake.notified, 1UL << CHANNEL);
    assert_false(virtio_nets_answer(nets, CHANNEL, &stats));
    assert_true((serve() & 1) != 0);
    assert_false(virtio_nets_answer(nets, CHANNEL + 1, &stats));
    assert_true(virtio_nets_answer(nets, CHANNEL, &stats));
    assert_int_equal(stats.sent_frames, 1);
    assert_int_equal(stats.sent_bytes, NET_ETHERNET_BYTES + PAYLOAD);
    assert_false(virtio_nets_answer(nets, CHANNEL, &stats));
    /* It says so to a person. */
    virtio_nets_ask(nets);
    (void)serve();
    guest_notified(&rig.guest, CHANNEL);
    assert_non_null(
        strstr(vmm_fake.printed, "left: port of the switch: frames sent 1, bytes sent"));
}

static void configurations_that_are_wrong(void **state)
{
    static const char *const wrong[] = {
        "net 3\n",
        "net 3 02:00:00:00:00:01 1500 5 0 0 0\n",
        "net 62 02:00:00:00:00:01 1500 5 0 0 0 0\n",
        "net 3 02:00:00:00:00 1500 5 0 0 0 0\n",
        "net 3 02:00:00:00:00:0g 1500 5 0 0 0 0\n",
        "net 3 02:00:00:00:00:01 65536 5 0 0 0 0\n",
        "net 3 02:00:00:00:00:01 1500 62 0 0 0 0\n",
        "net 3 02:00:00:00:00:01 1500 5 0 0 62 0\n",
        "net 3 02:00:00:00:00:01 1500 5 0 0 0 0 0\n",
        "net 3 02:00:00:00:00:01 1500 5 0 0 0 0\nnet 3 02:00:00:00:00:02 1500 6 0 0 0 0\n",
        "net 3 02:00:00:00:00:01 1500 5 0 0 0 0\nnet 4 02:00:00:00:00:02 1500 5 0 0 0 0\n",
    };
    struct config parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_true(config_parse(wrong[i], strlen(wrong[i]), &parsed) != 0);
    }
    /* A device without a port. */
    rig_reset();
    (void)vmm_fake_page(DEVICE, DOORBELL);
    assert_false(rig_boot(MACHINE "virtio net 0xb010000 209 3\n", false));
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_begin, rig_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_frame_goes_out),
        T(a_guest_that_sends_too_fast_is_held_back),
        T(who_keeps_everything_keeps_few_buffers),
        T(a_switch_that_begins_anew_holds_nobody_back),
        T(an_interrupt_that_is_not_acknowledged_is_not_raised_again),
        T(a_frame_comes_in),
        T(a_large_frame_is_cut_for_a_driver_that_takes_none),
        T(a_guest_that_takes_nothing_keeps_no_buffers),
        T(tags_of_a_trunk_are_put_back),
        T(a_switch_that_begins_anew_is_announced_to),
        T(the_switch_says_what_it_counted),
        T(configurations_that_are_wrong),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
