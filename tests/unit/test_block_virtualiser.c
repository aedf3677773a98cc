/* SPDX-License-Identifier: BSD-2-Clause */
/* The block virtualiser between clients and a driver: whose requests go on, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "block_rig.h"

static void a_request_is_translated(void **state)
{
    struct block_info seen;
    uint32_t tag;

    (void)state;
    block_rig_start();
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 2000);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 100);
    assert_int_equal(seen.flags, BLOCK_INFO_FLUSH | BLOCK_INFO_READ_ONLY);
    tag = block_rig_ask(0, BLOCK_WRITE, 7, 0x4000, 1024);
    assert_true(block_rig_serve().device);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_WRITE);
    assert_int_equal(block_rig.taken[0].request.sector, 1007);
    assert_int_equal(block_rig.taken[0].request.bytes, 1024);
    assert_int_equal(block_rig.taken[0].segments[0].address, BLOCK_RIG_BASE(0) + 0x4000);
    assert_int_equal(block_rig.taken[0].segments[0].bytes, 1024);
    block_rig_answer(0, BLOCK_DONE, 1024);
    assert_int_equal(block_rig_serve().clients, 1);
    block_rig_expect(0, tag, BLOCK_DONE);
    block_rig_expect_none(0);
    assert_int_equal(block_rig.virtualiser.clients[0].stats.bytes_written, 1024);
    assert_int_equal(block_rig.virtualiser.clients[0].stats.requests[BLOCK_WRITE], 1);
    /* The client is shown the same. */
    assert_int_equal(block_client_stats(&block_rig.clients[0]).bytes_written, 1024);
    assert_int_equal(block_client_stats(&block_rig.clients[0]).statuses[BLOCK_DONE], 1);
    assert_int_equal(block_client_stats(&block_rig.clients[1]).statuses[BLOCK_DONE], 0);
}

static void a_client_with_many_requests_delays_another_by_16(void **state)
{
    unsigned int before = 0;
    unsigned int done = 0;

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < BLOCK_MAX_IN_FLIGHT; i++) {
        (void)block_rig_put(0, BLOCK_READ, i, 0, 512);
    }
    block_rig_publish(0);
    block_rig_pass();
    (void)block_rig_ask(2, BLOCK_READ, 4242, 0, 512);
    /* The driver answers in order, one at a time. */
    while (done < BLOCK_RIG_MOST) {
        block_rig_pass();
        assert_true(done < block_rig.taken_count);
        if (block_rig.taken[done].request.sector == 4242) {
            break;
        }
        before++;
        block_rig_answer(done++, BLOCK_DONE, 512);
    }
    assert_true(before <= BLOCK_WINDOW);
}

static void clients_take_turns(void **state)
{
    unsigned int got[BLOCK_RIG_CLIENTS] = { 0 };

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < 200; i++) {
        (void)block_rig_put(0, BLOCK_READ, i, 0, 512);
        (void)block_rig_put(2, BLOCK_READ, 5000 + i, 0, 512);
    }
    block_rig_publish(0);
    block_rig_publish(2);
    for (unsigned int done = 0; done < 400; done++) {
        block_rig_pass();
        got[block_rig.taken[done].request.sector >= 5000 ? 2 : 0]++;
        assert_true(got[0] <= got[2] + BLOCK_WINDOW && got[2] <= got[0] + BLOCK_WINDOW);
        block_rig_finish(done, BLOCK_DONE, 512);
        struct block_answer answered;
        while (block_client_take(&block_rig.clients[0], &answered) ||
               block_client_take(&block_rig.clients[2], &answered)) {
        }
    }
    assert_int_equal(got[0], 200);
    assert_int_equal(got[2], 200);
}

static void the_driver_gets_no_more_than_it_takes(void **state)
{
    (void)state;
    block_rig.info.depth = 4;
    block_rig_start();
    for (unsigned int i = 0; i < 20; i++) {
        (void)block_rig_put(0, BLOCK_READ, i, 0, 512);
    }
    block_rig_publish(0);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 4);
    block_rig_answer(2, BLOCK_DONE, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 5);
}

static void a_barrier_waits_and_is_waited_for(void **state)
{
    const struct block_segment segment = { 0, 512 };
    const struct block_request barrier = {
        .kind = BLOCK_WRITE, .flags = BLOCK_FLAG_BARRIER, .segments = 1, .sector = 5, .bytes = 512
    };
    uint32_t tag;

    (void)state;
    block_rig_start();
    (void)block_rig_put(0, BLOCK_WRITE, 0, 0, 512);
    (void)block_rig_put(0, BLOCK_WRITE, 1, 0, 512);
    assert_true(block_client_submit(&block_rig.clients[0], &barrier, &segment, &tag));
    (void)block_rig_put(0, BLOCK_WRITE, 2, 0, 512);
    block_rig_publish(0);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 2);
    block_rig_answer(1, BLOCK_DONE, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 2);
    /* Others do not wait for it. */
    (void)block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 3);
    block_rig_answer(0, BLOCK_DONE, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 4);
    assert_int_equal(block_rig.taken[3].request.sector, 1005);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 4);
    block_rig_answer(3, BLOCK_DONE, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 5);
}

static void errors_and_short_transfers(void **state)
{
    static const struct {
        enum block_status status;
        uint64_t bytes;
        enum block_status seen;
    } cases[] = {
        { BLOCK_FAILED, 0, BLOCK_FAILED },      { BLOCK_DONE, 512, BLOCK_FAILED },
        { BLOCK_DONE, 0, BLOCK_FAILED },        { BLOCK_DONE, 1023, BLOCK_FAILED },
        { BLOCK_DONE, UINT64_MAX, BLOCK_DONE }, { BLOCK_UNSUPPORTED, 0, BLOCK_UNSUPPORTED },
        { BLOCK_INVALID, 1024, BLOCK_INVALID },
    };

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t tag = block_rig_ask(0, BLOCK_READ, 0, 0, 1024);

        block_rig.taken_count = 0;
        block_rig_pass();
        block_rig_finish(0, cases[i].status, cases[i].bytes);
        block_rig_expect(0, tag, cases[i].seen);
    }
}

static void answers_that_are_double_wrong_or_not_asked_for(void **state)
{
    uint32_t tag;

    (void)state;
    block_rig_start();
    tag = block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    /* One with another id, one with a status that there is not. */
    block_rig.driver.in_flight = 5;
    block_server_answer(&block_rig.driver, block_rig.taken[0].request.id ^ 0x100, BLOCK_DONE, 512);
    block_server_answer(&block_rig.driver, block_rig.taken[0].request.id ^ 1, BLOCK_DONE, 512);
    block_server_answer(&block_rig.driver, block_rig.taken[0].request.id, (enum block_status)200,
                        512);
    (void)block_server_publish(&block_rig.driver);
    (void)block_rig_serve();
    block_rig_expect_none(0);
    block_server_answer(&block_rig.driver, block_rig.taken[0].request.id, BLOCK_DONE, 512);
    block_server_answer(&block_rig.driver, block_rig.taken[0].request.id, BLOCK_DONE, 512);
    (void)block_server_publish(&block_rig.driver);
    (void)block_rig_serve();
    block_rig_expect(0, tag, BLOCK_DONE);
    block_rig_expect_none(0);
    assert_int_equal(block_rig.virtualiser.device.nonsense, 4);
    assert_int_equal(block_rig.virtualiser.clients[0].in_device, 0);
}

static void hostile_rings(void **state)
{
    struct block_answer got;

    (void)state;
    block_rig_start();
    /* Half a request, a length beyond the ring, positions that cannot be. */
    for (uint32_t slots = 1; slots < 6; slots++) {
        const struct ring_slot slot = { { (uint64_t)BLOCK_READ << 32 | 5ull << 48, 0 } };

        for (uint32_t i = 0; i < slots; i++) {
            ring_put(&block_rig.clients[0].requests, &slot, 1);
        }
        ring_publish(&block_rig.clients[0].requests);
        (void)block_rig_serve();
    }
    assert_int_equal(block_rig.virtualiser.clients[0].server.broken, 5);
    const struct ring_slot many = { { (uint64_t)BLOCK_READ << 32 | 0xffffull << 48, 0 } };
    ring_put(&block_rig.clients[0].requests, &many, 1);
    ring_put(&block_rig.clients[0].requests, &many, 1);
    ring_publish(&block_rig.clients[0].requests);
    (void)block_rig_serve();
    assert_int_equal(block_rig.virtualiser.clients[0].server.broken, 6);
    block_rig.clients[0].requests.memory->produced = 0x12345678;
    block_rig.clients[0].answers.memory->consumed = 0x87654321;
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 0);
    /* The others have noticed nothing. */
    uint32_t tag = block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_finish(0, BLOCK_DONE, 512);
    assert_true(block_client_take(&block_rig.clients[2], &got));
    assert_int_equal(got.id, tag);
}

static void who_takes_no_answers_holds_up_himself_only(void **state)
{
    (void)state;
    block_rig_start();
    for (unsigned int round = 0; round < 8; round++) {
        block_client_forget(&block_rig.clients[0]);
        for (unsigned int i = 0; i < 100; i++) {
            (void)block_rig_put(0, 77, 0, 0, 512);
        }
        block_rig_publish(0);
        (void)block_rig_serve();
    }
    assert_true(block_rig.virtualiser.clients[0].server.in_flight == 0);
    uint32_t tag = block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    block_rig_pass();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_finish(0, BLOCK_DONE, 512);
    block_rig_expect(2, tag, BLOCK_DONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_translated),
        TEST(a_client_with_many_requests_delays_another_by_16),
        TEST(clients_take_turns),
        TEST(the_driver_gets_no_more_than_it_takes),
        TEST(a_barrier_waits_and_is_waited_for),
        TEST(errors_and_short_transfers),
        TEST(answers_that_are_double_wrong_or_not_asked_for),
        TEST(hostile_rings),
        TEST(who_takes_no_answers_holds_up_himself_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
