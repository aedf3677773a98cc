/* SPDX-License-Identifier: BSD-2-Clause */
/* Packed rings (2.8): the clauses that bind a device, and what it does beyond them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "packed_rig.h"

static void vio_packed_01_taken_in_ring_order(void **state)
{
    struct chain_segment segments[PACKED_RIG_ENTRIES][1];
    struct chain chains[PACKED_RIG_ENTRIES];

    (void)state;
    packed_rig_boot(0);
    for (unsigned i = 0; i < PACKED_RIG_ENTRIES; i++) {
        packed_rig_desc(i, WORLD_DATA_AT, 16, packed_rig_available(i), 100 + i);
        chain_init(&chains[i], segments[i], 1);
    }
    for (unsigned i = 0; i < PACKED_RIG_ENTRIES; i++) {
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
        assert_int_equal(chains[i].id, 100 + i);
    }
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
}

static void vio_packed_02_given_back_in_order_of_completion(void **state)
{
    struct chain_segment segments[3][1];
    struct chain chains[3];
    static const unsigned order[3] = { 1, 2, 0 };

    (void)state;
    packed_rig_boot(0);
    for (unsigned i = 0; i < 3; i++) {
        packed_rig_desc(i, WORLD_DATA_AT, 16, packed_rig_available(i), i);
        chain_init(&chains[i], segments[i], 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        vdev_push(&probe.dev, 0, &chains[order[i]], 0);
        assert_int_equal(packed_rig_seen(i).id, order[i]);
        assert_int_equal(packed_rig_seen(i).flags, packed_rig_used(i));
    }
}

static void vio_packed_03_readable_buffers_are_never_written(void **state)
{
    struct chain_writer writer;

    (void)state;
    packed_rig_boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 0x55, 64);
    packed_rig_desc(1, WORLD_DATA_AT + 32, 8, packed_rig_available(1) | VIRTIO_DESC_WRITE, 9);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_NEXT, 9);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    writer = chain_writer(&probe.chain);
    assert_int_equal(chain_write(&writer, "0123456789abcdef0123456789abcdef", 32), 8);
    for (unsigned i = 0; i < 64; i++) {
        bool may = i >= 32 && i < 40;

        assert_int_equal(*world_at(&world, WORLD_DATA_AT + i) != 0x55, may);
    }
    probe_push(&probe, writer.written);
    assert_int_equal(packed_rig_seen(0).bytes, 8);
    assert_int_equal(packed_rig_seen(0).flags, packed_rig_used(0) | VIRTIO_DESC_WRITE);
}

static void vio_packed_04_writable_buffers_are_not_read(void **state)
{
    struct chain_reader reader;
    unsigned char got[32];

    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 8, packed_rig_available(0) | VIRTIO_DESC_WRITE, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, sizeof got), 0);
}

static void vio_packed_05_nothing_is_used_before_it_is_available(void **state)
{
    static const unsigned not_yet[] = { 0, VIRTIO_DESC_USED, VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        packed_rig_boot(0);
        packed_rig_desc(0, WORLD_DATA_AT, 16, not_yet[i], 0);
        assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    }
    /* In the second lap the same bits mean the contrary. */
    packed_rig_boot(0);
    for (unsigned i = 0; i < PACKED_RIG_ENTRIES; i++) {
        packed_rig_turn(i);
    }
    packed_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_AVAIL, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    packed_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_USED, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
}

static void vio_packed_06_a_used_descriptor_is_left_alone(void **state)
{
    struct packed_rig_desc mine = { 0x1234, 0x5678, 0x9abc,
                                    0xdef0 & ~(VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED) };

    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_WRITE, 3);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 5);
    assert_int_equal(packed_rig_seen(0).id, 3);
    assert_int_equal(packed_rig_seen(0).bytes, 5);
    assert_int_equal(packed_rig_seen(0).flags, packed_rig_used(0) | VIRTIO_DESC_WRITE);
    /* It is the driver's now. */
    memcpy(ring->desc, &mine, 16);
    vdev_signal(&probe.dev, 0);
    vdev_want_kick(&probe.dev, 0);
    for (unsigned i = 1; i < PACKED_RIG_ENTRIES; i++) {
        packed_rig_turn(i);
    }
    assert_memory_equal(ring->desc, &mine, 16);
}

static void vio_packed_07_lists_are_used_in_order(void **state)
{
    struct chain_reader reader;
    char got[6];

    (void)state;
    packed_rig_boot(0);
    memcpy(world_at(&world, WORLD_DATA_AT), "cdefab", 6);
    packed_rig_desc(1, WORLD_DATA_AT, 2, packed_rig_available(1) | VIRTIO_DESC_NEXT, 0);
    packed_rig_desc(2, WORLD_DATA_AT + 2, 2, packed_rig_available(2), 44);
    packed_rig_desc(0, WORLD_DATA_AT + 4, 2, packed_rig_available(0) | VIRTIO_DESC_NEXT, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, 6), 6);
    assert_memory_equal(got, "abcdef", 6);
    assert_int_equal(probe.chain.id, 44);
}

static void vio_packed_08_only_write_counts_in_a_table(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_table(0, WORLD_DATA_AT, 4, VIRTIO_DESC_NEXT | VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED);
    packed_rig_table(1, WORLD_DATA_AT + 4, 4, VIRTIO_DESC_INDIRECT);
    packed_rig_table(2, WORLD_DATA_AT + 8, 4, VIRTIO_DESC_WRITE);
    /* VIRTIO_DESC_WRITE beside VIRTIO_DESC_INDIRECT is reserved and ignored. */
    packed_rig_desc(0, WORLD_TABLES_AT, 48,
                    packed_rig_available(0) | VIRTIO_DESC_INDIRECT | VIRTIO_DESC_WRITE, 6);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    assert_int_equal(probe.chain.readable, 2);
    assert_int_equal(probe.chain.count, 3);
    assert_int_equal(probe.chain.id, 6);
    probe_push(&probe, 4);
    assert_int_equal(packed_rig_seen(0).id, 6);
    packed_rig_turn(1);
}

static void vio_packed_09_one_used_descriptor_for_a_list(void **state)
{
    unsigned number = 0;

    (void)state;
    packed_rig_boot(0);
    /* Lists of 1 to 4, over many laps, also across the end of the ring. */
    for (unsigned turns = 0; turns < 100; turns++) {
        unsigned length = 1 + turns % 4;

        for (unsigned i = length; i-- > 0;) {
            unsigned n = number + i;

            packed_rig_desc(n % PACKED_RIG_ENTRIES, WORLD_DATA_AT, 16,
                            packed_rig_available(n) | (i + 1 < length ? VIRTIO_DESC_NEXT : 0),
                            turns);
        }
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.count, length);
        probe_push(&probe, 0);
        assert_int_equal(packed_rig_seen(number % PACKED_RIG_ENTRIES).flags,
                         packed_rig_used(number));
        assert_int_equal(packed_rig_seen(number % PACKED_RIG_ENTRIES).id, turns);
        for (unsigned i = 1; i < length; i++) {
            unsigned n = number + i;

            assert_int_equal(packed_rig_seen(n % PACKED_RIG_ENTRIES).flags,
                             packed_rig_available(n) | (i + 1 < length ? VIRTIO_DESC_NEXT : 0));
        }
        number += length;
    }
}

static void vio_packed_10_driver_event_suppression(void **state)
{
    (void)state;
    packed_rig_boot(0);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DISABLE);
    packed_rig_turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_ENABLE);
    packed_rig_turn(1);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
    /* Without EVENT_IDX "one descriptor" is not valid, and an interrupt too many is no harm. */
    driver_put16(ring->driver, 5);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    packed_rig_turn(2);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 2);
}

static void vio_packed_10_driver_event_names_a_descriptor(void **state)
{
    unsigned number = 0;
    unsigned seen = 0;

    (void)state;
    packed_rig_boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    /* Every event from one lap behind to one lap ahead, for batches of 0 to a lap. */
    for (unsigned batch = 0; batch <= PACKED_RIG_ENTRIES; batch++) {
        for (unsigned ahead = 0; ahead < 2 * PACKED_RIG_ENTRIES; ahead++) {
            unsigned before = world.raised_used;
            unsigned event;
            unsigned wrap;

            if (number < PACKED_RIG_ENTRIES) {
                packed_rig_turn(number++);
                vdev_signal(&probe.dev, 0);
                continue;
            }
            event = number - PACKED_RIG_ENTRIES + ahead;
            wrap = event / PACKED_RIG_ENTRIES % 2 == 0 ? 1U << 15 : 0;
            driver_put16(ring->driver, event % PACKED_RIG_ENTRIES | wrap);
            for (unsigned i = 0; i < batch; i++) {
                packed_rig_turn(number + i);
            }
            vdev_signal(&probe.dev, 0);
            /* An offset and a wrap bit name the same slot again after two laps. */
            assert_int_equal(world.raised_used != before,
                             (event >= number && event < number + batch) ||
                                 (event + 2 * PACKED_RIG_ENTRIES >= number &&
                                  event + 2 * PACKED_RIG_ENTRIES < number + batch));
            seen += world.raised_used != before;
            number += batch;
        }
    }
    assert_true(seen > PACKED_RIG_ENTRIES);
}

static void device_event_suppression(void **state)
{
    (void)state;
    packed_rig_boot(0);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_DISABLE);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_ENABLE);
    virtq_suppress_kicks(&probe.queues[0]);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0), 0);
    assert_true(vdev_want_kick(&probe.dev, 0));
    packed_rig_boot(VIRTIO_F_EVENT_IDX);
    packed_rig_turn(0);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 1 | 1U << 15);
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_DESC);
}

static void want_kick_with_a_full_ring_in_flight(void **state)
{
    struct chain_segment segments[PACKED_RIG_ENTRIES][1];
    struct chain chains[PACKED_RIG_ENTRIES];

    (void)state;
    packed_rig_boot(0);
    for (unsigned i = 0; i < PACKED_RIG_ENTRIES; i++) {
        packed_rig_desc(i, WORLD_DATA_AT, 16, packed_rig_available(i), i);
        chain_init(&chains[i], segments[i], 1);
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    /* The driver pretends that slot 0 is packed_rig_available again, while it is still ours. */
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(PACKED_RIG_ENTRIES), 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 0));
}

/* The answer to a buffer that a reset has ended changes nothing, nor when the driver is back. */
static void a_late_answer_changes_no_byte(void **state)
{
    unsigned char before[0x5000];

    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_WRITE, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    world_reset(&world);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(before, ring->desc, sizeof before);
        probe_push(&probe, 16);
        vdev_signal(&probe.dev, 0);
        assert_memory_equal(ring->desc, before, sizeof before);
        packed_rig_boot(0);
    }
    assert_int_equal(world.raised_used, 0);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_packed_01_taken_in_ring_order),
        T(vio_packed_02_given_back_in_order_of_completion),
        T(vio_packed_03_readable_buffers_are_never_written),
        T(vio_packed_04_writable_buffers_are_not_read),
        T(vio_packed_05_nothing_is_used_before_it_is_available),
        T(vio_packed_06_a_used_descriptor_is_left_alone),
        T(vio_packed_07_lists_are_used_in_order),
        T(vio_packed_08_only_write_counts_in_a_table),
        T(vio_packed_09_one_used_descriptor_for_a_list),
        T(vio_packed_10_driver_event_suppression),
        T(vio_packed_10_driver_event_names_a_descriptor),
        T(device_event_suppression),
        T(want_kick_with_a_full_ring_in_flight),
        T(a_late_answer_changes_no_byte),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
