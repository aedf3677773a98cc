/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures what the kernel's operations take, by the system counter. Where an instruction takes a
 * nanosecond (QEMU with -icount shift=0), the nanoseconds printed are instructions.
 */
#include <drivers/serial/pl011.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "bench.h"

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t rtc_vaddr = 1;
uint64_t share_vaddr = 1;
uint64_t high_plain = MICROKIT_MAX_CHANNELS;
uint64_t high_deferred = MICROKIT_MAX_CHANNELS;
uint64_t high_call = MICROKIT_MAX_CHANNELS;
uint64_t low_plain = MICROKIT_MAX_CHANNELS;
uint64_t child_plain = MICROKIT_MAX_CHANNELS;
uint64_t child_id = MICROKIT_MAX_CHANNELS;

static struct pl011 uart;
static uint32_t round;
static uint64_t start;
static uint64_t sum;

/** Prints the mean of `count` operations that took `ticks` together. */
static void result(const char *name, uint64_t ticks, uint64_t count)
{
    uint64_t tenths = arm_generic_to_ns(ticks * 10) / count;

    pl011_print(&uart, "BENCH %s %lu.%lu instructions\n", name, tenths / 10, tenths % 10);
}

static void measure_null(void)
{
    start = arm_generic_ticks();
    for (round = 0; round < BENCH_ROUNDS; round++) {
        bh_null();
    }
    result("null_call", arm_generic_ticks() - start, BENCH_ROUNDS);
}

static void measure_calls(void)
{
    start = arm_generic_ticks();
    for (round = 0; round < BENCH_ROUNDS; round++) {
        microkit_mr_set(0, round);
        microkit_mr_set(1, round);
        microkit_mr_set(2, round);
        microkit_mr_set(3, round);
        (void)microkit_ppcall((microkit_channel)high_call, microkit_msginfo_new(0, 4));
    }
    result("protected_call_round_trip", arm_generic_ticks() - start, BENCH_ROUNDS);
}

static void measure_irqs(void)
{
    struct bench_irq *share = (struct bench_irq *)share_vaddr;

    /* Raise the raw interrupt: match the present second. */
    while (*bench_rtc(rtc_vaddr, RTC_RIS) == 0) {
        *bench_rtc(rtc_vaddr, RTC_MR) = *bench_rtc(rtc_vaddr, RTC_DR);
    }
    for (round = 0; round < BENCH_ROUNDS; round++) {
        bench_dither(round);
        share->raised = arm_generic_ticks();
        *bench_rtc(rtc_vaddr, RTC_IMSC) = 1;
        while (share->count == round) {
            __asm__ volatile("yield");
        }
    }
    *bench_rtc(rtc_vaddr, RTC_ICR) = 1;
    result("spi_to_notified", share->ticks, share->count);
}

/** What a pair of readings of the counter has between them by itself. */
static uint64_t reading_ticks(void)
{
    uint64_t ticks = 0;

    for (uint32_t i = 0; i < BENCH_ROUNDS; i++) {
        bench_dither(i);
        uint64_t before = arm_generic_ticks();
        ticks += arm_generic_ticks() - before;
    }
    return ticks;
}

/* Notification to a higher priority and back. */

static void plain_begin(void)
{
    round = 0;
    start = arm_generic_ticks();
    microkit_notify((microkit_channel)high_plain);
}

static void plain_next(void)
{
    if (++round < BENCH_ROUNDS) {
        microkit_notify((microkit_channel)high_plain);
        return;
    }
    result("notification_round_trip", arm_generic_ticks() - start, BENCH_ROUNDS);
    round = 0;
    start = arm_generic_ticks();
    microkit_deferred_notify((microkit_channel)high_deferred);
}

/* The same with deferred notifications on both sides. */

static void low_round(void);

static void deferred_next(void)
{
    if (++round < BENCH_ROUNDS) {
        microkit_deferred_notify((microkit_channel)high_deferred);
        return;
    }
    result("notification_round_trip_deferred", arm_generic_ticks() - start, BENCH_ROUNDS);
    round = 0;
    sum = 0;
    low_round();
}

/* Notification to a lower priority that waits: the sender's part alone. */

static void low_round(void)
{
    bench_dither(round);
    uint64_t before = arm_generic_ticks();
    microkit_notify((microkit_channel)low_plain);
    sum += arm_generic_ticks() - before;
}

static void low_next(void)
{
    if (++round < BENCH_ROUNDS) {
        low_round();
        return;
    }
    result("notification_to_lower", sum - reading_ticks(), BENCH_ROUNDS);
    round = 0;
    microkit_notify((microkit_channel)child_plain);
}

/* A child's fault and the answer, after which it tries again and faults again. */

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    *reply_msginfo = microkit_msginfo_new(0, 0);
    if (child != child_id || microkit_msginfo_get_label(msginfo) != seL4_Fault_VMFault) {
        pl011_print(&uart, "bench-kernel: a fault that was not expected\n");
        return seL4_False;
    }
    if (round == 0) {
        start = arm_generic_ticks();
    }
    if (round++ < BENCH_ROUNDS) {
        return seL4_True;
    }
    result("fault_exchange", arm_generic_ticks() - start, BENCH_ROUNDS);
    pl011_print(&uart, "bench-kernel: done\n");
    return seL4_False;
}

void init(void)
{
    uint64_t boot = arm_generic_ticks();

    pl011_init(&uart, uart_vaddr);
    pl011_print(&uart, "bench-kernel: %u rounds each; instructions only under -icount shift=0\n",
                BENCH_ROUNDS);
    result("boot_to_init", boot, 1);
    measure_null();
    measure_calls();
    measure_irqs();
    plain_begin();
}

void notified(microkit_channel ch)
{
    if (ch == high_plain) {
        plain_next();
    } else if (ch == high_deferred) {
        deferred_next();
    } else if (ch == low_plain) {
        low_next();
    }
}
