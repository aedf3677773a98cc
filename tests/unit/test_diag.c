/* SPDX-License-Identifier: BSD-2-Clause */
/* How messages are collected and shown, suggestions, and the places of things in XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "diag.h"
#include "nearest.h"
#include "xml.h"
#include "xml_place.h"

/** What diag_print() writes; the caller frees it. */
static char *printed(struct diag *diag)
{
    FILE *file = tmpfile();
    long length;
    char *text;

    assert_non_null(file);
    diag_print(diag, file);
    length = ftell(file);
    assert_true(length >= 0);
    text = calloc((size_t)length + 1, 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    fclose(file);
    return text;
}

static void assert_printed(struct diag *diag, const char *expected)
{
    char *text = printed(diag);

    assert_string_equal(text, expected);
    free(text);
}

static const char *suggestion(const char *word, const char *const *candidates)
{
    struct nearest nearest = { .word = word };

    for (size_t i = 0; candidates[i] != NULL; i++) {
        nearest_try(&nearest, candidates[i]);
    }
    return nearest.best;
}

static void test_nearest(void **state)
{
    static const char *const names[] = { "priority", "period", "perms", "id", NULL };

    (void)state;
    assert_string_equal(suggestion("pritority", names), "priority");
    assert_string_equal(suggestion("preiod", names), "period");
    assert_string_equal(suggestion("PERMS", names), "perms");
    assert_string_equal(suggestion("di", names), "id");
    assert_null(suggestion("x", names));
    assert_null(suggestion("something else", names));
    assert_null(suggestion("a word that is longer than any name that anybody would choose", names));
}

static void test_diag_sorted(void **state)
{
    static const char source[] = "one\ntwo three\n";
    struct diag diag;

    (void)state;
    diag_init(&diag, "a.system");
    diag_set_source(&diag, source, strlen(source));
    diag_error(&diag, (struct diag_pos){ 2, 5, 5 }, "late %d", 1);
    diag_help(&diag, "help %s", "one");
    diag_warning(&diag, (struct diag_pos){ 1, 1, 3 }, "early");
    diag_error(&diag, (struct diag_pos){ 0, 0, 0 }, "nowhere");
    diag_error(&diag, (struct diag_pos){ 2, 5, 5 }, "later");
    assert_int_equal(diag.errors, 3);
    assert_int_equal(diag.warnings, 1);
    assert_printed(&diag, "a.system: error: nowhere\n"
                          "a.system:1:1: warning: early\n    one\n    ^~~\n"
                          "a.system:2:5: error: late 1\n    two three\n        ^~~~~\n"
                          "  help: help one\n"
                          "a.system:2:5: error: later\n    two three\n        ^~~~~\n");
    diag_free(&diag);
}

static void test_diag_odd_places(void **state)
{
    static const char source[] = "a\tb\x1b[0m\xc3\xa4\xff";
    struct diag diag;

    (void)state;
    diag_init(&diag, "a\nb");
    diag_set_source(&diag, source, strlen(source));
    diag_error(&diag, (struct diag_pos){ 1, 9, 100 }, "\x1b[31mred\xc2\x9b");
    diag_error(&diag, (struct diag_pos){ 1, 500, 1 }, "beside");
    diag_error(&diag, (struct diag_pos){ 7, 1, 1 }, "below");
    assert_printed(&diag, "a?b:1:9: error: ?[31mred??\n    a b?[0m\xc3\xa4?\n            ^\n"
                          "a?b:1:500: error: beside\n    a b?[0m\xc3\xa4?\n             ^\n"
                          "a?b:7:1: error: below\n");
    diag_free(&diag);
}

static void test_diag_long_line(void **state)
{
    char source[1001];
    struct diag diag;
    char *text;

    (void)state;
    memset(source, 'x', sizeof(source) - 1);
    source[sizeof(source) - 1] = '\0';
    source[500] = 'Y';
    diag_init(&diag, "a");
    diag_set_source(&diag, source, sizeof(source) - 1);
    diag_error(&diag, (struct diag_pos){ 1, 501, 1 }, "here");
    text = printed(&diag);
    assert_true(strlen(text) < 250);
    assert_non_null(strstr(text, "    ...x"));
    assert_int_equal(strcspn(strchr(text, '\n') + 1, "Y"),
                     strcspn(strrchr(text, 'x') + strlen("x...\n"), "^"));
    free(text);
    diag_free(&diag);
}

static void test_diag_many(void **state)
{
    struct diag diag;
    char *text;

    (void)state;
    diag_init(&diag, "a");
    for (int i = 0; i < DIAG_MAX_MESSAGES + 7; i++) {
        diag_error(&diag, (struct diag_pos){ 0 }, "number %d", i);
        diag_help(&diag, "help");
    }
    assert_false(diag_has_room(&diag));
    assert_int_equal(diag.errors, DIAG_MAX_MESSAGES + 7);
    text = printed(&diag);
    assert_non_null(strstr(text, "number 99\n"));
    assert_null(strstr(text, "number 100\n"));
    assert_non_null(strstr(text, "a: 7 further messages are not shown\n"));
    free(text);
    diag_free(&diag);
}

static void test_place_hostile(void **state)
{
    static const char *const sources[] = { "<a",       "<a b", "<a b=",     "<a b='", "<a b='c",
                                           "<a ='c'>", "<!--", "<![CDATA[", "<?",     "</",
                                           "<",        "< a>", "<a b c='d'" };

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct xml_piece name, value;
        struct xml_place place;
        /* On the heap and without its zero, so that the sanitizer sees every byte too many. */
        char *source = malloc(strlen(sources[i]));

        assert_non_null(source);
        memcpy(source, sources[i], strlen(sources[i]));
        xml_place_init(&place, source, strlen(sources[i]));
        while (xml_place_element(&place, &name)) {
            while (xml_place_attribute(&place, &name, &value)) {
                assert_true(value.bytes <= strlen(sources[i]));
            }
        }
        assert_true(place.offset <= place.bytes);
        free(source);
    }
}

/** `depth` elements within each other. */
static char *nested(size_t depth)
{
    char *text = calloc(depth * 7 + 1, 1);

    assert_non_null(text);
    for (size_t i = 0; i < depth; i++) {
        strcat(text, "<a>");
    }
    for (size_t i = 0; i < depth; i++) {
        strcat(text, "</a>");
    }
    return text;
}

static void test_xml_too_deep(void **state)
{
    char *allowed = nested(XML_MAX_DEPTH);
    char *refused = nested(XML_MAX_DEPTH + 1);
    struct xml_element *root;
    struct diag diag;

    (void)state;
    diag_init(&diag, "a");
    assert_int_equal(xml_parse(allowed, strlen(allowed), &diag, &root), XML_OK);
    xml_free(root);
    assert_int_equal(xml_parse(refused, strlen(refused), &diag, &root), XML_ERR_SYNTAX);
    assert_null(root);
    assert_int_equal(diag.errors, 1);
    diag_free(&diag);
    free(refused);
    free(allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),         cmocka_unit_test(test_diag_sorted),
        cmocka_unit_test(test_diag_odd_places), cmocka_unit_test(test_diag_long_line),
        cmocka_unit_test(test_diag_many),       cmocka_unit_test(test_place_hostile),
        cmocka_unit_test(test_xml_too_deep),
    };

    return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
