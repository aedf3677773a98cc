/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch from one VM to another on the same CPU: the first VM ("switch") notes the time and
 * waits; the second ("switched"), of a lower priority, has looked at the counter all the while, and
 * notes the time when that has jumped. Both times are in the page `pair=ADDRESS`, which they share.
 */
#include "figure.h"
#include "gic.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
/* Ticks until the first VM's timer ends its wait. */
#define AHEAD 4000U
/* A pause of more ticks than a turn of the loop takes. */
#define PAUSE 6U
/* From the counter's jump to the time that is noted: instructions of the loop. */
#define NOTICE 4U

struct pair {
    uint64_t seen; /* after a pause */
    uint64_t pauses;
    uint64_t stop;
};

static volatile uint64_t taken;

static volatile struct pair *pair(void)
{
    return (volatile struct pair *)test_argument("pair", 0);
}

static void run_switched(void)
{
    volatile struct pair *shared = pair();
    uint64_t last = cpu_counter();

    figure_calibrate();
    cpu_mask_irqs();
    while (shared->stop == 0) {
        uint64_t now = READ_SYSREG("cntvct_el0");

        if (now - last > PAUSE) {
            shared->seen = figure_time() - NOTICE;
            cpu_barrier();
            shared->pauses = shared->pauses + 1;
            now = READ_SYSREG("cntvct_el0");
        }
        last = now;
        cpu_relax();
    }
}

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    WRITE_SYSREG("cntv_ctl_el0", 0);
    __asm__ volatile("isb");
    taken = taken + 1;
}

static void run_switch(void)
{
    volatile struct pair *shared = pair();
    unsigned lost = 0;

    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_enable(VIRTUAL_TIMER);
    cpu_mask_irqs();
    figure_calibrate();
    for (unsigned i = 0; i < FIGURE_SAMPLES + lost && lost < FIGURE_SAMPLES; i++) {
        uint64_t pauses = shared->pauses;
        uint64_t before = taken;
        uint64_t start;

        WRITE_SYSREG("cntv_cval_el0", cpu_counter() + AHEAD);
        WRITE_SYSREG("cntv_ctl_el0", 1);
        __asm__ volatile("isb");
        start = figure_start();
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        (void)test_wait_change(&taken, before);
        cpu_mask_irqs();
        if (shared->pauses == pauses + 1 && shared->seen >= start) {
            figure_sample(shared->seen - start);
        } else {
            /* It was still booting. */
            lost++;
        }
    }
    shared->stop = 1;
    figure_print("switch VM to VM");
    gic_disable(VIRTUAL_TIMER);
}

const struct test_group switch_tests = { .name = "switch", .run = run_switch, .named = true };
const struct test_group switched_tests = { .name = "switched", .run = run_switched, .named = true };
