/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of its CPU a guest gets, and two kinds of neighbours that leave it much and little:
 * `cpu` measures its own share, `spin` computes for ever, `ask` calls its VMM for ever, `sleep`
 * waits in WFI for ever and is woken a hundred times a second.
 */
#include "fp.h"
#include "gic.h"
#include "psci.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
/* How long is measured, and of a second: what the longest own time between two looks at the counter
 * is, how long neighbours take to start, and how long a sleep is. */
#define MEASURED_MS 1000
#define LONGEST_LOOK(frequency) ((frequency) / 200000)
#define NEIGHBOURS_START(frequency) ((frequency) / 20)
#define SLEEP(frequency) ((frequency) / 100)
/* Sleeps that are checked. */
#define SLEEPS 50
#define PATTERN 0xc01dc0ffeeUL

static volatile uint64_t woken;

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    WRITE_SYSREG("cntv_ctl_el0", 0);
    __asm__ volatile("isb");
    woken = woken + 1;
}

/** Sleeps until the timer comes. Returns how many ticks late that was. */
static uint64_t nap(uint64_t ticks)
{
    uint64_t when = cpu_counter() + ticks;
    uint64_t before = woken;

    cpu_mask_irqs();
    WRITE_SYSREG("cntv_cval_el0", when);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    __asm__ volatile("isb");
    while (woken == before) {
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        cpu_mask_irqs();
    }
    cpu_unmask_irqs();
    return cpu_counter() - when;
}

static void sleep_begin(void)
{
    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_enable(VIRTUAL_TIMER);
}

static void measure(void)
{
    uint64_t frequency = READ_SYSREG("cntfrq_el0");
    uint64_t last = cpu_counter();
    uint64_t begin = last + NEIGHBOURS_START(frequency);
    uint64_t measured = test_argument("measured", MEASURED_MS) * frequency / 1000;
    uint64_t sleeps = test_argument("sleeps", SLEEPS);
    uint64_t mine = 0;
    uint64_t wrong = 0;
    uint64_t worst = 0;

    fp_enable();
    fp_fill(PATTERN);
    WRITE_SYSREG("tpidr_el0", PATTERN);
    while (last < begin) {
        last = cpu_counter();
    }
    while (last < begin + measured) {
        uint64_t now = cpu_counter();

        if (now - last < LONGEST_LOOK(frequency)) {
            mine += now - last;
        } else {
            /* Somebody else ran: what is in this guest's registers is its own. */
            wrong += fp_sum() != fp_expected(PATTERN) ? 1 : 0;
            wrong += READ_SYSREG("tpidr_el0") != PATTERN ? 1 : 0;
        }
        last = now;
    }
    test_print("guest: %lu permille of the CPU\n", mine * 1000 / measured);
    test_check(wrong == 0, "cpu.registers are its own", wrong);

    sleep_begin();
    for (uint64_t i = 0; i < sleeps; i++) {
        uint64_t late = nap(SLEEP(frequency));

        worst = late > worst ? late : worst;
    }
    gic_disable(VIRTUAL_TIMER);
    test_print("guest: woken %lu times, at most %lu us late\n", woken, worst * 1000000 / frequency);
    test_check(woken == sleeps, "cpu.each sleep ends once", woken);
}

static void spin(void)
{
    fp_enable();
    for (uint64_t i = 0;; i++) {
        fp_fill(i);
        WRITE_SYSREG("tpidr_el0", i);
    }
}

static void ask(void)
{
    for (;;) {
        (void)psci_call(PSCI_VERSION, 0, 0, 0);
    }
}

static void sleep(void)
{
    sleep_begin();
    for (;;) {
        (void)nap(SLEEP(READ_SYSREG("cntfrq_el0")));
    }
}

const struct test_group cpu_tests = { .name = "cpu", .run = measure, .named = true };
const struct test_group spin_tests = { .name = "spin", .run = spin, .named = true };
const struct test_group ask_tests = { .name = "ask", .run = ask, .named = true };
const struct test_group sleep_tests = { .name = "sleep", .run = sleep, .named = true };
