/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory: what must hold of every placement, for many made-up systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "layout.h"

#define ROUNDS 2000
#define ITEMS 24

static uint64_t test_seed;

/* xorshift64*: the same numbers everywhere. */
static uint64_t test_random(void)
{
    test_seed ^= test_seed >> 12;
    test_seed ^= test_seed << 25;
    test_seed ^= test_seed >> 27;
    return test_seed * 0x2545f4914f6cdd1dUL;
}

static bool test_overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static const struct layout_range test_ram[] = {
    { 0x40000000, 0x80000000 },
    { 0x100000000, 0x10000000 },
};

static bool test_in_ram(uint64_t base, uint64_t bytes)
{
    for (size_t i = 0; i < 2; i++) {
        if (base >= test_ram[i].base && base + bytes <= test_ram[i].base + test_ram[i].bytes) {
            return true;
        }
    }
    return false;
}

static void test_make_items(struct layout_item *items)
{
    static const uint64_t aligns[] = { LAYOUT_PAGE, LAYOUT_PAGE, LAYOUT_BLOCK, LAYOUT_GIANT };

    for (size_t i = 0; i < ITEMS; i++) {
        items[i].align = aligns[test_random() % 4];
        items[i].bytes = (1 + test_random() % (1UL << (test_random() % 15))) * LAYOUT_PAGE;
        items[i].residue = (test_random() & (items[i].align - 1)) & ~(LAYOUT_PAGE - 1);
        items[i].base = 0;
        items[i].user = i;
    }
}

static void test_check_holes(const struct layout *layout)
{
    for (size_t i = 0; i < layout->holes_count; i++) {
        assert_true(layout->holes[i].bytes > 0);
        assert_true(test_in_ram(layout->holes[i].base, layout->holes[i].bytes));
        if (i > 0) {
            assert_true(layout->holes[i - 1].base + layout->holes[i - 1].bytes <=
                        layout->holes[i].base);
        }
    }
}

/* No overlap, inside RAM, congruent; and nothing is lost or counted twice. */
static void test_placements(void **state)
{
    size_t placed = 0;

    (void)state;
    test_seed = 0x123456789abcdef1UL;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct layout_item items[ITEMS];
        struct layout layout;
        uint64_t fixed = 0x40000000 + (test_random() % 0x70000) * LAYOUT_PAGE;
        uint64_t fixed_bytes = (1 + test_random() % 64) * LAYOUT_PAGE;
        uint64_t before;
        uint64_t largest;
        uint64_t taken = 0;
        size_t failed = ITEMS;

        test_make_items(items);
        layout_init(&layout, test_ram, 2);
        layout_reserve(&layout, fixed, fixed_bytes);
        before = layout_free_bytes(&layout, &largest);
        layout_place(&layout, items, ITEMS, &failed);
        for (size_t i = 0; i < failed; i++) {
            assert_int_equal(items[i].base & (items[i].align - 1), items[i].residue);
            assert_true(test_in_ram(items[i].base, items[i].bytes));
            assert_false(test_overlap(items[i].base, items[i].bytes, fixed, fixed_bytes));
            for (size_t j = 0; j < i; j++) {
                assert_false(
                    test_overlap(items[i].base, items[i].bytes, items[j].base, items[j].bytes));
            }
            for (size_t j = 0; j < layout.holes_count; j++) {
                assert_false(test_overlap(items[i].base, items[i].bytes, layout.holes[j].base,
                                          layout.holes[j].bytes));
            }
            taken += items[i].bytes;
            placed++;
        }
        test_check_holes(&layout);
        assert_int_equal(layout_free_bytes(&layout, &largest), before - taken);
        layout_free(&layout);
    }
    /* Most fit: the test sees placements, not refusals. */
    assert_true(placed > ROUNDS * ITEMS / 2);
}

static void test_deterministic(void **state)
{
    struct layout_item items[2][ITEMS];

    (void)state;
    for (size_t round = 0; round < 100; round++) {
        uint64_t seed = 77 + round;

        for (size_t copy = 0; copy < 2; copy++) {
            struct layout layout;
            size_t failed;

            test_seed = seed;
            test_make_items(items[copy]);
            layout_init(&layout, test_ram, 2);
            layout_place(&layout, items[copy], ITEMS, &failed);
            layout_free(&layout);
        }
        assert_memory_equal(items[0], items[1], sizeof(items[0]));
    }
}

/* A hole is filled to the last page, and not beyond. */
static void test_exact_fit(void **state)
{
    const struct layout_range ram = { 0x40000000, 4 * LAYOUT_PAGE };
    struct layout layout;
    uint64_t base;

    (void)state;
    layout_init(&layout, &ram, 1);
    assert_false(layout_take(&layout, 5 * LAYOUT_PAGE, LAYOUT_PAGE, 0, &base));
    assert_true(layout_take(&layout, LAYOUT_PAGE, 4 * LAYOUT_PAGE, LAYOUT_PAGE, &base));
    assert_int_equal(base, 0x40001000);
    assert_false(layout_take(&layout, LAYOUT_PAGE, 4 * LAYOUT_PAGE, LAYOUT_PAGE, &base));
    assert_true(layout_take(&layout, 2 * LAYOUT_PAGE, LAYOUT_PAGE, 0, &base));
    assert_int_equal(base, 0x40002000);
    assert_true(layout_take(&layout, LAYOUT_PAGE, LAYOUT_PAGE, 0, &base));
    assert_int_equal(base, 0x40000000);
    assert_int_equal(layout.holes_count, 0);
    assert_false(layout_take(&layout, LAYOUT_PAGE, LAYOUT_PAGE, 0, &base));
    layout_free(&layout);
}

static void test_reserve_edges(void **state)
{
    struct layout layout;
    uint64_t largest;

    (void)state;
    layout_init(&layout, test_ram, 2);
    /* Across the end of one range and the start of the other, and beyond all of them. */
    layout_reserve(&layout, 0xbffff000, 0x40002000);
    assert_int_equal(layout_free_bytes(&layout, &largest), 0x90000000 - 2 * LAYOUT_PAGE);
    layout_reserve(&layout, UINT64_MAX - 0xfff, 0x1000);
    layout_reserve(&layout, 0, 0x40000000);
    assert_int_equal(layout_free_bytes(&layout, &largest), 0x90000000 - 2 * LAYOUT_PAGE);
    layout_reserve(&layout, 0, UINT64_MAX);
    assert_int_equal(layout.holes_count, 0);
    layout_free(&layout);
}

static void test_best_block(void **state)
{
    (void)state;
    assert_int_equal(layout_best_block(0, LAYOUT_PAGE), LAYOUT_PAGE);
    assert_int_equal(layout_best_block(0, LAYOUT_BLOCK), LAYOUT_BLOCK);
    assert_int_equal(layout_best_block(0, LAYOUT_BLOCK - LAYOUT_PAGE), LAYOUT_PAGE);
    assert_int_equal(layout_best_block(LAYOUT_PAGE, LAYOUT_BLOCK), LAYOUT_PAGE);
    assert_int_equal(layout_best_block(LAYOUT_PAGE, 2 * LAYOUT_BLOCK), LAYOUT_BLOCK);
    assert_int_equal(layout_best_block(LAYOUT_GIANT, LAYOUT_GIANT), LAYOUT_GIANT);
    assert_int_equal(layout_best_block(LAYOUT_GIANT - LAYOUT_BLOCK, LAYOUT_GIANT), LAYOUT_BLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_placements), cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_exact_fit),  cmocka_unit_test(test_reserve_edges),
        cmocka_unit_test(test_best_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
