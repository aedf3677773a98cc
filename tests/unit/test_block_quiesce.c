/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients of the block virtualiser that become quiet, or start anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "block_rig.h"

static void a_quiesce_returns_everything(void **state)
{
    uint64_t word;
    uint32_t other;

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < 30; i++) {
        (void)block_rig_put(0, BLOCK_READ, i, 0, 512);
    }
    block_rig_publish(0);
    other = block_rig_ask(2, BLOCK_READ, 77, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, BLOCK_WINDOW + 1);
    block_client_quiesce(&block_rig.clients[0], 0);
    assert_true(block_rig_serve().device);
    /* Those that the driver has not begun are back, and nothing new begins. */
    (void)block_rig_put(0, BLOCK_READ, 99, 0, 512);
    block_rig_publish(0);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, BLOCK_WINDOW + 1);
    assert_false(block_client_is_quiet(&block_rig.clients[0]));
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    assert_int_equal(block_server_owner(word), 1);
    for (unsigned int i = 0; i < block_rig.taken_count; i++) {
        if (block_rig.taken[i].request.owner == 1) {
            block_rig_answer(i, BLOCK_ABORTED, 0);
        }
    }
    block_server_quiet(&block_rig.driver, word);
    assert_int_equal(block_rig_serve().clients & 1, 1);
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    for (unsigned int i = 0; i < 31; i++) {
        struct block_answer got;

        assert_true(block_client_take(&block_rig.clients[0], &got));
        assert_int_equal(got.status, BLOCK_ABORTED);
    }
    block_rig_expect_none(0);
    assert_int_equal(block_client_in_flight(&block_rig.clients[0]), 0);
    /* The other's request was not touched; and it goes on. */
    for (unsigned int i = 0; i < block_rig.taken_count; i++) {
        if (block_rig.taken[i].request.owner == 3) {
            block_rig_answer(i, BLOCK_DONE, 512);
        }
    }
    (void)block_rig_serve();
    block_rig_expect(2, other, BLOCK_DONE);
    block_rig.taken_count = 0;
    other = block_rig_ask(0, BLOCK_READ, 1, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_finish(0, BLOCK_DONE, 512);
    block_rig_expect(0, other, BLOCK_DONE);
}

static void a_driver_that_answers_nothing_and_is_quiet_ends_requests(void **state)
{
    uint64_t word;

    (void)state;
    block_rig_start();
    (void)block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    block_client_quiesce(&block_rig.clients[0], 0);
    (void)block_rig_serve();
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    block_server_quiet(&block_rig.driver, word);
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    /* What comes now is late: it is nobody's. */
    block_rig_finish(0, BLOCK_DONE, 512);
    assert_int_equal(block_rig.virtualiser.device.nonsense, 1);
}

static void two_clients_quiesce_one_after_the_other(void **state)
{
    uint64_t word;

    (void)state;
    block_rig_start();
    (void)block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    (void)block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    block_client_quiesce(&block_rig.clients[0], 0);
    block_client_quiesce(&block_rig.clients[2], 0);
    (void)block_rig_serve();
    for (unsigned int i = 0; i < 2; i++) {
        assert_true(block_server_quiesce(&block_rig.driver, &word));
        block_rig_answer(i, BLOCK_ABORTED, 0);
        assert_int_equal(block_server_owner(word), block_rig.taken[i].request.owner);
        block_server_quiet(&block_rig.driver, word);
        (void)block_rig_serve();
    }
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    assert_true(block_client_is_quiet(&block_rig.clients[2]));
}

static void a_client_that_starts_anew_gets_no_old_answer(void **state)
{
    uint64_t word;
    uint32_t tag;

    (void)state;
    block_rig_start();
    (void)block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    (void)block_rig_put(0, BLOCK_READ, 1, 0, 512);
    block_rig_publish(0);
    assert_true(
        block_client_open(&block_rig.clients[0], block_rig.regions[0], BLOCK_RIG_CLIENT_BYTES));
    (void)block_rig_serve();
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    block_rig_answer(0, BLOCK_DONE, 512);
    block_server_quiet(&block_rig.driver, word);
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    block_rig_expect_none(0);
    assert_int_equal(block_rig.clients[0].nonsense, 2);
    block_rig.taken_count = 0;
    tag = block_rig_ask(0, BLOCK_READ, 2, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.sector, 1002);
    block_rig_finish(0, BLOCK_DONE, 512);
    block_rig_expect(0, tag, BLOCK_DONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_quiesce_returns_everything),
        TEST(a_driver_that_answers_nothing_and_is_quiet_ends_requests),
        TEST(two_clients_quiesce_one_after_the_other),
        TEST(a_client_that_starts_anew_gets_no_old_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
