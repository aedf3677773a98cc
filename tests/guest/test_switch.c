/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch from one VM to another on the same CPU: the first VM ("switch") notes the time and
 * waits; the second ("switched"), of no higher priority, has looked at the counter all the while,
 * and notes the time when that has jumped. Both times are in the page `pair=ADDRESS`, which they
 * share. Where their virtual counters differ, `physical=1` takes times of the physical one.
 */
#include "figure.h"
#include "gic.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
/* Ticks until the first VM's timer ends its wait. */
#define AHEAD 4000U
/* Waits in which the second VM has long begun. */
#define BEGIN 1000000U
/* A pause of more ticks than a turn of the loop takes. */
#define PAUSE 6U
/* From the counter's jump to the time that is noted: instructions of the loop. */
#define NOTICE 4U
/* Reads of both counters, of which one is within a tick. */
#define READS 1000U

struct pair {
    uint64_t begun; /* by the second VM */
    uint64_t armed; /* by the first: the next pause is to be noted; by the second: it was */
    uint64_t seen;  /* after that pause */
    uint64_t stop;
};

static volatile uint64_t taken;

static volatile struct pair *pair(void)
{
    return (volatile struct pair *)test_argument("pair", 0);
}

/** What a time has to be added for both VMs to have the same, in instructions. */
static uint64_t offset(void)
{
    uint64_t before, physical, after;
    unsigned reads = 0;

    if (test_argument("physical", 0) == 0) {
        return 0;
    }
    do {
        before = READ_SYSREG("cntvct_el0");
        physical = READ_SYSREG("cntpct_el0");
        after = READ_SYSREG("cntvct_el0");
    } while (before != after && ++reads < READS);
    test_check(before == after, "switch.physical counter", physical);
    return (physical - before) * figure_tick();
}

static void run_switched(void)
{
    volatile struct pair *shared = pair();
    uint64_t last, ahead;

    figure_calibrate();
    ahead = offset();
    cpu_mask_irqs();
    last = cpu_counter();
    shared->begun = 1;
    while (shared->stop == 0) {
        uint64_t now = READ_SYSREG("cntvct_el0");

        if (now - last > PAUSE) {
            uint64_t seen = figure_time() - NOTICE;

            if (shared->armed != 0) {
                shared->seen = seen + ahead;
                cpu_barrier();
                shared->armed = 0;
            }
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

/** Waits in WFI until the timer ends it; returns when that began. */
static uint64_t wait(void)
{
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
    return start;
}

static void run_switch(void)
{
    volatile struct pair *shared = pair();
    unsigned lost = 0;
    uint64_t ahead;

    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_enable(VIRTUAL_TIMER);
    cpu_mask_irqs();
    figure_calibrate();
    ahead = offset();
    for (unsigned i = 0; i < BEGIN && shared->begun == 0; i++) {
        wait();
    }
    for (unsigned i = 0; i < FIGURE_SAMPLES + lost && lost < FIGURE_SAMPLES; i++) {
        uint64_t start;

        shared->armed = 1;
        start = wait() + ahead;
        if (shared->armed == 0 && shared->seen >= start) {
            figure_sample(shared->seen - start);
        } else {
            /* The other has not run meanwhile, or paused before. */
            lost++;
        }
    }
    shared->stop = 1;
    figure_print("switch VM to VM");
    gic_disable(VIRTUAL_TIMER);
}

const struct test_group switch_tests = { .name = "switch", .run = run_switch, .named = true };
const struct test_group switched_tests = { .name = "switched", .run = run_switched, .named = true };
