/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART that every guest has, and the lines that become of what it sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lines.h"
#include "uart.h"
#include "vmm_fake.h"

#define INTID 70u
#define DR 0x00u
#define FR 0x18u
#define IMSC 0x38u
#define RIS 0x3cu
#define MIS 0x40u
#define ICR 0x44u
#define FR_RX_EMPTY 0x10u
#define FR_RX_FULL 0x40u
#define FR_TX_EMPTY 0x80u
#define RX 0x10u
#define TX 0x20u
#define TIMEOUT 0x40u

static struct uart uart;
static struct lines lines;

static int begin(void **state)
{
    const struct output output = { .put = lines_put, .cookie = &lines };

    (void)state;
    vmm_fake_reset(2, 3);
    lines_init(&lines, "left");
    uart_init(&uart, VMM_FAKE_ID(0), INTID, &output);
    return 0;
}

static uint64_t load(uint64_t offset, uint32_t bytes)
{
    struct access access = { .bytes = bytes, .offset = offset, .value = 0x5555 };

    assert_int_equal(uart_access(&uart, &access), ACCESS_DONE);
    return access.value;
}

static void store(uint64_t offset, uint32_t bytes, uint64_t value)
{
    struct access access = { .bytes = bytes, .offset = offset, .store = true, .value = value };

    assert_int_equal(uart_access(&uart, &access), ACCESS_DONE);
}

static void say(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        store(DR, 1, (uint8_t)*c);
    }
}

static bool line(void)
{
    return (vmm_fake.shared[BH_VIRQ_LINE][INTID / 32] >> INTID % 32 & 1) != 0;
}

static void prints_lines(void **state)
{
    (void)state;
    say("one\r\n\n");
    say("a prompt: ");
    assert_string_equal(vmm_fake.printed, "left| one\n");
    lines_flush(&lines);
    lines_flush(&lines);
    assert_string_equal(vmm_fake.printed, "left| one\nleft| a prompt: \n");
}

static void bounds_lines(void **state)
{
    char expected[LINES_BYTES + 32] = "left| ";

    (void)state;
    for (size_t i = 0; i < LINES_BYTES; i++) {
        say("x");
        strcat(expected, "x");
    }
    strcat(expected, "\n");
    assert_string_equal(vmm_fake.printed, expected);
    say("rest\n");
    strcat(expected, "left| rest\n");
    assert_string_equal(vmm_fake.printed, expected);
}

static void guest_cannot_move_the_cursor(void **state)
{
    (void)state;
    store(DR, 4, 0x1b);
    say("[Aright: powered off\t\x7f\xc3\xa4");
    store(DR, 1, 0);
    say("\n");
    assert_string_equal(vmm_fake.printed, "left| ?[Aright: powered off\t?\xc3\xa4?\n");
}

static void transmitter_is_ready(void **state)
{
    (void)state;
    assert_int_equal(load(FR, 2), FR_TX_EMPTY | FR_RX_EMPTY);
    assert_int_equal(load(RIS, 2), 0);
    store(DR, 2, 'x');
    assert_int_equal(load(FR, 2), FR_TX_EMPTY | FR_RX_EMPTY);
    assert_int_equal(load(RIS, 2), TX);
    assert_int_equal(load(MIS, 2), 0);
    assert_false(line());
    store(IMSC, 2, TX | RX);
    assert_true(line());
    assert_int_equal(load(MIS, 2), TX);
    store(ICR, 2, TX);
    assert_false(line());
    store(DR, 2, 'y');
    assert_true(line());
    store(IMSC, 2, 0);
    assert_false(line());
    assert_int_equal(vmm_fake.wrong, 0);
}

static void receives(void **state)
{
    uint8_t bytes[40];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(200 + i);
    }
    store(IMSC, 4, RX | TIMEOUT);
    assert_int_equal(uart_receive(&uart, bytes, 0), 0);
    assert_false(line());
    assert_int_equal(uart_receive(&uart, bytes, 1), 1);
    assert_true(line());
    assert_int_equal(load(RIS, 4), TIMEOUT);
    assert_int_equal(uart_room(&uart), UART_FIFO - 1);
    assert_int_equal(uart_receive(&uart, bytes + 1, 39), 31);
    assert_int_equal(uart_receive(&uart, bytes + 32, 8), 0);
    assert_int_equal(load(RIS, 4), TIMEOUT | RX);
    assert_int_equal(load(FR, 4), FR_TX_EMPTY | FR_RX_FULL);
    for (uint32_t i = 0; i < 32; i++) {
        assert_int_equal(load(DR, 4), 200 + i);
        assert_int_equal(load(RIS, 4), (i < 31 ? TIMEOUT : 0) | (i < 16 ? RX : 0));
    }
    assert_false(line());
    assert_int_equal(load(FR, 4), FR_TX_EMPTY | FR_RX_EMPTY);
    assert_int_equal(load(DR, 4), 0);
    /* Round the end of the buffer. */
    assert_int_equal(uart_receive(&uart, bytes, 20), 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(load(DR, 1), 200 + i);
    }
}

static void cleared_interrupt_comes_with_the_next_byte(void **state)
{
    (void)state;
    store(IMSC, 4, TIMEOUT);
    assert_int_equal(uart_receive(&uart, (const uint8_t *)"a", 1), 1);
    store(ICR, 4, 0x7ff);
    assert_false(line());
    assert_int_equal(uart_receive(&uart, (const uint8_t *)"b", 1), 1);
    assert_true(line());
    assert_int_equal(load(DR, 4), 'a');
    assert_int_equal(load(DR, 4), 'b');
    assert_false(line());
}

static void reset(void **state)
{
    (void)state;
    store(IMSC, 4, TIMEOUT);
    assert_int_equal(uart_receive(&uart, (const uint8_t *)"abc", 3), 3);
    assert_true(line());
    uart_reset(&uart);
    assert_false(line());
    assert_int_equal(load(IMSC, 4), 0);
    assert_int_equal(load(RIS, 4), 0);
    assert_int_equal(load(FR, 4), FR_TX_EMPTY | FR_RX_EMPTY);
}

static void line_of_an_earlier_life_is_lowered(void **state)
{
    const struct output output = { .put = lines_put, .cookie = &lines };

    (void)state;
    vmm_fake.shared[BH_VIRQ_LINE][INTID / 32] = ~0u;
    uart_init(&uart, VMM_FAKE_ID(0), INTID, &output);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_LINE][INTID / 32], ~(1u << INTID % 32));
}

static void odd_accesses_mean_nothing(void **state)
{
    (void)state;
    assert_int_equal(uart_receive(&uart, (const uint8_t *)"a", 1), 1);
    for (uint64_t offset = 0; offset < UART_BYTES; offset++) {
        if (offset % 4 != 0) {
            assert_int_equal(load(offset, 1), 0);
            store(offset, 1, ~0UL);
        } else if (offset > ICR) {
            assert_int_equal(load(offset, 4), 0);
            store(offset, 4, ~0UL);
        }
    }
    assert_int_equal(load(DR, 8), 0);
    store(FR, 4, ~0UL);
    store(RIS, 4, ~0UL);
    store(MIS, 4, ~0UL);
    assert_int_equal(load(RIS, 4), TIMEOUT);
    assert_int_equal(load(IMSC, 4), 0);
    assert_int_equal(load(DR, 4), 'a');
    assert_int_equal(uart.ignored, 2 * (3 * 1024 + 1024 - 18) + 4);
    assert_string_equal(vmm_fake.printed, "");
    store(IMSC, 4, ~0UL);
    assert_int_equal(load(IMSC, 4), 0x7f0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(prints_lines, begin),
        cmocka_unit_test_setup(bounds_lines, begin),
        cmocka_unit_test_setup(guest_cannot_move_the_cursor, begin),
        cmocka_unit_test_setup(transmitter_is_ready, begin),
        cmocka_unit_test_setup(receives, begin),
        cmocka_unit_test_setup(cleared_interrupt_comes_with_the_next_byte, begin),
        cmocka_unit_test_setup(reset, begin),
        cmocka_unit_test_setup(line_of_an_earlier_life_is_lowered, begin),
        cmocka_unit_test_setup(odd_accesses_mean_nothing, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
