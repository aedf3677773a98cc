/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include <stdarg.h>

#include "platform.h"
#include "psci.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_FULL (1U << 5)
#define SPINS 1000000U

test_secondary *volatile test_on_secondary;

static unsigned passed, failed;

static void put(char c)
{
    for (unsigned i = 0; i < SPINS && (mmio_read32(platform.uart + UART_FR) & UART_FR_FULL) != 0;
         i++) {
    }
    mmio_write32(platform.uart + UART_DR, (uint8_t)c);
}

static void put_string(const char *string)
{
    while (*string != '\0') {
        put(*string++);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        put(digits[--count]);
    }
}

void test_print(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            if (*format == '\n') {
                put('\r');
            }
            put(*format);
        } else if (format[1] == 's') {
            format++;
            put_string(va_arg(values, const char *));
        } else if (format[1] == 'l' && format[2] == 'u') {
            format += 2;
            put_number(va_arg(values, unsigned long), 10);
        } else if (format[1] == 'l' && format[2] == 'x') {
            format += 2;
            put_string("0x");
            put_number(va_arg(values, unsigned long), 16);
        }
    }
    va_end(values);
}

bool test_check(bool ok, const char *name, uint64_t value)
{
    if (ok) {
        passed++;
        test_print("ok %s\n", name);
    } else {
        failed++;
        test_print("FAIL %s (value %lx)\n", name, value);
    }
    return ok;
}

void test_time(struct test_times *times, uint64_t ticks)
{
    times->sum += ticks;
    times->count++;
    if (ticks > times->worst) {
        times->worst = ticks;
    }
}

void test_count(const char *name, const struct test_times *times, uint64_t less, uint64_t each)
{
    uint64_t frequency = READ_SYSREG("cntfrq_el0");
    uint64_t sum = times->sum - less * times->count;
    uint64_t nanoseconds;

    if (frequency == 0 || times->count == 0 || times->sum < less * times->count) {
        test_check(false, name, times->sum);
        return;
    }
    nanoseconds = sum * 1000000000UL / frequency;
    test_print("count %s %lu %lu\n", name, nanoseconds / (times->count * each),
               (times->worst - less) * 1000000000UL / frequency / each);
}

bool test_wait_change(const volatile uint64_t *word, uint64_t old)
{
    uint64_t end = cpu_counter() + READ_SYSREG("cntfrq_el0");

    while (*word == old) {
        if (cpu_counter() > end) {
            return false;
        }
        cpu_relax();
    }
    return true;
}

void test_finish(void)
{
    test_print("done: %lu passed, %lu failed\n", (unsigned long)passed, (unsigned long)failed);
    psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) {
        cpu_wait_for_interrupt();
    }
}

void test_abort(void)
{
    failed++;
    test_finish();
}
