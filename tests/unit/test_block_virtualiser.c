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

#include "io/block/virtualiser.h"

#define CLIENTS 3u
#define CLIENT_BYTES 0x10000u
#define DEVICE_BYTES 0x20000u
#define MEMORY 0x100000u
/* Where the driver finds the clients' memory: nothing is there, for nobody looks. */
#define BASE(client) (0x7000000000ull + (client)*0x1000000000ull)
#define SECTORS 10000u
#define DEPTH 128u
#define MOST 4096u

static void *regions[CLIENTS + 1];
static uint8_t table_bytes[PARTITION_READ];
static struct block_config config;
static struct block_virtualiser virtualiser;
static struct block_client clients[CLIENTS];
static struct block_server driver;
static struct block_info info;
static unsigned int complaints;
static uint64_t now;

/* What the driver took and has not answered. */
static struct {
    struct block_request request;
    struct block_segment segments[BLOCK_MAX_SEGMENTS];
} taken[MOST];
static unsigned int taken_count;

static void complain(const char *client, const char *what)
{
    assert_non_null(client);
    assert_non_null(what);
    complaints++;
}

static struct block_work serve(void)
{
    return block_virtualiser_serve(&virtualiser, now);
}

/* The driver takes what there is. */
static void drive(void)
{
    while (block_server_next(&driver, &taken[taken_count].request, taken[taken_count].segments)) {
        block_server_take(&driver, &taken[taken_count].request);
        assert_true(++taken_count < MOST);
    }
    (void)block_server_publish(&driver);
}

static void answer(unsigned int number, enum block_status status, uint64_t bytes)
{
    block_server_answer(&driver, taken[number].request.id, status, bytes);
    (void)block_server_publish(&driver);
}

/* Client i sends a request whose only segment is at `address`; it is shown with publish(). */
static uint32_t put(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address, uint64_t bytes)
{
    const struct block_segment segment = { address, bytes };
    const struct block_request request = {
        .kind = kind,
        .segments = kind <= BLOCK_WRITE,
        .sector = sector,
        .bytes = bytes,
    };
    uint32_t tag;

    assert_true(block_client_submit(&clients[i], &request, &segment, &tag));
    return tag;
}

static void publish(unsigned int i)
{
    (void)block_client_publish(&clients[i]);
}

static uint32_t ask(unsigned int i, uint8_t kind, uint64_t sector, uint64_t address, uint64_t bytes)
{
    uint32_t tag = put(i, kind, sector, address, bytes);

    publish(i);
    return tag;
}

static void expect(unsigned int i, uint32_t tag, enum block_status status)
{
    struct block_answer got;

    assert_true(block_client_take(&clients[i], &got));
    assert_int_equal(got.id, tag);
    assert_int_equal(got.status, status);
}

static void expect_none(unsigned int i)
{
    struct block_answer got;

    assert_false(block_client_take(&clients[i], &got));
}

static void configure(const char *text)
{
    char whole[2048];

    (void)snprintf(whole, sizeof(whole), "device 0 0x%lx 0x%x\n%s", (unsigned long)regions[CLIENTS],
                   DEVICE_BYTES, text);
    assert_int_equal(block_config_read(&config, whole, strlen(whole)), 0);
    for (unsigned int i = 0; i < config.count; i++) {
        config.clients[i].base = BASE(i);
    }
}

/* The three clients' lines; `shares` are their parts. */
static void configure_three(const char *first, const char *second, const char *third,
                            const char *more)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "client 2 0x%lx 0x%x left 0x%x %s\nclient 3 0x%lx 0x%x right 0x%x %s\n"
                   "client 4 0x%lx 0x%x third 0x%x %s\n%s",
                   (unsigned long)regions[0], CLIENT_BYTES, MEMORY, first,
                   (unsigned long)regions[1], CLIENT_BYTES, MEMORY, second,
                   (unsigned long)regions[2], CLIENT_BYTES, MEMORY, third, more);
    configure(text);
}

/* Everybody opens, and the driver says what the disk is like. */
static void start(void)
{
    const struct block_buffer buffer = { table_bytes, 0x5000 };
    uint64_t word;

    assert_true(block_virtualiser_open(&virtualiser, &config, buffer, complain));
    assert_true(block_server_open(&driver, regions[CLIENTS], DEVICE_BYTES));
    for (unsigned int i = 0; i < CLIENTS; i++) {
        assert_true(block_client_open(&clients[i], regions[i], CLIENT_BYTES));
    }
    (void)serve();
    assert_true(block_server_quiesce(&driver, &word));
    block_server_quiet(&driver, word);
    block_server_show(&driver, &info);
    drive();
    (void)serve();
    for (unsigned int i = 0; i < CLIENTS; i++) {
        assert_true(block_client_is_quiet(&clients[i]));
    }
}

static int setup(void **state)
{
    (void)state;
    for (unsigned int i = 0; i <= CLIENTS; i++) {
        size_t bytes = i == CLIENTS ? DEVICE_BYTES : CLIENT_BYTES;

        regions[i] = aligned_alloc(RING_ALIGN, bytes);
        assert_non_null(regions[i]);
        memset(regions[i], 0, bytes);
    }
    info = (struct block_info){
        .sectors = SECTORS,
        .logical_bytes = 512,
        .physical_bytes = 512,
        .flags = BLOCK_INFO_FLUSH | BLOCK_INFO_DISCARD | BLOCK_INFO_ZERO,
        .max_segments = 64,
        .max_segment_bytes = 0x100000,
        .depth = DEPTH,
        .max_discard = 100,
        .max_zero = 50,
    };
    complaints = 0;
    taken_count = 0;
    now = 0;
    configure_three("extent:1000:2000", "extent:5000:100 ro", "whole", "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned int i = 0; i <= CLIENTS; i++) {
        free(regions[i]);
    }
    return 0;
}

static void a_request_is_translated(void **state)
{
    struct block_info seen;
    uint32_t tag;

    (void)state;
    start();
    assert_int_equal(block_client_info(&clients[0], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 2000);
    assert_int_equal(block_client_info(&clients[1], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 100);
    assert_int_equal(seen.flags, BLOCK_INFO_FLUSH | BLOCK_INFO_READ_ONLY);
    tag = ask(0, BLOCK_WRITE, 7, 0x4000, 1024);
    assert_true(serve().device);
    drive();
    assert_int_equal(taken_count, 1);
    assert_int_equal(taken[0].request.kind, BLOCK_WRITE);
    assert_int_equal(taken[0].request.sector, 1007);
    assert_int_equal(taken[0].request.bytes, 1024);
    assert_int_equal(taken[0].segments[0].address, BASE(0) + 0x4000);
    assert_int_equal(taken[0].segments[0].bytes, 1024);
    answer(0, BLOCK_DONE, 1024);
    assert_int_equal(serve().clients, 1);
    expect(0, tag, BLOCK_DONE);
    expect_none(0);
    assert_int_equal(virtualiser.clients[0].stats.bytes_written, 1024);
    assert_int_equal(virtualiser.clients[0].stats.requests[BLOCK_WRITE], 1);
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
    start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned int kind = BLOCK_READ; kind <= BLOCK_WRITE; kind++) {
            uint32_t tag;

            taken_count = 0;
            tag = ask(0, (uint8_t)kind, cases[i].sector, 0, cases[i].sectors * 512);
            (void)serve();
            drive();
            assert_int_equal(taken_count, cases[i].good);
            if (cases[i].good) {
                assert_int_equal(taken[0].request.sector, 1000 + cases[i].sector);
                assert_true(taken[0].request.sector + taken[0].request.bytes / 512 <= 3000);
                answer(0, BLOCK_DONE, taken[0].request.bytes);
                (void)serve();
            }
            expect(0, tag, cases[i].good ? BLOCK_DONE : BLOCK_INVALID);
        }
    }
    /* A range to discard, and one to zero: lengths as large as they come. */
    for (unsigned int kind = BLOCK_DISCARD; kind <= BLOCK_ZERO; kind++) {
        static const uint64_t bytes[] = {
            0, 511, 513, 101 * 512ull, 1ull << 41, 1ull << 63, UINT64_MAX - 511, UINT64_MAX
        };

        taken_count = 0;
        for (unsigned int i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
            uint32_t tag = ask(0, (uint8_t)kind, 0, 0, bytes[i]);

            (void)serve();
            expect(0, tag, BLOCK_INVALID);
        }
        drive();
        assert_int_equal(taken_count, 0);
        (void)ask(0, (uint8_t)kind, 1990, 0, 10 * 512);
        (void)serve();
        drive();
        assert_int_equal(taken_count, 1);
        assert_int_equal(taken[0].request.sector, 2990);
        assert_int_equal(taken[0].request.segments, 0);
        answer(0, BLOCK_DONE, 0);
        (void)serve();
        struct block_answer got;
        assert_true(block_client_take(&clients[0], &got));
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
        { MEMORY - 512, 512, true },
        { MEMORY - 511, 512, false },
        { MEMORY, 512, false },
        { UINT64_MAX, 512, false },
        { UINT64_MAX - 511, 512, false },
        { 0 - BASE(0), 512, false },
        { BASE(1) - BASE(0), 512, false },
        { 1ull << 63, 512, false },
        { 0, 0, false },
        { 0, MEMORY + 512, false },
        { 512, 1ull << 40, false },
        { 0, MEMORY, true },
        { 1, MEMORY, false },
    };

    (void)state;
    info.max_segment_bytes = 0x80000000;
    start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t tag;

        taken_count = 0;
        tag = ask(2, BLOCK_READ, 0, cases[i].address, cases[i].bytes);
        (void)serve();
        drive();
        assert_int_equal(taken_count, cases[i].good);
        if (cases[i].good) {
            assert_true(taken[0].segments[0].address >= BASE(2) &&
                        taken[0].segments[0].address + taken[0].segments[0].bytes <=
                            BASE(2) + MEMORY);
            answer(0, BLOCK_DONE, cases[i].bytes);
            (void)serve();
        }
        expect(2, tag, cases[i].good ? BLOCK_DONE : BLOCK_INVALID);
    }
}

/* A request of client 0 with these segments, to sector 0. Its status when it does not go on. */
static enum block_status refused(const struct block_segment *segments, uint16_t count,
                                 uint64_t bytes)
{
    const struct block_request request = { .kind = BLOCK_WRITE, .segments = count, .bytes = bytes };
    struct block_answer got;
    uint32_t tag;

    taken_count = 0;
    assert_true(block_client_submit(&clients[0], &request, segments, &tag));
    publish(0);
    (void)serve();
    drive();
    if (taken_count == 1) {
        answer(0, BLOCK_DONE, bytes);
        (void)serve();
    }
    assert_true(block_client_take(&clients[0], &got));
    return (enum block_status)got.status;
}

static void lists_of_segments(void **state)
{
    struct block_segment segments[BLOCK_MAX_SEGMENTS];

    (void)state;
    for (unsigned int i = 0; i < BLOCK_MAX_SEGMENTS; i++) {
        segments[i] = (struct block_segment){ (uint64_t)i * 512, 512 };
    }
    start();
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
    start();
    for (uint8_t kind = BLOCK_READ; kind <= BLOCK_ZERO; kind++) {
        uint32_t tag = ask(1, kind, 0, 0, 512);

        (void)serve();
        if (kind == BLOCK_WRITE || kind == BLOCK_DISCARD || kind == BLOCK_ZERO) {
            expect(1, tag, BLOCK_READ_ONLY);
        }
    }
    drive();
    assert_int_equal(taken_count, 2);
    assert_int_equal(taken[0].request.kind, BLOCK_READ);
    assert_int_equal(taken[1].request.kind, BLOCK_FLUSH);
}

static void kinds_that_there_are_not(void **state)
{
    static const uint8_t kinds[] = { 0, 6, 7, 255 };

    (void)state;
    info.flags = 0;
    start();
    for (unsigned int i = 0; i < sizeof(kinds); i++) {
        uint32_t tag = ask(0, kinds[i], 0, 0, 512);

        (void)serve();
        expect(0, tag, BLOCK_UNSUPPORTED);
    }
    for (uint8_t kind = BLOCK_DISCARD; kind <= BLOCK_ZERO; kind++) {
        uint32_t tag = ask(0, kind, 0, 0, 512);

        (void)serve();
        expect(0, tag, BLOCK_UNSUPPORTED);
    }
    /* Without a cache everything is stable. */
    uint32_t tag = ask(0, BLOCK_FLUSH, 0, 0, 0);
    (void)serve();
    expect(0, tag, BLOCK_DONE);
    drive();
    assert_int_equal(taken_count, 0);
}

static void a_client_with_many_requests_delays_another_by_16(void **state)
{
    unsigned int before = 0;
    unsigned int done = 0;

    (void)state;
    start();
    for (unsigned int i = 0; i < BLOCK_MAX_IN_FLIGHT; i++) {
        (void)put(0, BLOCK_READ, i, 0, 512);
    }
    publish(0);
    (void)serve();
    drive();
    (void)ask(2, BLOCK_READ, 4242, 0, 512);
    /* The driver answers in order, one at a time. */
    while (done < MOST) {
        (void)serve();
        drive();
        assert_true(done < taken_count);
        if (taken[done].request.sector == 4242) {
            break;
        }
        before++;
        answer(done++, BLOCK_DONE, 512);
    }
    assert_true(before <= BLOCK_WINDOW);
}

static void clients_take_turns(void **state)
{
    unsigned int got[CLIENTS] = { 0 };

    (void)state;
    start();
    for (unsigned int i = 0; i < 200; i++) {
        (void)put(0, BLOCK_READ, i, 0, 512);
        (void)put(2, BLOCK_READ, 5000 + i, 0, 512);
    }
    publish(0);
    publish(2);
    for (unsigned int done = 0; done < 400; done++) {
        (void)serve();
        drive();
        got[taken[done].request.sector >= 5000 ? 2 : 0]++;
        assert_true(got[0] <= got[2] + BLOCK_WINDOW && got[2] <= got[0] + BLOCK_WINDOW);
        answer(done, BLOCK_DONE, 512);
        (void)serve();
        struct block_answer answered;
        while (block_client_take(&clients[0], &answered) ||
               block_client_take(&clients[2], &answered)) {
        }
    }
    assert_int_equal(got[0], 200);
    assert_int_equal(got[2], 200);
}

static void the_driver_gets_no_more_than_it_takes(void **state)
{
    (void)state;
    info.depth = 4;
    start();
    for (unsigned int i = 0; i < 20; i++) {
        (void)put(0, BLOCK_READ, i, 0, 512);
    }
    publish(0);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 4);
    answer(2, BLOCK_DONE, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 5);
}

static void a_barrier_waits_and_is_waited_for(void **state)
{
    const struct block_segment segment = { 0, 512 };
    const struct block_request barrier = {
        .kind = BLOCK_WRITE, .flags = BLOCK_FLAG_BARRIER, .segments = 1, .sector = 5, .bytes = 512
    };
    uint32_t tag;

    (void)state;
    start();
    (void)put(0, BLOCK_WRITE, 0, 0, 512);
    (void)put(0, BLOCK_WRITE, 1, 0, 512);
    assert_true(block_client_submit(&clients[0], &barrier, &segment, &tag));
    (void)put(0, BLOCK_WRITE, 2, 0, 512);
    publish(0);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 2);
    answer(1, BLOCK_DONE, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 2);
    /* Others do not wait for it. */
    (void)ask(2, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 3);
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 4);
    assert_int_equal(taken[3].request.sector, 1005);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 4);
    answer(3, BLOCK_DONE, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 5);
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
    start();
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t tag = ask(0, BLOCK_READ, 0, 0, 1024);

        taken_count = 0;
        (void)serve();
        drive();
        answer(0, cases[i].status, cases[i].bytes);
        (void)serve();
        expect(0, tag, cases[i].seen);
    }
}

static void answers_that_are_double_wrong_or_not_asked_for(void **state)
{
    uint32_t tag;

    (void)state;
    start();
    tag = ask(0, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    /* One with another id, one with a status that there is not. */
    driver.in_flight = 5;
    block_server_answer(&driver, taken[0].request.id ^ 0x100, BLOCK_DONE, 512);
    block_server_answer(&driver, taken[0].request.id ^ 1, BLOCK_DONE, 512);
    block_server_answer(&driver, taken[0].request.id, (enum block_status)200, 512);
    (void)block_server_publish(&driver);
    (void)serve();
    expect_none(0);
    block_server_answer(&driver, taken[0].request.id, BLOCK_DONE, 512);
    block_server_answer(&driver, taken[0].request.id, BLOCK_DONE, 512);
    (void)block_server_publish(&driver);
    (void)serve();
    expect(0, tag, BLOCK_DONE);
    expect_none(0);
    assert_int_equal(virtualiser.device.nonsense, 4);
    assert_int_equal(virtualiser.clients[0].in_device, 0);
}

static void a_quiesce_returns_everything(void **state)
{
    uint64_t word;
    uint32_t other;

    (void)state;
    start();
    for (unsigned int i = 0; i < 30; i++) {
        (void)put(0, BLOCK_READ, i, 0, 512);
    }
    publish(0);
    other = ask(2, BLOCK_READ, 77, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, BLOCK_WINDOW + 1);
    block_client_quiesce(&clients[0], 0);
    assert_true(serve().device);
    /* Those that the driver has not begun are back, and nothing new begins. */
    (void)put(0, BLOCK_READ, 99, 0, 512);
    publish(0);
    (void)serve();
    drive();
    assert_int_equal(taken_count, BLOCK_WINDOW + 1);
    assert_false(block_client_is_quiet(&clients[0]));
    assert_true(block_server_quiesce(&driver, &word));
    assert_int_equal(block_server_owner(word), 1);
    for (unsigned int i = 0; i < taken_count; i++) {
        if (taken[i].request.owner == 1) {
            answer(i, BLOCK_ABORTED, 0);
        }
    }
    block_server_quiet(&driver, word);
    assert_int_equal(serve().clients & 1, 1);
    assert_true(block_client_is_quiet(&clients[0]));
    for (unsigned int i = 0; i < 31; i++) {
        struct block_answer got;

        assert_true(block_client_take(&clients[0], &got));
        assert_int_equal(got.status, BLOCK_ABORTED);
    }
    expect_none(0);
    assert_int_equal(block_client_in_flight(&clients[0]), 0);
    /* The other's request was not touched; and it goes on. */
    for (unsigned int i = 0; i < taken_count; i++) {
        if (taken[i].request.owner == 3) {
            answer(i, BLOCK_DONE, 512);
        }
    }
    (void)serve();
    expect(2, other, BLOCK_DONE);
    taken_count = 0;
    other = ask(0, BLOCK_READ, 1, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    expect(0, other, BLOCK_DONE);
}

static void a_driver_that_answers_nothing_and_is_quiet_ends_requests(void **state)
{
    uint64_t word;

    (void)state;
    start();
    (void)ask(0, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    block_client_quiesce(&clients[0], 0);
    (void)serve();
    assert_true(block_server_quiesce(&driver, &word));
    block_server_quiet(&driver, word);
    (void)serve();
    assert_true(block_client_is_quiet(&clients[0]));
    /* What comes now is late: it is nobody's. */
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    assert_int_equal(virtualiser.device.nonsense, 1);
}

static void two_clients_quiesce_one_after_the_other(void **state)
{
    uint64_t word;

    (void)state;
    start();
    (void)ask(0, BLOCK_READ, 0, 0, 512);
    (void)ask(2, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    block_client_quiesce(&clients[0], 0);
    block_client_quiesce(&clients[2], 0);
    (void)serve();
    for (unsigned int i = 0; i < 2; i++) {
        assert_true(block_server_quiesce(&driver, &word));
        answer(i, BLOCK_ABORTED, 0);
        assert_int_equal(block_server_owner(word), taken[i].request.owner);
        block_server_quiet(&driver, word);
        (void)serve();
    }
    assert_true(block_client_is_quiet(&clients[0]));
    assert_true(block_client_is_quiet(&clients[2]));
}

static void a_client_that_starts_anew_gets_no_old_answer(void **state)
{
    uint64_t word;
    uint32_t tag;

    (void)state;
    start();
    (void)ask(0, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    (void)put(0, BLOCK_READ, 1, 0, 512);
    publish(0);
    assert_true(block_client_open(&clients[0], regions[0], CLIENT_BYTES));
    (void)serve();
    assert_true(block_server_quiesce(&driver, &word));
    answer(0, BLOCK_DONE, 512);
    block_server_quiet(&driver, word);
    (void)serve();
    assert_true(block_client_is_quiet(&clients[0]));
    expect_none(0);
    assert_int_equal(clients[0].nonsense, 2);
    taken_count = 0;
    tag = ask(0, BLOCK_READ, 2, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
    assert_int_equal(taken[0].request.sector, 1002);
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    expect(0, tag, BLOCK_DONE);
}

static void a_request_that_is_late_is_ended(void **state)
{
    struct block_work work;
    uint64_t word;
    uint32_t late;
    uint32_t good;

    (void)state;
    configure_three("extent:1000:2000", "extent:5000:100 ro", "whole", "timer 1\ndeadline 30\n");
    start();
    now = 1000000;
    late = ask(0, BLOCK_READ, 0, 0, 512);
    work = serve();
    (void)work;
    drive();
    now = 11000000;
    good = ask(2, BLOCK_READ, 0, 0, 512);
    (void)serve();
    work = serve();
    assert_int_equal(work.deadline, 31000000);
    drive();
    now = 30999999;
    (void)serve();
    assert_false(block_server_quiesce(&driver, &word));
    now = 31000000;
    assert_true(serve().device);
    assert_true(block_server_quiesce(&driver, &word));
    assert_int_equal(block_server_owner(word), 1);
    answer(0, BLOCK_ABORTED, 0);
    block_server_quiet(&driver, word);
    (void)serve();
    expect(0, late, BLOCK_LATE);
    answer(1, BLOCK_DONE, 512);
    (void)serve();
    expect(2, good, BLOCK_DONE);
    /* The client goes on. */
    taken_count = 0;
    (void)ask(0, BLOCK_READ, 1, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
}

static void hostile_rings(void **state)
{
    struct block_answer got;

    (void)state;
    start();
    /* Half a request, a length beyond the ring, positions that cannot be. */
    for (uint32_t slots = 1; slots < 6; slots++) {
        const struct ring_slot slot = { { (uint64_t)BLOCK_READ << 32 | 5ull << 48, 0 } };

        for (uint32_t i = 0; i < slots; i++) {
            ring_put(&clients[0].requests, &slot, 1);
        }
        ring_publish(&clients[0].requests);
        (void)serve();
    }
    assert_int_equal(virtualiser.clients[0].server.broken, 5);
    const struct ring_slot many = { { (uint64_t)BLOCK_READ << 32 | 0xffffull << 48, 0 } };
    ring_put(&clients[0].requests, &many, 1);
    ring_put(&clients[0].requests, &many, 1);
    ring_publish(&clients[0].requests);
    (void)serve();
    assert_int_equal(virtualiser.clients[0].server.broken, 6);
    clients[0].requests.memory->produced = 0x12345678;
    clients[0].answers.memory->consumed = 0x87654321;
    (void)serve();
    drive();
    assert_int_equal(taken_count, 0);
    /* The others have noticed nothing. */
    uint32_t tag = ask(2, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    assert_true(block_client_take(&clients[2], &got));
    assert_int_equal(got.id, tag);
}

static void who_takes_no_answers_holds_up_himself_only(void **state)
{
    (void)state;
    start();
    for (unsigned int round = 0; round < 8; round++) {
        block_client_forget(&clients[0]);
        for (unsigned int i = 0; i < 100; i++) {
            (void)put(0, 77, 0, 0, 512);
        }
        publish(0);
        (void)serve();
    }
    assert_true(virtualiser.clients[0].server.in_flight == 0);
    uint32_t tag = ask(2, BLOCK_READ, 0, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
    answer(0, BLOCK_DONE, 512);
    (void)serve();
    expect(2, tag, BLOCK_DONE);
}

static void parts_that_are_not_on_the_disk(void **state)
{
    struct block_info seen;

    (void)state;
    configure_three("extent:9999:2", "extent:18446744073709551615:1", "extent:9999:1", "");
    start();
    assert_int_equal(complaints, 2);
    assert_int_equal(block_client_info(&clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&clients[2], &seen), BLOCK_DISK_THERE);
    /* Who has no disk can ask, and gets nowhere. */
    (void)ask(0, BLOCK_WRITE, 0, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 0);
}

static void a_partition_table_is_read(void **state)
{
    struct block_info seen;

    (void)state;
    configure_three("partition:2", "partition:3", "whole", "");
    start();
    assert_int_equal(block_client_info(&clients[0], &seen), BLOCK_DISK_UNKNOWN);
    (void)serve();
    drive();
    assert_int_equal(taken_count, 1);
    assert_int_equal(taken[0].request.kind, BLOCK_READ);
    assert_int_equal(taken[0].request.sector, 0);
    assert_int_equal(taken[0].segments[0].address, 0x5000);
    memset(table_bytes, 0, sizeof(table_bytes));
    table_bytes[446 + 16 + 4] = 0x83;
    table_bytes[446 + 16 + 8] = 100;
    table_bytes[446 + 16 + 12] = 50;
    table_bytes[510] = 0x55;
    table_bytes[511] = 0xaa;
    answer(0, BLOCK_DONE, 512);
    assert_int_equal(serve().clients, 7);
    assert_int_equal(block_client_info(&clients[0], &seen), BLOCK_DISK_THERE);
    assert_int_equal(seen.sectors, 50);
    assert_int_equal(block_client_info(&clients[1], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&clients[2], &seen), BLOCK_DISK_THERE);
    assert_int_equal(complaints, 1);
    taken_count = 0;
    (void)ask(0, BLOCK_WRITE, 49, 0, 512);
    (void)serve();
    drive();
    assert_int_equal(taken[0].request.sector, 149);
}

static void a_partition_table_that_cannot_be_read(void **state)
{
    struct block_info seen;

    (void)state;
    configure_three("partition:2", "extent:0:5", "whole", "");
    start();
    (void)serve();
    drive();
    answer(0, BLOCK_FAILED, 0);
    (void)serve();
    assert_int_equal(block_client_info(&clients[0], &seen), BLOCK_DISK_NONE);
    assert_int_equal(block_client_info(&clients[1], &seen), BLOCK_DISK_THERE);
    assert_int_equal(complaints, 1);
}

static void a_disk_that_is_not_there(void **state)
{
    const struct block_buffer buffer = { table_bytes, 0 };
    struct block_info seen;

    (void)state;
    assert_true(block_virtualiser_open(&virtualiser, &config, buffer, complain));
    assert_true(block_server_open(&driver, regions[CLIENTS], DEVICE_BYTES));
    block_server_show(&driver, NULL);
    assert_int_equal(serve().clients, 7);
    for (unsigned int i = 0; i < CLIENTS; i++) {
        assert_true(block_client_open(&clients[i], regions[i], CLIENT_BYTES));
        (void)serve();
        assert_true(block_client_is_quiet(&clients[i]));
        assert_int_equal(block_client_info(&clients[i], &seen), BLOCK_DISK_NONE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_translated),
        TEST(ranges_at_every_edge),
        TEST(segments_at_every_edge),
        TEST(lists_of_segments),
        TEST(a_read_only_client_changes_nothing),
        TEST(kinds_that_there_are_not),
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
        TEST(a_request_that_is_late_is_ended),
        TEST(hostile_rings),
        TEST(who_takes_no_answers_holds_up_himself_only),
        TEST(parts_that_are_not_on_the_disk),
        TEST(a_partition_table_is_read),
        TEST(a_partition_table_that_cannot_be_read),
        TEST(a_disk_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
