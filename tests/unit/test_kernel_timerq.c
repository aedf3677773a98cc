/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer queue against a list that is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "timerq.h"

#define ENTRIES TIMERQ_CAPACITY

static struct timerq queue;
static struct timerq_entry entries[ENTRIES];

static int setup(void **state)
{
    (void)state;
    memset(&queue, 0, sizeof(queue));
    queue.deadline = UINT64_MAX;
    memset(entries, 0, sizeof(entries));
    return 0;
}

/** The queue has what the entries say, in heap order; its first is the earliest of all. */
static void expect_consistent(void)
{
    uint64_t earliest = UINT64_MAX;
    uint32_t queued = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (entries[i].slot != 0) {
            assert_in_range(entries[i].slot, 1, queue.count);
            assert_ptr_equal(queue.heap[entries[i].slot], &entries[i]);
            earliest = entries[i].deadline < earliest ? entries[i].deadline : earliest;
            queued++;
        }
    }
    assert_int_equal(queued, queue.count);
    assert_int_equal(queue.deadline, earliest);
    if (queued == 0) {
        assert_null(timerq_first(&queue));
    } else {
        assert_int_equal(timerq_first(&queue)->deadline, earliest);
    }
}

static void test_empty(void **state)
{
    (void)state;
    assert_null(timerq_first(&queue));
    timerq_cancel(&queue, &entries[0]);
    expect_consistent();
}

static void test_moves_a_queued_entry(void **state)
{
    (void)state;
    timerq_set(&queue, &entries[0], 10);
    timerq_set(&queue, &entries[1], 20);
    timerq_set(&queue, &entries[0], 30);
    assert_int_equal(queue.count, 2);
    assert_ptr_equal(timerq_first(&queue), &entries[1]);
    timerq_set(&queue, &entries[0], 5);
    assert_ptr_equal(timerq_first(&queue), &entries[0]);
    expect_consistent();
}

static void test_drains_in_order(void **state)
{
    (void)state;
    srand(1);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        timerq_set(&queue, &entries[i], (uint64_t)rand() % 100);
    }
    expect_consistent();
    uint64_t last = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct timerq_entry *first = timerq_first(&queue);
        assert_true(first->deadline >= last);
        last = first->deadline;
        timerq_cancel(&queue, first);
        assert_int_equal(first->slot, 0);
    }
    assert_null(timerq_first(&queue));
}

static void test_random_operations(void **state)
{
    (void)state;
    srand(2);
    for (uint32_t i = 0; i < 20000; i++) {
        struct timerq_entry *entry = &entries[(uint32_t)rand() % ENTRIES];
        if (rand() % 3 == 0) {
            timerq_cancel(&queue, entry);
            assert_int_equal(entry->slot, 0);
        } else {
            uint64_t deadline = rand() % 50 == 0 ? UINT64_MAX : (uint64_t)rand() % 1000;
            timerq_set(&queue, entry, deadline);
            assert_int_equal(entry->deadline, deadline);
        }
        expect_consistent();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, setup),
        cmocka_unit_test_setup(test_moves_a_queued_entry, setup),
        cmocka_unit_test_setup(test_drains_in_order, setup),
        cmocka_unit_test_setup(test_random_operations, setup),
    };
    return cmocka_run_group_tests_name("kernel_timerq", tests, NULL, NULL);
}
