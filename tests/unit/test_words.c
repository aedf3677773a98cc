/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of texts that configure programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/words/words.h"

static struct words text_of(const char *text)
{
    return (struct words){ text, text + strlen(text) };
}

static void lines_and_words(void **state)
{
    static const char *const wanted[][3] = {
        { "one", "two", "" }, { "", "", "" }, { "three", "", "" },
        { "a#b", "", "" },    { "", "", "" },
    };
    struct words text = text_of("one\t two\r\n\n  three #and nothing\na#b # x\n#");
    struct words line;

    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_true(words_line(&text, &line));
        for (size_t j = 0; j < 3; j++) {
            assert_true(words_is(words_next(&line), wanted[i][j]));
        }
    }
    assert_false(words_line(&text, &line));
}

static void rests_and_beginnings(void **state)
{
    struct words line = text_of("name  some # text \t\r");
    struct words rest;

    (void)state;
    (void)words_next(&line);
    assert_true(words_is(words_rest(line), "some # text"));
    assert_true(words_begin(text_of("extent:1:2"), "extent:", &rest));
    assert_true(words_is(rest, "1:2"));
    assert_false(words_begin(text_of("extent:"), "extent:", &rest));
    assert_false(words_begin(text_of("extend:1"), "extent:", &rest));
    assert_false(words_begin(text_of("ext"), "extent:", &rest));
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t most;
        uint64_t value;
    } right[] = {
        { "0", 0, 0 },
        { "007", 7, 7 },
        { "255", 255, 255 },
        { "0xfF", 255, 255 },
        { "18446744073709551615", UINT64_MAX, UINT64_MAX },
        { "0xffffffffffffffff", UINT64_MAX, UINT64_MAX },
    };
    static const struct {
        const char *text;
        uint64_t most;
    } wrong[] = {
        { "", 9 },
        { "0x", 9 },
        { "-1", 9 },
        { "+1", 9 },
        { "1a", 99 },
        { "0x1g", 99 },
        { "256", 255 },
        { "0x100", 255 },
        { "9", 8 },
        { "1 ", 9 },
        { "18446744073709551616", UINT64_MAX },
        { "0x10000000000000000", UINT64_MAX },
    };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        assert_true(words_number(text_of(right[i].text), right[i].most, &value));
        assert_int_equal(value, right[i].value);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(words_number(text_of(wrong[i].text), wrong[i].most, &value));
    }
}

static void addresses(void **state)
{
    static const uint8_t wanted[WORDS_MAC_BYTES] = { 2, 0, 0xab, 0xcd, 0xef, 0xff };
    static const char *const wrong[] = {
        "",
        "02:00:ab:cd:ef",
        "02:00:ab:cd:ef:f",
        "02:00:ab:cd:ef:fff",
        "02-00:ab:cd:ef:ff",
        "02:00:ab:cd:eg:ff",
        "03:00:ab:cd:ef:ff",
    };
    uint8_t mac[WORDS_MAC_BYTES];

    (void)state;
    assert_true(words_mac(text_of("02:00:ab:CD:ef:ff"), mac));
    assert_memory_equal(mac, wanted, sizeof(mac));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(words_mac(text_of(wrong[i]), mac));
    }
}

static void copies(void **state)
{
    static const char zero[] = "a\0b";
    char to[4] = "xyz";

    (void)state;
    assert_false(words_copy(text_of(""), to, sizeof(to)));
    assert_false(words_copy(text_of("abcd"), to, sizeof(to)));
    assert_false(words_copy((struct words){ zero, zero + 3 }, to, sizeof(to)));
    assert_string_equal(to, "xyz");
    assert_true(words_copy(text_of("abc"), to, sizeof(to)));
    assert_string_equal(to, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_words), cmocka_unit_test(rests_and_beginnings),
        cmocka_unit_test(numbers),         cmocka_unit_test(addresses),
        cmocka_unit_test(copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
