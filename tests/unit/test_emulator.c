/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulator's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator.h"

static char *test_arguments[] = { (char *)"-M", (char *)"virt,gic-version=3,secure=off",
                                  (char *)"-cpu", (char *)"cortex-a53", NULL };

static struct board test_board(void)
{
    struct board board = { .qemu = (char *)"qemu", .qemu_args = test_arguments };

    board.ram[0].base = 0x40000000;
    board.ram[0].bytes = 0x4000000;
    board.ram_count = 1;
    return board;
}

static void test_command(const struct emulator_wish *wish, const char *expected)
{
    struct board board = test_board();
    struct emulator emulator;
    char *text = NULL;
    size_t size;
    FILE *out;

    assert_int_equal(emulator_make(&emulator, &board, wish), EMULATOR_OK);
    out = open_memstream(&text, &size);
    assert_non_null(out);
    emulator_print(&emulator, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    emulator_free(&emulator);
}

static void test_plain(void **state)
{
    struct emulator_wish wish = { .image = "a b'c", .cpus = 2 };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=3,secure=off -cpu cortex-a53 -m 64M -smp 2 "
                        "-kernel 'a b'\\''c'\n");
}

static void test_everything(void **state)
{
    char *const rest[] = { (char *)"-d", (char *)"int", NULL };
    struct emulator_wish wish = { .image = "i",
                                  .cpus = 8,
                                  .cpu = "cortex-a72",
                                  .gic = "2",
                                  .icount = true,
                                  .gdb_port = "99",
                                  .memory_file = "m",
                                  .rest = rest };

    (void)state;
    test_command(&wish, "qemu -M virt,gic-version=2,secure=off -cpu cortex-a72 -m 64M -smp 8 "
                        "-icount shift=0,sleep=off "
                        "-object memory-backend-file,id=ram,share=on,size=67108864,mem-path=m "
                        "-machine memory-backend=ram -S -gdb tcp:127.0.0.1:99 -kernel i -d int\n");
}

static void test_refusals(void **state)
{
    char *none[] = { NULL };
    struct emulator_wish wish = { .image = "i", .cpus = 1, .gic = "2" };
    struct board board = test_board();
    struct emulator emulator;

    (void)state;
    board.qemu_args = none;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_GIC);
    wish.gic = NULL;
    wish.cpu = "max";
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_CPU);
    wish.cpu = NULL;
    wish.memory_file = "a,b";
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_MEMORY);
    wish.memory_file = "a";
    board.ram_count = 2;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_MEMORY);
    board.qemu = NULL;
    assert_int_equal(emulator_make(&emulator, &board, &wish), EMULATOR_ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
