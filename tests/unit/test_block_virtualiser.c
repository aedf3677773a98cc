/* SPDX-License-Identifier: BSD-2-Clause */
/* The block virtualiser between clients and a driver that the tests play. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void ranges_at_every_edge(void **state)
{
    static const struct {
        uint64_t sector;
        uint64_t sectors;
        bool good;
    } cases[] = {
        { 0, 1, true },
        { 0, 2000, true },
        { 1999, 1, true },
        { 0, 2001, false },
        { 1999, 2, false },
        { 2000, 1, false },
        { UINT64_MAX, 1, false },
        { UINT64_MAX, 2, false },
        { UINT64_MAX - 999, 1, false },
        { UINT64_MAX - 1000, 1001, false },
        { UINT64_MAX / 512, 1, false },
        { UINT64_MAX / 512 + 1, 1, false },
        { 1ull << 63, 1, false },
        { 1, 1999, true },
        { 1, 2000, false },
    };

    (void)state;
    block_rig_start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned int kind = BLOCK_READ; kind <= BLOCK_WRITE; kind++) {
            uint32_t tag;

            block_rig.taken_count = 0;
            tag = block_rig_ask(0, (uint8_t)kind, cases[i].sector, 0, cases[i].sectors * 512);
            (void)block_rig_serve();
            block_rig_drive();
            assert_int_equal(block_rig.taken_count, cases[i].good);
            if (cases[i].good) {
                assert_int_equal(block_rig.taken[0].request.sector, 1000 + cases[i].sector);
                assert_true(block_rig.taken[0].request.sector +
                                block_rig.taken[0].request.bytes / 512 <=
                            3000);
                block_rig_answer(0, BLOCK_DONE, block_rig.taken[0].request.bytes);
                (void)block_rig_serve();
            }
            block_rig_expect(0, tag, cases[i].good ? BLOCK_DONE : BLOCK_INVALID);
        }
    }
    /* A range to discard, and one to zero: lengths as large as they come. */
    for (unsigned int kind = BLOCK_DISCARD; kind <= BLOCK_ZERO; kind++) {
        static const uint64_t bytes[] = {
            0, 511, 513, 101 * 512ull, 1ull << 41, 1ull << 63, UINT64_MAX - 511, UINT64_MAX
        };

        block_rig.taken_count = 0;
        for (unsigned int i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
            uint32_t tag = block_rig_ask(0, (uint8_t)kind, 0, 0, bytes[i]);

            (void)block_rig_serve();
            block_rig_expect(0, tag, BLOCK_INVALID);
        }
        block_rig_drive();
        assert_int_equal(block_rig.taken_count, 0);
        (void)block_rig_ask(0, (uint8_t)kind, 1990, 0, 10 * 512);
        (void)block_rig_serve();
        block_rig_drive();
        assert_int_equal(block_rig.taken_count, 1);
        assert_int_equal(block_rig.taken[0].request.sector, 2990);
        assert_int_equal(block_rig.taken[0].request.segments, 0);
        block_rig_answer(0, BLOCK_DONE, 0);
        (void)block_rig_serve();
        struct block_answer got;
        assert_true(block_client_take(&block_rig.clients[0], &got));
        assert_int_equal(got.status, BLOCK_DONE);
    }
}

static void segments_at_every_edge(void **state)
{
    static const struct {
        uint64_t address;
        uint64_t bytes;
        bool good;
    } cases[] = {
        { 0, 512, true },
        { BLOCK_RIG_MEMORY - 512, 512, true },
        { BLOCK_RIG_MEMORY - 511, 512, false },
        { BLOCK_RIG_MEMORY, 512, false },
        { UINT64_MAX, 512, false },
        { UINT64_MAX - 511, 512, false },
        { 0 - BLOCK_RIG_BASE(0), 512, false },
        { BLOCK_RIG_BASE(1) - BLOCK_RIG_BASE(0), 512, false },
        { 1ull << 63, 512, false },
        { 0, 0, false },
        { 0, BLOCK_RIG_MEMORY + 512, false },
        { 512, 1ull << 40, false },
        { 0, BLOCK_RIG_MEMORY, true },
        { 1, BLOCK_RIG_MEMORY, false },
    };

    (void)state;
    block_rig.info.max_segment_bytes = 0x80000000;
    block_rig_start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t tag;

        block_rig.taken_count = 0;
        tag = block_rig_ask(2, BLOCK_READ, 0, cases[i].address, cases[i].bytes);
        (void)block_rig_serve();
        block_rig_drive();
        assert_int_equal(block_rig.taken_count, cases[i].good);
        if (cases[i].good) {
            assert_true(block_rig.taken[0].segments[0].address >= BLOCK_RIG_BASE(2) &&
                        block_rig.taken[0].segments[0].address +
                                block_rig.taken[0].segments[0].bytes <=
                            BLOCK_RIG_BASE(2) + BLOCK_RIG_MEMORY);
            block_rig_answer(0, BLOCK_DONE, cases[i].bytes);
            (void)block_rig_serve();
        }
        block_rig_expect(2, tag, cases[i].good ? BLOCK_DONE : BLOCK_INVALID);
    }
}

/* A request of client 0 with these segments, to sector 0. Its status when it does not go on. */
static enum block_status refused(const struct block_segment *segments, uint16_t count,
                                 uint64_t bytes)
{
    const struct block_request request = { .kind = BLOCK_WRITE, .segments = count, .bytes = bytes };
    struct block_answer got;
    uint32_t tag;

    block_rig.taken_count = 0;
    assert_true(block_client_submit(&block_rig.clients[0], &request, segments, &tag));
    block_rig_publish(0);
    (void)block_rig_serve();
    block_rig_drive();
    if (block_rig.taken_count == 1) {
        block_rig_answer(0, BLOCK_DONE, bytes);
        (void)block_rig_serve();
    }
    assert_true(block_client_take(&block_rig.clients[0], &got));
    return (enum block_status)got.status;
}

static void lists_of_segments(void **state)
{
    struct block_segment segments[BLOCK_MAX_SEGMENTS];

    (void)state;
    for (unsigned int i = 0; i < BLOCK_MAX_SEGMENTS; i++) {
        segments[i] = (struct block_segment){ (uint64_t)i * 512, 512 };
    }
    block_rig_start();
    assert_int_equal(refused(segments, 64, 64 * 512), BLOCK_DONE);
    assert_int_equal(refused(segments, 65, 65 * 512), BLOCK_INVALID);
    assert_int_equal(refused(segments, 0, 512), BLOCK_INVALID);
    assert_int_equal(refused(segments, 4, 3 * 512), BLOCK_INVALID);
    assert_int_equal(refused(segments, 3, 4 * 512), BLOCK_INVALID);
    segments[1].bytes = 100;
    assert_int_equal(refused(segments, 2, 612), BLOCK_INVALID);
    segments[2].bytes = 412;
    assert_int_equal(refused(segments, 3, 1024), BLOCK_DONE);
    /* Lengths whose sum comes around. */
    segments[0].bytes = UINT64_MAX - 1023;
    segments[1].bytes = 1024;
    segments[2].bytes = 512;
    assert_int_equal(refused(segments, 3, 512), BLOCK_INVALID);
}

static void a_read_only_client_changes_nothing(void **state)
{
    (void)state;
    block_rig_start();
    for (unsigned int kind = BLOCK_READ; kind <= BLOCK_ZERO; kind++) {
        uint32_t tag = block_rig_ask(1, (uint8_t)kind, 0, 0, 512);

        (void)block_rig_serve();
        if (kind == BLOCK_WRITE || kind == BLOCK_DISCARD || kind == BLOCK_ZERO) {
            block_rig_expect(1, tag, BLOCK_READ_ONLY);
        }
    }
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 2);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_READ);
    assert_int_equal(block_rig.taken[1].request.kind, BLOCK_FLUSH);
}

static void kinds_that_there_are_not(void **state)
{
    static const uint8_t kinds[] = { 0, 6, 7, 255 };

    (void)state;
    block_rig.info.flags = 0;
    block_rig_start();
    for (unsigned int i = 0; i < sizeof(kinds); i++) {
        uint32_t tag = block_rig_ask(0, kinds[i], 0, 0, 512);

        (void)block_rig_serve();
        block_rig_expect(0, tag, BLOCK_UNSUPPORTED);
    }
    for (unsigned int kind = BLOCK_DISCARD; kind <= BLOCK_ZERO; kind++) {
        uint32_t tag = block_rig_ask(0, (uint8_t)kind, 0, 0, 512);

        (void)block_rig_serve();
        block_rig_expect(0, tag, BLOCK_UNSUPPORTED);
    }
    /* Without a cache everything is stable. */
    uint32_t tag = block_rig_ask(0, BLOCK_FLUSH, 0, 0, 0);
    (void)block_rig_serve();
    block_rig_expect(0, tag, BLOCK_DONE);
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 0);
}

static void how_worn_the_disk_is(void **state)
{
    const struct block_segment halves[] = { { 0x100, 2 }, { 0x200, 4 } };
    struct block_request request = {
        .kind = BLOCK_LIFETIME, .segments = 1, .sector = 9, .bytes = BLOCK_LIFETIME_BYTES
    };
    struct block_segment segment = { BLOCK_RIG_MEMORY - 5, BLOCK_LIFETIME_BYTES };
    struct block_info seen;
    uint32_t tag;

    (void)state;
    /* The driver does not know. */
    block_rig_start();
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_UNSUPPORTED);
    assert_int_equal(block_rig_teardown(NULL), 0);
    assert_int_equal(block_rig_setup(NULL), 0);
    block_rig.info.flags |= BLOCK_INFO_LIFETIME;
    block_rig_start();
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_THERE);
    assert_true((seen.flags & BLOCK_INFO_LIFETIME) != 0);
    /* Not its memory, or not as many bytes as that has. */
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_INVALID);
    segment = (struct block_segment){ 0x100, 512 };
    request.bytes = 512;
    assert_true(block_client_submit(&block_rig.clients[1], &request, &segment, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_INVALID);
    /* A client that may only read may ask. */
    request.bytes = BLOCK_LIFETIME_BYTES;
    request.segments = 2;
    assert_true(block_client_submit(&block_rig.clients[1], &request, halves, &tag));
    block_rig_publish(1);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_LIFETIME);
    assert_int_equal(block_rig.taken[0].request.sector, 0);
    assert_int_equal(block_rig.taken[0].segments[1].address, BLOCK_RIG_BASE(1) + 0x200);
    block_rig_answer(0, BLOCK_DONE, BLOCK_LIFETIME_BYTES - 1);
    (void)block_rig_serve();
    block_rig_expect(1, tag, BLOCK_FAILED);
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
    (void)block_rig_serve();
    block_rig_drive();
    (void)block_rig_ask(2, BLOCK_READ, 4242, 0, 512);
    /* The driver answers in order, one at a time. */
    while (done < BLOCK_RIG_MOST) {
        (void)block_rig_serve();
        block_rig_drive();
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
        (void)block_rig_serve();
        block_rig_drive();
        got[block_rig.taken[done].request.sector >= 5000 ? 2 : 0]++;
        assert_true(got[0] <= got[2] + BLOCK_WINDOW && got[2] <= got[0] + BLOCK_WINDOW);
        block_rig_answer(done, BLOCK_DONE, 512);
        (void)block_rig_serve();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 4);
    block_rig_answer(2, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_drive();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 2);
    block_rig_answer(1, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 2);
    /* Others do not wait for it. */
    (void)block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 3);
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 4);
    assert_int_equal(block_rig.taken[3].request.sector, 1005);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 4);
    block_rig_answer(3, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_drive();
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
        (void)block_rig_serve();
        block_rig_drive();
        block_rig_answer(0, cases[i].status, cases[i].bytes);
        (void)block_rig_serve();
        block_rig_expect(0, tag, cases[i].seen);
    }
}

static void answers_that_are_double_wrong_or_not_asked_for(void **state)
{
    uint32_t tag;

    (void)state;
    block_rig_start();
    tag = block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, BLOCK_WINDOW + 1);
    block_client_quiesce(&block_rig.clients[0], 0);
    assert_true(block_rig_serve().device);
    /* Those that the driver has not begun are back, and nothing new begins. */
    (void)block_rig_put(0, BLOCK_READ, 99, 0, 512);
    block_rig_publish(0);
    (void)block_rig_serve();
    block_rig_drive();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_expect(0, other, BLOCK_DONE);
}

static void a_driver_that_answers_nothing_and_is_quiet_ends_requests(void **state)
{
    uint64_t word;

    (void)state;
    block_rig_start();
    (void)block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
    block_client_quiesce(&block_rig.clients[0], 0);
    (void)block_rig_serve();
    assert_true(block_server_quiesce(&block_rig.driver, &word));
    block_server_quiet(&block_rig.driver, word);
    (void)block_rig_serve();
    assert_true(block_client_is_quiet(&block_rig.clients[0]));
    /* What comes now is late: it is nobody's. */
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
    assert_int_equal(block_rig.virtualiser.device.nonsense, 1);
}

static void two_clients_quiesce_one_after_the_other(void **state)
{
    uint64_t word;

    (void)state;
    block_rig_start();
    (void)block_rig_ask(0, BLOCK_READ, 0, 0, 512);
    (void)block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
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
    (void)block_rig_serve();
    block_rig_drive();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.sector, 1002);
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_expect(0, tag, BLOCK_DONE);
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 0);
    /* The others have noticed nothing. */
    uint32_t tag = block_rig_ask(2, BLOCK_READ, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
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
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    block_rig_answer(0, BLOCK_DONE, 512);
    (void)block_rig_serve();
    block_rig_expect(2, tag, BLOCK_DONE);
}

static void parts_that_are_not_on_the_disk(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("extent:9999:2", "extent:18446744073709551615:1", "extent:9999:1",
                              "");
    block_rig_start();
    assert_int_equal(block_rig.complaints, 2);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_THERE);
    /* Who has no disk can ask, and gets nowhere. */
    (void)block_rig_ask(0, BLOCK_WRITE, 0, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 0);
}

static void a_partition_table_is_read(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("partition:2", "partition:3", "whole", "");
    block_rig_start();
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_UNKNOWN);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken_count, 1);
    assert_int_equal(block_rig.taken[0].request.kind, BLOCK_READ);
    assert_int_equal(block_rig.taken[0].request.sector, 0);
    assert_int_equal(block_rig.taken[0].segments[0].address, 0x5000);
    memset(block_rig.table_bytes, 0, sizeof(block_rig.table_bytes));
    block_rig.table_bytes[446 + 16 + 4] = 0x83;
    block_rig.table_bytes[446 + 16 + 8] = 100;
    block_rig.table_bytes[446 + 16 + 12] = 50;
    block_rig.table_bytes[510] = 0x55;
    block_rig.table_bytes[511] = 0xaa;
    block_rig_answer(0, BLOCK_DONE, 512);
    assert_int_equal(block_rig_serve().clients, 7);
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 50);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[2], &seen), BLOCK_DISK_THERE);
    assert_int_equal(block_rig.complaints, 1);
    block_rig.taken_count = 0;
    (void)block_rig_ask(0, BLOCK_WRITE, 49, 0, 512);
    (void)block_rig_serve();
    block_rig_drive();
    assert_int_equal(block_rig.taken[0].request.sector, 149);
}

static void a_partition_table_that_cannot_be_read(void **state)
{
    struct block_info seen;

    (void)state;
    block_rig_configure_three("partition:2", "extent:0:5", "whole", "");
    block_rig_start();
    (void)block_rig_serve();
    block_rig_drive();
    block_rig_answer(0, BLOCK_FAILED, 0);
    (void)block_rig_serve();
    assert_int_equal(block_client_info(&block_rig.clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&block_rig.clients[1], &seen), BLOCK_DISK_THERE);
    assert_int_equal(block_rig.complaints, 1);
}

static void a_disk_that_is_not_there(void **state)
{
    const struct block_buffer buffer = { block_rig.table_bytes, 0 };
    struct block_info seen;

    (void)state;
    assert_true(block_virtualiser_open(&block_rig.virtualiser, &block_rig.config, buffer,
                                       block_rig_complain));
    assert_true(block_server_open(&block_rig.driver, block_rig.regions[BLOCK_RIG_CLIENTS],
                                  BLOCK_RIG_DEVICE_BYTES));
    block_server_show(&block_rig.driver, NULL);
    assert_int_equal(block_rig_serve().clients, 7);
    for (unsigned int i = 0; i < BLOCK_RIG_CLIENTS; i++) {
        assert_true(
            block_client_open(&block_rig.clients[i], block_rig.regions[i], BLOCK_RIG_CLIENT_BYTES));
        (void)block_rig_serve();
        assert_true(block_client_is_quiet(&block_rig.clients[i]));
        assert_int_equal(block_client_info(&block_rig.clients[i], &seen), BLOCK_DISK_NONE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_translated),
        TEST(ranges_at_every_edge),
        TEST(segments_at_every_edge),
        TEST(lists_of_segments),
        TEST(a_read_only_client_changes_nothing),
        TEST(kinds_that_there_are_not),
        TEST(how_worn_the_disk_is),
        TEST(a_client_with_many_requests_delays_another_by_16),
        TEST(clients_take_turns),
        TEST(the_driver_gets_no_more_than_it_takes),
        TEST(a_barrier_waits_and_is_waited_for),
        TEST(errors_and_short_transfers),
        TEST(answers_that_are_double_wrong_or_not_asked_for),
        TEST(a_quiesce_returns_everything),
        TEST(a_driver_that_answers_nothing_and_is_quiet_ends_requests),
        TEST(two_clients_quiesce_one_after_the_other),
        TEST(a_client_that_starts_anew_gets_no_old_answer),
        TEST(hostile_rings),
        TEST(who_takes_no_answers_holds_up_himself_only),
        TEST(parts_that_are_not_on_the_disk),
        TEST(a_partition_table_is_read),
        TEST(a_partition_table_that_cannot_be_read),
        TEST(a_disk_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
