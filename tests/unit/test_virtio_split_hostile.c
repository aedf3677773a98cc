/* SPDX-License-Identifier: BSD-2-Clause */
/* What a hostile driver does with a split ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "split_rig.h"
#include "virtio_race.h"

/* The device has failed, for this reason, and can be revived. */
static void expect_failed(enum virtio_error error)
{
    probe_rig_expect_failed(error);
    split_rig_boot(0);
    split_rig_turn(0);
    assert_int_equal(split_rig_used(), 1);
}

/* Make descriptor 0 available and expect an error. */
static void expect_refused(enum virtio_error error)
{
    split_rig_avail(0, 0);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), error);
    assert_false(probe.chain.in_flight);
    expect_failed(error);
}

static void hostile_index_jumps_ahead(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_publish(SPLIT_RIG_ENTRIES + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_index_goes_back(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_turn(0);
    split_rig_turn(1);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_more_in_flight_than_entries(void **state)
{
    struct chain_segment segments[SPLIT_RIG_ENTRIES][1];
    struct chain chains[SPLIT_RIG_ENTRIES];

    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 16, 0, 0);
    split_rig_publish(SPLIT_RIG_ENTRIES);
    for (unsigned i = 0; i < SPLIT_RIG_ENTRIES; i++) {
        chain_init(&chains[i], segments[i], 1);
        assert_int_equal(vdev_pop(&probe.dev, 0, &chains[i]), VIRTIO_OK);
    }
    split_rig_publish(SPLIT_RIG_ENTRIES + 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_INDEX);
    expect_failed(VIRTIO_ERR_INDEX);
}

static void hostile_head_out_of_range(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_avail(0, SPLIT_RIG_ENTRIES);
    split_rig_publish(1);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_HEAD);
    expect_failed(VIRTIO_ERR_HEAD);
    split_rig_avail(1, 0xffff);
    split_rig_publish(2);
    assert_int_equal(probe_pop(&probe), VIRTIO_ERR_HEAD);
}

static void hostile_next_out_of_range(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_NEXT, SPLIT_RIG_ENTRIES);
    expect_refused(VIRTIO_ERR_HEAD);
}

static void hostile_loop(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 1, VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT, 1, VIRTIO_DESC_NEXT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_loop_of_empty_descriptors(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, 0, 0, VIRTIO_DESC_NEXT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_loop_in_a_table(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_table(0, 0, 0, VIRTIO_DESC_NEXT, 1);
    split_rig_table(1, 0, 0, VIRTIO_DESC_NEXT, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 32, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_table_longer_than_any_chain(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    for (unsigned i = 0; i <= PROBE_ENTRIES; i++) {
        split_rig_table(i, WORLD_DATA_AT, 1, VIRTIO_DESC_NEXT, i + 1);
    }
    split_rig_desc(0, WORLD_TABLES_AT, 16 * (PROBE_ENTRIES + 2), VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_address_outside(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, 0x1000, 16, 0, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_length_beyond_the_end(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_QUEUES_AT + 0x80000 - 16, 17, VIRTIO_DESC_WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_length_across_a_hole(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 0x20000000, VIRTIO_DESC_WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_end_wraps_around(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, UINT64_MAX - 15, 32, VIRTIO_DESC_WRITE, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_total_length_overflows(void **state)
{
    (void)state;
    /* The first element must exist for its length to count: 512 KiB often enough never overflows
     * within the queue size, so the sum is watched before the address. */
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT, UINT32_MAX, 0, 0);
    expect_refused(VIRTIO_ERR_LENGTH);
}

static void hostile_readable_behind_writable(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_DATA_AT, 16, VIRTIO_DESC_NEXT | VIRTIO_DESC_WRITE, 1);
    split_rig_desc(1, WORLD_DATA_AT, 16, 0, 0);
    expect_refused(VIRTIO_ERR_ORDER);
}

static void hostile_indirect_without_the_feature(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_table(0, WORLD_DATA_AT, 16, 0, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_in_a_table(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_table(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_goes_on(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_table(0, WORLD_DATA_AT, 16, 0, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT | VIRTIO_DESC_NEXT, 1);
    split_rig_desc(1, WORLD_DATA_AT, 16, 0, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_odd_length(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_desc(0, WORLD_TABLES_AT, 17, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_no_length(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_desc(0, WORLD_TABLES_AT, 0, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_outside(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_desc(0, 0x1000, 16, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_next_beyond_the_table(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_table(0, WORLD_DATA_AT, 1, VIRTIO_DESC_NEXT, 2);
    split_rig_desc(0, WORLD_TABLES_AT, 32, VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_HEAD);
}

static void hostile_used_ring_is_overwritten(void **state)
{
    (void)state;
    /* Nothing that the device wrote is read back. */
    split_rig_boot(VIRTIO_F_EVENT_IDX);
    for (unsigned i = 0; i < 3 * SPLIT_RIG_ENTRIES; i++) {
        memset(ring->device, 0xa5, 4 + 8 * SPLIT_RIG_ENTRIES + 2);
        split_rig_used_event(i);
        split_rig_turn(i);
        assert_int_equal(split_rig_used(), i + 1);
        vdev_signal(&probe.dev, 0);
        assert_int_equal(world.raised_used, i + 1);
    }
}

static void hostile_descriptor_changes_while_it_is_read(void **state)
{
    (void)state;
    split_rig_boot(0);
    split_rig_desc(0, WORLD_QUEUES_AT, 16, 0, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
    race_pop(&probe, &world, ring->desc, RACE_SPLIT_FLAGS, 0, VIRTIO_DESC_WRITE);
}

static void hostile_table_changes_while_it_is_read(void **state)
{
    (void)state;
    split_rig_boot(VIRTIO_F_INDIRECT_DESC);
    split_rig_table(0, WORLD_QUEUES_AT, 16, 0, 0);
    split_rig_desc(0, WORLD_TABLES_AT, 16, VIRTIO_DESC_INDIRECT, 0);
    split_rig_avail(0, 0);
    split_rig_publish(1);
    race_pop(&probe, &world, ring->tables, RACE_SPLIT_FLAGS, 0, VIRTIO_DESC_WRITE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
