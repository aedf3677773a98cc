/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/block/partition.h"
#include "tests/unit/crc32.h"

#define SECTORS 4096u

static uint8_t disk[SECTORS * 512u];
static struct partition_table table;

static void put32(size_t at, uint32_t value)
{
    memcpy(&disk[at], &value, sizeof(value));
}

static void put64(size_t at, uint64_t value)
{
    memcpy(&disk[at], &value, sizeof(value));
}

static void mbr_entry(uint32_t sector, unsigned int number, uint8_t type, uint32_t first,
                      uint32_t count)
{
    size_t at = (size_t)sector * 512 + 446 + (size_t)number * 16;

    disk[at + 4] = type;
    put32(at + 8, first);
    put32(at + 12, count);
    disk[sector * 512 + 510] = 0x55;
    disk[sector * 512 + 511] = 0xaa;
}

/* Reads as the virtualiser does, from a heap block of just the bytes that are wanted. */
static enum partition_error scan(uint32_t block)
{
    enum partition_error error = PARTITION_MORE;

    partition_begin(&table, SECTORS, block);
    for (unsigned int i = 0; error == PARTITION_MORE; i++) {
        uint64_t sector;
        uint32_t bytes;
        uint8_t *copy;

        assert_true(i < 200);
        partition_wants(&table, &sector, &bytes);
        assert_true(bytes != 0 && bytes <= PARTITION_READ && bytes % block == 0);
        assert_true(sector % (block / 512) == 0 && sector * 512 + bytes <= sizeof(disk));
        copy = malloc(bytes);
        assert_non_null(copy);
        memcpy(copy, &disk[sector * 512], bytes);
        error = partition_feed(&table, copy);
        free(copy);
    }
    return error;
}

static void expect(unsigned int number, uint64_t first, uint64_t count)
{
    struct partition partition;

    assert_true(partition_find(&table, number, &partition));
    assert_int_equal(partition.first, first);
    assert_int_equal(partition.count, count);
}

static void expect_none(unsigned int number)
{
    struct partition partition;

    assert_false(partition_find(&table, number, &partition));
}

static int setup(void **state)
{
    (void)state;
    memset(disk, 0, sizeof(disk));
    return 0;
}

static void an_empty_disk_has_no_table(void **state)
{
    (void)state;
    assert_int_equal(scan(512), PARTITION_ERR_NONE);
    disk[510] = 0x55;
    assert_int_equal(scan(512), PARTITION_ERR_NONE);
    disk[511] = 0xaa;
    assert_int_equal(scan(512), PARTITION_OK);
    expect_none(1);
    expect_none(0);
    expect_none(PARTITION_MOST + 1);
    expect_none(UINT32_MAX);
}

static void primary_partitions(void **state)
{
    (void)state;
    mbr_entry(0, 0, 0x83, 64, 100);
    mbr_entry(0, 2, 0x0c, 164, 1);
    mbr_entry(0, 3, 0x83, 165, SECTORS - 165);
    assert_int_equal(scan(512), PARTITION_OK);
    expect(1, 64, 100);
    expect_none(2);
    expect(3, 164, 1);
    expect(4, 165, SECTORS - 165);
    expect_none(5);
    /* In blocks of 4 KiB the numbers are of those. */
    memset(disk, 0, sizeof(disk));
    mbr_entry(0, 0, 0x83, 8, 10);
    assert_int_equal(scan(4096), PARTITION_OK);
    expect(1, 64, 80);
}

static void primary_partitions_that_cannot_be(void **state)
{
    static const struct {
        uint32_t first;
        uint32_t count;
    } wrong[] = {
        { 0, 10 },         { 10, 0 },      { SECTORS, 1 },    { SECTORS - 1, 2 },
        { 0xffffffff, 1 }, { 1, SECTORS }, { 1, 0xffffffff }, { 0xffffffff, 0xffffffff }
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        mbr_entry(0, 1, 0x83, wrong[i].first, wrong[i].count);
        assert_int_equal(scan(512), PARTITION_ERR_RANGE);
    }
    mbr_entry(0, 1, 0x83, 100, 100);
    for (uint32_t first = 60; first < 200; first += 10) {
        mbr_entry(0, 3, 0x83, first, 41);
        assert_int_equal(scan(512), PARTITION_ERR_OVERLAP);
    }
    mbr_entry(0, 3, 0x83, 60, 40);
    assert_int_equal(scan(512), PARTITION_OK);
    mbr_entry(0, 3, 0x83, 200, 40);
    assert_int_equal(scan(512), PARTITION_OK);
}

/* An extended partition [1000, 2000) with links at 1000, 1100 and 1300. */
static void make_logical(void)
{
    mbr_entry(0, 0, 0x83, 64, 100);
    mbr_entry(0, 1, 0x05, 1000, 1000);
    mbr_entry(1000, 0, 0x83, 8, 50);
    mbr_entry(1000, 1, 0x05, 100, 200);
    mbr_entry(1100, 0, 0x83, 8, 100);
    mbr_entry(1100, 1, 0x05, 300, 100);
    mbr_entry(1300, 0, 0x83, 8, 92);
}

static void logical_partitions(void **state)
{
    (void)state;
    make_logical();
    assert_int_equal(scan(512), PARTITION_OK);
    expect(1, 64, 100);
    /* It is no partition to be had: the logical ones are inside of it. */
    expect_none(2);
    expect(5, 1008, 50);
    expect(6, 1108, 100);
    expect(7, 1308, 92);
    expect_none(8);
}

static void chains_of_logical_partitions_that_do_not_end(void **state)
{
    static const uint32_t wrong[] = { 0, 100, 99, 1 };

    (void)state;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        make_logical();
        mbr_entry(1100, 1, 0x05, wrong[i], 100);
        assert_int_equal(scan(512), PARTITION_ERR_CHAIN);
    }
    /* Out of the extended partition. */
    make_logical();
    mbr_entry(1100, 1, 0x05, 1000, 100);
    assert_int_equal(scan(512), PARTITION_ERR_RANGE);
    mbr_entry(1100, 1, 0x05, 0xffffffff, 100);
    assert_int_equal(scan(512), PARTITION_ERR_RANGE);
    make_logical();
    mbr_entry(1300, 0, 0x83, 8, 693);
    assert_int_equal(scan(512), PARTITION_ERR_RANGE);
    make_logical();
    disk[1100 * 512 + 510] = 0;
    assert_int_equal(scan(512), PARTITION_ERR_CHAIN);
    /* Two extended ones. */
    make_logical();
    mbr_entry(0, 2, 0x0f, 3000, 100);
    assert_int_equal(scan(512), PARTITION_ERR_CHAIN);
    /* As many as there is no number for. */
    memset(disk, 0, sizeof(disk));
    mbr_entry(0, 0, 0x05, 1000, 3000);
    for (uint32_t i = 0; i < 100; i++) {
        mbr_entry(1000 + i * 2, 0, 0x83, 1, 1);
        mbr_entry(1000 + i * 2, 1, 0x05, i * 2 + 2, 2);
    }
    assert_int_equal(scan(512), PARTITION_ERR_CHAIN);
}

/* A GPT header at a block, with entries elsewhere. */
static void gpt_header(uint32_t block, uint64_t at, uint64_t entries, uint32_t count)
{
    size_t header = (size_t)at * block;
    size_t bytes = (size_t)count * 128;
    uint64_t blocks = SECTORS * 512u / block;

    memcpy(&disk[header], "EFI PART", 8);
    put32(header + 8, 0x00010000);
    put32(header + 12, 92);
    put64(header + 24, at);
    put64(header + 40, 64);
    put64(header + 48, blocks - 40);
    put64(header + 72, entries);
    put32(header + 80, count);
    put32(header + 84, 128);
    put32(header + 88, crc32(&disk[entries * block], bytes));
    put32(header + 16, 0);
    put32(header + 16, crc32(&disk[header], 92));
}

static void gpt_entry(uint32_t block, uint64_t entries, unsigned int number, uint64_t first,
                      uint64_t last)
{
    size_t at = (size_t)entries * block + (size_t)number * 128;

    disk[at] = 0xaf;
    put64(at + 32, first);
    put64(at + 40, last);
}

static void gpt_finish(uint32_t block)
{
    uint64_t last = SECTORS * 512u / block - 1;

    mbr_entry(0, 0, 0xee, 1, 0xffffffff);
    gpt_header(block, 1, 2, 128);
    memcpy(&disk[(last - 32) * block], &disk[2 * block], 128 * 128);
    gpt_header(block, last, last - 32, 128);
}

static void make_gpt(uint32_t block)
{
    memset(disk, 0, sizeof(disk));
    gpt_entry(block, 2, 0, 64, 127);
    gpt_entry(block, 2, 2, 128, 128);
    gpt_entry(block, 2, 127, 200, SECTORS * 512u / block - 40);
    gpt_finish(block);
}

static void a_gpt(void **state)
{
    (void)state;
    for (uint32_t block = 512; block <= 4096; block *= 8) {
        uint64_t unit = block / 512;

        make_gpt(block);
        assert_int_equal(scan(block), PARTITION_OK);
        expect(1, 64 * unit, 64 * unit);
        expect_none(2);
        expect(3, 128 * unit, unit);
        expect(128, 200 * unit, SECTORS - 39 * unit - 200 * unit);
    }
}

static void a_damaged_gpt_is_read_from_its_copy(void **state)
{
    (void)state;
    for (unsigned int what = 0; what < 4; what++) {
        make_gpt(512);
        switch (what) {
        case 0:
            disk[512 + 60] ^= 1;
            break;
        case 1:
            disk[2 * 512 + 5] ^= 1;
            break;
        case 2:
            disk[512] = 0;
            break;
        default:
            /* Its entries are somewhere that cannot be. */
            put64(512 + 72, UINT64_MAX);
            put32(512 + 16, 0);
            put32(512 + 16, crc32(&disk[512], 92));
            break;
        }
        assert_int_equal(scan(512), PARTITION_OK);
        expect(1, 64, 64);
        /* And now the copy is damaged, too. */
        disk[(SECTORS - 1) * 512 + 60] ^= 1;
        assert_int_equal(scan(512), PARTITION_ERR_CHECKSUM);
    }
}

static void every_byte_of_header_and_entries_is_under_a_checksum(void **state)
{
    (void)state;
    make_gpt(512);
    memset(&disk[(SECTORS - 1) * 512], 0, 512);
    for (unsigned int at = 512; at < 512 + 92; at++) {
        disk[at] ^= 0x10;
        assert_int_not_equal(scan(512), PARTITION_OK);
        disk[at] ^= 0x10;
    }
    for (unsigned int at = 1024; at < 1024 + 128 * 128; at += 61) {
        disk[at] ^= 0x10;
        assert_int_equal(scan(512), PARTITION_ERR_CHECKSUM);
        disk[at] ^= 0x10;
    }
    assert_int_equal(scan(512), PARTITION_OK);
}

static void gpt_numbers_that_cannot_be(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        bool wide;
    } wrong[] = {
        { 24, 2, true },           { 40, 4057, true },
        { 48, SECTORS, true },     { 48, UINT64_MAX, true },
        { 72, 0, true },           { 72, 1, true },
        { 72, SECTORS - 5, true }, { 72, UINT64_MAX - 3, true },
        { 80, 0, false },          { 80, 129, false },
        { 80, 0xffffffff, false }, { 84, 64, false },
        { 84, 192, false },        { 84, 0x80000000, false },
        { 84, 0, false },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        make_gpt(512);
        memset(&disk[(SECTORS - 1) * 512], 0, 512);
        if (wrong[i].wide) {
            put64(512 + wrong[i].at, wrong[i].value);
        } else {
            put32(512 + wrong[i].at, (uint32_t)wrong[i].value);
        }
        put32(512 + 16, 0);
        put32(512 + 16, crc32(&disk[512], 92));
        /* The copy is not there: what it lacks is a checksum. */
        assert_int_equal(scan(512), PARTITION_ERR_CHECKSUM);
    }
    for (uint32_t bytes = 0; bytes < 92; bytes += 13) {
        make_gpt(512);
        memset(&disk[(SECTORS - 1) * 512], 0, 512);
        put32(512 + 12, bytes);
        assert_int_equal(scan(512), PARTITION_ERR_CHECKSUM);
    }
    make_gpt(512);
    memset(&disk[(SECTORS - 1) * 512], 0, 512);
    put32(512 + 12, 513);
    assert_int_equal(scan(512), PARTITION_ERR_CHECKSUM);
}

static void gpt_partitions_that_cannot_be(void **state)
{
    static const struct {
        uint64_t first;
        uint64_t last;
        enum partition_error error;
    } wrong[] = {
        { 63, 64, PARTITION_ERR_RANGE },
        { 3000, SECTORS - 39, PARTITION_ERR_RANGE },
        { 3000, 2999, PARTITION_ERR_RANGE },
        { 0, UINT64_MAX, PARTITION_ERR_RANGE },
        { UINT64_MAX, UINT64_MAX, PARTITION_ERR_RANGE },
        { 100, 100, PARTITION_ERR_OVERLAP },
        { 127, 128, PARTITION_ERR_OVERLAP },
        { 64, 3000, PARTITION_ERR_OVERLAP },
    };

    (void)state;
    for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        memset(disk, 0, sizeof(disk));
        gpt_entry(512, 2, 0, 64, 127);
        gpt_entry(512, 2, 1, wrong[i].first, wrong[i].last);
        gpt_finish(512);
        assert_int_equal(scan(512), wrong[i].error);
    }
}

static void a_disk_that_is_too_small(void **state)
{
    uint8_t sector[512] = { 0 };

    (void)state;
    sector[450] = 0xee;
    sector[454] = 1;
    sector[458] = 1;
    sector[510] = 0x55;
    sector[511] = 0xaa;
    partition_begin(&table, 2, 512);
    assert_int_equal(partition_feed(&table, sector), PARTITION_ERR_NONE);
    /* It is over, whatever comes. */
    assert_int_equal(partition_feed(&table, sector), PARTITION_ERR_NONE);
}

static void every_error_is_a_sentence(void **state)
{
    (void)state;
    for (unsigned int error = PARTITION_OK; error <= PARTITION_ERR_READ; error++) {
        assert_string_not_equal(partition_says((enum partition_error)error),
                                "its partition table is wrong");
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_disk_has_no_table),
        TEST(primary_partitions),
        TEST(primary_partitions_that_cannot_be),
        TEST(logical_partitions),
        TEST(chains_of_logical_partitions_that_do_not_end),
        TEST(a_gpt),
        TEST(a_damaged_gpt_is_read_from_its_copy),
        TEST(every_byte_of_header_and_entries_is_under_a_checksum),
        TEST(gpt_numbers_that_cannot_be),
        TEST(gpt_partitions_that_cannot_be),
        TEST(a_disk_that_is_too_small),
        TEST(every_error_is_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
