/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/ring/ring.h"

#define BYTES (RING_HEADER + 8 * sizeof(struct ring_slot))

static struct ring_memory *memory;
static struct ring producer;
static struct ring consumer;

static int setup(void **state)
{
    (void)state;
    /* A heap block of its own, so that the sanitizer sees every byte outside. */
    memory = aligned_alloc(RING_ALIGN, (BYTES + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN);
    assert_non_null(memory);
    memset(memory, 0, BYTES);
    assert_int_equal(ring_open_producer(&producer, memory, BYTES), RING_OK);
    assert_int_equal(ring_open_consumer(&consumer, memory, BYTES), RING_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void put(uint64_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct ring_slot slot = { { first + i, ~(first + i) } };

        ring_put(&producer, &slot, 1);
    }
}

static void take(uint64_t first, uint32_t count)
{
    struct ring_slot slots[8];

    ring_peek(&consumer, 0, slots, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(slots[i].words[0], first + i);
        assert_int_equal(slots[i].words[1], ~(first + i));
    }
    ring_drop(&consumer, count);
}

static void sizes(void **state)
{
    struct ring ring;

    (void)state;
    assert_int_equal(ring_slots(RING_HEADER + 63), 0);
    assert_int_equal(ring_slots(RING_HEADER + 64), 4);
    assert_int_equal(ring_slots(0x1000), 128);
    assert_int_equal(ring_slots(SIZE_MAX), RING_MAX_SLOTS);
    assert_int_equal(ring_open_producer(&ring, memory, RING_HEADER), RING_TOO_SMALL);
    assert_int_equal(ring_open_consumer(&ring, (char *)memory + 8, BYTES - 8), RING_UNALIGNED);
}

static void slots_come_in_order_and_around_the_end(void **state)
{
    uint64_t sent = 0;
    uint64_t taken = 0;

    (void)state;
    for (unsigned int i = 0; i < 100; i++) {
        uint32_t count = 1 + i % 8;

        assert_int_equal(ring_space(&producer), 8);
        put(sent, count);
        /* Not shown before it is published. */
        assert_int_equal(ring_available(&consumer), 0);
        ring_publish(&producer);
        sent += count;
        assert_int_equal(ring_available(&consumer), count);
        take(taken, count);
        taken += count;
        /* Nor is its room given back before it is released. */
        assert_int_equal(ring_space(&producer), 8 - count);
        ring_release(&consumer);
    }
}

static void a_signal_is_asked_for_once(void **state)
{
    (void)state;
    assert_true(ring_wait_data(&consumer));
    put(0, 1);
    ring_publish(&producer);
    assert_true(ring_signal_data(&producer));
    assert_false(ring_signal_data(&producer));
    /* There are slots: who asks now must not wait. */
    assert_false(ring_wait_data(&consumer));
    put(1, 7);
    ring_publish(&producer);
    assert_true(ring_wait_space(&producer, 1));
    assert_int_equal(ring_available(&consumer), 8);
    take(0, 3);
    ring_release(&consumer);
    assert_true(ring_signal_space(&consumer));
    assert_false(ring_signal_space(&consumer));
    assert_false(ring_wait_space(&producer, 3));
    assert_true(ring_wait_space(&producer, 4));
}

static void a_peer_that_breaks_its_position_harms_nobody(void **state)
{
    (void)state;
    for (uint64_t wrong = 9; wrong < (1ULL << 32); wrong = wrong * 5 + 1) {
        uint32_t position = consumer.position;
        uint32_t broken = consumer.broken;

        memory->produced = (memory->produced & ~0xffffffffULL) | (uint32_t)(position + wrong);
        assert_int_equal(ring_available(&consumer), 0);
        assert_int_equal(consumer.broken, broken + 1);
    }
    assert_int_equal(ring_open_producer(&producer, memory, BYTES), RING_OK);
    for (uint64_t wrong = 1; wrong < (1ULL << 31); wrong = wrong * 5 + 1) {
        memory->consumed = (uint32_t)(producer.position + wrong);
        assert_int_equal(ring_space(&producer), 0);
        memory->consumed = (uint32_t)(producer.position - wrong - 8);
        assert_int_equal(ring_space(&producer), 0);
    }
}

static void a_side_that_starts_again_goes_on(void **state)
{
    uint32_t epoch;

    (void)state;
    put(0, 3);
    ring_publish(&producer);
    (void)ring_available(&consumer);
    epoch = ring_peer_epoch(&consumer);
    assert_int_equal(ring_open_producer(&producer, memory, BYTES), RING_OK);
    assert_int_equal(ring_available(&consumer), 3);
    assert_int_equal(ring_peer_epoch(&consumer), epoch + 1);
    take(0, 2);
    ring_release(&consumer);
    assert_int_equal(ring_open_consumer(&consumer, memory, BYTES), RING_OK);
    assert_int_equal(ring_available(&consumer), 1);
    take(2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_come_in_order_and_around_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signal_is_asked_for_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_breaks_its_position_harms_nobody, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_side_that_starts_again_goes_on, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
