/* SPDX-License-Identifier: BSD-2-Clause */
/* The block virtualiser, and a driver that dies and is started again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "block_rig.h"

/* A new life, which says what the disk is like, or with NULL that there is none any more. */
static void restart(const struct block_info *info)
{
    uint64_t word;

    assert_true(block_server_open(&block_rig.driver, block_rig.regions[BLOCK_RIG_CLIENTS],
                                  BLOCK_RIG_DEVICE_BYTES));
    if (block_server_quiesce(&block_rig.driver, &word)) {
        block_server_quiet(&block_rig.driver, word);
    }
    block_server_show(&block_rig.driver, info);
    block_rig.taken_count = 0;
}

static void what_was_taken_fails_and_the_rest_goes_on(void **state)
{
    uint32_t answered;
    uint32_t lost;
    uint32_t waits;

    (void)state;
    block_rig_start();
    answered = block_rig_ask(0, BLOCK_READ, 1, 0, 512);
    lost = block_rig_ask(0, BLOCK_WRITE, 2, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 2);
    uint32_t id = block_rig.taken[1].request.id;
    block_rig_answer(0, BLOCK_DONE, 512);
    waits = block_rig_ask(2, BLOCK_READ, 3, 0, 512);
    (void)block_rig_serve();
    restart(&block_rig.info);
    (void)block_rig_serve();
    block_rig_expect(0, answered, BLOCK_DONE);
    block_rig_expect(0, lost, BLOCK_FAILED);
    assert_int_equal(block_rig.virtualiser.clients[0].stats.lost, 1);
    assert_int_equal(block_rig.virtualiser.clients[0].in_device, 0);
    block_rig_expect_none(2);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.sector, 3);
    /* The earlier life's last words are nobody's. */
    block_rig.driver.in_flight++;
    block_server_answer(&block_rig.driver, id, BLOCK_DONE, 512);
    block_rig_finish(0, BLOCK_DONE, 512);
    block_rig_expect(2, waits, BLOCK_DONE);
    block_rig_expect_none(0);
    assert_int_equal(block_rig.virtualiser.device.nonsense, 1);
}

static void many_lives(void **state)
{
    struct block_answer got;
    unsigned int done = 0;
    unsigned int failed = 0;

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < 1000; i++) {
        (void)block_rig_put(0, BLOCK_READ, i, 0, 512);
        block_rig_publish(0);
        (void)block_rig_serve();
        if (i % 3 != 0) {
            block_rig_drive();
        }
        if (i % 3 == 1) {
            for (unsigned int n = 0; n < block_rig.taken_count; n++) {
                block_rig_answer(n, BLOCK_DONE, 512);
            }
        }
        restart(&block_rig.info);
        (void)block_rig_serve();
        while (block_client_take(&block_rig.clients[0], &got)) {
            done += got.status == BLOCK_DONE;
            failed += got.status == BLOCK_FAILED;
        }
    }
    /* What was not taken is left to the next life, which takes two: 333 times. The last is left. */
    assert_int_equal(done, 666);
    assert_int_equal(failed, 333);
    assert_int_equal(block_client_in_flight(&block_rig.clients[0]), 1);
}

static void a_withdrawal_meets_a_restart(void **state)
{
    uint32_t lost;

    (void)state;
    block_rig_start();
    lost = block_rig_ask(0, BLOCK_READ, 1, 0, 512);
    block_rig_pass();
    block_client_quiesce(&block_rig.clients[0], 0);
    (void)block_rig_serve();
    assert_false(block_client_is_quiet(&block_rig.clients[0]));
    restart(&block_rig.info);
    (void)block_rig_serve();
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    block_rig_expect(0, lost, BLOCK_FAILED);
}

static void the_table_is_read_again(void **state)
{
    (void)state;
    block_rig_configure_three("partition:1", "extent:5000:100", "whole", "");
    block_rig_start();
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    restart(&block_rig.info);
    (void)block_rig_serve();
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.sector, 0);
    assert_int_equal(block_rig.complaints, 0);
}

static void a_disk_that_is_another_one_or_gone(void **state)
{
    struct block_info other;

    (void)state;
    block_rig_start();
    other = block_rig.info;
    other.sectors--;
    for (unsigned int i = 0; i < 3; i++) {
        const struct block_info *const lives[] = { &other, NULL, &block_rig.info };
        uint32_t tag;

        restart(lives[i]);
        (void)block_rig_serve();
        tag = block_rig_ask(0, BLOCK_READ, 0, 0, 512);
        block_rig_pass();
        assert_int_equal(block_rig.taken_count, i == 2);
        if (i != 2) {
            block_rig_expect(0, tag, BLOCK_FAILED);
        }
    }
}

static void a_driver_that_took_leave(void **state)
{
    uint32_t tag;

    (void)state;
    block_rig_start();
    tag = block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    restart(NULL);
    assert_true(block_server_refuse(&block_rig.driver, block_rig.taken[0].segments));
    (void)block_rig_serve();
    block_rig_expect(0, tag, BLOCK_FAILED);
    assert_false(block_server_refuse(&block_rig.driver, block_rig.taken[0].segments));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_taken_fails_and_the_rest_goes_on),
        TEST(many_lives),
        TEST(a_withdrawal_meets_a_restart),
        TEST(the_table_is_read_again),
        TEST(a_disk_that_is_another_one_or_gone),
        TEST(a_driver_that_took_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
