/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
#define CTL_ENABLE 1U
#define CTL_MASK 2U
#define CTL_STATUS 4U
#define ROUNDS 512
#define AHEAD 400U
#define TICKS 100

static volatile uint64_t taken, taken_at;

static void stop(void)
{
    WRITE_SYSREG("cntv_ctl_el0", 0);
    __asm__ volatile("isb");
}

static void start(uint64_t when, unsigned extra)
{
    WRITE_SYSREG("cntv_cval_el0", when);
    WRITE_SYSREG("cntv_ctl_el0", CTL_ENABLE | extra);
    __asm__ volatile("isb");
}

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    taken_at = counter;
    taken = taken + 1;
    stop();
}

static void expire(void)
{
    uint64_t when = cpu_counter() + AHEAD;

    taken = 0;
    start(when, 0);
    test_check(test_wait_change(&taken, 0) && taken_at >= when, "timer.expires, not early",
               taken_at - when);
    taken = 0;
    start(cpu_counter() - 1, 0);
    test_check(test_wait_change(&taken, 0), "timer.in the past expires at once", taken);

    taken = 0;
    when = cpu_counter() + AHEAD;
    start(when, CTL_MASK);
    while (cpu_counter() < when + AHEAD) {
    }
    test_check(taken == 0 && (READ_SYSREG("cntv_ctl_el0") & CTL_STATUS) != 0,
               "timer.masked expires silently", taken);
    start(when, 0);
    test_check(test_wait_change(&taken, 0), "timer.unmasked then comes", taken);

    taken = 0;
    start(cpu_counter() + 100000, 0);
    stop();
    when = cpu_counter() + 200000;
    while (cpu_counter() < when) {
    }
    test_check(taken == 0, "timer.stopped does not come", taken);
}

/* The timer's level is the pending state of its interrupt: it stays while the interrupt is
 * disabled, and goes when the timer is stopped. SGIs would not do, which a GICv2 may have enabled
 * for good. */
static void disable(void)
{
    uint64_t when = cpu_counter() + AHEAD;

    taken = 0;
    gic_disable(VIRTUAL_TIMER);
    start(when, 0);
    while (cpu_counter() < when + AHEAD) {
    }
    test_check(taken == 0 && gic_pending(VIRTUAL_TIMER), "timer.disabled interrupt stays pending",
               taken);
    gic_enable(VIRTUAL_TIMER);
    test_check(test_wait_change(&taken, 0), "timer.interrupt comes when enabled", taken);

    taken = 0;
    gic_disable(VIRTUAL_TIMER);
    when = cpu_counter() + AHEAD;
    start(when, 0);
    while (cpu_counter() < when + AHEAD) {
    }
    stop();
    when = cpu_counter() + AHEAD;
    while (cpu_counter() < when) {
    }
    test_check(!gic_pending(VIRTUAL_TIMER), "timer.stopped is no longer pending", 0);
    gic_enable(VIRTUAL_TIMER);
    when = cpu_counter() + AHEAD;
    while (cpu_counter() < when) {
    }
    test_check(taken == 0, "timer.stopped does not come when enabled", taken);
}

static void wait(void)
{
    uint64_t begin = cpu_counter();

    taken = 0;
    for (unsigned i = 1; i <= TICKS; i++) {
        start(begin + i * (uint64_t)10000, 0);
        /* Checked with interrupts masked, so that none comes between the check and WFI. */
        cpu_mask_irqs();
        while (taken < i && cpu_counter() < begin + i * (uint64_t)10000 + 62500000UL) {
            cpu_wait_for_interrupt();
            cpu_unmask_irqs();
            cpu_mask_irqs();
        }
        cpu_unmask_irqs();
    }
    test_check(taken == TICKS, "timer.wakes WFI, each time once", taken);
}

static void measure(void)
{
    struct test_times times = { 0 };

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t when = cpu_counter() + AHEAD;

        taken = 0;
        start(when, 0);
        if (!test_wait_change(&taken, 0)) {
            break;
        }
        test_time(&times, taken_at - when);
    }
    test_check(times.count == ROUNDS, "timer.every expiry comes", times.count);
    test_count("timer.expiry to handler", &times, 0, 1);
}

static void run(void)
{
    test_check(READ_SYSREG("cntfrq_el0") != 0, "timer.frequency", READ_SYSREG("cntfrq_el0"));
    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_enable(VIRTUAL_TIMER);
    expire();
    disable();
    wait();
    measure();
    stop();
    gic_disable(VIRTUAL_TIMER);
    gic_set_handler(VIRTUAL_TIMER, 0);
}

const struct test_group timer_tests = { .name = "timer", .run = run };
