/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that are slow, that answer nonsense, or that are none; and who notifies whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nic_rig.h"

static void a_slow_device_loses_nothing(void **state)
{
    (void)state;
    /* Also in the midst of a frame that becomes several. */
    nic_rig_start_with(VIRTIO_F_EVENT_IDX);
    nic_rig.answer = VNET_WAIT;
    for (unsigned i = 0; i < 10; i++) {
        assert_true(nic_rig_send_segment(60000, NET_GSO_TCP4));
        nic_rig_run();
    }
    assert_true(nic_rig.nic.in_hand);
    assert_int_equal(nic_rig.nic.tx_free_count, 0);
    assert_int_equal(nic_rig.wire_count, 0);
    nic_rig.answer = VNET_TAKEN;
    nic_rig.world.raised_used = 0;
    for (unsigned i = 0; i < 10 && nic_rig.wire_count < 420; i++) {
        unsigned before = nic_rig.wire_count;

        vnet_transmit_resume(&nic_rig.net);
        /* The device interrupts when half of it is done. */
        assert_true(nic_rig.wire_count == before || nic_rig.world.raised_used > 0);
        nic_rig_run();
    }
    assert_int_equal(nic_rig.wire_count, 420);
    assert_true(nic_rig_lent() <= 8);
    assert_false(nic_rig.nic.in_hand);
}

static void single_frames_cause_no_interrupts_of_the_transmitter(void **state)
{
    (void)state;
    nic_rig.world.raised_used = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(nic_rig_send_plain(100));
        nic_rig_run();
    }
    assert_int_equal(nic_rig.wire_count, 100);
    assert_int_equal(nic_rig.world.raised_used, 0);
    /* Without event indices neither. */
    nic_rig_start_with(0);
    nic_rig.world.raised_used = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_true(nic_rig_send_plain(100));
        nic_rig_run();
    }
    assert_int_equal(nic_rig.wire_count, 200);
    assert_int_equal(nic_rig.world.raised_used, 0);
}

/* Who has been notified and has not looked yet. */
static struct {
    bool nic;
    bool served[NIC_RIG_PORTS];
    bool peer;
} due;

/* One of those who are due does its work. False: nobody is. */
static bool work(void)
{
    if (nic_rig.world.raised_used > 0) {
        nic_rig.world.raised_used = 0;
        virtio_nic_interrupt(&nic_rig.nic);
        due.nic = true;
    }
    if (due.nic) {
        due.nic = false;
        due.served[NIC_RIG_NIC] = virtio_nic_serve(&nic_rig.nic) || due.served[NIC_RIG_NIC];
        return true;
    }
    for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
        if (due.served[port]) {
            uint64_t notify;

            due.served[port] = net_switch_serve(&nic_rig.network, port, NIC_RIG_SECOND);
            notify = net_switch_notify(&nic_rig.network);
            due.nic = due.nic || (notify & 1U << NIC_RIG_NIC) != 0;
            due.peer = due.peer || (notify & 1U << NIC_RIG_PEER) != 0;
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
        if (nic_rig_arrive(&in, NULL) == VNET_TAKEN) {
            arrived++;
            moved = true;
        }
        for (unsigned i = random / 64 % 5; i > 0; i--) {
            moved = work() || moved;
        }
        if (due.peer) {
            const uint8_t *payload;

            due.peer = false;
            while (net_client_receive(&nic_rig.peer, &kept[kept_count], &payload)) {
                kept_count++;
            }
            moved = true;
        }
        if (kept_count > random / 128 % 100) {
            while (kept_count > 0) {
                net_client_return(&nic_rig.peer, &kept[--kept_count]);
            }
            due.served[NIC_RIG_PEER] = net_client_flush(&nic_rig.peer) || due.served[NIC_RIG_PEER];
            moved = true;
        }
        if (!moved && !work() && kept_count == 0 && !due.peer) {
            /* Nobody is due, and the device has no room. */
            assert_int_equal(nic_rig_arrive(&in, NULL), VNET_TAKEN);
            arrived++;
        }
    }
    assert_int_equal(arrived, 20000);
}

static void a_device_that_answers_nonsense(void **state)
{
    uint16_t *rx = (uint16_t *)(void *)(nic_rig.memory + NIC_QUEUE_USED);
    uint16_t *tx = (uint16_t *)(void *)(nic_rig.memory + NIC_QUEUE_BYTES + NIC_QUEUE_USED);

    (void)state;
    nic_rig.answer = VNET_WAIT;
    assert_true(nic_rig_send_plain(1000));
    nic_rig_run();
    nic_rig.answer = VNET_TAKEN;
    /* Slots that there are not, an odd descriptor, and twice one that is free. */
    memset(rx + 2, 0xff, 8);
    rx[1] = 1;
    memset(tx + 2, 0xff, 8);
    memset(tx + 6, 0, 24);
    tx[6] = 1;
    tx[10] = 2;
    tx[14] = 2;
    tx[1] = 4;
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.nonsense, 5);
    /* A frame that is longer than its slot, one without a header, one of more parts than came. */
    memset(rx + 6, 0, 24);
    rx[6] = 0;
    rx[8] = 4000;
    rx[10] = 1;
    rx[12] = 11;
    rx[14] = 2;
    rx[16] = 100;
    for (unsigned i = 0; i < 3; i++) {
        net_client_at(&nic_rig.nic.client, nic_rig.nic.rx_slots[i])[10] = i == 2 ? 9 : 1;
    }
    rx[1] = 4;
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.dropped, 3);
    nic_rig_expect_none();
    /* One that it has given back already. */
    rx[18] = 0;
    rx[20] = 100;
    rx[1] = 5;
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.nonsense, 6);
    nic_rig_expect_none();
    /* An index that has run away. */
    rx[1] = 60000;
    tx[1] = 60000;
    nic_rig_run();
    assert_int_equal(nic_rig.nic.stats.nonsense, 6);
    nic_rig_expect_none();
    /* A restart mends it. */
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_OK);
    nic_rig_run();
    assert_true(nic_rig_send_plain(100));
    nic_rig_run();
    assert_int_equal(nic_rig.wire_count, 1);
}

static void devices_that_are_none(void **state)
{
    (void)state;
    nic_rig.stuck = true;
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_STUCK);
    /* Nobody sends to a port without device. */
    assert_true(nic_rig_send_plain(100));
    for (unsigned port = 0; port < NIC_RIG_PORTS; port++) {
        (void)net_switch_serve(&nic_rig.network, port, NIC_RIG_SECOND);
    }
    assert_int_equal(nic_rig.network.ports[NIC_RIG_PEER].stats.unwanted, 1);
    nic_rig.stuck = false;
    nic_rig.world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 2;
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_OTHER);
    nic_rig.world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 0;
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_NONE);
    nic_rig.world.page[VIRTIO_MMIO_DEVICE_ID / 4] = 1;
    nic_rig.world.page[VIRTIO_MMIO_VERSION / 4] = 1;
    assert_int_equal(nic_rig_start(), VIRTIO_DEVICE_NONE);
    for (unsigned error = VIRTIO_DEVICE_OK; error <= VIRTIO_DEVICE_STUCK; error++) {
        assert_string_not_equal(virtio_device_says((enum virtio_device_error)error), "is wrong");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_rig_setup, nic_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slow_device_loses_nothing),
        TEST(single_frames_cause_no_interrupts_of_the_transmitter),
        TEST(nothing_waits_for_a_notification_that_does_not_come),
        TEST(a_device_that_answers_nonsense),
        TEST(devices_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
