/* SPDX-License-Identifier: BSD-2-Clause */
/* The block virtualiser and time: deadlines of requests, and limits of clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block_rig.h"

#define MS 1000000ull
#define SECOND 1000000000ull

static void a_request_that_is_late_is_ended(void **state)
{
    struct block_work work;
    uint64_t word;
    uint32_t late;
    uint32_t good;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100 ro", "whole",
                              "timer 1\ndeadline 30\n");
    block_rig_start();
    block_rig.now = 1000000;
    late = block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    assert_int_equal(block_rig_serve().deadline, 31000000);
    block_rig_drive();
    block_rig.now = 11000000;
    good = block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    work = block_rig_serve();
    assert_int_equal(work.deadline, 31000000);
    block_rig_drive();
    block_rig.now = 30999999;
    (void)block_rig_serve();
    assert_false(block_server_quiesce(&block_rig.driver, &word));
    block_rig.now = 31000000;
    assert_true(block_rig_serve().device);
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    assert_int_equal(block_server_owner(word), 1);
    block_rig_answer(0, BLOCK_ABORTED, 0);
    block_server_quiet(&block_rig.driver, word);
    (void)block_rig_serve();
    block_rig_expect(0, late, BLOCK_LATE);
    block_rig_finish(1, BLOCK_DONE, 512);
    block_rig_expect(2, good, BLOCK_DONE);
    /* The client goes on. */
    block_rig.taken_count = 0;
    (void)block_rig_ask(0, BLOCK_READ, 1, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
}

static void each_request_has_its_own_deadline(void **state)
{
    uint32_t tags[4];
    uint64_t word;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\ndeadline 10\n");
    block_rig_start();
    /* One every millisecond, and the second and the last are answered. */
    for (unsigned int i = 0; i < 4; i++) {
        block_rig.now = i * MS;
        tags[i] = block_rig_ask(i % 2, BLOCK_READ, 0, 0, 512);
        assert_int_equal(block_rig_serve().deadline, 10 * MS);
    }
    block_rig_drive();
    block_rig_answer(1, BLOCK_DONE, 512);
    block_rig_answer(3, BLOCK_DONE, 512);
    assert_int_equal(block_rig_serve().deadline, 10 * MS);
    block_rig_answer(0, BLOCK_DONE, 512);
    assert_int_equal(block_rig_serve().deadline, 12 * MS);
    block_rig.now = 12 * MS - 1;
    assert_int_equal(block_rig_serve().deadline, 12 * MS);
    assert_false(block_server_quiesce(&block_rig.driver, &word));
    block_rig.now = 12 * MS;
    assert_int_equal(block_rig_serve().deadline, BLOCK_NEVER);
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    assert_int_equal(block_server_owner(word), 1);
    /* While the driver has not let go of it, the other client's requests go on. */
    block_rig.taken_count = 0;
    (void)block_rig_ask(1, BLOCK_WRITE, 5, 0, 512);
    assert_int_equal(block_rig_serve().deadline, 22 * MS);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_expect(0, tags[0], BLOCK_DONE);
    block_rig_expect_none(0);
    block_server_quiet(&block_rig.driver, word);
    (void)block_rig_serve();
    block_rig_expect(0, tags[2], BLOCK_LATE);
    block_rig_expect(1, tags[1], BLOCK_DONE);
    block_rig_expect(1, tags[3], BLOCK_DONE);
    assert_int_equal(block_rig.virtualiser.clients[0].stats.statuses[BLOCK_LATE], 1);
}

static void a_partition_table_that_never_comes(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("partition:1", "extent:5000:100", "whole", "timer 1\ndeadline 10\n");
    block_rig_start();
    assert_int_equal(block_rig_serve().deadline, 10 * MS);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_UNKNOWN);
    block_rig.now = 10 * MS;
    assert_int_equal(block_rig_serve().clients, 7);
    assert_int_equal(block_rig.complaints, 1);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_THERE);
    /* It comes after all. */
    block_rig_finish(0, BLOCK_DONE, 512);
    assert_int_equal(block_rig.complaints, 1);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
}

/* Client 0 keeps `ahead` requests waiting, and the driver answers at once; how many are done? */
static unsigned int flood(uint8_t kind, uint64_t bytes, unsigned int ahead, uint64_t until)
{
    unsigned int done = 0;
    struct block_answer got;

    while (block_rig.now < until) {
        struct block_work work;

        while (block_client_in_flight(&block_rig.clients[0]) < ahead) {
            (void)block_rig_put(0, kind, 0, 0, bytes);
        }
        block_rig_publish(0);
        block_rig.taken_count = 0;
        work = block_rig_serve();
        block_rig_drive();
        for (unsigned int i = 0; i < block_rig.taken_count; i++) {
            block_rig_answer(i, BLOCK_DONE, bytes);
        }
        (void)block_rig_serve();
        while (block_client_take(&block_rig.clients[0], &got)) {
            assert_int_equal(got.status, BLOCK_DONE);
            done++;
        }
        /* It is said when to come back, and that is not now. */
        assert_true(work.deadline > block_rig.now);
        if (block_rig.taken_count == 0) {
            block_rig.now = work.deadline < until ? work.deadline : until;
        }
    }
    /* Those that still wait are withdrawn. */
    block_client_quiesce(&block_rig.clients[0], 0);
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    while (block_client_take(&block_rig.clients[0], &got)) {
        assert_int_equal(got.status, BLOCK_ABORTED);
    }
    return done;
}

static void operations_a_second(void **state)
{
    unsigned int done;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\nlimit left 0 200\n");
    block_rig_start();
    block_rig.now = 7 * SECOND;
    done = flood(BLOCK_READ, 4096, 8, 17 * SECOND);
    /* 200 a second, and what the full bucket had. */
    assert_in_range(done, 2000, 2000 + 200 / 10 + 1);
    assert_true(block_rig.virtualiser.clients[0].stats.held > 0);
    /* Flushes are operations, too. */
    done = flood(BLOCK_FLUSH, 0, 8, 18 * SECOND);
    assert_in_range(done, 199, 201);
}

static void bytes_a_second(void **state)
{
    unsigned int done;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\nlimit left 1000000 0\n");
    block_rig_start();
    done = flood(BLOCK_WRITE, 0x10000, 8, 10 * SECOND);
    assert_in_range(done, 10000000 / 0x10000, 10100000 / 0x10000 + 1);
    /* What moves no data is not held by it. */
    block_rig.now = 20 * SECOND;
    for (unsigned int i = 0; i < BLOCK_WINDOW; i++) {
        (void)block_rig_put(0, BLOCK_FLUSH, 0, 0, 0);
    }
    block_rig_publish(0);
    block_rig.taken_count = 0;
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, BLOCK_WINDOW);
}

static void a_bucket_is_never_fuller_than_full(void **state)
{
    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\nlimit left 0 50\n");
    block_rig_start();
    /* A day of silence brings as much as a tenth of a second. */
    block_rig.now = 86400 * SECOND;
    for (unsigned int i = 0; i < 100; i++) {
        (void)block_rig_put(0, BLOCK_READ, 0, 0, 512);
    }
    block_rig_publish(0);
    assert_int_equal(block_rig_serve().deadline, 86400 * SECOND + SECOND / 50);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 50 / 10 + 1);
}

static void who_has_no_limit_is_not_held(void **state)
{
    unsigned int others = 0;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\nlimit left 512 1\n");
    block_rig_start();
    for (unsigned int i = 0; i < 50; i++) {
        (void)block_rig_put(0, BLOCK_READ, 0, 0, 512);
        (void)block_rig_put(2, BLOCK_READ, 0, 0, 512);
    }
    block_rig_publish(0);
    block_rig_publish(2);
    /* Wrong requests are operations: they are not answered faster than good ones. */
    (void)block_rig_ask(1, 99, 0, 0, 512);
    for (unsigned int round = 0; round < 10; round++) {
        block_rig.taken_count = 0;
        block_rig_pass();
        for (unsigned int i = 0; i < block_rig.taken_count; i++) {
            others += block_rig.taken[i].request.owner == 3;
            block_rig_answer(i, BLOCK_DONE, 512);
        }
    }
    assert_int_equal(others, 50);
    assert_int_equal(block_rig.virtualiser.clients[0].stats.requests[BLOCK_READ], 1);
}

static void what_is_held_back_can_be_withdrawn(void **state)
{
    struct block_answer got;
    unsigned int aborted = 0;

    (void)state;
    block_rig_configure_three("extent:1000:2000", "extent:5000:100", "whole",
                              "timer 1\nlimit left 0 1\n");
    block_rig_start();
    for (unsigned int i = 0; i < 5; i++) {
        (void)block_rig_put(0, BLOCK_READ, 0, 0, 512);
    }
    block_rig_publish(0);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_answer(0, BLOCK_DONE, 512);
    block_client_quiesce(&block_rig.clients[0], 0);
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    while (block_client_take(&block_rig.clients[0], &got)) {
        aborted += got.status == BLOCK_ABORTED;
    }
    assert_int_equal(aborted, 4);
}

static void the_largest_numbers_do_not_overflow(void **state)
{
    struct block_limit limit = { .rate = BLOCK_LIMIT_LEAST_BYTES };

    (void)state;
    block_limit_take(&limit, 1ull << 41, SECOND);
    assert_int_equal(block_limit_from(&limit), SECOND + (1ull << 32) * SECOND - SECOND / 10);
    limit = (struct block_limit){ .rate = BLOCK_LIMIT_MOST };
    block_limit_take(&limit, BLOCK_LIMIT_MOST - 1, 0);
    assert_in_range(block_limit_from(&limit), SECOND * 9 / 10 - 1, SECOND * 9 / 10);
    /* None. */
    limit = (struct block_limit){ .rate = 0 };
    block_limit_take(&limit, UINT64_MAX, SECOND);
    assert_int_equal(block_limit_from(&limit), 0);
}

static uint32_t read(const char *lines)
{
    char text[512];
    struct block_config config;

    (void)snprintf(text, sizeof(text),
                   "device 0 0x1000 0x10000\nclient 2 0x20000 0x10000 left 0x1000 whole\n%s",
                   lines);
    return block_config_read(&config, text, strlen(text));
}

static void settings(void **state)
{
    (void)state;
    assert_int_equal(read("timer 1\ndeadline 1\nlimit left 512 0\n"), 0);
    assert_int_equal(read("timer 1\nlimit left 17179869184 17179869184\n"), 0);
    /* Without a timer; nobody of that name; twice; no limit; too small, too large, too few. */
    assert_int_equal(read("limit left 1000 0\n"), 4);
    assert_int_equal(read("deadline 1\n"), 4);
    assert_int_equal(read("timer 1\nlimit right 1000 0\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 1000 0\nlimit left 1000 0\n"), 5);
    assert_int_equal(read("timer 1\nlimit left 0 0\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 511 0\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 511 9\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 17179869185 0\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 0 17179869185\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 1000\n"), 4);
    assert_int_equal(read("timer 1\nlimit left 1000 0 0\n"), 4);
    assert_int_equal(read("timer 1\ndeadline 0\n"), 4);
    assert_int_equal(read("timer 1\ndeadline 1\ndeadline 1\n"), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_that_is_late_is_ended),
        TEST(each_request_has_its_own_deadline),
        TEST(a_partition_table_that_never_comes),
        TEST(operations_a_second),
        TEST(bytes_a_second),
        TEST(a_bucket_is_never_fuller_than_full),
        TEST(who_has_no_limit_is_not_held),
        TEST(what_is_held_back_can_be_withdrawn),
        TEST(the_largest_numbers_do_not_overflow),
        TEST(settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
