/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown of a machine that is watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch_rig.h"
#include "watch_show.h"

/* How many lines the screen has that is the end of a text. */
static unsigned lines_of_screen(const char *text)
{
    unsigned lines = 0;

    for (const char *at = strstr(text, "\033[H"); (at = strstr(at, "\r\n")) != NULL; at++) {
        lines++;
    }
    return lines;
}

/* What is left out because nothing happened there is counted. */
static void quiet_lines_are_counted(void **state)
{
    struct watch_maker *maker = *state;
    char *whole = watch_rig_look_at_all(maker, 80, 80);
    unsigned all = lines_of_screen(whole);
    bool seen = false;

    assert_null(strstr(whole, "more did nothing"));
    for (unsigned rows = 1; rows < 80; rows++) {
        char *text = watch_rig_look_at_all(maker, 80, rows);
        const char *left = strstr(text, "more did nothing)");
        unsigned count;

        if (left != NULL) {
            while (*left != '(') {
                left--;
            }
            assert_int_equal(sscanf(left, "(%u more", &count), 1);
            assert_int_equal(lines_of_screen(text) - 1 + count, all);
            seen = true;
        }
        free(text);
    }
    assert_true(seen);
    free(whole);
}

static void fits_the_screen(void **state)
{
    struct watch_maker *maker = *state;

    maker->directory.head.count = 40;
    memcpy(maker->description.strings + 1, "\033[2", 3);
    watch_maker_write(maker);
    for (unsigned rows = 1; rows < 80; rows++) {
        char *text = watch_rig_look_at_all(maker, 40, rows);
        const char *screen = strstr(text, "\033[H");
        unsigned lines = 0;

        assert_non_null(screen);
        assert_null(strstr(text, "\033[2"));
        assert_non_null(strstr(text, "?[2"));
        for (const char *at = screen; (at = strstr(at, "\r\n")) != NULL; at++) {
            const char *end = strstr(at + 2, "\033[K");

            assert_true(end == NULL || end - at - 2 < 40);
            lines++;
        }
        assert_true(lines < rows);
        free(text);
    }
}

static void prints_lines(void **state)
{
    struct watch_maker *maker = *state;
    char *text;

    memcpy(maker->counters, (const uint64_t[]){ 3, 4, 500, 60 }, sizeof(maker->counters));
    watch_maker_write(maker);
    text = watch_rig_look_at_all(maker, 80, 24);
    assert_non_null(strstr(text, "0.0 cpu 0 busy 0.0%\n0.0 cpu 1 busy 0.0%\n0.0 vcpu guest/3 cpu 0 "
                                 "busy 0.0% switches/s 0 interrupt/s 0 wait/s 0 memory/s 0 hvc/s 0 "
                                 "smc/s 0 register/s 0 other/s 0\n0.0 pd guest.vmm cpu 0 busy "));
    assert_non_null(strstr(text,
                           "\n0.0 device guest.vmm:disk requests/s 0 in/s 0 out/s 0 requests 7 "
                           "in 500 out 60\n"));
    free(text);
    maker->counts.magic[0] = 0;
    watch_maker_write(maker);
    text = watch_rig_look_at_all(maker, 80, 24);
    assert_null(strstr(text, "busy"));
    assert_non_null(strstr(text, WATCH_SHOW_LACK));
    assert_non_null(strstr(text, WATCH_SHOW_REMEDY));
    free(text);
}

static void prints_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } numbers[] = {
        { 0, "0" },        { 0.44, "0.4" },    { 0.96, "1" },         { 12.4, "12" },
        { 9999, "9999" },  { 12345, "12.3k" }, { 123456, "123k" },    { 999600, "1.0M" },
        { 5.5e9, "5.5G" }, { 2e19, "20000P" }, { 1e300, "9000000P" },
    };
    char text[16];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_string_equal(watch_show_number(numbers[i].value, text), numbers[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quiet_lines_are_counted, watch_rig_setup,
                                        watch_rig_teardown),
        cmocka_unit_test_setup_teardown(fits_the_screen, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test_setup_teardown(prints_lines, watch_rig_setup, watch_rig_teardown),
        cmocka_unit_test(prints_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
