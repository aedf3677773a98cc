/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest pays, operation by operation, in instructions. Run natively they are the baseline.
 */
#include "figure.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
#define SGI 6U
/* Ticks until a timer expires: longer than everything that sets it. */
#define AHEAD 2000U
#define GICD_IIDR 0x008

static volatile uint64_t taken, taken_at, sent_at;
static volatile uint64_t is_up, is_waiting, shall_wait, shall_stop;

static void handler(unsigned intid, uint64_t counter)
{
    uint64_t now = figure_time();

    (void)intid;
    (void)counter;
    taken_at = now;
    WRITE_SYSREG("cntv_ctl_el0", 0);
    __asm__ volatile("isb");
    cpu_barrier();
    taken = taken + 1;
}

static void measure_calls(void)
{
    cpu_mask_irqs();
    figure_calibrate();
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t start = figure_start();

        (void)mmio_read32(platform.distributor + GICD_IIDR);
        figure_sample(figure_time() - start);
    }
    figure_print("emulated read");
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t start = figure_start();

        psci_call(PSCI_VERSION, 0, 0, 0);
        figure_sample(figure_time() - start);
    }
    figure_print("PSCI_VERSION");
    cpu_unmask_irqs();
}

/** Arms the timer; returns when it expires, in instructions. */
static uint64_t arm(void)
{
    uint64_t when = cpu_counter() + AHEAD;

    WRITE_SYSREG("cntv_cval_el0", when);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    __asm__ volatile("isb");
    return when * figure_tick();
}

static void measure_timer(void)
{
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t before = taken;
        uint64_t when = arm();

        if (!test_wait_change(&taken, before)) {
            break;
        }
        figure_sample(taken_at - when + figure_timing());
    }
    figure_print("timer to handler");
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t before = taken;
        uint64_t when;

        cpu_mask_irqs();
        when = arm();
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        if (!test_wait_change(&taken, before)) {
            break;
        }
        figure_sample(taken_at - when + figure_timing());
    }
    figure_print("timer to handler out of WFI");
}

static void secondary(unsigned cpu)
{
    (void)cpu;
    gic_enable(SGI);
    is_up = 1;
    while (shall_stop == 0) {
        if (shall_wait != 0) {
            cpu_mask_irqs();
            is_waiting = 1;
            cpu_wait_for_interrupt();
            is_waiting = 0;
        }
        cpu_unmask_irqs();
        cpu_relax();
    }
    cpu_mask_irqs();
}

/** Sends SGIs to the second CPU, which spins, or waits in WFI. */
static void measure_sgi(const char *name, bool waiting)
{
    shall_wait = waiting ? 1 : 0;
    for (unsigned i = 0; i < FIGURE_SAMPLES; i++) {
        uint64_t before = taken;
        uint64_t end = cpu_counter() + (waiting ? AHEAD : AHEAD / 8);

        /* Long enough for the other to be where it shall be. */
        while ((waiting && is_waiting == 0) || cpu_counter() < end) {
            cpu_relax();
        }
        sent_at = figure_start();
        gic_send_sgi(SGI, 1);
        if (!test_wait_change(&taken, before)) {
            break;
        }
        figure_sample(taken_at - sent_at);
    }
    figure_print(name);
}

static void measure_other_cpu(void)
{
    test_on_secondary = secondary;
    psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    if (test_check(test_wait_change(&is_up, 0), "costs.second CPU", 0)) {
        measure_sgi("SGI to another CPU", false);
        measure_sgi("SGI to another CPU in WFI", true);
    }
    shall_wait = 0;
    shall_stop = 1;
    gic_send_sgi(SGI, 1);
    test_on_secondary = 0;
}

static void run(void)
{
    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_set_handler(SGI, handler);
    gic_enable(VIRTUAL_TIMER);
    gic_enable(SGI);
    measure_calls();
    measure_timer();
    if (platform.cpus > 1) {
        measure_other_cpu();
    }
    gic_disable(VIRTUAL_TIMER);
}

const struct test_group costs_tests = { .name = "costs", .run = run, .named = true };
