/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nic_rig.h"

#define MEMORY_AT 0x60000000ULL
#define BUFFERS_AT 0x70000000ULL
#define OFFLOADS                                                                               \
    (VNET_F_CSUM | VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 | VNET_F_HOST_ECN | VNET_F_GUEST_CSUM | \
     VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN | VNET_F_MRG_RXBUF)
#define OTHERS (VNET_F_STATUS | VNET_F_CTRL_VQ | VNET_F_CTRL_RX)

struct nic_rig nic_rig;
static struct virtq queues[VNET_QUEUES];
static struct chain_segment segments[VNET_SEGMENTS(NIC_RIG_ENTRIES)];
static uint8_t *buffers;
static void *ports[NIC_RIG_PORTS];

static const uint8_t own[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 0x77 };
static const uint8_t peer_mac[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 1 };
const uint8_t nic_rig_outside[VNET_MAC_BYTES] = { 2, 0, 0, 0, 0, 0x99 };

static enum vnet_result op_transmit(void *context, const struct vnet_frame *frame,
                                    struct chain_reader *reader)
{
    unsigned at = nic_rig.wire_count % NIC_RIG_FRAMES;

    (void)context;
    if (nic_rig.answer == VNET_TAKEN) {
        assert_int_equal(chain_read(reader, nic_rig.wire[at], frame->bytes), frame->bytes);
        nic_rig.wire_frames[at] = *frame;
        nic_rig.wire_count++;
    }
    return nic_rig.answer;
}

static void op_wanted(void *context)
{
    (void)context;
}

static const struct vnet_ops ops = { .transmit = op_transmit, .receive_wanted = op_wanted };

static uint32_t load(void *context, uint32_t offset)
{
    (void)context;
    return nic_rig.stuck && offset == VIRTIO_MMIO_STATUS ? 0x40
                                                         : world_load(&nic_rig.world, offset);
}

static uint16_t load16(void *context, uint32_t offset)
{
    (void)context;
    return (uint16_t)(world_load(&nic_rig.world, offset & ~3U) >> (8 * (offset & 3)));
}

static void store(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    (void)world_store(&nic_rig.world, offset, value);
}

static void make_device(void)
{
    struct vnet_config config = {
        .mem = &nic_rig.world.mem,
        .ops = &ops,
        .mtu = 1500,
        .link_up = true,
        .features = nic_rig.features,
        .queues = queues,
        .queue_entries = NIC_RIG_ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &nic_rig.world,
    };

    memcpy(config.mac, own, sizeof(own));
    assert_int_equal(vnet_init(&nic_rig.net, &config), VIRTIO_OK);
    world_attach(&nic_rig.world, &nic_rig.net.dev);
}

struct virtio_nic_setup nic_rig_given(void)
{
    const struct virtio_nic_setup given = {
        .device = { NULL, load, load16, store },
        .memory = nic_rig.memory,
        .address = MEMORY_AT,
        .place = { .memory = ports[NIC_RIG_NIC],
                   .buffers = buffers,
                   .readable = 3,
                   .port = NIC_RIG_NIC },
        .buffers = { BUFFERS_AT, BUFFERS_AT + NET_BUFFER_BYTES },
    };

    return given;
}

enum virtio_device_error nic_rig_start(void)
{
    const struct virtio_nic_setup given = nic_rig_given();

    return virtio_nic_start(&nic_rig.nic, &given);
}

void nic_rig_run(void)
{
    for (unsigned i = 0; i < 6; i++) {
        (void)virtio_nic_serve(&nic_rig.nic);
        for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
            while (net_switch_serve(&nic_rig.network, port, NIC_RIG_SECOND)) {
            }
        }
    }
}

void nic_rig_make_switch(void)
{
    net_switch_init(&nic_rig.network, 300 * NIC_RIG_SECOND);
    for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
        struct net_port_rules rules = { .vlan = 1,
                                        .to = UINT64_MAX,
                                        .any_mac = port == NIC_RIG_NIC };

        memcpy(rules.mac, peer_mac, sizeof(peer_mac));
        rules.mac[4] = port == NIC_RIG_NIC ? 0xee : 0;
        rules.tagged[0] = 1U << 5;
        net_switch_add(&nic_rig.network, &rules, ports[port]);
    }
}

int nic_rig_setup(void **state)
{
    const struct net_client_place place = { .readable = 3, .port = NIC_RIG_PEER };
    struct net_client_place given = place;
    struct guestmem_range ranges[2];

    (void)state;
    nic_rig.memory = aligned_alloc(4096, VIRTIO_NIC_MEMORY_BYTES);
    buffers = calloc(NIC_RIG_PORTS, NET_BUFFER_BYTES);
    memset(nic_rig.memory, 0, VIRTIO_NIC_MEMORY_BYTES);
    ranges[0] =
        (struct guestmem_range){ { MEMORY_AT }, { VIRTIO_NIC_MEMORY_BYTES }, { nic_rig.memory } };
    ranges[1] = (struct guestmem_range){ { BUFFERS_AT },
                                         { (uint64_t)NIC_RIG_PORTS * NET_BUFFER_BYTES },
                                         { buffers } };
    for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
        ports[port] = aligned_alloc(64, NET_PORT_BYTES);
        memset(ports[port], 0, NET_PORT_BYTES);
    }
    world_init_without_ram(&nic_rig.world);
    assert_int_equal(guestmem_init(&nic_rig.world.mem, ranges, 2), VIRTIO_OK);
    nic_rig_make_switch();
    given.memory = ports[NIC_RIG_PEER];
    given.buffers = buffers;
    net_client_open(&nic_rig.peer, &given);
    net_client_wish(&nic_rig.peer, NET_WISH_UP, 0);
    nic_rig.features = OFFLOADS | OTHERS | VIRTIO_F_EVENT_IDX;
    nic_rig.wire_count = 0;
    nic_rig.answer = VNET_TAKEN;
    nic_rig.stuck = false;
    make_device();
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_OK);
    nic_rig_run();
    return 0;
}

int nic_rig_teardown(void **state)
{
    (void)state;
    assert_int_equal(nic_rig.world.reports, 0);
    for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
        free(ports[port]);
    }
    free(buffers);
    free(nic_rig.memory);
    return 0;
}

void nic_rig_start_with(uint64_t given)
{
    nic_rig.features = given;
    make_device();
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_OK);
    nic_rig_run();
}

uint8_t nic_rig_pattern(uint32_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

bool nic_rig_send(struct net_frame *frame, const uint8_t *headers, uint32_t header_bytes)
{
    uint32_t bytes = frame->bytes - NET_ETHERNET_BYTES;
    uint16_t slot;
    uint8_t *at;

    if (!net_client_reserve(&nic_rig.peer, bytes, &slot, &at)) {
        return false;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = i < header_bytes ? headers[i] : nic_rig_pattern(i - header_bytes);
    }
    memcpy(frame->ethernet, nic_rig_outside, VNET_MAC_BYTES);
    memcpy(frame->ethernet + VNET_MAC_BYTES, peer_mac, VNET_MAC_BYTES);
    frame->ethernet[12] = 8;
    net_client_send(&nic_rig.peer, slot, frame);
    return true;
}

bool nic_rig_send_plain(uint32_t bytes)
{
    struct net_frame frame = { .bytes = bytes };

    return nic_rig_send(&frame, NULL, 0);
}

bool nic_rig_send_segment(uint32_t bytes, uint8_t gso_type)
{
    uint8_t headers[40] = { 0x45, [8] = 64, 6, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
    struct net_frame frame = {
        .bytes = NIC_RIG_HEADERS + bytes,
        .flags = NET_NEEDS_CSUM,
        .gso_type = gso_type,
        .gso_bytes = 1448,
        .csum_start = NET_ETHERNET_BYTES + 20,
        .csum_offset = 16,
        .header_bytes = 1,
    };

    headers[32] = 5 << 4;
    return nic_rig_send(&frame, headers, sizeof(headers));
}

unsigned nic_rig_lent(void)
{
    uint16_t slot;
    uint8_t *at;
    unsigned count = 0;

    /* Who waits for slots gets what is back. */
    (void)net_client_wait_slots(&nic_rig.peer);
    (void)net_switch_serve(&nic_rig.network, NIC_RIG_PEER, NIC_RIG_SECOND);
    /* Nothing is collected while there are free ones. */
    while (net_client_reserve(&nic_rig.peer, 1, &slot, &at) ||
           net_client_reserve(&nic_rig.peer, NET_LARGE_BYTES, &slot, &at)) {
        count++;
    }
    for (slot = 0; slot < NET_CLIENT_SLOTS; slot++) {
        if (!nic_rig.peer.lent[slot]) {
            net_client_release(&nic_rig.peer, slot);
        }
    }
    return NET_CLIENT_SLOTS - count;
}

enum vnet_result nic_rig_arrive(struct vnet_frame *frame, const uint8_t *tag)
{
    static uint8_t bytes[VNET_MAX_FRAME];
    const struct vnet_piece piece = { bytes, frame->bytes };
    uint32_t head = tag != NULL ? NET_ETHERNET_BYTES + 4 : NET_ETHERNET_BYTES;
    enum vnet_result result;

    memcpy(bytes, peer_mac, VNET_MAC_BYTES);
    memcpy(bytes + VNET_MAC_BYTES, nic_rig_outside, VNET_MAC_BYTES);
    if (tag != NULL) {
        memcpy(bytes + 12, tag, 4);
    }
    bytes[head - 2] = 8;
    bytes[head - 1] = 0;
    for (uint32_t i = head; i < frame->bytes; i++) {
        bytes[i] = nic_rig_pattern(i - head);
    }
    result = vnet_receive(&nic_rig.net, frame, &piece, 1);
    vnet_receive_end(&nic_rig.net);
    return result;
}

void nic_rig_expect(struct net_frame *frame, uint32_t bytes)
{
    const uint8_t *payload;

    assert_true(net_client_receive(&nic_rig.peer, frame, &payload));
    assert_int_equal(frame->bytes, bytes);
    assert_int_equal(frame->port, NIC_RIG_NIC);
    assert_memory_equal(frame->ethernet, peer_mac, VNET_MAC_BYTES);
    assert_memory_equal(frame->ethernet + VNET_MAC_BYTES, nic_rig_outside, VNET_MAC_BYTES);
    for (uint32_t i = 0; i < bytes - NET_ETHERNET_BYTES; i++) {
        assert_int_equal(payload[i], nic_rig_pattern(i));
    }
    net_client_return(&nic_rig.peer, frame);
    nic_rig_run();
}

void nic_rig_expect_none(void)
{
    const uint8_t *payload;
    struct net_frame frame;

    assert_false(net_client_receive(&nic_rig.peer, &frame, &payload));
}
