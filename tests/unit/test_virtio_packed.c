/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio_race.h"

/* Packed rings need not have a power of two of entries. */
#define ENTRIES 7U
#define NEXT VIRTIO_DESC_NEXT
#define WRITE VIRTIO_DESC_WRITE
#define INDIRECT VIRTIO_DESC_INDIRECT
#define AVAIL VIRTIO_DESC_AVAIL
#define USED VIRTIO_DESC_USED
#define PACKED VIRTIO_F_RING_PACKED

static struct world world;
static struct probe probe;
static struct driver_ring *ring;

struct desc {
    uint64_t at;
    uint32_t bytes;
    uint16_t id;
    uint16_t flags;
};

static int setup(void **state)
{
    (void)state;
    probe_setup(&probe, &world);
    ring = &world.rings[0];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static void boot(uint64_t features)
{
    world_boot(&world, features | PACKED, 1, ENTRIES);
}

static void put_desc(unsigned slot, uint64_t at, uint32_t bytes, unsigned flags, unsigned id)
{
    struct desc desc = { at, bytes, (uint16_t)id, (uint16_t)flags };

    memcpy(ring->desc + (size_t)16 * slot, &desc, 16);
}

static struct desc get_desc(unsigned slot)
{
    struct desc desc;

    memcpy(&desc, ring->desc + (size_t)16 * slot, 16);
    return desc;
}

static void put_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags)
{
    struct desc desc = { at, bytes, 0x7777, (uint16_t)flags };

    memcpy(ring->tables + (size_t)16 * index, &desc, 16);
}

/* The flags that make a descriptor available (or used) when `number` slots went before it. */
static unsigned available(unsigned number)
{
    return number / ENTRIES % 2 == 0 ? AVAIL : USED;
}

static unsigned used(unsigned number)
{
    return number / ENTRIES % 2 == 0 ? AVAIL | USED : 0;
}

static void turn(unsigned number)
{
    put_desc(number % ENTRIES, WORLD_DATA_AT, 16, available(number), number);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 0);
}

static void expect_failed(enum virtio_error error)
{
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET,
                     VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(probe.dev.stats.errors[error], 1);
    assert_int_equal(world.reports, 1);
    assert_int_equal(world.reported, error);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    boot(0);
    turn(0);
    assert_int_equal(get_desc(0).flags, used(0));
}

static void expect_refused(enum virtio_error error)
{
    assert_int_equal(probe_pop(&probe), error);
    assert_false(probe.chain.in_flight);
    expect_failed(error);
}

static void vio_packed_01_taken_in_ring_order(void **state)
{
    struct chain_segment segments[ENTRIES][1];
    struct chain chains[ENTRIES];

    (void)state;
    boot(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        put_desc(i, WORLD_DATA_AT, 16, available(i), 100 + i);
        chain_init(&chains[i], segments[i], 1);
    }
    for (unsigned i = 0; i < ENTRIES; i++) {
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
    boot(0);
    for (unsigned i = 0; i < 3; i++) {
        put_desc(i, WORLD_DATA_AT, 16, available(i), i);
        chain_init(&chains[i], segments[i], 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        vdev_push(&probe.dev, 0, &chains[order[i]], 0);
        assert_int_equal(get_desc(i).id, order[i]);
        assert_int_equal(get_desc(i).flags, used(i));
    }
}

static void vio_packed_03_readable_buffers_are_never_written(void **state)
{
    struct chain_writer writer;

    (void)state;
    boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 0x55, 64);
    put_desc(1, WORLD_DATA_AT + 32, 8, available(1) | WRITE, 9);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | NEXT, 9);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    writer = chain_writer(&probe.chain);
    assert_int_equal(chain_write(&writer, "0123456789abcdef0123456789abcdef", 32), 8);
    for (unsigned i = 0; i < 64; i++) {
        bool may = i >= 32 && i < 40;

        assert_int_equal(*world_at(&world, WORLD_DATA_AT + i) != 0x55, may);
    }
    probe_push(&probe, writer.written);
    assert_int_equal(get_desc(0).bytes, 8);
    assert_int_equal(get_desc(0).flags, used(0) | WRITE);
}

static void vio_packed_04_writable_buffers_are_not_read(void **state)
{
    struct chain_reader reader;
    unsigned char got[32];

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 8, available(0) | WRITE, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, sizeof got), 0);
}

static void vio_packed_05_nothing_is_used_before_it_is_available(void **state)
{
    static const unsigned not_yet[] = { 0, USED, AVAIL | USED };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        boot(0);
        put_desc(0, WORLD_DATA_AT, 16, not_yet[i], 0);
        assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    }
    /* In the second lap the same bits mean the contrary. */
    boot(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        turn(i);
    }
    put_desc(0, WORLD_DATA_AT, 16, AVAIL, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    put_desc(0, WORLD_DATA_AT, 16, USED, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
}

static void vio_packed_06_a_used_descriptor_is_left_alone(void **state)
{
    struct desc mine = { 0x1234, 0x5678, 0x9abc, 0xdef0 & ~(AVAIL | USED) };

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | WRITE, 3);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 5);
    assert_int_equal(get_desc(0).id, 3);
    assert_int_equal(get_desc(0).bytes, 5);
    assert_int_equal(get_desc(0).flags, used(0) | WRITE);
    /* It is the driver's now. */
    memcpy(ring->desc, &mine, 16);
    vdev_signal(&probe.dev, 0);
    vdev_want_kick(&probe.dev, 0);
    for (unsigned i = 1; i < ENTRIES; i++) {
        turn(i);
    }
    assert_memory_equal(ring->desc, &mine, 16);
}

static void vio_packed_07_lists_are_used_in_order(void **state)
{
    struct chain_reader reader;
    char got[6];

    (void)state;
    boot(0);
    memcpy(world_at(&world, WORLD_DATA_AT), "cdefab", 6);
    put_desc(1, WORLD_DATA_AT, 2, available(1) | NEXT, 0);
    put_desc(2, WORLD_DATA_AT + 2, 2, available(2), 44);
    put_desc(0, WORLD_DATA_AT + 4, 2, available(0) | NEXT, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, 6), 6);
    assert_memory_equal(got, "abcdef", 6);
    assert_int_equal(probe.chain.id, 44);
}

static void vio_packed_08_only_write_counts_in_a_table(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_DATA_AT, 4, NEXT | AVAIL | USED);
    put_table(1, WORLD_DATA_AT + 4, 4, INDIRECT);
    put_table(2, WORLD_DATA_AT + 8, 4, WRITE);
    /* WRITE beside INDIRECT is reserved and ignored. */
    put_desc(0, WORLD_TABLES_AT, 48, available(0) | INDIRECT | WRITE, 6);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    assert_int_equal(probe.chain.readable, 2);
    assert_int_equal(probe.chain.count, 3);
    assert_int_equal(probe.chain.id, 6);
    probe_push(&probe, 4);
    assert_int_equal(get_desc(0).id, 6);
    turn(1);
}

static void vio_packed_09_one_used_descriptor_for_a_list(void **state)
{
    unsigned number = 0;

    (void)state;
    boot(0);
    /* Lists of 1 to 4, over many laps, also across the end of the ring. */
    for (unsigned turns = 0; turns < 100; turns++) {
        unsigned length = 1 + turns % 4;

        for (unsigned i = length; i-- > 0;) {
            unsigned n = number + i;

            put_desc(n % ENTRIES, WORLD_DATA_AT, 16, available(n) | (i + 1 < length ? NEXT : 0),
                     turns);
        }
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.count, length);
        probe_push(&probe, 0);
        assert_int_equal(get_desc(number % ENTRIES).flags, used(number));
        assert_int_equal(get_desc(number % ENTRIES).id, turns);
        for (unsigned i = 1; i < length; i++) {
            unsigned n = number + i;

            assert_int_equal(get_desc(n % ENTRIES).flags,
                             available(n) | (i + 1 < length ? NEXT : 0));
        }
        number += length;
    }
}

static void vio_packed_10_driver_event_suppression(void **state)
{
    (void)state;
    boot(0);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DISABLE);
    turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_ENABLE);
    turn(1);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
    /* Without EVENT_IDX "one descriptor" is not valid, and an interrupt too many is no harm. */
    driver_put16(ring->driver, 5);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    turn(2);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 2);
}

static void vio_packed_10_driver_event_names_a_descriptor(void **state)
{
    unsigned number = 0;
    unsigned seen = 0;

    (void)state;
    boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    /* Every event from one lap behind to one lap ahead, for batches of 0 to a lap. */
    for (unsigned batch = 0; batch <= ENTRIES; batch++) {
        for (unsigned ahead = 0; ahead < 2 * ENTRIES; ahead++) {
            unsigned before = world.raised_used;
            unsigned event;
            unsigned wrap;

            if (number < ENTRIES) {
                turn(number++);
                vdev_signal(&probe.dev, 0);
                continue;
            }
            event = number - ENTRIES + ahead;
            wrap = event / ENTRIES % 2 == 0 ? 1U << 15 : 0;
            driver_put16(ring->driver, event % ENTRIES | wrap);
            for (unsigned i = 0; i < batch; i++) {
                turn(number + i);
            }
            vdev_signal(&probe.dev, 0);
            /* An offset and a wrap bit name the same slot again after two laps. */
            assert_int_equal(
                world.raised_used != before,
                (event >= number && event < number + batch) ||
                    (event + 2 * ENTRIES >= number && event + 2 * ENTRIES < number + batch));
            seen += world.raised_used != before;
            number += batch;
        }
    }
    assert_true(seen > ENTRIES);
}

static void device_event_suppression(void **state)
{
    (void)state;
    boot(0);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_DISABLE);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_ENABLE);
    virtq_suppress_kicks(&probe.queues[0]);
    put_desc(0, WORLD_DATA_AT, 16, available(0), 0);
    assert_true(vdev_want_kick(&probe.dev, 0));
    boot(VIRTIO_F_EVENT_IDX);
    turn(0);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 1 | 1U << 15);
    assert_int_equal(driver_get16(ring->device + 2), VIRTIO_EVENT_DESC);
}

static void want_kick_with_a_full_ring_in_flight(void **state)
{
    struct chain_segment segments[ENTRIES][1];
    struct chain chains[ENTRIES];

    (void)state;
    boot(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        put_desc(i, WORLD_DATA_AT, 16, available(i), i);
        chain_init(&chains[i], segments[i], 1);
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    /* The driver pretends that slot 0 is available again, while it is still ours. */
    put_desc(0, WORLD_DATA_AT, 16, available(ENTRIES), 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 0));
}

/* What a hostile driver does. */

static void hostile_list_goes_on_in_what_is_not_available(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | NEXT, 0);
    expect_refused(VIRTIO_ERR_PARTIAL);
}

static void hostile_list_without_an_end(void **state)
{
    (void)state;
    boot(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        put_desc(i, WORLD_DATA_AT, 1, available(i) | NEXT, 0);
    }
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_address_outside(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, 0x1000, 16, available(0), 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_end_wraps_around(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, UINT64_MAX - 7, 16, available(0), 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_total_length_overflows(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | NEXT, 0);
    put_desc(1, WORLD_DATA_AT, UINT32_MAX, available(1), 0);
    expect_refused(VIRTIO_ERR_LENGTH);
}

static void hostile_readable_behind_writable(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | NEXT | WRITE, 0);
    put_desc(1, WORLD_DATA_AT, 16, available(1), 0);
    expect_refused(VIRTIO_ERR_ORDER);
}

static void hostile_indirect_without_the_feature(void **state)
{
    (void)state;
    boot(0);
    put_table(0, WORLD_DATA_AT, 16, 0);
    put_desc(0, WORLD_TABLES_AT, 16, available(0) | INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_in_a_list(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_DATA_AT, 16, 0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | NEXT, 0);
    put_desc(1, WORLD_TABLES_AT, 16, available(1) | INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_goes_on(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_DATA_AT, 16, 0);
    put_desc(0, WORLD_TABLES_AT, 16, available(0) | INDIRECT | NEXT, 0);
    put_desc(1, WORLD_DATA_AT, 16, available(1), 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_odd_length(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_desc(0, WORLD_TABLES_AT, 24, available(0) | INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_longer_than_any_chain(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_desc(0, WORLD_TABLES_AT, 16 * (PROBE_ENTRIES + 1), available(0) | INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_table_with_a_bad_address(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, 0x1000, 16, 0);
    put_desc(0, WORLD_TABLES_AT, 16, available(0) | INDIRECT, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_used_descriptors_are_overwritten(void **state)
{
    (void)state;
    boot(0);
    for (unsigned i = 0; i < 5 * ENTRIES; i++) {
        turn(i);
        memset(ring->desc + (size_t)16 * (i % ENTRIES), 0xa5, 16);
        memset(ring->device, 0xa5, 4);
    }
    assert_int_equal(world.reports, 0);
}

static void hostile_event_outside_the_ring(void **state)
{
    (void)state;
    boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    for (unsigned i = 0; i < 4 * ENTRIES; i++) {
        driver_put16(ring->driver, 0x7fff);
        turn(i);
        vdev_signal(&probe.dev, 0);
    }
    assert_int_equal(world.raised_used, 0);
}

static void hostile_descriptor_changes_while_it_is_read(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_QUEUES_AT, 16, available(0), 0);
    race_pop(&probe, &world, ring->desc, RACE_PACKED_FLAGS, AVAIL, AVAIL | WRITE);
}

static void hostile_table_changes_while_it_is_read(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_QUEUES_AT, 16, 0);
    put_desc(0, WORLD_TABLES_AT, 16, available(0) | INDIRECT, 0);
    race_pop(&probe, &world, ring->tables, RACE_PACKED_FLAGS, 0, WRITE);
}

/* The answer to a buffer that a reset has ended changes nothing, nor when the driver is back. */
static void a_late_answer_changes_no_byte(void **state)
{
    unsigned char before[0x5000];

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, available(0) | WRITE, 0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    world_reset(&world);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(before, ring->desc, sizeof before);
        probe_push(&probe, 16);
        vdev_signal(&probe.dev, 0);
        assert_memory_equal(ring->desc, before, sizeof before);
        boot(0);
    }
    assert_int_equal(world.raised_used, 0);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        T(hostile_list_goes_on_in_what_is_not_available),
        T(hostile_list_without_an_end),
        T(hostile_address_outside),
        T(hostile_end_wraps_around),
        T(hostile_total_length_overflows),
        T(hostile_readable_behind_writable),
        T(hostile_indirect_without_the_feature),
        T(hostile_indirect_in_a_list),
        T(hostile_indirect_goes_on),
        T(hostile_table_of_odd_length),
        T(hostile_table_longer_than_any_chain),
        T(hostile_table_with_a_bad_address),
        T(hostile_used_descriptors_are_overwritten),
        T(hostile_event_outside_the_ring),
        T(hostile_descriptor_changes_while_it_is_read),
        T(hostile_table_changes_while_it_is_read),
        T(a_late_answer_changes_no_byte),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
