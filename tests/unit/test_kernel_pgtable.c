/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation tables: the largest blocks, splitting, and random maps against a page by page list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch.h"
#include "heap.h"
#include "pgtable.h"

#define PAGE 4096UL
#define BLOCK (512 * PAGE)
#define GIGA (512 * BLOCK)
#define ACCESS (1UL << 10)
#define RW (PGTABLE_S2_NORMAL | PGTABLE_S2_READ | PGTABLE_S2_WRITE | PGTABLE_S2_NOEXEC)
#define RX (PGTABLE_S2_NORMAL | PGTABLE_S2_READ)
#define AS_PAGE 3UL
#define AS_BLOCK 1UL

static uint64_t *root;

static void tables(uint64_t count)
{
    arch_fake_reset();
    arch_fake_ram(count * PAGE);
    heap_init(arch_phys(ARCH_FAKE_RAM), count * PAGE);
    root = pgtable_new();
}

static int setup(void **state)
{
    (void)state;
    tables(256);
    assert_non_null(root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arch_fake_reset();
    return 0;
}

static bool map(uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes)
{
    return pgtable_map(root, (struct pgtable_va){ va }, (struct pgtable_pa){ pa }, bytes,
                       attributes);
}

static void expect(uint64_t va, uint64_t entry, uint64_t span)
{
    uint64_t bytes = 0;
    assert_int_equal(arch_fake_lookup(root, va, &bytes), entry);
    assert_int_equal(bytes, span);
}

static void test_empty(void **state)
{
    (void)state;
    expect(0, 0, GIGA);
    expect(512 * GIGA - 1, 0, GIGA);
}

static void test_page(void **state)
{
    (void)state;
    assert_true(map(0x201000, 0x40005000, PAGE, RX));
    expect(0x201000, 0x40005000 | RX | ACCESS | AS_PAGE, PAGE);
    expect(0x201fff, 0x40005000 | RX | ACCESS | AS_PAGE, PAGE);
    expect(0x200000, 0, PAGE);
    expect(0x202000, 0, PAGE);
    expect(0x400000, 0, BLOCK);
}

static void test_largest_blocks(void **state)
{
    (void)state;
    assert_true(map(GIGA, 3 * GIGA, 2 * GIGA, RW));
    expect(GIGA, 3 * GIGA | RW | ACCESS | AS_BLOCK, GIGA);
    expect(3 * GIGA - 1, 4 * GIGA | RW | ACCESS | AS_BLOCK, GIGA);
    assert_true(map(8 * GIGA + BLOCK, BLOCK, 3 * BLOCK, RW));
    expect(8 * GIGA + BLOCK, BLOCK | RW | ACCESS | AS_BLOCK, BLOCK);
    expect(8 * GIGA + 3 * BLOCK, 3 * BLOCK | RW | ACCESS | AS_BLOCK, BLOCK);
    expect(8 * GIGA + 4 * BLOCK, 0, BLOCK);
}

static void test_alignment_of_both_decides(void **state)
{
    (void)state;
    assert_true(map(GIGA, GIGA + BLOCK, GIGA, RW));
    expect(GIGA, (GIGA + BLOCK) | RW | ACCESS | AS_BLOCK, BLOCK);
    assert_true(map(4 * GIGA, PAGE, BLOCK, RW));
    expect(4 * GIGA, PAGE | RW | ACCESS | AS_PAGE, PAGE);
}

static void test_ends_are_small(void **state)
{
    (void)state;
    /* From a page before a block to a page behind it. */
    assert_true(map(BLOCK - PAGE, 5 * BLOCK - PAGE, BLOCK + 2 * PAGE, RW));
    expect(BLOCK - PAGE, (5 * BLOCK - PAGE) | RW | ACCESS | AS_PAGE, PAGE);
    expect(BLOCK, 5 * BLOCK | RW | ACCESS | AS_BLOCK, BLOCK);
    expect(2 * BLOCK, 6 * BLOCK | RW | ACCESS | AS_PAGE, PAGE);
    expect(2 * BLOCK + PAGE, 0, PAGE);
    expect(BLOCK - 2 * PAGE, 0, PAGE);
}

static void test_split(void **state)
{
    (void)state;
    assert_true(map(0, 0, GIGA, RW));
    assert_true(map(BLOCK + PAGE, BLOCK + PAGE, PAGE, RX));
    expect(BLOCK + PAGE, (BLOCK + PAGE) | RX | ACCESS | AS_PAGE, PAGE);
    expect(BLOCK, BLOCK | RW | ACCESS | AS_PAGE, PAGE);
    expect(2 * BLOCK - PAGE, (2 * BLOCK - PAGE) | RW | ACCESS | AS_PAGE, PAGE);
    expect(0, 0 | RW | ACCESS | AS_BLOCK, BLOCK);
    expect(511 * BLOCK, 511 * BLOCK | RW | ACCESS | AS_BLOCK, BLOCK);
}

static void test_top_of_the_space(void **state)
{
    (void)state;
    assert_true(map(512 * GIGA - PAGE, 0x40000000, PAGE, RW));
    expect(512 * GIGA - PAGE, 0x40000000 | RW | ACCESS | AS_PAGE, PAGE);
    expect(0, 0, GIGA);
}

static void test_exhausted(void **state)
{
    (void)state;
    for (uint64_t count = 1; count < 5; count++) {
        tables(count);
        assert_int_equal(map(GIGA - PAGE, 0, 2 * PAGE, RW), false);
    }
    tables(5);
    assert_true(map(GIGA - PAGE, 0, 2 * PAGE, RW));
}

/* A window of 8 MiB around a GiB boundary. */
#define WINDOW_PAGES 2048u

static void test_random_maps(void **state)
{
    (void)state;
    static uint64_t expected[WINDOW_PAGES];
    for (uint32_t seed = 1; seed <= 20; seed++) {
        uint64_t base = GIGA - 2 * BLOCK;
        tables(64);
        memset(expected, 0, sizeof(expected));
        srand(seed);
        for (uint32_t i = 0; i < 30; i++) {
            uint32_t first = (uint32_t)rand() % WINDOW_PAGES;
            uint32_t pages = 1 + (uint32_t)rand() % (rand() % 2 == 0 ? 4 : WINDOW_PAGES);
            pages = pages < WINDOW_PAGES - first ? pages : WINDOW_PAGES - first;
            uint64_t pa = 7 * GIGA + (rand() % 2 == 0 ? first : (uint32_t)rand() % 1024) * PAGE;
            uint64_t attributes = rand() % 2 == 0 ? RW : RX;
            bool free_range = true;
            for (uint32_t p = first; p < first + pages; p++) {
                free_range = free_range && expected[p] == 0;
            }
            if (!free_range) {
                continue;
            }
            assert_true(map(base + first * PAGE, pa, pages * PAGE, attributes));
            for (uint32_t p = 0; p < pages; p++) {
                expected[first + p] = (pa + p * PAGE) | attributes | ACCESS;
            }
        }
        for (uint32_t p = 0; p < WINDOW_PAGES; p++) {
            uint64_t bytes;
            uint64_t va = base + p * PAGE;
            uint64_t entry = arch_fake_lookup(root, va, &bytes);
            uint64_t leaf = entry == 0 ? 0 : (entry & ~3UL) + va % bytes;
            assert_int_equal(leaf, expected[p]);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty),
        TEST(test_page),
        TEST(test_largest_blocks),
        TEST(test_alignment_of_both_decides),
        TEST(test_ends_are_small),
        TEST(test_split),
        TEST(test_top_of_the_space),
        TEST(test_exhausted),
        TEST(test_random_maps),
    };
    return cmocka_run_group_tests_name("kernel_pgtable", tests, NULL, NULL);
}
