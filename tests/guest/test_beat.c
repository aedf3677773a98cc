/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A neighbour of guests that misbehave: its heart beats with the virtual timer, and at each beat it
 * looks whether anything of its own has changed. It ends when the watcher says so.
 */
#include "fp.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
#define BEATS_A_SECOND 1000U
#define WORDS 1024
#define PATTERN 0x5eed0bea7UL
#define GICD_IPRIORITYR 0x400
/* Every so many beats the VMM is asked something. */
#define ASK 4

static volatile uint64_t ticks;
static uint64_t deadline, step;
static uint64_t memory[WORDS];

static void arm(void)
{
    WRITE_SYSREG("cntv_cval_el0", deadline);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    __asm__ volatile("isb");
}

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    ticks = ticks + 1;
    deadline += step;
    arm();
}

/** Everything that only this guest may change, with a value that is not the reset's. */
#define OWN_REGISTERS(X)        \
    X("tpidr_el0", 0x1111)      \
    X("tpidrro_el0", 0x2222)    \
    X("contextidr_el1", 0x3333) \
    X("mair_el1", 0x4444)       \
    X("ttbr0_el1", 0x5000)      \
    X("ttbr1_el1", 0x6000)      \
    X("cntkctl_el1", 0x3)       \
    X("sp_el0", 0x7770)         \
    X("far_el1", 0x8888)        \
    X("par_el1", 0)

static void own_set(void)
{
#define SET(name, value) WRITE_SYSREG(name, value);
    OWN_REGISTERS(SET)
    for (unsigned i = 0; i < WORDS; i++) {
        memory[i] = PATTERN * (i + 1);
    }
    fp_enable();
    fp_fill(PATTERN);
}

static uint64_t own_changed(void)
{
    uint64_t changed = 0;

#define CHANGED(name, value) changed += READ_SYSREG(name) != (value) ? 1 : 0;
    OWN_REGISTERS(CHANGED)
    for (unsigned i = 0; i < WORDS; i++) {
        changed += memory[i] != PATTERN * (i + 1) ? 1 : 0;
    }
    changed += fp_sum() != fp_expected(PATTERN) ? 1 : 0;
    return changed;
}

static void run(void)
{
    uint64_t beat = 0;

    own_set();
    step = READ_SYSREG("cntfrq_el0") / BEATS_A_SECOND;
    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_enable(VIRTUAL_TIMER);
    deadline = cpu_counter() + step;
    arm();
    while (!test_shall_stop()) {
        cpu_mask_irqs();
        while (ticks == beat) {
            cpu_wait_for_interrupt();
            cpu_unmask_irqs();
            cpu_mask_irqs();
        }
        cpu_unmask_irqs();
        beat = ticks;
        test_count_wrong(own_changed());
        if (beat % ASK == 0) {
            test_count_wrong(psci_call(PSCI_VERSION, 0, 0, 0) != PSCI_VERSION_1_1);
        }
        test_progress();
    }
    WRITE_SYSREG("cntv_ctl_el0", 0);
    gic_disable(VIRTUAL_TIMER);
    test_check(test_wrong() == 0, "beat.nothing of its own changed", test_wrong());
}

const struct test_group beat_tests = { .name = "beat", .run = run, .named = true };
