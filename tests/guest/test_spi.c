/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a device's interrupt takes: from the store to the board's real-time clock that lets its
 * raw interrupt through, to the handler. Natively it is the baseline.
 */
#include "figure.h"
#include "gic.h"
#include "test.h"

/* A PL031 (DDI 0224). */
#define RTC 0x09010000UL
#define RTC_INTERRUPT 34U
#define RTC_DATA 0x00
#define RTC_MATCH 0x04
#define RTC_MASK 0x10
#define RTC_RAW 0x14
#define RTC_CLEAR 0x1c
/* Ticks in which everybody has long done what there was to do. */
#define AHEAD 500U

static volatile uint64_t taken, taken_at;

static void handler(unsigned intid, uint64_t counter)
{
    uint64_t now = figure_time();

    (void)intid;
    (void)counter;
    taken_at = now;
    mmio_write32(RTC + RTC_MASK, 0);
    cpu_barrier();
    taken = taken + 1;
}

static void settle(void)
{
    uint64_t end = cpu_counter() + AHEAD;

    while (cpu_counter() < end) {
        cpu_relax();
    }
}

static void run(void)
{
    uint32_t raised = 0;

    cpu_mask_irqs();
    figure_calibrate();
    cpu_unmask_irqs();
    mmio_write32(RTC + RTC_MASK, 0);
    gic_set_handler(RTC_INTERRUPT, handler);
    gic_enable_shared(RTC_INTERRUPT, 0);
    /* The raw interrupt is raised once, by the present second, and stays. */
    for (unsigned i = 0; raised == 0 && i < FIGURE_SAMPLES; i++) {
        mmio_write32(RTC + RTC_MATCH, mmio_read32(RTC + RTC_DATA));
        raised = mmio_read32(RTC + RTC_RAW);
    }
    test_check(raised != 0, "spi.raw interrupt", raised);
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t before = taken;
        uint64_t start;

        settle();
        start = figure_start();
        mmio_write32(RTC + RTC_MASK, 1);
        if (!test_wait_change(&taken, before)) {
            break;
        }
        figure_sample(taken_at - start);
    }
    figure_print("SPI to handler");
    mmio_write32(RTC + RTC_CLEAR, 1);
}

const struct test_group spi_tests = { .name = "spi", .run = run, .named = true };
