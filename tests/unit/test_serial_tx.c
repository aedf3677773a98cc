/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serial_rig.h"

#define PLAIN "colours off\n"

/* Fills the device, so that what follows waits with the clients. */
static void fill_device(struct rig *rig)
{
    while (rig->work.device || serial_queue_in_flight(&rig->virtualiser.tx.device) == 0) {
        rig_say(rig, 0, "................................................................\n");
        rig_serve(rig);
    }
    for (unsigned int i = 0; i < 8; i++) {
        rig_say(rig, 0, "................................................................\n");
        rig_serve(rig);
    }
}

static void lines_have_a_header_without_colours(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_say(rig, 0, "one\r\ntwo\r\n");
    rig_say(rig, 1, "three\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] one\r\n[a] two\r\n[b] three\r\n");
    rig_free(rig);
}

static void each_client_has_its_colour(void **state)
{
    struct rig *rig = rig_new(3, "");

    (void)state;
    rig_say(rig, 0, "one\r\ntwo\r\n");
    rig_say(rig, 1, "three\r\n");
    rig_say(rig, 2, "four\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "\033[0m\033[32mone\r\ntwo\r\n"
                                             "\033[0m\033[31mthree\r\n\033[0m\033[33mfour\r\n");
    rig_free(rig);
}

static void a_colour_comes_back_after_a_client_changed_it(void **state)
{
    struct rig *rig = rig_new(1, "");

    (void)state;
    rig_say(rig, 0, "\033[1mbold\033[0m\r\nplain\r\nplain\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "\033[0m\033[32m\033[1mbold\033[0m\r\n"
                                             "\033[0m\033[32mplain\r\nplain\r\n");
    rig_free(rig);
}

static void a_prompt_appears_at_once(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_say(rig, 0, "login: ");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] login: ");
    assert_int_equal(rig->work.deadline, SERIAL_NEVER);
    rig_say(rig, 0, "r");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "r");
    rig_free(rig);
}

static void a_line_that_is_being_produced_is_kept_together(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_say(rig, 0, "he");
    rig_run(rig);
    rig_say(rig, 1, "other\r\n");
    rig_run(rig);
    assert_int_equal(rig->work.deadline, rig->now + SERIAL_TX_QUIET);
    rig->now += 5 * RIG_MS;
    rig_say(rig, 0, "llo");
    rig_run(rig);
    rig->now += 5 * RIG_MS;
    rig_say(rig, 0, "\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] hello\r\n[b] other\r\n");
    assert_int_equal(rig->virtualiser.tx.clients[0].cuts, 0);
    rig_free(rig);
}

static void a_silent_line_is_cut_for_others_at_the_deadline(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_say(rig, 0, "prompt> ");
    rig_run(rig);
    rig_say(rig, 1, "other\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] prompt> ");
    rig->now = rig->work.deadline - 1;
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "");
    rig->now++;
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "\r\n[b] other\r\n");
    assert_int_equal(rig->virtualiser.tx.clients[0].cuts, 1);

    /* What was silent before others came is not waited for. */
    rig_say(rig, 0, "x");
    rig_run(rig);
    rig->now += SERIAL_TX_QUIET;
    rig_say(rig, 1, "more\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] x\r\n[b] more\r\n");
    rig_free(rig);
}

/* The longest that others wait for a line, whatever its client does. */
static void a_line_that_never_ends_is_cut_in_bounded_time(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    uint64_t began;

    (void)state;
    rig_say(rig, 0, "x");
    rig_run(rig);
    rig_say(rig, 1, "other\r\n");
    began = rig->now;
    while (strstr(rig->out, "other") == NULL) {
        assert_true(rig->now - began <= SERIAL_TX_HOLD);
        rig_run(rig);
        rig->now += RIG_MS;
        rig_say(rig, 0, ".");
    }
    rig_run(rig);

    /* Now it is not waited for at all. */
    rig_say(rig, 1, "again\r\n");
    rig_run(rig);
    assert_non_null(strstr(rig->out, "again"));
    /* Until it has ended a line. */
    rig_say(rig, 0, "end\r\nyy");
    rig_run(rig);
    rig_say(rig, 1, "third\r\n");
    rig_run(rig);
    assert_null(strstr(rig->out, "third"));
    rig_say(rig, 0, "y\r\n");
    rig_run(rig);
    assert_non_null(strstr(rig->out, "[a] yyy\r\n[b] third\r\n"));
    rig_free(rig);
}

/* Of the wait for one line, nothing is held against the next. */
static void each_line_is_waited_for_anew(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    uint64_t began;

    (void)state;
    rig_say(rig, 0, "prompt> ");
    rig_run(rig);
    rig_say(rig, 1, "b");
    rig_run(rig);
    rig->now = rig->work.deadline;
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "[a] prompt> \r\n[b] b");
    rig_say(rig, 0, "other\r\n");
    began = rig->now;
    while (strstr(rig->out, "other") == NULL) {
        rig_run(rig);
        rig->now += RIG_MS;
        rig_say(rig, 1, ".");
    }
    assert_in_range(rig->now - began, SERIAL_TX_HOLD, SERIAL_TX_HOLD + 2 * RIG_MS);
    rig_free(rig);
}

/* A client that had to wait for space has longer to go on than one that is silent by itself. */
static void who_waited_for_space_is_expected_to_go_on(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    char text[4096];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (unsigned int i = 63; i < sizeof(text); i += 64) {
        text[i] = '\n';
    }
    text[2047] = 'x';
    bool notify;
    assert_int_equal(serial_client_send(&rig->clients[0], text, sizeof(text), &notify), 2048);
    assert_true(serial_client_wait_send(&rig->clients[0]));
    rig_run(rig);
    rig_say(rig, 1, "other\r\n");
    rig_run(rig);
    assert_int_equal(rig->work.deadline, rig->now + SERIAL_TX_HOLD);
    rig_say(rig, 0, "\n");
    rig_run(rig);
    assert_non_null(strstr(rig->out, "xx\n[b] other\r\n"));
    rig_free(rig);
}

static void a_line_without_end_is_cut_in_bounded_length(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    for (unsigned int i = 0; i < 40; i++) {
        rig_say(rig, 0, "--------------------------------------------------");
    }
    rig_say(rig, 1, "other\r\n");
    rig_run(rig);
    const char *other = strstr(rig->out, "[b] other");
    assert_non_null(other);
    assert_true((size_t)(other - rig->out) <= SERIAL_TX_LINE + 256);
    rig_free(rig);
}

static void notes_stand_between_lines(void **state)
{
    struct rig *rig = rig_new(2, "");

    (void)state;
    rig_say(rig, 0, "hel");
    rig_run(rig);
    assert_true(serial_tx_note(&rig->virtualiser.tx, 1, "about b\r\n", 9));
    assert_true(serial_tx_note(&rig->virtualiser.tx, SERIAL_NOBODY, "own\r\n", 5));
    rig_say(rig, 0, "lo\r\n");
    rig_run(rig);
    assert_string_equal(rig_new_output(rig), "\033[0m\033[32mhello\r\n"
                                             "\033[0m\033[31mabout b\r\n\033[0mown\r\n");
    rig_free(rig);
}

static void notes_that_have_no_room_are_refused_whole(void **state)
{
    struct rig *rig = rig_new(1, PLAIN);
    char text[SERIAL_TX_NOTE + 1];
    unsigned int taken = 0;

    (void)state;
    memset(text, 'n', sizeof(text));
    text[SERIAL_TX_NOTE - 1] = '\n';
    assert_false(serial_tx_note(&rig->virtualiser.tx, 0, text, SERIAL_TX_NOTE + 1));
    while (serial_tx_note(&rig->virtualiser.tx, 0, text, SERIAL_TX_NOTE)) {
        taken++;
    }
    assert_int_equal(taken, SERIAL_TX_NOTES / (SERIAL_TX_NOTE + 4));
    assert_true(serial_tx_note_room(&rig->virtualiser.tx) < SERIAL_TX_NOTE);
    rig_run(rig);
    assert_int_equal(rig->out_bytes, taken * (SERIAL_TX_NOTE + 4));
    assert_true(serial_tx_note_room(&rig->virtualiser.tx) >= SERIAL_TX_NOTES - 64);
    rig_free(rig);
}

static void a_slow_device_loses_nothing_and_holds_little(void **state)
{
    struct rig *rig = rig_new(1, "colours off\nlimit 256\n");
    char line[64];
    char all[64 * 1024];
    size_t length = 0;
    size_t sent = 0;
    unsigned int waits = 0;

    (void)state;
    for (unsigned int i = 0; length + sizeof(line) < sizeof(all); i++) {
        length += (size_t)snprintf(all + length, sizeof(line), "line %u\n", i);
    }
    while (sent < length || rig_drain(rig, 7) != 0) {
        bool notify = false;
        size_t more = serial_client_send(&rig->clients[0], all + sent, length - sent, &notify);
        sent += more;
        if (sent < length && more == 0 && serial_client_wait_send(&rig->clients[0])) {
            /* Full: it goes on when it is notified. */
            rig->notified = 0;
            for (unsigned int i = 0; (rig->notified & 1) == 0; i++) {
                assert_true(i < 10000);
                (void)rig_drain(rig, 7);
                rig_serve(rig);
            }
            waits++;
        }
        rig_serve(rig);
        assert_true(serial_queue_in_flight(&rig->virtualiser.tx.device) <= 256);
    }
    rig_run(rig);
    assert_true(waits > 10);
    /* Without the headers, it is what was sent. */
    const char *at = rig->out;
    for (size_t i = 0; i < length;) {
        assert_memory_equal(at, "[a] ", 4);
        size_t bytes = (size_t)(strchr(all + i, '\n') - (all + i)) + 1;
        assert_memory_equal(at + 4, all + i, bytes);
        at += 4 + bytes;
        i += bytes;
    }
    assert_int_equal(*at, '\0');
    rig_free(rig);
}

/* Both flood: in what comes out, neither is ever far behind. */
static void flooding_clients_share(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);
    size_t bytes[3] = { 0 };

    (void)state;
    for (unsigned int i = 0; i < 2000; i++) {
        for (unsigned int c = 0; c < 3; c++) {
            static const char *const lines[] = { "a\n", "a rather longer line of text\n",
                                                 "middle length\n" };
            bool notify;
            for (unsigned int j = 0; j < 16; j++) {
                if (serial_queue_space(&rig->clients[c].output) > 64) {
                    (void)serial_client_send(&rig->clients[c], lines[c], strlen(lines[c]), &notify);
                }
            }
        }
        rig_serve(rig);
        (void)rig_drain(rig, 100);
    }
    for (unsigned int c = 0; c < 3; c++) {
        bytes[c] = rig->virtualiser.tx.clients[c].bytes;
    }
    for (unsigned int c = 1; c < 3; c++) {
        assert_true(bytes[c] * 10 > bytes[0] * 8 && bytes[c] * 8 < bytes[0] * 10);
    }
    rig_free(rig);
}

static void a_prompt_comes_through_a_flood(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    size_t drained = 0;

    (void)state;
    fill_device(rig);
    rig_say(rig, 1, "prompt> ");
    while (strstr(rig->out, "prompt> ") == NULL) {
        bool notify;
        (void)serial_client_send(&rig->clients[0], "flood flood flood\n", 18, &notify);
        rig_serve(rig);
        drained += rig_drain(rig, 16);
        assert_true(drained < (size_t)2 * SERIAL_TX_LIMIT);
    }
    rig_free(rig);
}

/* What comes out of many clients that send in pieces: every line is whole. */
static void lines_are_whole_and_in_order(void **state)
{
    struct rig *rig = rig_new(4, PLAIN);
    unsigned int seed = 7;
    unsigned int next[4] = { 0 };
    unsigned int said[4] = { 0 };
    char line[4][64];
    size_t at[4] = { 0 };
    size_t length[4] = { 0 };

    (void)state;
    while (rig->out_bytes < 1000000) {
        unsigned int c = (unsigned int)rand_r(&seed) % 4;
        bool notify;
        if (at[c] == length[c]) {
            length[c] = (size_t)snprintf(line[c], sizeof(line[c]), "%u %0*u\n", next[c],
                                         (int)(next[c] % 30) + 1, next[c]);
            next[c]++;
            at[c] = 0;
        }
        size_t piece = 1 + (size_t)rand_r(&seed) % 20;
        piece = piece < length[c] - at[c] ? piece : length[c] - at[c];
        at[c] += serial_client_send(&rig->clients[c], line[c] + at[c], piece, &notify);
        rig->now += RIG_MS / 8;
        rig_serve(rig);
        (void)rig_drain(rig, (size_t)rand_r(&seed) % 64);
    }
    for (const char *from = rig->out, *end; (end = strchr(from, '\n')) != NULL; from = end + 1) {
        char wanted[80];
        unsigned int c = (unsigned int)(from[1] - 'a');
        assert_true(c < 4);
        snprintf(wanted, sizeof(wanted), "[%c] %u %0*u\n", (int)('a' + c), said[c],
                 (int)(said[c] % 30) + 1, said[c]);
        assert_memory_equal(from, wanted, strlen(wanted));
        said[c]++;
    }
    for (unsigned int c = 0; c < 4; c++) {
        assert_true(said[c] > 1000);
        assert_int_equal(rig->virtualiser.tx.clients[c].cuts, 0);
    }
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_a_header_without_colours),
        cmocka_unit_test(each_client_has_its_colour),
        cmocka_unit_test(a_colour_comes_back_after_a_client_changed_it),
        cmocka_unit_test(a_prompt_appears_at_once),
        cmocka_unit_test(a_line_that_is_being_produced_is_kept_together),
        cmocka_unit_test(a_silent_line_is_cut_for_others_at_the_deadline),
        cmocka_unit_test(a_line_that_never_ends_is_cut_in_bounded_time),
        cmocka_unit_test(each_line_is_waited_for_anew),
        cmocka_unit_test(who_waited_for_space_is_expected_to_go_on),
        cmocka_unit_test(a_line_without_end_is_cut_in_bounded_length),
        cmocka_unit_test(notes_stand_between_lines),
        cmocka_unit_test(notes_that_have_no_room_are_refused_whole),
        cmocka_unit_test(a_slow_device_loses_nothing_and_holds_little),
        cmocka_unit_test(flooding_clients_share),
        cmocka_unit_test(a_prompt_comes_through_a_flood),
        cmocka_unit_test(lines_are_whole_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
