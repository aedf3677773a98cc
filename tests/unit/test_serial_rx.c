/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <io/serial/text.h>

#include "serial_rig.h"

#define PLAIN "colours off\n"

static void input_goes_to_client_1_at_the_start(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);

    (void)state;
    rig_type(rig, "hello\r");
    assert_string_equal(rig_received(rig, 0), "hello\r");
    assert_string_equal(rig_received(rig, 1), "");
    assert_int_equal(rig->notified, 1);
    rig_free(rig);
}

static void digits_numbers_and_names_switch(void **state)
{
    struct rig *rig = rig_new(4, PLAIN);

    (void)state;
    rig_type(rig, "x@2y@(4)z@(c)w@1v");
    assert_string_equal(rig_received(rig, 0), "xv");
    assert_string_equal(rig_received(rig, 1), "y");
    assert_string_equal(rig_received(rig, 2), "w");
    assert_string_equal(rig_received(rig, 3), "z");
    assert_string_equal(rig_new_output(rig), "serial: input to 2 b\r\nserial: input to 4 d\r\n"
                                             "serial: input to 3 c\r\nserial: input to 1 a\r\n");
    rig_free(rig);
}

static void a_command_may_come_in_pieces(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_type(rig, "@");
    rig_type(rig, "(");
    rig_type(rig, "b");
    rig_type(rig, ")");
    rig_type(rig, "x");
    assert_string_equal(rig_received(rig, 0), "");
    assert_string_equal(rig_received(rig, 1), "x");
    rig_free(rig);
}

static void wrong_clients_are_named_and_change_nothing(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_type(rig, "@3@(0)@(nobody)@()@(4294967297)@(2x)x");
    assert_string_equal(rig_received(rig, 0), "x");
    assert_string_equal(rig_new_output(rig),
                        "serial: no client '3'\r\nserial: no client '0'\r\n"
                        "serial: no client 'nobody'\r\nserial: no client ''\r\n"
                        "serial: no client '4294967297'\r\nserial: no client '2x'\r\n");
    rig_free(rig);
}

static void a_name_that_is_too_long_matches_nobody(void **state)
{
    char typed[300] = "@(";
    struct rig *rig = rig_new(1, PLAIN);

    (void)state;
    memset(typed + 2, 'a', 200);
    strcat(typed, ")x");
    rig_type(rig, typed);
    assert_string_equal(rig_received(rig, 0), "x");
    assert_non_null(strstr(rig->out, "serial: no client 'aaaa"));
    rig_free(rig);
}

static void a_control_character_ends_a_name(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_type(rig, "@(b\rx");
    assert_string_equal(rig_received(rig, 0), "x");
    assert_string_equal(rig_new_output(rig), "");
    rig_free(rig);
}

static void twice_sends_one_and_others_pass(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);

    (void)state;
    rig_type(rig, "a@@b@host@0@ ");
    assert_string_equal(rig_received(rig, 0), "a@b@host@0@ ");
    rig_free(rig);
}

static void m_sends_to_all(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);

    (void)state;
    rig_type(rig, "@mhello");
    rig_type(rig, "@2x");
    assert_string_equal(rig_received(rig, 0), "hello");
    assert_string_equal(rig_received(rig, 1), "hellox");
    assert_string_equal(rig_received(rig, 2), "hello");
    assert_non_null(strstr(rig->out, "serial: input to all\r\n"));
    rig_free(rig);
}

static void the_character_can_be_another(void **state)
{
    struct rig *rig = rig_new(2, PLAIN "switch %\n");

    (void)state;
    rig_type(rig, "@2%2@%%");
    assert_string_equal(rig_received(rig, 0), "@2");
    assert_string_equal(rig_received(rig, 1), "@%");
    rig_free(rig);
}

static void the_control_form_counts_from_0_and_ends_with_enter(void **state)
{
    struct rig *rig = rig_new(3, PLAIN "switch ctrl-\\\n");

    (void)state;
    rig_type(rig, "a@2\x1c"
                  "1\rb\x1c"
                  "2\rc\x1c\x1c\x1c"
                  "0\rd");
    assert_string_equal(rig_received(rig, 0), "a@2d");
    assert_string_equal(rig_received(rig, 1), "b");
    assert_string_equal(rig_received(rig, 2), "c\x1c");
    rig_type(rig, "\x1c"
                  "7\r\x1c"
                  "1x"
                  "e\x1c(c)f");
    assert_string_equal(rig_received(rig, 0), "e");
    assert_string_equal(rig_received(rig, 2), "f");
    assert_non_null(strstr(rig->out, "serial: input to 1 b\r\n"));
    assert_non_null(strstr(rig->out, "serial: no client '7'\r\n"));
    rig_free(rig);
}

/* The line of the statistics that a client has when nothing waits and nothing was wrong. */
static void statistics_line(char to[160], const char *name, unsigned int output, unsigned int lines,
                            unsigned int cut, unsigned int input, unsigned int dropped)
{
    snprintf(to, 160, "serial: %-16s %9u %7u %5u %7u %7u %7u %5u\r\n", name, output, lines, cut, 0,
             input, dropped, 0);
}

static void a_client_that_does_not_read_loses_and_blocks_nobody(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    char line[160];
    const char *text = "0123456789012345678901234567890123456789012345678901234567890123";

    (void)state;
    rig_type(rig, "@m");
    uint32_t room = serial_queue_space(&rig->virtualiser.rx.clients[0].queue);
    for (uint32_t typed = 0; typed < 2 * room; typed += 64) {
        rig_type(rig, text);
        assert_string_equal(rig_received(rig, 1), text);
    }
    assert_int_equal(rig->virtualiser.rx.clients[0].bytes, room);
    assert_int_equal(rig->virtualiser.rx.clients[0].dropped, room);
    assert_int_equal(rig->virtualiser.rx.clients[1].dropped, 0);
    rig_type(rig, "@?@s");
    assert_non_null(strstr(rig->out, "1 a                does not read\r\n"));
    statistics_line(line, "a", 0, 0, 0, 2048, 2048);
    assert_non_null(strstr(rig->out, line));
    rig_free(rig);
}

static void help_names_clients_and_their_states(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);

    (void)state;
    memset(rig->client_memory[2], 0, sizeof(rig->client_memory[2]));
    rig_type(rig, "x@2@?");
    assert_non_null(strstr(rig->out, "serial: @1 to @9, @(12), @(name): input to a client\r\n"));
    assert_non_null(strstr(rig->out, "@m: to all; @@: sends one; @?: help; @s: statistics\r\n"));
    assert_non_null(strstr(rig->out, "serial:    1 a                input waits\r\n"));
    assert_non_null(strstr(rig->out, "serial: *  2 b                reads\r\n"));
    assert_non_null(strstr(rig->out, "serial:    3 c                not started\r\n"));
    rig_free(rig);
}

static void the_greeting_says_how_to_switch(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);

    (void)state;
    assert_int_equal(serial_text_greeting(&rig->virtualiser), 0);
    rig_run(rig);
    assert_string_equal(rig->out,
                        "serial: input to 1 a; @2 switches to b, @1 back; @? for help\r\n");
    rig_free(rig);
    rig = rig_new(2, PLAIN "switch ctrl-\\\n");
    assert_int_equal(serial_text_greeting(&rig->virtualiser), 0);
    rig_run(rig);
    assert_string_equal(rig->out, "serial: input to 0 a; Ctrl-\\ 1 Enter switches to b, "
                                  "Ctrl-\\ 0 Enter back; Ctrl-\\ ? for help\r\n");
    rig_free(rig);
    rig = rig_new(1, PLAIN);
    assert_int_equal(serial_text_greeting(&rig->virtualiser), 0);
    rig_run(rig);
    assert_string_equal(rig->out, "serial: input to 1 a; @? for help\r\n");
    rig_free(rig);
}

static void help_of_the_control_form_counts_from_0(void **state)
{
    struct rig *rig = rig_new(2, PLAIN "switch ctrl-a\n");

    (void)state;
    rig_type(rig, "\x01?");
    assert_non_null(strstr(rig->out, "serial: Ctrl-A 0 Enter, Ctrl-A (name): input to a client"));
    assert_non_null(strstr(rig->out, "serial: *  0 a"));
    assert_non_null(strstr(rig->out, "serial:    1 b"));
    rig_free(rig);
}

static void statistics_count_what_went_through(void **state)
{
    struct rig *rig = rig_new(2, PLAIN);
    char text[160];

    (void)state;
    rig_say(rig, 1, "four\nfive\n");
    rig_run(rig);
    serial_queue_count(&rig->device_input, SERIAL_COUNTER_OVERRUN, 3);
    serial_queue_count(&rig->device_input, SERIAL_COUNTER_PARITY, 2);
    rig_type(rig, "abc@s");
    statistics_line(text, "a", 0, 0, 0, 3, 0);
    assert_non_null(strstr(rig->out, text));
    statistics_line(text, "b", 10, 2, 0, 0, 0);
    assert_non_null(strstr(rig->out, text));
    assert_non_null(strstr(rig->out, "serial: device: input 5 bytes; overrun 3 framing 0 parity 2 "
                                     "break 0\r\n"));
    rig_free(rig);
}

static void statistics_are_asked_of_all_clients(void **state)
{
    struct rig *rig = rig_new(3, PLAIN);

    (void)state;
    /* One that has not read yet, and so asks for no notification, gets this one. */
    rig_type(rig, "x");
    rig->notified = 0;
    assert_false(serial_client_asked(&rig->clients[0]));
    rig_type(rig, "@s");
    assert_int_equal(rig->notified, 7);
    for (unsigned int i = 0; i < 3; i++) {
        assert_true(serial_client_asked(&rig->clients[i]));
        assert_false(serial_client_asked(&rig->clients[i]));
    }
    rig->notified = 0;
    rig_type(rig, "@s@s");
    assert_true(serial_client_asked(&rig->clients[1]));
    assert_int_equal(rig->notified, 7);
    /* Who opens its end does not answer what was asked before. */
    assert_int_equal(
        serial_client_open(&rig->clients[2], rig->client_memory[2], sizeof(rig->client_memory[2])),
        SERIAL_QUEUE_OK);
    assert_false(serial_client_asked(&rig->clients[2]));
    assert_string_equal(rig_received(rig, 0), "x");
    rig_free(rig);
}

static void answers_that_find_no_room_are_counted(void **state)
{
    struct rig *rig = rig_new(4, PLAIN);

    (void)state;
    for (unsigned int i = 0; i < 40; i++) {
        assert_int_equal(serial_queue_write(&rig->device_input, "@s@?", 4), 4);
    }
    rig_serve(rig);
    assert_true(rig->virtualiser.unsaid > 0);
    rig_run(rig);
    rig_type(rig, "x");
    assert_string_equal(rig_received(rig, 0), "x");
    rig_free(rig);
}

/* Settings. */

static enum serial_config_error read_config(const char *text, unsigned int *line)
{
    static struct serial_config config;

    return serial_config_read(&config, text, strlen(text), line);
}

static void wrong_settings_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        enum serial_config_error error;
        unsigned int line;
    } wrong[] = {
        { "", SERIAL_CONFIG_MISSING, 1 },
        { "device 0 0x1000 64\n", SERIAL_CONFIG_MISSING, 2 },
        { "client 0 0 64 a\n", SERIAL_CONFIG_MISSING, 2 },
        { "\n# text\nnonsense\n", SERIAL_CONFIG_UNKNOWN, 3 },
        { "device 0 1\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "device 0 1 1\ndevice 1 1 1\n", SERIAL_CONFIG_UNKNOWN, 2 },
        { "device 62 1 1\n", SERIAL_CONFIG_NUMBER, 1 },
        { "device -1 1 1\n", SERIAL_CONFIG_NUMBER, 1 },
        { "device 0 0xg 1\n", SERIAL_CONFIG_NUMBER, 1 },
        { "device 0 18446744073709551616 1\n", SERIAL_CONFIG_NUMBER, 1 },
        { "device 0 0xffffffffffffffff 2\n", SERIAL_CONFIG_NUMBER, 1 },
        { "device 0 1 1\nclient 0 1 1 a\n", SERIAL_CONFIG_NUMBER, 2 },
        { "client 0 1 1 a\nclient 1 1 1 a\n", SERIAL_CONFIG_NAME, 2 },
        { "client 0 1 1 a 38\n", SERIAL_CONFIG_NUMBER, 1 },
        { "client 0 1 1 a 29\n", SERIAL_CONFIG_NUMBER, 1 },
        { "client 0 1 1 a 98\n", SERIAL_CONFIG_NUMBER, 1 },
        { "client 0 1 1 a 31 b\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "client 0 1 1 a 31 b c d e\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "client 0 1 1 a234567890123456789012345678901234567890123456789012345678901234\n",
          SERIAL_CONFIG_NAME, 1 },
        { "about a b\n", SERIAL_CONFIG_NAME, 1 },
        { "about a\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "switch\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "switch ab\n", SERIAL_CONFIG_NAME, 1 },
        { "switch ctrl-1\n", SERIAL_CONFIG_NAME, 1 },
        { "colours green\n", SERIAL_CONFIG_UNKNOWN, 1 },
        { "limit x\n", SERIAL_CONFIG_NUMBER, 1 },
        { "timer 62\n", SERIAL_CONFIG_NUMBER, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        unsigned int line;
        assert_int_equal(read_config(wrong[i].text, &line), wrong[i].error);
        assert_int_equal(line, wrong[i].line);
    }
}

static void settings_are_taken(void **state)
{
    static const char text[] = "device 3 0x10 32 # the UART\r\n"
                               "client 1 5 6 left\n\tclient 2 7 8 right 95\n"
                               "about left-vm left\nabout right.vmm right\n"
                               "switch ctrl-\\\ncolours off\nlimit 300\ntimer 9";
    struct serial_config config;
    unsigned int line;

    (void)state;
    assert_int_equal(serial_config_read(&config, text, sizeof(text), &line), SERIAL_CONFIG_OK);
    assert_int_equal(config.device.channel, 3);
    assert_int_equal(config.device.address, 16);
    assert_int_equal(config.device.bytes, 32);
    assert_int_equal(config.count, 2);
    assert_string_equal(config.clients[0].name, "left");
    assert_int_equal(config.clients[0].colour, 32);
    assert_int_equal(config.clients[1].colour, 95);
    assert_int_equal(config.character, 0x1c);
    assert_false(config.colours);
    assert_int_equal(config.limit, 300);
    assert_int_equal(config.timer, 9);
    assert_int_equal(serial_config_about(&config, "right.vmm"), 1);
    assert_int_equal(serial_config_about(&config, "left"), 0);
    assert_int_equal(serial_config_about(&config, "timer"), SERIAL_NOBODY);
}

static void more_clients_than_there_is_room_for_are_refused(void **state)
{
    char text[4096] = "";
    unsigned int line;

    (void)state;
    for (unsigned int i = 0; i <= SERIAL_MAX_CLIENTS; i++) {
        snprintf(text + strlen(text), 64, "client %u 0 0 c%u\n", i, i);
    }
    assert_int_equal(read_config(text, &line), SERIAL_CONFIG_MANY);
    assert_int_equal(line, SERIAL_MAX_CLIENTS + 1);
}

static void connections_that_are_too_small_are_refused(void **state)
{
    static struct serial_virtualiser virtualiser;
    static _Alignas(64) uint8_t memory[8192];
    struct serial_config config = { .device = { 0, (uintptr_t)memory, 512 }, .count = 1 };

    (void)state;
    assert_int_equal(serial_virtualiser_open(&virtualiser, &config), SERIAL_QUEUE_TOO_SMALL);
    config.device.bytes = 4096;
    config.clients[0].connection = (struct serial_connection){ 1, (uintptr_t)memory + 4096, 256 };
    assert_int_equal(serial_virtualiser_open(&virtualiser, &config), SERIAL_QUEUE_TOO_SMALL);
    config.clients[0].connection = (struct serial_connection){ 1, (uintptr_t)memory + 4097, 1024 };
    assert_int_equal(serial_virtualiser_open(&virtualiser, &config), SERIAL_QUEUE_UNALIGNED);
    config.clients[0].connection.address--;
    assert_int_equal(serial_virtualiser_open(&virtualiser, &config), SERIAL_QUEUE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_goes_to_client_1_at_the_start),
        cmocka_unit_test(digits_numbers_and_names_switch),
        cmocka_unit_test(a_command_may_come_in_pieces),
        cmocka_unit_test(wrong_clients_are_named_and_change_nothing),
        cmocka_unit_test(a_name_that_is_too_long_matches_nobody),
        cmocka_unit_test(a_control_character_ends_a_name),
        cmocka_unit_test(twice_sends_one_and_others_pass),
        cmocka_unit_test(m_sends_to_all),
        cmocka_unit_test(the_character_can_be_another),
        cmocka_unit_test(the_control_form_counts_from_0_and_ends_with_enter),
        cmocka_unit_test(a_client_that_does_not_read_loses_and_blocks_nobody),
        cmocka_unit_test(help_names_clients_and_their_states),
        cmocka_unit_test(the_greeting_says_how_to_switch),
        cmocka_unit_test(help_of_the_control_form_counts_from_0),
        cmocka_unit_test(statistics_count_what_went_through),
        cmocka_unit_test(statistics_are_asked_of_all_clients),
        cmocka_unit_test(answers_that_find_no_room_are_counted),
        cmocka_unit_test(wrong_settings_are_refused_with_their_line),
        cmocka_unit_test(settings_are_taken),
        cmocka_unit_test(more_clients_than_there_is_room_for_are_refused),
        cmocka_unit_test(connections_that_are_too_small_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
