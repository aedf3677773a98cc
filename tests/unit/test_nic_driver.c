/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames through the driver of virtIO network devices, and the offloads of either side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/net/virtio_nic_device.h"
#include "nic_rig.h"

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
    /* Class and command, that it is to be on, and that it was done. */
    static const uint8_t message[] = { 0, 0, 1, 0 };

    (void)state;
    assert_memory_equal(nic_rig.memory + VIRTIO_NIC_COMMAND, message, sizeof(message));
    assert_true(nic_rig.net.modes.promiscuous);
    assert_true(vnet_is_up(&nic_rig.net));
    /* Nothing that was not negotiated. */
    assert_int_equal(nic_rig.nic.features, nic_rig.features | VIRTIO_F_VERSION_1);
    nic_rig_start_with(VNET_F_STATUS);
    assert_int_equal(nic_rig.nic.features, VNET_F_STATUS | VIRTIO_F_VERSION_1);
    /* What is of no use alone is not taken. */
    nic_rig_start_with(VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO4 | VNET_F_GUEST_ECN | VNET_F_CTRL_VQ);
    assert_int_equal(nic_rig.nic.features, VNET_F_GUEST_CSUM | VIRTIO_F_VERSION_1);
}

static void frames_go_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t bytes = NET_ETHERNET_BYTES + i % 1501;

        assert_true(nic_rig_send_plain(bytes));
        nic_rig_run();
        assert_int_equal(nic_rig.wire_count, i + 1);
        assert_int_equal(nic_rig.wire_frames[i % NIC_RIG_FRAMES].bytes, bytes);
        assert_memory_equal(nic_rig.wire[i % NIC_RIG_FRAMES], nic_rig_outside, VNET_MAC_BYTES);
        for (uint32_t j = NET_ETHERNET_BYTES; j < bytes; j++) {
            assert_int_equal(nic_rig.wire[i % NIC_RIG_FRAMES][j],
                             nic_rig_pattern(j - NET_ETHERNET_BYTES));
        }
    }
    /* The last few are looked after with the next one. */
    assert_true(nic_rig_lent() <= 8);
    assert_int_equal(nic_rig.nic.stats.sent_frames, 1000);
    assert_int_equal(nic_rig.nic.stats.nonsense, 0);
}

static void tags_go_out_and_come_in(void **state)
{
    const uint8_t tag[] = { 0x81, 0, 0x60, 5 };
    struct net_frame frame = { .bytes = 100, .vlan = 0x6005 | NET_VLAN_TAG };
    struct vnet_frame in = { .bytes = 104 };

    (void)state;
    assert_true(nic_rig_send(&frame, NULL, 0));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 1);
    assert_int_equal(nic_rig.wire_frames[0].bytes, 104);
    assert_memory_equal(nic_rig.wire[0] + 12, tag, sizeof(tag));
    assert_int_equal(nic_rig.wire[0][16], 8);
    assert_int_equal(nic_rig.wire[0][18], nic_rig_pattern(0));
    assert_int_equal(nic_rig_arrive(&in, tag), VNET_TAKEN);
    nic_rig_run();
    nic_rig_expect(&frame, 100);
    assert_int_equal(frame.vlan, 0x6005 | NET_VLAN_TAG);
}

static void frames_come_in(void **state)
{
    struct net_frame frame;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct vnet_frame in = { .bytes = NET_ETHERNET_BYTES + 1 + i % 1500 };

        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        virtio_nic_interrupt(&nic_rig.nic);
        nic_rig_run();
        nic_rig_expect(&frame, in.bytes);
        assert_int_equal(frame.flags, 0);
    }
    nic_rig_expect_none();
    assert_int_equal(nic_rig.nic.stats.received_frames, 1000);
    assert_int_equal(nic_rig.nic.stats.dropped, 0);
}

static void what_the_device_knows_of_a_checksum_is_passed_on(void **state)
{
    struct vnet_frame in = { .bytes = 100, .flags = VNET_DATA_VALID };
    struct net_frame frame;

    (void)state;
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    nic_rig_run();
    nic_rig_expect(&frame, 100);
    assert_int_equal(frame.flags, NET_DATA_VALID);
    in = (struct vnet_frame){
        .bytes = 100, .flags = VNET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16
    };
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    nic_rig_run();
    nic_rig_expect(&frame, 100);
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

        assert_int_equal(nic_rig_arrive(&in, tag), VNET_TAKEN);
        nic_rig_run();
        nic_rig_expect(&frame, in.bytes - 4);
        assert_int_equal(frame.gso_type, NET_GSO_TCP4);
        assert_int_equal(frame.gso_bytes, 1448);
        assert_int_equal(frame.csum_start, 34);
    }
    assert_int_equal(nic_rig.nic.stats.dropped, 0);
}

/* The switch is told of large slots that are back before the driver has none. */
static void large_slots_are_asked_back_in_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct vnet_frame in = {
            .bytes = 60000,
            .flags = VNET_NEEDS_CSUM,
            .gso_type = VNET_GSO_TCP4,
            .gso_bytes = 1448,
            .csum_start = 34,
            .csum_offset = 16,
        };
        struct net_frame frame;
        const uint8_t *payload;

        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        (void)virtio_nic_serve(&nic_rig.nic);
        (void)net_switch_serve(&nic_rig.network, NIC_RIG_NIC, NIC_RIG_SECOND);
        assert_true(net_client_receive(&nic_rig.peer, &frame, &payload));
        net_client_return(&nic_rig.peer, &frame);
        if (net_client_flush(&nic_rig.peer)) {
            (void)net_switch_serve(&nic_rig.network, NIC_RIG_PEER, NIC_RIG_SECOND);
        }
    }
    assert_int_equal(nic_rig.nic.stats.dropped, 0);
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

        assert_true(net_client_reserve(&nic_rig.nic.client, NET_LARGE_BYTES, &slot, &at));
    }
    for (unsigned i = 0; i < NET_LARGE_SLOTS / 2 + 5; i++) {
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        nic_rig_run();
        assert_int_equal(net_client_receive(&nic_rig.peer, &frame, &payload),
                         i < NET_LARGE_SLOTS / 2);
    }
    assert_int_equal(nic_rig.nic.stats.dropped, 5);
    in = (struct vnet_frame){ .bytes = 1000 };
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    nic_rig_run();
    nic_rig_expect(&frame, 1000);
}

static void offloads_that_the_device_has_are_its_work(void **state)
{
    (void)state;
    assert_true(nic_rig_send_segment(60000, NET_GSO_TCP4));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 1);
    assert_int_equal(nic_rig.wire_frames[0].bytes, NIC_RIG_HEADERS + 60000);
    assert_int_equal(nic_rig.wire_frames[0].gso_type, VNET_GSO_TCP4);
    assert_int_equal(nic_rig.wire_frames[0].gso_bytes, 1448);
    /* The sender said that it was 1. */
    assert_int_equal(nic_rig.wire_frames[0].header_bytes, NIC_RIG_HEADERS);
    assert_int_equal(nic_rig.wire_frames[0].csum_start, 34);
    assert_int_equal(nic_rig.wire_frames[0].flags, VNET_NEEDS_CSUM);
    assert_int_equal(nic_rig.nic.stats.finished, 0);
}

/* The headers that the device gets are those that were judged, though their sender has changed them
 * before it read them. */
static void headers_do_not_change_behind_the_check(void **state)
{
    (void)state;
    nic_rig.answer = VNET_WAIT;
    assert_true(nic_rig_send_segment(60000, NET_GSO_TCP4));
    nic_rig_run();
    for (unsigned slot = NET_SMALL_SLOTS; slot < NET_CLIENT_SLOTS; slot++) {
        memset(net_client_at(&nic_rig.peer, (uint16_t)slot), 0xff,
               NIC_RIG_HEADERS - NET_ETHERNET_BYTES);
    }
    nic_rig.answer = VNET_TAKEN;
    vnet_transmit_resume(&nic_rig.net);
    assert_int_equal(nic_rig.wire_count, 1);
    assert_int_equal(nic_rig.wire[0][NET_ETHERNET_BYTES], 0x45);
    assert_int_equal(nic_rig.wire[0][NET_ETHERNET_BYTES + 32], 5 << 4);
    for (uint32_t i = 0; i < 60000; i++) {
        assert_int_equal(nic_rig.wire[0][NIC_RIG_HEADERS + i], nic_rig_pattern(i));
    }
}

static void some_offloads_of_the_device(void **state)
{
    struct net_frame frame = {
        .bytes = 1000,
        .flags = NET_NEEDS_CSUM,
        .csum_start = 34,
        .csum_offset = 6,
        .vlan = NET_VLAN_TAG | 5,
    };

    (void)state;
    /* A place counts from the frame's beginning, and a tag is there. */
    assert_true(nic_rig_send(&frame, NULL, 0));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_frames[0].csum_start, 38);
    assert_int_equal(nic_rig.wire_frames[0].csum_offset, 6);
    /* One that knows nothing of ECN is given none. */
    nic_rig.wire_count = 0;
    nic_rig_start_with(nic_rig.features & ~VNET_F_HOST_ECN);
    assert_true(nic_rig_send_segment(2000, NET_GSO_TCP4));
    assert_true(nic_rig_send_segment(2000, NET_GSO_TCP4 | NET_GSO_ECN));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 3);
    assert_int_equal(nic_rig.wire_frames[0].gso_type, VNET_GSO_TCP4);
    assert_int_equal(nic_rig.wire_frames[1].gso_type, VNET_GSO_NONE);
    assert_int_equal(nic_rig.nic.stats.finished, 1);
}

/* The header that the device has written before the frame that came last. */
static struct virtio_net_header *last_header(void)
{
    const uint16_t *used = (const uint16_t *)(const void *)(nic_rig.memory + NIC_QUEUE_USED);
    uint16_t last = (uint16_t)((used[1] - 1U) % NIC_RIG_ENTRIES);

    return (void *)net_client_at(&nic_rig.nic.client, nic_rig.nic.rx_slots[used[2 + 4 * last]]);
}

/* What was not negotiated is not believed. */
static void offloads_that_the_device_must_not_use(void **state)
{
    struct vnet_frame in = { .bytes = 100 };
    struct net_frame frame;

    (void)state;
    nic_rig_start_with(VIRTIO_F_EVENT_IDX);
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    last_header()->flags = NET_NEEDS_CSUM | NET_DATA_VALID;
    nic_rig_run();
    nic_rig_expect(&frame, 100);
    assert_int_equal(frame.flags, 0);
    for (uint8_t type = NET_GSO_TCP4; type <= NET_GSO_TCP6; type += 3) {
        assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
        last_header()->gso_type = type;
        last_header()->gso_bytes = 1448;
        nic_rig_run();
        nic_rig_expect_none();
    }
    assert_int_equal(nic_rig.nic.stats.dropped, 2);
    nic_rig_start_with(VNET_F_GUEST_CSUM | VIRTIO_F_EVENT_IDX);
    assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
    last_header()->gso_type = NET_GSO_TCP4;
    last_header()->gso_bytes = 1448;
    last_header()->flags = NET_NEEDS_CSUM;
    last_header()->csum_start = 34;
    last_header()->csum_offset = 16;
    nic_rig_run();
    nic_rig_expect_none();
    assert_int_equal(nic_rig.nic.stats.dropped, 1);
}

static void offloads_that_the_device_has_not_are_done_here(void **state)
{
    uint32_t done = 0;

    (void)state;
    nic_rig_start_with(VIRTIO_F_EVENT_IDX);
    assert_true(nic_rig_send_segment(60000, NET_GSO_TCP4));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, (60000 + 1447) / 1448);
    for (unsigned i = 0; i < nic_rig.wire_count; i++) {
        uint32_t bytes = nic_rig.wire_frames[i].bytes - NIC_RIG_HEADERS;
        uint32_t tcp = nic_rig.wire_frames[i].bytes - NET_ETHERNET_BYTES - 20;
        const uint8_t *ip = nic_rig.wire[i] + NET_ETHERNET_BYTES;

        assert_int_equal(nic_rig.wire_frames[i].gso_type, VNET_GSO_NONE);
        assert_int_equal(nic_rig.wire_frames[i].flags, 0);
        assert_int_equal(sum_of(ip, 20, 0), 0xffff);
        assert_int_equal(sum_of(ip + 20, tcp, sum_of(ip + 12, 8, 6 + tcp)), 0xffff);
        for (uint32_t j = 0; j < bytes; j++) {
            assert_int_equal(nic_rig.wire[i][NIC_RIG_HEADERS + j], nic_rig_pattern(done + j));
        }
        done += bytes;
    }
    assert_int_equal(done, 60000);
    assert_int_equal(nic_rig.nic.stats.finished, 1);
    assert_true(nic_rig_send_segment(1000, NET_GSO_TCP4 | NET_GSO_ECN));
    assert_true(nic_rig_send_segment(1000, NET_GSO_TCP4));
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.finished, 3);
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
    const uint32_t before = (uint32_t)(nic_rig_pattern(26) << 8 | nic_rig_pattern(27));
    const struct vnet_frame *got = &nic_rig.wire_frames[0];
    const uint8_t *at = nic_rig.wire[0] + tag;

    nic_rig.wire_count = 0;
    nic_rig.answer = VNET_WAIT;
    assert_true(nic_rig_send(&frame, NULL, 0));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 0);
    assert_int_equal(nic_rig_lent(), 0);
    nic_rig.answer = VNET_TAKEN;
    vnet_transmit_resume(&nic_rig.net);
    assert_int_equal(nic_rig.wire_count, 1);
    assert_int_equal(got->bytes, bytes + tag);
    assert_int_equal(got->flags, device_sums ? VNET_NEEDS_CSUM : 0);
    assert_int_equal(nic_rig.wire[0][12], vlan != 0 ? 0x81 : 8);
    if (device_sums) {
        assert_int_equal(got->csum_start, 34 + tag);
        assert_int_equal(got->csum_offset, 6);
    } else {
        /* What the field had before was summed, too. */
        assert_int_equal(sum_of(at + 34, bytes - 34, before), 0xffff);
    }
    for (uint32_t i = NET_ETHERNET_BYTES; i < bytes; i++) {
        assert_true(at[i] == nic_rig_pattern(i - NET_ETHERNET_BYTES) ||
                    (!device_sums && (i == 40 || i == 41)));
    }
    nic_rig_run();
}

static void small_frames_are_copied(void **state)
{
    (void)state;
    for (uint32_t bytes = 42; bytes <= NET_OFFLOAD_HEAD; bytes++) {
        small_frame(bytes, 0, true);
        small_frame(bytes, 0x6005 | NET_VLAN_TAG, true);
    }
    nic_rig_start_with(VIRTIO_F_EVENT_IDX);
    for (uint32_t bytes = 42; bytes <= NET_OFFLOAD_HEAD; bytes++) {
        small_frame(bytes, 0, false);
        small_frame(bytes, 0x6005 | NET_VLAN_TAG, false);
    }
    assert_int_equal(nic_rig.nic.stats.malformed, 0);
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
    assert_true(nic_rig_send(&frame, NULL, 0));
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.malformed, 1);
    nic_rig.nic.setup.buffers[NIC_RIG_PEER] = 0;
    assert_true(nic_rig_send_plain(100));
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.malformed, 2);
    assert_int_equal(nic_rig.wire_count, 0);
    assert_int_equal(nic_rig_lent(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_rig_setup, nic_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_addresses_are_asked_for),
        TEST(frames_go_out),
        TEST(tags_go_out_and_come_in),
        TEST(frames_come_in),
        TEST(what_the_device_knows_of_a_checksum_is_passed_on),
        TEST(large_frames_are_put_together),
        TEST(large_slots_are_asked_back_in_time),
        TEST(without_a_large_slot_a_large_frame_is_dropped),
        TEST(offloads_that_the_device_has_are_its_work),
        TEST(headers_do_not_change_behind_the_check),
        TEST(some_offloads_of_the_device),
        TEST(offloads_that_the_device_must_not_use),
        TEST(offloads_that_the_device_has_not_are_done_here),
        TEST(small_frames_are_copied),
        TEST(a_segment_that_is_none_goes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
