/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client of the block virtualiser may ask for, up to every edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "block_rig.h"

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
            block_rig_pass();
            assert_int_equal(block_rig.taken_count, cases[i].good);
            if (cases[i].good) {
                assert_int_equal(block_rig.taken[0].request.sector, 1000 + cases[i].sector);
                assert_true(block_rig.taken[0].request.sector +
                                block_rig.taken[0].request.bytes / 512 <=
                            3000);
                block_rig_finish(0, BLOCK_DONE, block_rig.taken[0].request.bytes);
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
        block_rig_pass();
        assert_int_equal(block_rig.taken_count, 1);
        assert_int_equal(block_rig.taken[0].request.sector, 2990);
        assert_int_equal(block_rig.taken[0].request.segments, 0);
        block_rig_finish(0, BLOCK_DONE, 0);
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
        block_rig_pass();
        assert_int_equal(block_rig.taken_count, cases[i].good);
        if (cases[i].good) {
            assert_true(block_rig.taken[0].segments[0].address >= BLOCK_RIG_BASE(2) &&
                        block_rig.taken[0].segments[0].address +
                                block_rig.taken[0].segments[0].bytes <=
                            BLOCK_RIG_BASE(2) + BLOCK_RIG_MEMORY);
            block_rig_finish(0, BLOCK_DONE, cases[i].bytes);
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
    block_rig_pass();
    if (block_rig.taken_count == 1) {
        block_rig_finish(0, BLOCK_DONE, bytes);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, block_rig_setup, block_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ranges_at_every_edge),     TEST(segments_at_every_edge),
        TEST(lists_of_segments),        TEST(a_read_only_client_changes_nothing),
        TEST(kinds_that_there_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
