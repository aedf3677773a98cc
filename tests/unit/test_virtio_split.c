/* SPDX-License-Identifier: BSD-2-Clause */
/* Split rings (2.7): the clauses that bind a device, and its answers in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "split_rig.h"

static void vio_split_01_any_arrangement_of_descriptors(void **state)
{
    static const char text[] = "header and data and more";
    const unsigned total = sizeof text;

    (void)state;
    /* Every division into two parts reads as the same bytes. */
    for (unsigned cut = 1; cut < total; cut++) {
        struct chain_reader reader;
        char got[sizeof text];

        split_rig_boot(0);
        memcpy(world_at(&world, WORLD_DATA_AT), text, cut);
        memcpy(world_at(&world, WORLD_SECOND_AT), text + cut, total - cut);
        split_rig_desc(0, WORLD_DATA_AT, cut, VIRTIO_DESC_NEXT, 5);
        split_rig_desc(5, WORLD_SECOND_AT, total - cut, 0, 0);
        split_rig_avail(0, 0);
        split_rig_publish(1);
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
    split_rig_boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 0x55, 64);
    split_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT + 32, 8, VIRTIO_DESC_WRITE, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
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
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 4, VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT + 32, 8, VIRTIO_DESC_WRITE, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    reader = chain_reader(&probe.chain);
    assert_int_equal(chain_read(&reader, got, sizeof got), 4);
}

static void vio_split_04_the_descriptor_table_is_never_written(void **state)
{
    unsigned char before[16 * SPLIT_RIG_ENTRIES];

    (void)state;
    for (unsigned features = 0; features < 2; features++) {
        split_rig_boot(features != 0 ? VIRTIO_F_EVENT_IDX : 0);
        for (unsigned i = 0; i < SPLIT_RIG_ENTRIES; i++) {
            split_rig_desc(i, WORLD_DATA_AT + 64ULL * i, 64,
                           i % 2 != 0 ? VIRTIO_DESC_WRITE : VIRTIO_DESC_NEXT, i + 1);
        }
        memcpy(before, ring->desc, sizeof before);
        for (unsigned i = 0; i < SPLIT_RIG_ENTRIES; i += 2) {
            split_rig_avail(i / 2, i);
        }
        split_rig_publish(SPLIT_RIG_ENTRIES / 2);
        for (unsigned i = 0; i < SPLIT_RIG_ENTRIES / 2; i++) {
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
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    memcpy(world_at(&world, WORLD_DATA_AT), "read", 4);
    split_rig_table(0, WORLD_DATA_AT, 4, 0, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT | VIRTIO_DESC_WRITE, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
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
    for (unsigned direct = 0; direct < SPLIT_RIG_ENTRIES; direct++) {
        split_rig_boot(VIRTIO_F_INDIRECT_DESC);
        for (unsigned i = 0; i < direct; i++) {
            split_rig_desc(i, WORLD_DATA_AT + i, 1, VIRTIO_DESC_NEXT, i + 1);
        }
        split_rig_table(0, WORLD_DATA_AT + direct, 1, VIRTIO_DESC_NEXT, 2);
        split_rig_table(2, WORLD_DATA_AT + direct + 1, 1, VIRTIO_DESC_WRITE, 0);
        split_rig_desc(direct, WORLD_TABLES_AT, 48, VIRTIO_DESC_INDIRECT, 0);
        split_rig_avail(0, 0);
        split_rig_publish(1);
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.readable, direct + 1);
        assert_int_equal(probe.chain.count, direct + 2);
        probe_push(&probe, 1);
        assert_int_equal(split_rig_used(), 1);
    }
}

static void vio_split_07_used_event_is_ignored_without_the_feature(void **state)
{
    (void)state;
    split_rig_boot(0);
    for (unsigned i = 0; i < 3 * SPLIT_RIG_ENTRIES; i++) {
        split_rig_used_event(i + 1000);
        split_rig_turn(i);
        vdev_signal(&probe.dev, 0);
        assert_int_equal(world.raised_used, i + 1);
    }
}

static void vio_split_08_flags_1_no_notification(void **state)
{
    (void)state;
    split_rig_boot(0);
    driver_put16(ring->driver, 1);
    split_rig_turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
    assert_int_equal(probe.dev.stats.interrupts_saved, 1);
}

static void vio_split_09_flags_0_a_notification(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
    /* And none for nothing. */
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
}

static void vio_split_10_flags_are_ignored_with_event_indices(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver, 1);
    split_rig_used_event(0);
    split_rig_turn(0);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 1);
}

/* Interrupts over a long run against a plain reading of 2.7.7.2, batches of 1 to 5. */
static void check_event(bool want_missed)
{
    unsigned number = 0;
    unsigned batch = 0;

    split_rig_boot(VIRTIO_F_EVENT_IDX);
    while (number < 70000) {
        unsigned before = world.raised_used;
        unsigned event = number * 7 / 3 + number / 100;
        unsigned size = 1 + batch++ % 5;
        bool crossed = false;

        split_rig_used_event(event);
        for (unsigned i = 0; i < size; i++) {
            crossed = crossed || (uint16_t)number == (uint16_t)event;
            split_rig_turn(number++);
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
    split_rig_boot(0);
    split_rig_desc(3, WORLD_DATA_AT, 100, VIRTIO_DESC_WRITE, 0);
    split_rig_avail(0, 3);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    memset(ring->device + 4, 0xee, 8);
    assert_int_equal(split_rig_used(), 0);
    probe_push(&probe, 77);
    memcpy(entry, ring->device + 4, 8);
    assert_int_equal(split_rig_used(), 1);
    assert_int_equal(entry[0], 3);
    assert_int_equal(entry[1], 77);
}

static void vio_split_14_never_claims_more_than_the_buffer_holds(void **state)
{
    uint32_t entry[2];

    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 100, VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT + 100, 20, VIRTIO_DESC_WRITE, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 1000);
    memcpy(entry, ring->device + 4, 8);
    assert_int_equal(entry[1], 20);
}

static void vio_split_15_used_flags_are_0_or_1(void **state)
{
    (void)state;
    split_rig_boot(0);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device), 1);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 0);
    /* A buffer that came while kicks were suppressed is not lost. */
    virtq_suppress_kicks(&probe.queues[0]);
    split_rig_desc(0, WORLD_DATA_AT, 16, 0, 0);
    split_rig_publish(1);
    assert_true(vdev_want_kick(&probe.dev, 0));
}

static void vio_split_16_used_flags_stay_0_with_event_indices(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_EVENT_IDX);
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(driver_get16(ring->device), 0);
    split_rig_turn(0);
    assert_false(vdev_want_kick(&probe.dev, 0));
    assert_int_equal(driver_get16(ring->device), 0);
    /* avail_event names the next entry. */
    assert_int_equal(driver_get16(ring->device + 4 + (size_t)8 * SPLIT_RIG_ENTRIES), 1);
}

static void vio_split_17_kicks_for_nothing_do_nothing(void **state)
{
    (void)state;
    split_rig_boot(0);
    for (unsigned i = 0; i < 100; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    }
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET, 0);
    split_rig_turn(0);
    assert_int_equal(split_rig_used(), 1);
}

static void table_need_not_be_aligned(void **state)
{
    const struct split_rig_desc desc = { WORLD_DATA_AT, 24, VIRTIO_DESC_WRITE, 0 };

    (void)state;
    for (unsigned shift = 1; shift < 16; shift++) {
        split_rig_boot(VIRTIO_F_INDIRECT_DESC);
        memcpy(ring->tables + shift, &desc, 16);
        split_rig_desc(0, WORLD_TABLES_AT + shift, 16, VIRTIO_DESC_INDIRECT, 0);
        split_rig_avail(0, 0);
        split_rig_publish(1);
        assert_int_equal(probe_pop(&probe), VIRTIO_OK);
        assert_int_equal(probe.chain.writable_bytes.bytes, 24);
    }
}

static void a_second_push_changes_nothing(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_turn(0);
    probe_push(&probe, 0);
    assert_int_equal(split_rig_used(), 1);
    assert_int_equal(probe.dev.stats.errors[VIRTIO_ERR_STALE], 1);
}

static void vio_reset_02_a_late_answer_changes_no_byte(void **state)
{
    unsigned char before[0x5000];

    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_WRITE, 0);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    world_reset(&world);
    memcpy(before, ring->desc, sizeof before);
    probe_push(&probe, 16);
    vdev_signal(&probe.dev, 0);
    assert_memory_equal(ring->desc, before, sizeof before);
    /* Also when the driver is back, on the same queue. */
    split_rig_boot(0);
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
    split_rig_boot(0);
    for (unsigned i = 0; i < 4; i++) {
        split_rig_desc(i, WORLD_DATA_AT, 16, VIRTIO_DESC_WRITE, 0);
        split_rig_avail(i, i);
        chain_init(&chains[i], segments[i], 1);
    }
    split_rig_publish(4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    for (unsigned i = 0; i < 4; i++) {
        vdev_push(&probe.dev, 0, &chains[order[i]], order[i]);
        assert_int_equal(driver_get16(ring->device + 4 + (size_t)8 * i), order[i]);
        assert_int_equal(driver_get16(ring->device + 8 + (size_t)8 * i), order[i]);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

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
        T(table_need_not_be_aligned),
        T(a_second_push_changes_nothing),
        T(completion_in_any_order),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
