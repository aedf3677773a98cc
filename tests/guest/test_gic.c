/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"
#include "test.h"

#define SGI 3U
#define OTHER_SGI 4U
#define ROUNDS 256
/* Long enough for an interrupt that must not come. */
#define PATIENCE 2000U

static volatile uint64_t taken, last_intid, first_intid, taken_at;

static void handler(unsigned intid, uint64_t counter)
{
    if (taken == 0) {
        first_intid = intid;
    }
    taken_at = counter;
    last_intid = intid;
    taken = taken + 1;
}

static void linger(void)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        __asm__ volatile("isb");
    }
}

static void deliver(void)
{
    taken = 0;
    gic_enable(SGI);
    gic_send_sgi(SGI, 0);
    test_check(test_wait_change(&taken, 0) && last_intid == SGI, "gic.SGI to itself", last_intid);
    linger();
    test_check(taken == 1, "gic.SGI comes once", taken);

    taken = 0;
    cpu_mask_irqs();
    gic_send_sgi(SGI, 0);
    linger();
    test_check(taken == 0 && gic_pending(SGI), "gic.masked SGI stays pending", taken);
    cpu_unmask_irqs();
    test_check(test_wait_change(&taken, 0), "gic.masked SGI comes when unmasked", taken);
    test_check(!gic_pending(SGI), "gic.SGI is no longer pending", 0);
}

static void prioritise(void)
{
    taken = 0;
    gic_set_mask(0x80);
    gic_send_sgi(SGI, 0);
    linger();
    test_check(taken == 0, "gic.priority mask holds an SGI back", taken);
    gic_set_mask(0xf0);
    test_check(test_wait_change(&taken, 0), "gic.SGI comes when the mask opens", taken);

    cpu_mask_irqs();
    taken = 0;
    gic_enable(OTHER_SGI);
    gic_set_priority(OTHER_SGI, 0x40);
    gic_send_sgi(SGI, 0);
    gic_send_sgi(OTHER_SGI, 0);
    linger();
    cpu_unmask_irqs();
    test_wait_change(&taken, 0);
    linger();
    test_check(taken == 2 && first_intid == OTHER_SGI, "gic.higher priority comes first",
               first_intid);
    gic_disable(OTHER_SGI);
}

static void measure(void)
{
    struct test_times times = { 0 };

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start;

        cpu_shift_phase(i);
        taken = 0;
        start = cpu_counter();
        gic_send_sgi(SGI, 0);
        if (!test_wait_change(&taken, 0)) {
            break;
        }
        test_time(&times, taken_at - start);
    }
    test_check(times.count == ROUNDS, "gic.every SGI comes", times.count);
    test_count("gic.SGI to itself", &times, 0, 1);
}

static void run(void)
{
    gic_set_handler(SGI, handler);
    gic_set_handler(OTHER_SGI, handler);
    deliver();
    prioritise();
    measure();
    gic_disable(SGI);
    gic_set_handler(SGI, 0);
    gic_set_handler(OTHER_SGI, 0);
}

const struct test_group gic_tests = { .name = "gic", .run = run };
