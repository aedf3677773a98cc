/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio_race.h"

#define ENTRIES 8U
#define NEXT VIRTIO_DESC_NEXT
#define WRITE VIRTIO_DESC_WRITE
#define INDIRECT VIRTIO_DESC_INDIRECT

static struct world world;
static struct probe probe;
static struct driver_ring *ring;

/* Descriptors, written without the driver's help. */
struct desc {
    uint64_t at;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
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
    world_boot(&world, features, 1, ENTRIES);
}

static void put_desc(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next)
{
    struct desc desc = { at, bytes, (uint16_t)flags, (uint16_t)next };

    memcpy(ring->desc + (size_t)16 * index, &desc, 16);
}

static void put_table(unsigned index, uint64_t at, uint32_t bytes, unsigned flags, unsigned next)
{
    struct desc desc = { at, bytes, (uint16_t)flags, (uint16_t)next };

    memcpy(ring->tables + (size_t)16 * index, &desc, 16);
}

static void put_avail(unsigned slot, unsigned head)
{
    driver_put16(ring->driver + 4 + (size_t)2 * slot, head);
}

static void set_avail_idx(unsigned idx)
{
    driver_put16(ring->driver + 2, idx);
}

static void set_used_event(unsigned event)
{
    driver_put16(ring->driver + 4 + (size_t)2 * ENTRIES, event);
}

static uint16_t used_idx(void)
{
    return driver_get16(ring->device + 2);
}

/* One readable buffer, popped and given back. */
static void turn(unsigned number)
{
    put_desc(0, WORLD_DATA_AT, 16, 0, 0);
    put_avail(number % ENTRIES, 0);
    set_avail_idx(number + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 0);
}

/* The device has failed, for this reason, and told so exactly once. */
static void expect_failed(enum virtio_error error)
{
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET,
                     VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(probe.dev.stats.errors[error], 1);
    assert_int_equal(world.reports, 1);
    assert_int_equal(world.reported, error);
    assert_int_equal(world.raised_config, 1);
    /* Nothing more comes from it, and it can be revived. */
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_int_equal(world.reports, 1);
    boot(0);
    turn(0);
    assert_int_equal(used_idx(), 1);
}

/* Make descriptor 0 available and expect an error. */
static void expect_refused(enum virtio_error error)
{
    put_avail(0, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), error);
    assert_false(probe.chain.in_flight);
    expect_failed(error);
}

static void vio_split_01_any_arrangement_of_descriptors(void **state)
{
    static const char text[] = "header and data and more";
    const unsigned total = sizeof text;

    (void)state;
    /* Every division into two parts reads as the same bytes. */
    for (unsigned cut = 1; cut < total; cut++) {
        struct chain_reader reader;
        char got[sizeof text];

        boot(0);
        memcpy(world_at(&world, WORLD_DATA_AT), text, cut);
        memcpy(world_at(&world, WORLD_SECOND_AT), text + cut, total - cut);
        put_desc(0, WORLD_DATA_AT, cut, NEXT, 5);
        put_desc(5, WORLD_SECOND_AT, total - cut, 0, 0);
        put_avail(0, 0);
        set_avail_idx(1);
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        reader = chain_reader(&probe.chain);
        assert_int_equal(chain_read(&reader, got, total), total);
        assert_memory_equal(got, text, total);
        probe_push(&probe, 0);
    }
}

static void vio_split_02_readable_buffers_are_never_written(void **state)
{
    struct chain_writer writer;

    (void)state;
    boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 0x55, 64);
    put_desc(0, WORLD_DATA_AT, 16, NEXT, 1);
    put_desc(1, WORLD_DATA_AT + 32, 8, WRITE, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    writer = chain_writer(&probe.chain);
    assert_int_equal(chain_write(&writer, "0123456789abcdef0123456789abcdef", 32), 8);
    for (unsigned i = 0; i < 64; i++) {
        bool may = i >= 32 && i < 40;

        assert_int_equal(*world_at(&world, WORLD_DATA_AT + i) != 0x55, may);
    }
    probe_push(&probe, writer.written);
    assert_int_equal(driver_get16(ring->device + 8), 8);
}

static void vio_split_03_writable_buffers_are_not_read(void **state)
{
    struct chain_reader reader;
    unsigned char got[32] = { 0 };

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 4, NEXT, 1);
    put_desc(1, WORLD_DATA_AT + 32, 8, WRITE, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, sizeof got), 4);
}

static void vio_split_04_the_descriptor_table_is_never_written(void **state)
{
    unsigned char before[16 * ENTRIES];

    (void)state;
    for (unsigned features = 0; features < 2; features++) {
        boot(features != 0 ? VIRTIO_F_EVENT_IDX : 0);
        for (unsigned i = 0; i < ENTRIES; i++) {
            put_desc(i, WORLD_DATA_AT + 64ULL * i, 64, i % 2 != 0 ? WRITE : NEXT, i + 1);
        }
        memcpy(before, ring->desc, sizeof before);
        for (unsigned i = 0; i < ENTRIES; i += 2) {
            put_avail(i / 2, i);
        }
        set_avail_idx(ENTRIES / 2);
        for (unsigned i = 0; i < ENTRIES / 2; i++) {
            assert_int_equal(probe_pop(&probe), VIRTIO_OK);
            probe_push(&probe, 64);
        }
        vdev_signal(&probe.dev, 0);
        vdev_want_kick(&probe.dev, 0);
        virtq_suppress_kicks(&probe.queues[0]);
        assert_memory_equal(ring->desc, before, sizeof before);
        world_reset(&world);
        assert_memory_equal(ring->desc, before, sizeof before);
    }
}

static void vio_split_05_write_flag_of_an_indirect_descriptor_is_ignored(void **state)
{
    struct chain_reader reader;
    unsigned char got[4];

    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    memcpy(world_at(&world, WORLD_DATA_AT), "read", 4);
    put_table(0, WORLD_DATA_AT, 4, 0, 0);
    put_desc(0, WORLD_TABLES_AT, 16, INDIRECT | WRITE, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    assert_int_equal(probe.chain.readable, 1);
    assert_int_equal(probe.chain.writable_bytes.bytes, 0);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, 4), 4);
    assert_memory_equal(got, "read", 4);
}

static void vio_split_06_descriptors_and_then_a_table(void **state)
{
    (void)state;
    for (unsigned direct = 0; direct < ENTRIES; direct++) {
        boot(VIRTIO_F_INDIRECT_DESC);
        for (unsigned i = 0; i < direct; i++) {
            put_desc(i, WORLD_DATA_AT + i, 1, NEXT, i + 1);
        }
        put_table(0, WORLD_DATA_AT + direct, 1, NEXT, 2);
        put_table(2, WORLD_DATA_AT + direct + 1, 1, WRITE, 0);
        put_desc(direct, WORLD_TABLES_AT, 48, INDIRECT, 0);
        put_avail(0, 0);
        set_avail_idx(1);
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.readable, direct + 1);
        assert_int_equal(probe.chain.count, direct + 2);
        probe_push(&probe, 1);
        assert_int_equal(used_idx(), 1);
    }
}

static void vio_split_07_used_event_is_ignored_without_the_feature(void **state)
{
    (void)state;
    boot(0);
    for (unsigned i = 0; i < 3 * ENTRIES; i++) {
        set_used_event(i + 1000);
        turn(i);
        vdev_signal(&probe.dev, 0);
        assert_int_equal(world.raised_used, i + 1);
    }
}

static void vio_split_08_flags_1_no_notification(void **state)
{
    (void)state;
    boot(0);
    driver_put16(ring->driver, 1);
    turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
    assert_int_equal(probe.dev.stats.interrupts_saved, 1);
}

static void vio_split_09_flags_0_a_notification(void **state)
{
    (void)state;
    boot(0);
    turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
    /* And none for nothing. */
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
}

static void vio_split_10_flags_are_ignored_with_event_indices(void **state)
{
    (void)state;
    boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver, 1);
    set_used_event(0);
    turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
}

/* Interrupts over a long run against a plain reading of 2.7.7.2, batches of 1 to 5. */
static void check_event(bool want_missed)
{
    unsigned number = 0;
    unsigned batch = 0;

    boot(VIRTIO_F_EVENT_IDX);
    while (number < 70000) {
        unsigned before = world.raised_used;
        unsigned event = number * 7 / 3 + number / 100;
        unsigned size = 1 + batch++ % 5;
        bool crossed = false;

        set_used_event(event);
        for (unsigned i = 0; i < size; i++) {
            crossed = crossed || (uint16_t)number == (uint16_t)event;
            turn(number++);
        }
        vdev_signal(&probe.dev, 0);
        if (crossed || want_missed) {
            assert_int_equal(world.raised_used - before, crossed);
        }
    }
    assert_true(world.raised_used > 0);
    assert_true(probe.dev.stats.interrupts_saved > 0);
}

static void vio_split_11_the_named_entry_gives_a_notification(void **state)
{
    (void)state;
    check_event(false);
}

static void vio_split_12_other_entries_give_none(void **state)
{
    (void)state;
    check_event(true);
}

static void vio_split_13_length_is_there_before_the_index(void **state)
{
    uint32_t entry[2];

    (void)state;
    boot(0);
    put_desc(3, WORLD_DATA_AT, 100, WRITE, 0);
    put_avail(0, 3);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    memset(ring->device + 4, 0xee, 8);
    assert_int_equal(used_idx(), 0);
    probe_push(&probe, 77);
    memcpy(entry, ring->device + 4, 8);
    assert_int_equal(used_idx(), 1);
    assert_int_equal(entry[0], 3);
    assert_int_equal(entry[1], 77);
}

static void vio_split_14_never_claims_more_than_the_buffer_holds(void **state)
{
    uint32_t entry[2];

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 100, NEXT, 1);
    put_desc(1, WORLD_DATA_AT + 100, 20, WRITE, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 1000);
    memcpy(entry, ring->device + 4, 8);
    assert_int_equal(entry[1], 20);
}

static void vio_split_15_used_flags_are_0_or_1(void **state)
{
    (void)state;
    boot(0);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device), 1);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 0);
    /* A buffer that came while kicks were suppressed is not lost. */
    virtq_suppress_kicks(&probe.queues[0]);
    put_desc(0, WORLD_DATA_AT, 16, 0, 0);
    set_avail_idx(1);
    assert_true(vdev_want_kick(&probe.dev, 0));
}

static void vio_split_16_used_flags_stay_0_with_event_indices(void **state)
{
    (void)state;
    boot(VIRTIO_F_EVENT_IDX);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device), 0);
    turn(0);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 0);
    /* avail_event names the next entry. */
    assert_int_equal(driver_get16(ring->device + 4 + (size_t)8 * ENTRIES), 1);
}

static void vio_split_17_kicks_for_nothing_do_nothing(void **state)
{
    (void)state;
    boot(0);
    for (unsigned i = 0; i < 100; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    }
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET, 0);
    turn(0);
    assert_int_equal(used_idx(), 1);
}

/* What a hostile driver does. */

static void hostile_index_jumps_ahead(void **state)
{
    (void)state;
    boot(0);
    set_avail_idx(ENTRIES + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_index_goes_back(void **state)
{
    (void)state;
    boot(0);
    turn(0);
    turn(1);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_more_in_flight_than_entries(void **state)
{
    struct chain_segment segments[ENTRIES][1];
    struct chain chains[ENTRIES];

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, 0, 0);
    set_avail_idx(ENTRIES);
    for (unsigned i = 0; i < ENTRIES; i++) {
        chain_init(&chains[i], segments[i], 1);
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    set_avail_idx(ENTRIES + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_head_out_of_range(void **state)
{
    (void)state;
    boot(0);
    put_avail(0, ENTRIES);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_HEAD);
    expect_failed(VIRTIO_ERR_HEAD);
    put_avail(1, 0xffff);
    set_avail_idx(2);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_HEAD);
}

static void hostile_next_out_of_range(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, NEXT, ENTRIES);
    expect_refused(VIRTIO_ERR_HEAD);
}

static void hostile_loop(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 1, NEXT, 1);
    put_desc(1, WORLD_DATA_AT, 1, NEXT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_loop_of_empty_descriptors(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, 0, 0, NEXT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_loop_in_a_table(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, 0, 0, NEXT, 1);
    put_table(1, 0, 0, NEXT, 0);
    put_desc(0, WORLD_TABLES_AT, 32, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_table_longer_than_any_chain(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    for (unsigned i = 0; i <= PROBE_ENTRIES; i++) {
        put_table(i, WORLD_DATA_AT, 1, NEXT, i + 1);
    }
    put_desc(0, WORLD_TABLES_AT, 16 * (PROBE_ENTRIES + 2), INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_address_outside(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, 0x1000, 16, 0, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_length_beyond_the_end(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_QUEUES_AT + 0x80000 - 16, 17, WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_length_across_a_hole(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 0x20000000, WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_end_wraps_around(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, UINT64_MAX - 15, 32, WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_total_length_overflows(void **state)
{
    (void)state;
    /* The first element must exist for its length to count: 512 KiB often enough never overflows
     * within the queue size, so the sum is watched before the address. */
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, NEXT, 1);
    put_desc(1, WORLD_DATA_AT, UINT32_MAX, 0, 0);
    expect_refused(VIRTIO_ERR_LENGTH);
}

static void hostile_readable_behind_writable(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, NEXT | WRITE, 1);
    put_desc(1, WORLD_DATA_AT, 16, 0, 0);
    expect_refused(VIRTIO_ERR_ORDER);
}

static void hostile_indirect_without_the_feature(void **state)
{
    (void)state;
    boot(0);
    put_table(0, WORLD_DATA_AT, 16, 0, 0);
    put_desc(0, WORLD_TABLES_AT, 16, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_in_a_table(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_TABLES_AT, 16, INDIRECT, 0);
    put_desc(0, WORLD_TABLES_AT, 16, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_goes_on(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_DATA_AT, 16, 0, 0);
    put_desc(0, WORLD_TABLES_AT, 16, INDIRECT | NEXT, 1);
    put_desc(1, WORLD_DATA_AT, 16, 0, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_odd_length(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_desc(0, WORLD_TABLES_AT, 17, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_no_length(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_desc(0, WORLD_TABLES_AT, 0, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_outside(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_desc(0, 0x1000, 16, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_next_beyond_the_table(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_DATA_AT, 1, NEXT, 2);
    put_desc(0, WORLD_TABLES_AT, 32, INDIRECT, 0);
    expect_refused(VIRTIO_ERR_HEAD);
}

static void hostile_used_ring_is_overwritten(void **state)
{
    (void)state;
    /* Nothing that the device wrote is read back. */
    boot(VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 3 * ENTRIES; i++) {
        memset(ring->device, 0xa5, 4 + 8 * ENTRIES + 2);
        set_used_event(i);
        turn(i);
        assert_int_equal(used_idx(), i + 1);
        vdev_signal(&probe.dev, 0);
        assert_int_equal(world.raised_used, i + 1);
    }
}

static void hostile_descriptor_changes_while_it_is_read(void **state)
{
    (void)state;
    boot(0);
    put_desc(0, WORLD_QUEUES_AT, 16, 0, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    race_pop(&probe, &world, ring->desc, RACE_SPLIT_FLAGS, 0, WRITE);
}

static void hostile_table_changes_while_it_is_read(void **state)
{
    (void)state;
    boot(VIRTIO_F_INDIRECT_DESC);
    put_table(0, WORLD_QUEUES_AT, 16, 0, 0);
    put_desc(0, WORLD_TABLES_AT, 16, INDIRECT, 0);
    put_avail(0, 0);
    set_avail_idx(1);
    race_pop(&probe, &world, ring->tables, RACE_SPLIT_FLAGS, 0, WRITE);
}

static void table_need_not_be_aligned(void **state)
{
    const struct desc desc = { WORLD_DATA_AT, 24, WRITE, 0 };

    (void)state;
    for (unsigned shift = 1; shift < 16; shift++) {
        boot(VIRTIO_F_INDIRECT_DESC);
        memcpy(ring->tables + shift, &desc, 16);
        put_desc(0, WORLD_TABLES_AT + shift, 16, INDIRECT, 0);
        put_avail(0, 0);
        set_avail_idx(1);
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.writable_bytes.bytes, 24);
    }
}

static void a_second_push_changes_nothing(void **state)
{
    (void)state;
    boot(0);
    turn(0);
    probe_push(&probe, 0);
    assert_int_equal(used_idx(), 1);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 1);
}

static void vio_reset_02_a_late_answer_changes_no_byte(void **state)
{
    unsigned char before[0x5000];

    (void)state;
    boot(0);
    put_desc(0, WORLD_DATA_AT, 16, WRITE, 0);
    set_avail_idx(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    world_reset(&world);
    memcpy(before, ring->desc, sizeof before);
    probe_push(&probe, 16);
    vdev_signal(&probe.dev, 0);
    assert_memory_equal(ring->desc, before, sizeof before);
    /* Also when the driver is back, on the same queue. */
    boot(0);
    memcpy(before, ring->desc, sizeof before);
    probe_push(&probe, 16);
    vdev_signal(&probe.dev, 0);
    assert_memory_equal(ring->desc, before, sizeof before);
    assert_int_equal(world.raised_used, 0);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 2);
}

static void completion_in_any_order(void **state)
{
    struct chain_segment segments[4][1];
    struct chain chains[4];
    static const unsigned order[4] = { 2, 0, 3, 1 };

    (void)state;
    boot(0);
    for (unsigned i = 0; i < 4; i++) {
        put_desc(i, WORLD_DATA_AT, 16, WRITE, 0);
        put_avail(i, i);
        chain_init(&chains[i], segments[i], 1);
    }
    set_avail_idx(4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    for (unsigned i = 0; i < 4; i++) {
        vdev_push(&probe.dev, 0, &chains[order[i]], order[i]);
        assert_int_equal(driver_get16(ring->device + 4 + (size_t)8 * i), order[i]);
        assert_int_equal(driver_get16(ring->device + 8 + (size_t)8 * i), order[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_split_01_any_arrangement_of_descriptors),
        T(vio_split_02_readable_buffers_are_never_written),
        T(vio_split_03_writable_buffers_are_not_read),
        T(vio_split_04_the_descriptor_table_is_never_written),
        T(vio_split_05_write_flag_of_an_indirect_descriptor_is_ignored),
        T(vio_split_06_descriptors_and_then_a_table),
        T(vio_split_07_used_event_is_ignored_without_the_feature),
        T(vio_split_08_flags_1_no_notification),
        T(vio_split_09_flags_0_a_notification),
        T(vio_split_10_flags_are_ignored_with_event_indices),
        T(vio_split_11_the_named_entry_gives_a_notification),
        T(vio_split_12_other_entries_give_none),
        T(vio_split_13_length_is_there_before_the_index),
        T(vio_split_14_never_claims_more_than_the_buffer_holds),
        T(vio_split_15_used_flags_are_0_or_1),
        T(vio_split_16_used_flags_stay_0_with_event_indices),
        T(vio_split_17_kicks_for_nothing_do_nothing),
        T(vio_reset_02_a_late_answer_changes_no_byte),
        T(hostile_index_jumps_ahead),
        T(hostile_index_goes_back),
        T(hostile_more_in_flight_than_entries),
        T(hostile_head_out_of_range),
        T(hostile_next_out_of_range),
        T(hostile_loop),
        T(hostile_loop_of_empty_descriptors),
        T(hostile_loop_in_a_table),
        T(hostile_table_longer_than_any_chain),
        T(hostile_address_outside),
        T(hostile_length_beyond_the_end),
        T(hostile_length_across_a_hole),
        T(hostile_end_wraps_around),
        T(hostile_total_length_overflows),
        T(hostile_readable_behind_writable),
        T(hostile_indirect_without_the_feature),
        T(hostile_indirect_in_a_table),
        T(hostile_indirect_goes_on),
        T(hostile_table_of_odd_length),
        T(hostile_table_of_no_length),
        T(hostile_table_outside),
        T(hostile_next_beyond_the_table),
        T(hostile_used_ring_is_overwritten),
        T(hostile_descriptor_changes_while_it_is_read),
        T(hostile_table_changes_while_it_is_read),
        T(table_need_not_be_aligned),
        T(a_second_push_changes_nothing),
        T(completion_in_any_order),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
