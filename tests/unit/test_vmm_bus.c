/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices by address: which one answers, and which cannot be added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bus.h"

static struct bus bus;
static const void *answered;
static struct access seen;

static enum access_result answer(void *cookie, struct access *access)
{
    answered = cookie;
    seen = *access;
    return ACCESS_DONE;
}

static int begin(void **state)
{
    (void)state;
    bus = (struct bus){ .count = 0 };
    return 0;
}

static bool add(uint64_t base, uint64_t bytes, const char *name)
{
    return bus_add(&bus, base, bytes, answer, (void *)(uintptr_t)name);
}

/** The device that an access goes to, or NULL. */
static const char *at(uint64_t address, uint32_t bytes)
{
    struct access access = { .bytes = bytes };

    answered = NULL;
    return bus_access(&bus, address, &access) == ACCESS_DONE ? answered : NULL;
}

static void finds(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    static const unsigned order[] = { 3, 0, 4, 2, 1 };

    (void)state;
    assert_null(at(0, 1));
    for (unsigned i = 0; i < 5; i++) {
        assert_true(add(0x1000 * (order[i] + 1), 0x800, names[order[i]]));
    }
    for (unsigned i = 0; i < 5; i++) {
        uint64_t base = 0x1000 * (i + 1);

        assert_ptr_equal(at(base, 1), names[i]);
        assert_ptr_equal(at(base + 0x7f8, 8), names[i]);
        assert_int_equal(seen.offset, 0x7f8);
        /* Beyond its end, in part and as a whole. */
        assert_null(at(base + 0x7fc, 8));
        assert_null(at(base + 0x800, 1));
        assert_null(at(base - 1, 2));
    }
    assert_null(at(UINT64_MAX, 8));
}

static void ends_of_the_address_space(void **state)
{
    static const char first[] = "first";
    static const char last[] = "last";

    (void)state;
    assert_true(add(UINT64_MAX - 0xfff, 0x1000, last));
    assert_true(add(0, 0x1000, first));
    assert_ptr_equal(at(0, 8), first);
    assert_ptr_equal(at(UINT64_MAX - 7, 8), last);
    assert_null(at(UINT64_MAX - 6, 8));
    assert_false(add(UINT64_MAX, 2, "wraps"));
}

static void refuses(void **state)
{
    (void)state;
    assert_true(add(0x2000, 0x1000, "a"));
    assert_false(add(0x2000, 0x1000, "same"));
    assert_false(add(0x1000, 0x1001, "into its start"));
    assert_false(add(0x2fff, 1, "its end"));
    assert_false(add(0x2400, 0x10, "within"));
    assert_false(add(0, UINT64_MAX, "around"));
    assert_false(add(0x8000, 0, "empty"));
    assert_int_equal(bus.count, 1);
    assert_true(add(0x1000, 0x1000, "before"));
    assert_true(add(0x3000, 0x1000, "behind"));
    for (uint64_t i = bus.count; i < BUS_MAX_DEVICES; i++) {
        assert_true(add(0x10000 + 0x1000 * i, 0x1000, "more"));
    }
    assert_false(add(0x8000, 0x1000, "one too many"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(finds, begin),
        cmocka_unit_test_setup(ends_of_the_address_space, begin),
        cmocka_unit_test_setup(refuses, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
