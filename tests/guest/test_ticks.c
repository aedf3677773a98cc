/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs that tick with their virtual timers for `seconds`, each with its own period, and work
 * after each tick. Each tick is due a period after the one before: none is lost when there are
 * exactly as many as periods have passed, and when none waits for the next one.
 */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
/* Periods in microseconds, of each CPU. */
#define PERIOD_FIRST 4000U
#define PERIOD_SECOND 1000U
#define SECONDS 60
/* Turns of a loop of two instructions after each tick. */
#define WORK 2000
/* The second CPU's ticks begin so long after it is up. */
#define DELAY_US 100

static struct ticker {
    uint64_t start, period, ticks, latest;
    uint64_t end;
    bool done;
} tickers[2];

static void arm(uint64_t when)
{
    WRITE_SYSREG("cntv_cval_el0", when);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    __asm__ volatile("isb");
}

static void handler(unsigned intid, uint64_t counter)
{
    struct ticker *ticker = &tickers[cpu_index()];
    uint64_t due = ticker->start + (ticker->ticks + 1) * ticker->period;

    (void)intid;
    if (counter - due > ticker->latest) {
        ticker->latest = counter - due;
    }
    ticker->ticks++;
    if (due + ticker->period > ticker->end) {
        WRITE_SYSREG("cntv_ctl_el0", 0);
        ticker->done = true;
    } else {
        arm(due + ticker->period);
    }
}

static void tick(unsigned period_us, uint64_t seconds)
{
    uint64_t frequency = READ_SYSREG("cntfrq_el0");
    volatile struct ticker *ticker = &tickers[cpu_index()];

    ticker->period = period_us * frequency / 1000000;
    ticker->start = cpu_counter() + DELAY_US * frequency / 1000000;
    ticker->end = ticker->start + seconds * frequency;
    gic_enable(VIRTUAL_TIMER);
    cpu_mask_irqs();
    arm(ticker->start + ticker->period);
    while (!ticker->done) {
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        for (unsigned i = 0; i < WORK; i++) {
            __asm__ volatile("");
        }
        cpu_mask_irqs();
    }
    gic_disable(VIRTUAL_TIMER);
}

static void secondary(unsigned cpu)
{
    (void)cpu;
    tick(PERIOD_SECOND, test_argument("seconds", SECONDS));
}

static void check(unsigned cpu, unsigned period_us, const char *name)
{
    const struct ticker *ticker = &tickers[cpu];
    uint64_t seconds = test_argument("seconds", SECONDS);

    test_print("guest: CPU %lu: %lu ticks in %lu s, latest %lu us late\n", (unsigned long)cpu,
               ticker->ticks, seconds, ticker->latest * 1000000 / READ_SYSREG("cntfrq_el0"));
    test_check(ticker->done && ticker->ticks == seconds * 1000000 / period_us &&
                   ticker->latest < ticker->period,
               name, ticker->ticks);
}

static void run(void)
{
    gic_set_handler(VIRTUAL_TIMER, handler);
    test_on_secondary = secondary;
    psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    tick(PERIOD_FIRST, test_argument("seconds", SECONDS));
    /* The other began later. It has the CPU for itself until it is off: who polls takes turns. */
    arm(cpu_counter() + READ_SYSREG("cntfrq_el0"));
    gic_enable(VIRTUAL_TIMER);
    cpu_wait_for_interrupt();
    WRITE_SYSREG("cntv_ctl_el0", 0);
    gic_disable(VIRTUAL_TIMER);
    while (psci_call(PSCI_AFFINITY_INFO, platform.mpidr[1], 0, 0) != PSCI_OFF) {
        cpu_relax();
    }
    check(0, PERIOD_FIRST, "ticks.none lost on the first CPU");
    check(1, PERIOD_SECOND, "ticks.none lost on the second CPU");
}

const struct test_group ticks_tests = { .name = "ticks", .run = run, .named = true };
