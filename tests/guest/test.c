/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include <stdarg.h>

#include "platform.h"
#include "psci.h"
#include "share.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_FULL (1U << 5)
#define SPINS 1000000U

test_secondary *volatile test_on_secondary;

static unsigned passed, failed;

/* What nobody watches. */
static struct share own_share;

static volatile struct share *share(void)
{
    return platform.share != 0 ? (volatile struct share *)platform.share : &own_share;
}

static void put_shared(char c)
{
    volatile struct share *to = share();

    to->text[to->written % SHARE_TEXT] = c;
    cpu_barrier();
    to->written = to->written + 1;
}

static void put(char c)
{
    if (platform.share != 0) {
        put_shared(c);
        return;
    }
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

uint64_t test_argument(const char *name, uint64_t otherwise)
{
    const char *found = platform_argument(name);
    uint64_t value = 0;
    unsigned base = 10;

    if (found == 0) {
        return otherwise;
    }
    if (found[0] == '0' && found[1] == 'x') {
        base = 16;
        found += 2;
    }
    for (; *found != '\0' && *found != ' '; found++) {
        value =
            value * base + (uint64_t)(*found <= '9' ? *found - '0' : (*found | 0x20) - 'a' + 10);
    }
    return value;
}

void test_progress(void)
{
    share()->beats = share()->beats + 1;
}

uint64_t test_resume(void)
{
    return share()->next;
}

void test_go_on_with(uint64_t next)
{
    share()->next = next;
    test_progress();
}

void test_count_reset(void)
{
    share()->resets = share()->resets + 1;
}

uint64_t test_resets(void)
{
    return share()->resets;
}

void test_count_wrong(uint64_t checks)
{
    share()->wrong = share()->wrong + checks;
}

uint64_t test_wrong(void)
{
    return share()->wrong;
}

void test_set_checksum(uint64_t checksum)
{
    share()->checksum = checksum;
}

bool test_shall_stop(void)
{
    return share()->stop != 0;
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
