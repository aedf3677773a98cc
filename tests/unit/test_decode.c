/* SPDX-License-Identifier: BSD-2-Clause */
/* Console logs: which addresses get names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "elf_maker.h"

static void test_line(const char *line, const char *expected)
{
    struct decode decode = { .lines = false };
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;
    char *text = NULL;
    size_t size;
    FILE *out;

    elf_maker_init(&maker);
    assert_int_equal(
        elffile_open_bytes("one.elf", (const uint8_t *)&maker, sizeof(maker), &elf, &problem),
        ELF_OK);
    decode_add(&decode, "one", "one.elf", elf);
    out = open_memstream(&text, &size);
    assert_non_null(out);
    decode_line(&decode, line, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
    decode_free(&decode);
}

static void test_fault(void **state)
{
    (void)state;
    test_line("FAULT pd=one kind=memory pc=0x200044 addr=0x0 esr=0x92000004",
              "FAULT pd=one kind=memory pc=0x200044 <function+0x4> addr=0x0 esr=0x92000004");
    test_line("12.5| FAULT pd=one kind=exception pc=0x200000\r",
              "12.5| FAULT pd=one kind=exception pc=0x200000 <_start+0x0>\r");
}

/* A frame is a return address: behind the last instruction of a function is still that one. */
static void test_frames(void **state)
{
    (void)state;
    test_line("FAULT pd=one frame=0 pc=0x200080",
              "FAULT pd=one frame=0 pc=0x200080 <function+0x40>");
    test_line("FAULT pd=one frame=1 pc=0x200040", "FAULT pd=one frame=1 pc=0x200040 <_start+0x40>");
}

static void test_guests(void **state)
{
    (void)state;
    test_line("GUEST-OFF pd=left number=0",
              "GUEST-OFF pd=left number=0 (the guest powered itself off)");
    test_line("1.5| GUEST-RESET pd=left number=3\r",
              "1.5| GUEST-RESET pd=left number=3 (the guest reset itself; resets so far: 3)\r");
    test_line("GUEST-CRASH pd=one number=12",
              "GUEST-CRASH pd=one number=12 (the guest crashed; restarts after earlier crashes: "
              "12)");
    test_line("GUEST-STOPPED pd=left number=1",
              "GUEST-STOPPED pd=left number=1 (the guest stays off, as its policy says; restarts "
              "after crashes: 1)");
    test_line("GUEST-CRASH pd=left",
              "GUEST-CRASH pd=left (the guest crashed; restarts after earlier crashes: )");
}

static void test_left_alone(void **state)
{
    static const char *const lines[] = {
        "",
        "hello pc=0x200044",
        "FAULT pd=other kind=memory pc=0x200044",
        "FAULT pd=onetwo pc=0x200044",
        "FAULT pd=",
        "FAULT pd=one",
        "FAULT pd=one kind=memory pc=",
        "FAULT pd=one kind=memory pc=0x",
        "FAULT pd=one kind=memory pc=200044",
        "FAULT pd=one kind=memory pc=0x9000000 addr=0x1",
        "FAULT pd=one kind=memory pc=0xffffffffffffffffffff",
        "FAULT pd=one frame=0 pc=0x0",
        "FAULT pd=one x0=0x200044 x1=0x200044 x2=0x200044 x3=0x200044",
        "FAULT pd=one frame=0 pc=0x200044 <named+0x4>",
        "RESTART pd=one",
        "GUEST pd=left number=1",
        "GUEST-CRASH",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        test_line(lines[i], lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
