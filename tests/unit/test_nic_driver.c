/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of virtIO network devices between the model of one and a switch with one more port:
 * both ends of the same specification, and of the same protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vnet.h>

#include "drivers/net/virtio_nic.h"
#include "io/net/switch.h"
#include "io/net/wire.h"
#include "virtio_world.h"

#define ENTRIES 256U
#define NIC 0U
#define PEER 1U
#define PORTS 2U
#define MEMORY_AT 0x60000000ULL
#define BUFFERS_AT 0x70000000ULL
#define SECOND 1000000000ULL
#define WIRE_FRAMES 64U
#define HEADERS (NET_ETHERNET_BYTES + 40U)
#define OFFLOADS                                                                               \
    (VNET_F_CSUM | VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 | VNET_F_HOST_ECN | VNET_F_GUEST_CSUM | \
     VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN | VNET_F_MRG_RXBUF)
#define OTHERS (VNET_F_STATUS | VNET_F_CTRL_VQ | VNET_F_CTRL_RX)

static struct world world;
static struct vnet net;
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(ENTRIES)];
static uint64_t features;
static struct virtio_nic nic;
static uint8_t *memory;
static uint8_t *buffers;
static void *ports[PORTS];
static struct net_switch network;
static struct net_client peer;

/* What the device has sent, the last WIRE_FRAMES of it. */
static uint8_t wire[WIRE_FRAMES][VNET_MAX_FRAME];
static struct vnet_frame wire_frames[WIRE_FRAMES];
static unsigned wire_count;
static enum vnet_result answer;
static bool stuck;
static unsigned notifies;

static const uint8_t own[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 0x77 };
static const uint8_t peer_mac[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t outside[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 0x99 };

static enum vnet_result op_transmit(void *context, const struct vnet_frame *frame,
                                    struct chain_reader *reader)
{
    unsigned at = wire_count % WIRE_FRAMES;

    (void)context;
    if (answer == VNET_TAKEN) {
        assert_int_equal(chain_read(reader, wire[at], frame->bytes), frame->bytes);
        wire_frames[at] = *frame;
        wire_count++;
    }
    return answer;
}

static void op_wanted(void *context)
{
    (void)context;
}

static const struct vnet_ops ops = { .transmit = op_transmit, .receive_wanted = op_wanted };

static uint32_t load(void *context, uint32_t offset)
{
    (void)context;
    return stuck && offset == VIRTIO_MMIO_STATUS ? 0x40 : world_load(&world, offset);
}

static uint16_t load16(void *context, uint32_t offset)
{
    (void)context;
    return (uint16_t)(world_load(&world, offset & ~3U) >> (8 * (offset & 3)));
}

static void store(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    notifies += offset == VIRTIO_MMIO_QUEUE_NOTIFY;
    (void)world_store(&world, offset, value);
}

static void make_device(void)
{
    struct vnet_config config = {
        .mem = &world.mem,
        .ops = &ops,
        .mtu = 1500,
        .link_up = true,
        .features = features,
        .queues = queues,
        .queue_entries = ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    memcpy(config.mac, own, sizeof(own));
    assert_int_equal(vnet_init(&net, &config), VIRTIO_OK);
    world_attach(&world, &net.dev);
}

static struct virtio_nic_setup given_setup(void)
{
    const struct virtio_nic_setup given = {
        .device = { NULL, load, load16, store },
        .memory = memory,
        .address = MEMORY_AT,
        .place = { .memory = ports[NIC], .buffers = buffers, .readable = 3, .port = NIC },
        .buffers = { BUFFERS_AT, BUFFERS_AT + NET_BUFFER_BYTES },
    };

    return given;
}

static enum virtio_device_error start(void)
{
    const struct virtio_nic_setup given = given_setup();

    return virtio_nic_start(&nic, &given);
}

/* Everybody works until nothing is left. */
static void run(void)
{
    for (unsigned i = 0; i < 6; i++) {
        (void)virtio_nic_serve(&nic);
        for (unsigned port = 0; port < PORTS; port++) {
            while (net_switch_serve(&network, port, SECOND)) {
            }
        }
    }
}

static void make_switch(void)
{
    net_switch_init(&network, 300 * SECOND);
    for (unsigned port = 0; port < PORTS; port++) {
        struct net_port_rules rules = { .vlan = 1, .to = UINT64_MAX, .any_mac = port == NIC };

        memcpy(rules.mac, peer_mac, sizeof(peer_mac));
        rules.mac[4] = port == NIC ? 0xee : 0;
        rules.tagged[0] = 1U << 5;
        net_switch_add(&network, &rules, ports[port]);
    }
}

static int setup(void **state)
{
    const struct net_client_place place = { .readable = 3, .port = PEER };
    struct net_client_place given = place;
    struct guestmem_range ranges[2];

    (void)state;
    memory = aligned_alloc(4096, VIRTIO_NIC_MEMORY_BYTES);
    buffers = calloc(PORTS, NET_BUFFER_BYTES);
    memset(memory, 0, VIRTIO_NIC_MEMORY_BYTES);
    ranges[0] = (struct guestmem_range){ { MEMORY_AT }, { VIRTIO_NIC_MEMORY_BYTES }, { memory } };
    ranges[1] = (struct guestmem_range){ { BUFFERS_AT },
                                         { (uint64_t)PORTS * NET_BUFFER_BYTES },
                                         { buffers } };
    for (unsigned port = 0; port < PORTS; port++) {
        ports[port] = aligned_alloc(64, NET_PORT_BYTES);
        memset(ports[port], 0, NET_PORT_BYTES);
    }
    world_init_without_ram(&world);
    assert_int_equal(guestmem_init(&world.mem, ranges, 2), VIRTIO_OK);
    make_switch();
    given.memory = ports[PEER];
    given.buffers = buffers;
    net_client_open(&peer, &given);
    net_client_wish(&peer, NET_WISH_UP, 0);
    features = OFFLOADS | OTHERS | VIRTIO_F_EVENT_IDX;
    wire_count = 0;
    notifies = 0;
    answer = VNET_TAKEN;
    stuck = false;
    make_device();
    assert_int_equal(start(), VIRTIO_DEVICE_OK);
    run();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(world.reports, 0);
    for (unsigned port = 0; port < PORTS; port++) {
        free(ports[port]);
    }
    free(buffers);
    free(memory);
    return 0;
}

/* A new device with these features beside the rings'. */
static void start_with(uint64_t given)
{
    features = given;
    make_device();
    assert_int_equal(start(), VIRTIO_DEVICE_OK);
    run();
}

static uint8_t pattern(uint32_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

/* The peer sends a frame to the outside whose payload is a pattern; headers are written there. */
static bool send(struct net_frame *frame, const uint8_t *headers, uint32_t header_bytes)
{
    uint32_t bytes = frame->bytes - NET_ETHERNET_BYTES;
    uint16_t slot;
    uint8_t *at;

    if (!net_client_reserve(&peer, bytes, &slot, &at)) {
        return false;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = i < header_bytes ? headers[i] : pattern(i - header_bytes);
    }
    memcpy(frame->ethernet, outside, VNET_MAC_BYTES);
    memcpy(frame->ethernet + VNET_MAC_BYTES, peer_mac, VNET_MAC_BYTES);
    frame->ethernet[12] = 8;
    net_client_send(&peer, slot, frame);
    return true;
}

static bool send_plain(uint32_t bytes)
{
    struct net_frame frame = { .bytes = bytes };

    return send(&frame, NULL, 0);
}

/* A large TCP segment with `bytes` bytes of data. */
static bool send_segment(uint32_t bytes, uint8_t gso_type)
{
    uint8_t headers[40] = { 0x45, [8] = 64, 6, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
    struct net_frame frame = {
        .bytes = HEADERS + bytes,
        .flags = NET_NEEDS_CSUM,
        .gso_type = gso_type,
        .gso_bytes = 1448,
        .csum_start = NET_ETHERNET_BYTES + 20,
        .csum_offset = 16,
        .header_bytes = 1,
    };

    headers[32] = 5 << 4;
    return send(&frame, headers, sizeof(headers));
}

/* Frames of the peer that are not its own at the moment. */
static unsigned peer_lent(void)
{
    uint16_t slot;
    uint8_t *at;
    unsigned count = 0;

    /* Who waits for slots gets what is back. */
    (void)net_client_wait_slots(&peer);
    (void)net_switch_serve(&network, PEER, SECOND);
    /* Nothing is collected while there are free ones. */
    while (net_client_reserve(&peer, 1, &slot, &at) ||
           net_client_reserve(&peer, NET_LARGE_BYTES, &slot, &at)) {
        count++;
    }
    for (slot = 0; slot < NET_CLIENT_SLOTS; slot++) {
        if (!peer.lent[slot]) {
            net_client_release(&peer, slot);
        }
    }
    return NET_CLIENT_SLOTS - count;
}

/* A frame comes from outside: a pattern behind the Ethernet header. */
static enum vnet_result arrive(struct vnet_frame *frame, const uint8_t *tag)
{
    static uint8_t bytes[VNET_MAX_FRAME];
    const struct vnet_piece piece = { bytes, frame->bytes };
    uint32_t head = tag != NULL ? NET_ETHERNET_BYTES + 4 : NET_ETHERNET_BYTES;
    enum vnet_result result;

    memcpy(bytes, peer_mac, VNET_MAC_BYTES);
    memcpy(bytes + VNET_MAC_BYTES, outside, VNET_MAC_BYTES);
    if (tag != NULL) {
        memcpy(bytes + 12, tag, 4);
    }
    bytes[head - 2] = 8;
    bytes[head - 1] = 0;
    for (uint32_t i = head; i < frame->bytes; i++) {
        bytes[i] = pattern(i - head);
    }
    result = vnet_receive(&net, frame, &piece, 1);
    vnet_receive_end(&net);
    return result;
}

/* The next frame that the peer gets is the pattern, of so many bytes. */
static void expect(struct net_frame *frame, uint32_t bytes)
{
    const uint8_t *payload;

    assert_true(net_client_receive(&peer, frame, &payload));
    assert_int_equal(frame->bytes, bytes);
    assert_int_equal(frame->port, NIC);
    assert_memory_equal(frame->ethernet, peer_mac, VNET_MAC_BYTES);
    assert_memory_equal(frame->ethernet + VNET_MAC_BYTES, outside, VNET_MAC_BYTES);
    for (uint32_t i = 0; i < bytes - NET_ETHERNET_BYTES; i++) {
        assert_int_equal(payload[i], pattern(i));
    }
    net_client_return(&peer, frame);
    run();
}

static void expect_none(void)
{
    const uint8_t *payload;
    struct net_frame frame;

    assert_false(net_client_receive(&peer, &frame, &payload));
}

static uint16_t sum_of(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < bytes; i += 2) {
        sum += (uint32_t)(at[i] << 8 | at[i + 1]);
    }
    sum += bytes % 2 != 0 ? (uint32_t)at[bytes - 1] << 8 : 0;
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static void all_addresses_are_asked_for(void **state)
{
    (void)state;
    assert_true(net.modes.promiscuous);
    assert_true(vnet_is_up(&net));
    /* The control queue's answer, and nothing that was not negotiated. */
    assert_int_equal(nic.features, features | VIRTIO_F_VERSION_1);
    start_with(VNET_F_STATUS);
    assert_int_equal(nic.features, VNET_F_STATUS | VIRTIO_F_VERSION_1);
    /* What is of no use alone is not taken. */
    start_with(VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4 | VNET_F_GUEST_ECN | VNET_F_CTRL_VQ);
    assert_int_equal(nic.features, VNET_F_GUEST_CSUM | VIRTIO_F_VERSION_1);
}

static void frames_go_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t bytes = NET_ETHERNET_BYTES + i % 1501;

        assert_true(send_plain(bytes));
        run();
        assert_int_equal(wire_count, i + 1);
        assert_int_equal(wire_frames[i % WIRE_FRAMES].bytes, bytes);
        assert_memory_equal(wire[i % WIRE_FRAMES], outside, VNET_MAC_BYTES);
        for (uint32_t j = NET_ETHERNET_BYTES; j < bytes; j++) {
            assert_int_equal(wire[i % WIRE_FRAMES][j], pattern(j - NET_ETHERNET_BYTES));
        }
    }
    /* The last few are looked after with the next one. */
    assert_true(peer_lent() <= 8);
    assert_int_equal(nic.stats.sent_frames, 1000);
    assert_int_equal(nic.stats.nonsense, 0);
}

static void tags_go_out_and_come_in(void **state)
{
    const uint8_t tag[] = { 0x81, 0, 0x60, 5 };
    struct net_frame frame = { .bytes = 100, .vlan = 0x6005 | NET_VLAN_TAG };
    struct vnet_frame in = { .bytes = 104 };

    (void)state;
    assert_true(send(&frame, NULL, 0));
    run();
    assert_int_equal(wire_count, 1);
    assert_int_equal(wire_frames[0].bytes, 104);
    assert_memory_equal(wire[0] + 12, tag, sizeof(tag));
    assert_int_equal(wire[0][16], 8);
    assert_int_equal(wire[0][18], pattern(0));
    assert_int_equal(arrive(&in, tag), VNET_TAKEN);
    run();
    expect(&frame, 100);
    assert_int_equal(frame.vlan, 0x6005 | NET_VLAN_TAG);
}

static void frames_come_in(void **state)
{
    struct net_frame frame;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct vnet_frame in = { .bytes = NET_ETHERNET_BYTES + 1 + i % 1500 };

        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        virtio_nic_interrupt(&nic);
        run();
        expect(&frame, in.bytes);
        assert_int_equal(frame.flags, 0);
    }
    expect_none();
    assert_int_equal(nic.stats.received_frames, 1000);
    assert_int_equal(nic.stats.dropped, 0);
}

static void what_the_device_knows_of_a_checksum_is_passed_on(void **state)
{
    struct vnet_frame in = { .bytes = 100, .flags = VNET_DATA_VALID };
    struct net_frame frame;

    (void)state;
    assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
    run();
    expect(&frame, 100);
    assert_int_equal(frame.flags, NET_DATA_VALID);
    in = (struct vnet_frame){
        .bytes = 100, .flags = VNET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16
    };
    assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
    run();
    expect(&frame, 100);
    assert_int_equal(frame.flags, NET_NEEDS_CSUM);
    assert_int_equal(frame.csum_start, 34);
    assert_int_equal(frame.csum_offset, 16);
}

static void large_frames_are_put_together(void **state)
{
    const uint8_t tag[] = { 0x81, 0, 0, 5 };
    struct net_frame frame;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct vnet_frame in = {
            .bytes = i == 0 ? VNET_MAX_FRAME : 2000 + i * 1200,
            .flags = VNET_NEEDS_CSUM,
            .gso_type = VNET_GSO_TCP4,
            .gso_bytes = 1448,
            .header_bytes = 54,
            .csum_start = 38,
            .csum_offset = 16,
        };

        assert_int_equal(arrive(&in, tag), VNET_TAKEN);
        run();
        expect(&frame, in.bytes - 4);
        assert_int_equal(frame.gso_type, NET_GSO_TCP4);
        assert_int_equal(frame.gso_bytes, 1448);
        assert_int_equal(frame.csum_start, 34);
    }
    assert_int_equal(nic.stats.dropped, 0);
}

static void without_a_large_slot_a_large_frame_is_dropped(void **state)
{
    struct vnet_frame in = { .bytes = 60000,
                             .flags = VNET_NEEDS_CSUM,
                             .gso_type = VNET_GSO_TCP4,
                             .gso_bytes = 1448,
                             .csum_start = 34,
                             .csum_offset = 16 };
    struct net_frame frame;
    const uint8_t *payload;

    (void)state;
    /* Some are used otherwise, and the peer takes the rest, and does not give them back. */
    for (unsigned i = 0; i < NET_LARGE_SLOTS / 2; i++) {
        uint16_t slot;
        uint8_t *at;

        assert_true(net_client_reserve(&nic.client, NET_LARGE_BYTES, &slot, &at));
    }
    for (unsigned i = 0; i < NET_LARGE_SLOTS / 2 + 5; i++) {
        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        run();
        assert_int_equal(net_client_receive(&peer, &frame, &payload), i < NET_LARGE_SLOTS / 2);
    }
    assert_int_equal(nic.stats.dropped, 5);
    in = (struct vnet_frame){ .bytes = 1000 };
    assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
    run();
    expect(&frame, 1000);
}

static void offloads_that_the_device_has_are_its_work(void **state)
{
    (void)state;
    assert_true(send_segment(60000, NET_GSO_TCP4));
    run();
    assert_int_equal(wire_count, 1);
    assert_int_equal(wire_frames[0].bytes, HEADERS + 60000);
    assert_int_equal(wire_frames[0].gso_type, VNET_GSO_TCP4);
    assert_int_equal(wire_frames[0].gso_bytes, 1448);
    /* The sender said that it was 1. */
    assert_int_equal(wire_frames[0].header_bytes, HEADERS);
    assert_int_equal(wire_frames[0].csum_start, 34);
    assert_int_equal(wire_frames[0].flags, VNET_NEEDS_CSUM);
    assert_int_equal(nic.stats.finished, 0);
}

static void offloads_that_the_device_has_not_are_done_here(void **state)
{
    uint32_t done = 0;

    (void)state;
    start_with(VIRTIO_F_EVENT_IDX);
    assert_true(send_segment(60000, NET_GSO_TCP4));
    run();
    assert_int_equal(wire_count, (60000 + 1447) / 1448);
    for (unsigned i = 0; i < wire_count; i++) {
        uint32_t bytes = wire_frames[i].bytes - HEADERS;
        uint32_t tcp = wire_frames[i].bytes - NET_ETHERNET_BYTES - 20;
        const uint8_t *ip = wire[i] + NET_ETHERNET_BYTES;

        assert_int_equal(wire_frames[i].gso_type, VNET_GSO_NONE);
        assert_int_equal(wire_frames[i].flags, 0);
        assert_int_equal(sum_of(ip, 20, 0), 0xffff);
        assert_int_equal(sum_of(ip + 20, tcp, sum_of(ip + 12, 8, 6 + tcp)), 0xffff);
        for (uint32_t j = 0; j < bytes; j++) {
            assert_int_equal(wire[i][HEADERS + j], pattern(done + j));
        }
        done += bytes;
    }
    assert_int_equal(done, 60000);
    assert_int_equal(nic.stats.finished, 1);
    assert_true(send_segment(1000, NET_GSO_TCP4 | NET_GSO_ECN));
    assert_true(send_segment(1000, NET_GSO_TCP4));
    run();
    assert_int_equal(nic.stats.finished, 3);
}

/* A frame of each small size: copied, finished by who can, and the sender's again before the device
 * has read it. */
static void small_frame(uint32_t bytes, uint16_t vlan, bool device_sums)
{
    struct net_frame frame = {
        .bytes = bytes,
        .flags = NET_NEEDS_CSUM,
        .csum_start = 34,
        .csum_offset = 6,
        .vlan = vlan,
    };
    const uint32_t tag = vlan != 0 ? 4 : 0;
    const uint32_t before = (uint32_t)(pattern(26) << 8 | pattern(27));
    const struct vnet_frame *got = &wire_frames[0];
    const uint8_t *at = wire[0] + tag;

    wire_count = 0;
    answer = VNET_WAIT;
    assert_true(send(&frame, NULL, 0));
    run();
    assert_int_equal(wire_count, 0);
    assert_int_equal(peer_lent(), 0);
    answer = VNET_TAKEN;
    vnet_transmit_resume(&net);
    assert_int_equal(wire_count, 1);
    assert_int_equal(got->bytes, bytes + tag);
    assert_int_equal(got->flags, device_sums ? VNET_NEEDS_CSUM : 0);
    assert_int_equal(wire[0][12], vlan != 0 ? 0x81 : 8);
    if (device_sums) {
        assert_int_equal(got->csum_start, 34 + tag);
        assert_int_equal(got->csum_offset, 6);
    } else {
        /* What the field had before was summed, too. */
        assert_int_equal(sum_of(at + 34, bytes - 34, before), 0xffff);
    }
    for (uint32_t i = NET_ETHERNET_BYTES; i < bytes; i++) {
        assert_true(at[i] == pattern(i - NET_ETHERNET_BYTES) ||
                    (!device_sums && (i == 40 || i == 41)));
    }
    run();
}

static void small_frames_are_copied(void **state)
{
    (void)state;
    for (uint32_t bytes = 42; bytes <= NET_OFFLOAD_HEAD; bytes++) {
        small_frame(bytes, 0, true);
        small_frame(bytes, 0x6005 | NET_VLAN_TAG, true);
    }
    start_with(VIRTIO_F_EVENT_IDX);
    for (uint32_t bytes = 42; bytes <= NET_OFFLOAD_HEAD; bytes++) {
        small_frame(bytes, 0, false);
        small_frame(bytes, 0x6005 | NET_VLAN_TAG, false);
    }
    assert_int_equal(nic.stats.malformed, 0);
}

static void a_segment_that_is_none_goes_back(void **state)
{
    struct net_frame frame = {
        .bytes = 1000,
        .flags = NET_NEEDS_CSUM,
        .gso_type = NET_GSO_TCP4,
        .gso_bytes = 100,
        .csum_start = 34,
        .csum_offset = 16,
    };

    (void)state;
    /* No IP header at all, and one of a port whose memory the device does not reach. */
    assert_true(send(&frame, NULL, 0));
    run();
    assert_int_equal(nic.stats.malformed, 1);
    nic.setup.buffers[PEER] = 0;
    assert_true(send_plain(100));
    run();
    assert_int_equal(nic.stats.malformed, 2);
    assert_int_equal(wire_count, 0);
    assert_int_equal(peer_lent(), 0);
}

static void a_slow_device_loses_nothing(void **state)
{
    (void)state;
    /* Also in the midst of a frame that becomes several. */
    start_with(VIRTIO_F_EVENT_IDX);
    answer = VNET_WAIT;
    for (unsigned i = 0; i < 10; i++) {
        assert_true(send_segment(60000, NET_GSO_TCP4));
        run();
    }
    assert_true(nic.in_hand);
    assert_int_equal(nic.tx_free_count, 0);
    assert_int_equal(wire_count, 0);
    answer = VNET_TAKEN;
    world.raised_used = 0;
    for (unsigned i = 0; i < 10 && wire_count < 420; i++) {
        unsigned before = wire_count;

        vnet_transmit_resume(&net);
        /* The device interrupts when half of it is done. */
        assert_true(wire_count == before || world.raised_used > 0);
        run();
    }
    assert_int_equal(wire_count, 420);
    assert_true(peer_lent() <= 8);
    assert_false(nic.in_hand);
}

static void single_frames_cause_no_interrupts_of_the_transmitter(void **state)
{
    (void)state;
    world.raised_used = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(send_plain(100));
        run();
    }
    assert_int_equal(wire_count, 100);
    assert_int_equal(world.raised_used, 0);
    /* Without event indices neither. */
    start_with(0);
    world.raised_used = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(send_plain(100));
        run();
    }
    assert_int_equal(wire_count, 200);
    assert_int_equal(world.raised_used, 0);
}

static void the_link_goes_down_and_up(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    struct net_frame frame;

    (void)state;
    vnet_set_link(&net, false);
    virtio_nic_interrupt(&nic);
    assert_true(send_plain(100));
    run();
    assert_int_equal(wire_count, 0);
    assert_int_equal(network.ports[PEER].stats.unwanted, 1);
    assert_int_equal(peer_lent(), 0);
    vnet_set_link(&net, true);
    virtio_nic_interrupt(&nic);
    assert_true(send_plain(100));
    run();
    assert_int_equal(wire_count, 1);
    assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
    run();
    expect(&frame, 100);
}

static void a_restart_gives_everything_back(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    struct net_frame frame;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        answer = VNET_WAIT;
        for (unsigned i = 0; i < 200; i++) {
            assert_true(send_plain(1000));
        }
        run();
        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        /* It dies here, and knows nothing of that afterwards. */
        memset(&nic, 0, sizeof(nic));
        answer = VNET_TAKEN;
        wire_count = 0;
        assert_int_equal(start(), VIRTIO_DEVICE_OK);
        run();
        assert_int_equal(peer_lent(), 0);
        expect_none();
        assert_true(send_plain(200));
        run();
        assert_int_equal(wire_count, 1);
        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        run();
        expect(&frame, 100);
    }
}

static void who_leaves_gives_everything_back(void **state)
{
    const struct virtio_nic_setup given = given_setup();

    (void)state;
    answer = VNET_WAIT;
    for (unsigned i = 0; i < 15; i++) {
        assert_true(send_segment(60000, NET_GSO_TCP4));
    }
    run();
    assert_true(peer_lent() > 0);
    memset(&nic, 0, sizeof(nic));
    assert_int_equal(virtio_nic_leave(&nic, &given), VIRTIO_DEVICE_OK);
    assert_false(vnet_is_up(&net));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(send_plain(1000));
        for (unsigned port = 0; port < PORTS; port++) {
            while (net_switch_serve(&network, port, SECOND)) {
            }
        }
    }
    assert_int_equal(peer_lent(), 0);
    /* Unless it still may be read. */
    stuck = true;
    assert_int_equal(virtio_nic_leave(&nic, &given), VIRTIO_DEVICE_STUCK);
}

static void a_restart_of_the_switch_takes_no_slot_from_the_device(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    bool seen[NET_CLIENT_SLOTS] = { false };
    struct net_frame frame;

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        (void)virtio_nic_serve(&nic);
        make_switch();
        run();
        /* Slots with the device and free ones are different ones, and together all. */
        memset(seen, 0, sizeof(seen));
        for (unsigned i = 0; i < ENTRIES; i++) {
            if (nic.posted[i]) {
                assert_false(seen[nic.rx_slots[i]]);
                seen[nic.rx_slots[i]] = true;
            }
        }
        for (unsigned i = 0; i < nic.client.small_count; i++) {
            assert_false(seen[nic.client.small[i]]);
            seen[nic.client.small[i]] = true;
        }
        assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
        run();
        expect(&frame, 100);
    }
}

/* Who has been notified and has not looked yet. */
static struct {
    bool nic;
    bool served[PORTS];
    bool peer;
} due;

/* One of those who are due does its work. False: nobody is. */
static bool work(void)
{
    if (world.raised_used > 0) {
        world.raised_used = 0;
        virtio_nic_interrupt(&nic);
        due.nic = true;
    }
    if (due.nic) {
        due.nic = false;
        due.served[NIC] = virtio_nic_serve(&nic) || due.served[NIC];
        return true;
    }
    for (unsigned port = 0; port < PORTS; port++) {
        if (due.served[port]) {
            uint64_t notify;

            due.served[port] = net_switch_serve(&network, port, SECOND);
            notify = net_switch_notify(&network);
            due.nic = due.nic || (notify & 1U << NIC) != 0;
            due.peer = due.peer || (notify & 1U << PEER) != 0;
            return true;
        }
    }
    return false;
}

/* Frames come in as fast as there is room, in all sizes, to a peer that keeps some for a while; and
 * each acts only when it was notified. */
static void nothing_waits_for_a_notification_that_does_not_come(void **state)
{
    static struct net_frame kept[NET_SLOTS];
    unsigned kept_count = 0;
    unsigned arrived = 0;
    uint32_t random = 1;

    (void)state;
    memset(&due, 0, sizeof(due));
    for (unsigned round = 0; round < 200000 && arrived < 20000; round++) {
        struct vnet_frame in = {
            .bytes = 60 + random % 60000,
            .flags = VNET_NEEDS_CSUM,
            .gso_type = VNET_GSO_TCP4,
            .gso_bytes = 1448,
            .csum_start = 34,
            .csum_offset = 16,
        };
        bool moved = false;

        random = random * 1664525U + 1013904223U;
        if (random % 4 < 2) {
            in = (struct vnet_frame){ .bytes = 60 + random / 16 % 1400 };
        }
        if (arrive(&in, NULL) == VNET_TAKEN) {
            arrived++;
            moved = true;
        }
        for (unsigned i = random / 64 % 5; i > 0; i--) {
            moved = work() || moved;
        }
        if (due.peer) {
            const uint8_t *payload;

            due.peer = false;
            while (net_client_receive(&peer, &kept[kept_count], &payload)) {
                kept_count++;
            }
            moved = true;
        }
        if (kept_count > random / 128 % 100) {
            while (kept_count > 0) {
                net_client_return(&peer, &kept[--kept_count]);
            }
            due.served[PEER] = net_client_flush(&peer) || due.served[PEER];
            moved = true;
        }
        if (!moved && !work() && kept_count == 0 && !due.peer) {
            /* Nobody is due, and the device has no room. */
            assert_int_equal(arrive(&in, NULL), VNET_TAKEN);
            arrived++;
        }
    }
    assert_int_equal(arrived, 20000);
}

static void a_device_that_answers_nonsense(void **state)
{
    uint16_t *rx = (uint16_t *)(void *)(memory + NIC_QUEUE_USED);
    uint16_t *tx = (uint16_t *)(void *)(memory + NIC_QUEUE_BYTES + NIC_QUEUE_USED);

    (void)state;
    answer = VNET_WAIT;
    assert_true(send_plain(1000));
    run();
    answer = VNET_TAKEN;
    /* Slots that there are not, an odd descriptor, and twice one that is free. */
    memset(rx + 2, 0xff, 8);
    rx[1] = 1;
    memset(tx + 2, 0xff, 8);
    memset(tx + 6, 0, 24);
    tx[6] = 1;
    tx[10] = 2;
    tx[14] = 2;
    tx[1] = 4;
    run();
    assert_int_equal(nic.stats.nonsense, 5);
    /* A frame that is longer than its slot, one without a header, one of more parts than came. */
    memset(rx + 6, 0, 24);
    rx[6] = 0;
    rx[8] = 4000;
    rx[10] = 1;
    rx[12] = 11;
    rx[14] = 2;
    rx[16] = 100;
    for (unsigned i = 0; i < 3; i++) {
        net_client_at(&nic.client, nic.rx_slots[i])[10] = i == 2 ? 9 : 1;
    }
    rx[1] = 4;
    run();
    assert_int_equal(nic.stats.dropped, 3);
    expect_none();
    /* An index that has run away. */
    rx[1] = 60000;
    tx[1] = 60000;
    run();
    assert_int_equal(nic.stats.nonsense, 5);
    expect_none();
    /* A restart mends it. */
    assert_int_equal(start(), VIRTIO_DEVICE_OK);
    run();
    assert_true(send_plain(100));
    run();
    assert_int_equal(wire_count, 1);
}

static void devices_that_are_none(void **state)
{
    (void)state;
    stuck = true;
    assert_int_equal(start(), VIRTIO_DEVICE_STUCK);
    /* Nobody sends to a port without device. */
    assert_true(send_plain(100));
    for (unsigned port = 0; port < PORTS; port++) {
        (void)net_switch_serve(&network, port, SECOND);
    }
    assert_int_equal(network.ports[PEER].stats.unwanted, 1);
    stuck = false;
    world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 2;
    assert_int_equal(start(), VIRTIO_DEVICE_OTHER);
    world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 0;
    assert_int_equal(start(), VIRTIO_DEVICE_NONE);
    world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 1;
    world.page[VIRTIO_MMIO_VERSION / 4] = 1;
    assert_int_equal(start(), VIRTIO_DEVICE_NONE);
    for (unsigned error = VIRTIO_DEVICE_OK; error <= VIRTIO_DEVICE_STUCK; error++) {
        assert_string_not_equal(virtio_device_says((enum virtio_device_error)error), "is wrong");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_addresses_are_asked_for),
        TEST(frames_go_out),
        TEST(tags_go_out_and_come_in),
        TEST(frames_come_in),
        TEST(what_the_device_knows_of_a_checksum_is_passed_on),
        TEST(large_frames_are_put_together),
        TEST(without_a_large_slot_a_large_frame_is_dropped),
        TEST(offloads_that_the_device_has_are_its_work),
        TEST(offloads_that_the_device_has_not_are_done_here),
        TEST(small_frames_are_copied),
        TEST(a_segment_that_is_none_goes_back),
        TEST(a_slow_device_loses_nothing),
        TEST(single_frames_cause_no_interrupts_of_the_transmitter),
        TEST(the_link_goes_down_and_up),
        TEST(a_restart_gives_everything_back),
        TEST(who_leaves_gives_everything_back),
        TEST(a_restart_of_the_switch_takes_no_slot_from_the_device),
        TEST(nothing_waits_for_a_notification_that_does_not_come),
        TEST(a_device_that_answers_nonsense),
        TEST(devices_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
