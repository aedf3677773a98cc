/* SPDX-License-Identifier: BSD-2-Clause */
/* What a hostile driver does with a packed ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packed_rig.h"
#include "virtio_race.h"

/* The next buffer is refused, the device has failed for this reason, and can be revived. */
static void expect_refused(enum virtio_error error)
{
    assert_int_equal(probe_pop(&probe), error);
    assert_false(probe.chain.in_flight);
    probe_rig_expect_failed(error);
    packed_rig_boot(0);
    packed_rig_turn(0);
    assert_int_equal(packed_rig_seen(0).flags, packed_rig_used(0));
}

static void hostile_list_goes_on_in_what_is_not_available(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_NEXT, 0);
    expect_refused(VIRTIO_ERR_PARTIAL);
}

static void hostile_list_without_an_end(void **state)
{
    (void)state;
    packed_rig_boot(0);
    for (unsigned i = 0; i < PACKED_RIG_ENTRIES; i++) {
        packed_rig_desc(i, WORLD_DATA_AT, 1, packed_rig_available(i) | VIRTIO_DESC_NEXT, 0);
    }
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_address_outside(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, 0x1000, 16, packed_rig_available(0), 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_end_wraps_around(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, UINT64_MAX - 7, 16, packed_rig_available(0), 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_total_length_overflows(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_NEXT, 0);
    packed_rig_desc(1, WORLD_DATA_AT, UINT32_MAX, packed_rig_available(1), 0);
    expect_refused(VIRTIO_ERR_LENGTH);
}

static void hostile_readable_behind_writable(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_DATA_AT, 16,
                    packed_rig_available(0) | VIRTIO_DESC_NEXT | VIRTIO_DESC_WRITE, 0);
    packed_rig_desc(1, WORLD_DATA_AT, 16, packed_rig_available(1), 0);
    expect_refused(VIRTIO_ERR_ORDER);
}

static void hostile_indirect_without_the_feature(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_table(0, WORLD_DATA_AT, 16, 0);
    packed_rig_desc(0, WORLD_TABLES_AT, 16, packed_rig_available(0) | VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_in_a_list(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_table(0, WORLD_DATA_AT, 16, 0);
    packed_rig_desc(0, WORLD_DATA_AT, 16, packed_rig_available(0) | VIRTIO_DESC_NEXT, 0);
    packed_rig_desc(1, WORLD_TABLES_AT, 16, packed_rig_available(1) | VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_indirect_goes_on(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_table(0, WORLD_DATA_AT, 16, 0);
    packed_rig_desc(0, WORLD_TABLES_AT, 16,
                    packed_rig_available(0) | VIRTIO_DESC_INDIRECT | VIRTIO_DESC_NEXT, 0);
    packed_rig_desc(1, WORLD_DATA_AT, 16, packed_rig_available(1), 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_of_odd_length(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_desc(0, WORLD_TABLES_AT, 24, packed_rig_available(0) | VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_INDIRECT);
}

static void hostile_table_longer_than_any_chain(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_desc(0, WORLD_TABLES_AT, 16 * (PROBE_ENTRIES + 1),
                    packed_rig_available(0) | VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_CHAIN);
}

static void hostile_table_with_a_bad_address(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_table(0, 0x1000, 16, 0);
    packed_rig_desc(0, WORLD_TABLES_AT, 16, packed_rig_available(0) | VIRTIO_DESC_INDIRECT, 0);
    expect_refused(VIRTIO_ERR_ADDRESS);
}

static void hostile_used_descriptors_are_overwritten(void **state)
{
    (void)state;
    packed_rig_boot(0);
    for (unsigned i = 0; i < 5 * PACKED_RIG_ENTRIES; i++) {
        packed_rig_turn(i);
        memset(ring->desc + (size_t)16 * (i % PACKED_RIG_ENTRIES), 0xa5, 16);
        memset(ring->device, 0xa5, 4);
    }
    assert_int_equal(world.reports, 0);
}

static void hostile_event_outside_the_ring(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_EVENT_IDX);
    driver_put16(ring->driver + 2, VIRTIO_EVENT_DESC);
    for (unsigned i = 0; i < 4 * PACKED_RIG_ENTRIES; i++) {
        driver_put16(ring->driver, 0x7fff);
        packed_rig_turn(i);
        vdev_signal(&probe.dev, 0);
    }
    assert_int_equal(world.raised_used, 0);
}

static void hostile_descriptor_changes_while_it_is_read(void **state)
{
    (void)state;
    packed_rig_boot(0);
    packed_rig_desc(0, WORLD_QUEUES_AT, 16, packed_rig_available(0), 0);
    race_pop(&probe, &world, ring->desc, RACE_PACKED_FLAGS, VIRTIO_DESC_AVAIL,
             VIRTIO_DESC_AVAIL | VIRTIO_DESC_WRITE);
}

static void hostile_table_changes_while_it_is_read(void **state)
{
    (void)state;
    packed_rig_boot(VIRTIO_F_INDIRECT_DESC);
    packed_rig_table(0, WORLD_QUEUES_AT, 16, 0);
    packed_rig_desc(0, WORLD_TABLES_AT, 16, packed_rig_available(0) | VIRTIO_DESC_INDIRECT, 0);
    race_pop(&probe, &world, ring->tables, RACE_PACKED_FLAGS, 0, VIRTIO_DESC_WRITE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
