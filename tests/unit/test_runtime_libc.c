/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runtime's own C library, held against the host's. Its sources are included here under other
 * names, because a program has one memcpy().
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define memcpy rt_memcpy
#define memmove rt_memmove
#define memset rt_memset
#define memcmp rt_memcmp
#define memchr rt_memchr
#define strlen rt_strlen
#define strcmp rt_strcmp
#define strncmp rt_strncmp
#define strcpy rt_strcpy
#define strncpy rt_strncpy
#define strcat rt_strcat
#define strchr rt_strchr
#define strrchr rt_strrchr
#define strstr rt_strstr
#define strnlen rt_strnlen
#define vsnprintf rt_vsnprintf
#define snprintf rt_snprintf

#include "../../runtime/src/mem.c"
#include "../../runtime/src/print.c"
#include "../../runtime/src/str.c"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strcmp
#undef strncmp
#undef strcpy
#undef strncpy
#undef strcat
#undef strchr
#undef strrchr
#undef strstr
#undef strnlen
#undef vsnprintf
#undef snprintf

#define BYTES 96

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void fill(unsigned char *bytes)
{
    for (unsigned int i = 0; i < BYTES; i++) {
        bytes[i] = (unsigned char)(i * 37 + 11);
    }
}

/** Every pair of alignments and every length, with the bytes around them. */
static void copy_all_alignments(void **state)
{
    (void)state;
    for (size_t to = 0; to < 17; to++) {
        for (size_t from = 0; from < 17; from++) {
            for (size_t n = 0; n <= 72; n++) {
                unsigned char source[BYTES], ours[BYTES], theirs[BYTES];
                fill(source);
                memset(ours, 0xee, BYTES);
                memset(theirs, 0xee, BYTES);
                assert_ptr_equal(rt_memcpy(ours + to, source + from, n), ours + to);
                memcpy(theirs + to, source + from, n);
                assert_memory_equal(ours, theirs, BYTES);
            }
        }
    }
}

static void move_overlapping(void **state)
{
    (void)state;
    for (size_t to = 0; to < 40; to++) {
        for (size_t from = 0; from < 40; from++) {
            for (size_t n = 0; n <= 48; n += 3) {
                unsigned char ours[BYTES], theirs[BYTES];
                fill(ours);
                fill(theirs);
                assert_ptr_equal(rt_memmove(ours + to, ours + from, n), ours + to);
                memmove(theirs + to, theirs + from, n);
                assert_memory_equal(ours, theirs, BYTES);
            }
        }
    }
}

static void set_all_alignments(void **state)
{
    (void)state;
    for (size_t to = 0; to < 17; to++) {
        for (size_t n = 0; n <= 72; n++) {
            unsigned char ours[BYTES], theirs[BYTES];
            fill(ours);
            fill(theirs);
            assert_ptr_equal(rt_memset(ours + to, 0x1a5, n), ours + to);
            memset(theirs + to, 0xa5, n);
            assert_memory_equal(ours, theirs, BYTES);
        }
    }
}

static void compare_and_find(void **state)
{
    const char *words[] = { "", "a", "ab", "abc", "abd", "b", "\xff", "abcabd" };

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        for (size_t j = 0; j < 8; j++) {
            const char *a = words[i];
            const char *b = words[j];
            assert_int_equal(sign(rt_strcmp(a, b)), sign(strcmp(a, b)));
            for (size_t n = 0; n < 5; n++) {
                assert_int_equal(sign(rt_strncmp(a, b, n)), sign(strncmp(a, b, n)));
            }
            assert_ptr_equal(rt_strstr(a, b), strstr(a, b));
        }
        assert_int_equal(rt_strlen(words[i]), strlen(words[i]));
        assert_int_equal(rt_strnlen(words[i], 2), strnlen(words[i], 2));
        for (int c = 0; c < 256; c++) {
            assert_ptr_equal(rt_strchr(words[i], c), strchr(words[i], c));
            assert_ptr_equal(rt_strrchr(words[i], c), strrchr(words[i], c));
            assert_ptr_equal(rt_memchr("abcabd", c, 6) == NULL, memchr("abcabd", c, 6) == NULL);
        }
    }
    assert_int_equal(sign(rt_memcmp("a\0b", "a\0c", 3)), -1);
    assert_int_equal(sign(rt_memcmp("\xff", "a", 1)), 1);
    assert_int_equal(rt_memcmp("ab", "ac", 1), 0);
    assert_int_equal(rt_memcmp("a", "b", 0), 0);
}

static void copy_strings(void **state)
{
    char ours[16], theirs[16];

    (void)state;
    assert_string_equal(rt_strcat(rt_strcpy(ours, "abc"), "def"), "abcdef");
    for (size_t n = 0; n < 10; n++) {
        memset(ours, 'x', sizeof(ours));
        memset(theirs, 'x', sizeof(theirs));
        rt_strncpy(ours, "hello", n);
        strncpy(theirs, "hello", n);
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/** Formats with both, in full and cut to every shorter length. */
#define SAME(format, ...)                                       \
    do {                                                        \
        const char *volatile text = (format);                   \
        char ours[160], theirs[160];                            \
        for (size_t room = 0; room < sizeof(ours); room++) {    \
            memset(ours, '?', sizeof(ours));                    \
            memset(theirs, '?', sizeof(theirs));                \
            int a = rt_snprintf(ours, room, text, __VA_ARGS__); \
            int b = snprintf(theirs, room, text, __VA_ARGS__);  \
            assert_int_equal(a, b);                             \
            assert_memory_equal(ours, theirs, sizeof(ours));    \
        }                                                       \
    } while (0)

static void format_integers(void **state)
{
    const char *flags[] = { "", "-", "0", "+", " ", "#", "-0", "+0", "#0", "-#", "+-", "# 0+-" };
    const char *widths[] = { "", "1", "7", "25", ".0", ".1", ".9", "7.3", "12.9", ".25", "9." };
    const char *conversions[] = { "d", "i", "u", "x", "X", "o" };
    const int values[] = { 0, 1, -1, 7, 8, 255, 4711, -32768, INT_MAX, INT_MIN };

    (void)state;
    for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
        for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
            for (size_t c = 0; c < sizeof(conversions) / sizeof(conversions[0]); c++) {
                for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                    char format[32], ours[64], theirs[64];
                    snprintf(format, sizeof(format), "<%%%s%s%s>", flags[f], widths[w],
                             conversions[c]);
                    int a = rt_snprintf(ours, sizeof(ours), format, values[v]);
                    int b = snprintf(theirs, sizeof(theirs), format, values[v]);
                    assert_string_equal(ours, theirs);
                    assert_int_equal(a, b);
                }
            }
        }
    }
}

static void format_lengths(void **state)
{
    (void)state;
    SAME("%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
    SAME("%ld %lu %lx %llo", LONG_MIN, ULONG_MAX, ULONG_MAX, ULLONG_MAX);
    SAME("%zu %zd %jd %ju %td", SIZE_MAX, (ssize_t)-5, INTMAX_MIN, UINTMAX_MAX, (ptrdiff_t)-9);
}

static void format_text(void **state)
{
    (void)state;
    SAME("[%s] [%10s] [%-10s] [%.2s] [%6.1s] [%.0s]", "abc", "abc", "abc", "abc", "abc", "abc");
    SAME("[%c] [%5c] [%-5c] [%%] %c", 'x', 'y', 'z', 0);
    SAME("[%*d] [%*d] [%.*d] [%.*d] [%-*s]", 6, 42, -6, 42, 4, 42, -4, 42, 5, "ab");
    SAME("%p %20p %-20p|", (void *)0x1234, (void *)0xabcdef, (void *)0x1);
}

/** What we format in our own way, or not at all. */
static void format_own(void **state)
{
    const char *volatile floating = "%f|%d";
    const char *volatile cut = "100%";
    const char *volatile pointer = "%p";
    const char *volatile string = "%s";
    char text[64];

    (void)state;
    assert_int_equal(rt_snprintf(text, sizeof(text), floating, 5), 4);
    assert_string_equal(text, "%f|5");
    rt_snprintf(text, sizeof(text), cut, 0);
    assert_string_equal(text, "100%");
    rt_snprintf(text, sizeof(text), pointer, NULL);
    assert_string_equal(text, "0x0");
    rt_snprintf(text, sizeof(text), string, (const char *)NULL);
    assert_string_equal(text, "(null)");
}

static void discard(void *context, char c)
{
    (void)c;
    ++*(size_t *)context;
}

static int format_to(bh_print_sink sink, void *context, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int count = bh_vprint(sink, context, format, arguments);
    va_end(arguments);
    return count;
}

/** A width beyond INT_MAX is INT_MAX; more characters than an int counts are an error. */
static void format_too_long(void **state)
{
    const char *volatile wide = "%30000000d";
    const char *volatile twice = "%99999999999d%d";
    size_t sent = 0;

    (void)state;
    assert_int_equal(format_to(discard, &sent, wide, 1), 30000000);
    assert_int_equal(sent, 30000000);
    sent = 0;
    assert_int_equal(format_to(discard, &sent, twice, 1, 2), -1);
    assert_int_equal(sent, (size_t)INT_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy_all_alignments), cmocka_unit_test(move_overlapping),
        cmocka_unit_test(set_all_alignments),  cmocka_unit_test(compare_and_find),
        cmocka_unit_test(copy_strings),        cmocka_unit_test(format_integers),
        cmocka_unit_test(format_lengths),      cmocka_unit_test(format_text),
        cmocka_unit_test(format_own),          cmocka_unit_test(format_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
