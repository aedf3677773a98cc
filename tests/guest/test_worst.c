/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does its worst to the others of its CPU: exits, SGIs, to all of its CPUs at once if
 * it has several, timer interrupts, changes of page tables, and reboots ("worst", for ever); or
 * nothing but reboots ("reboot", `count` of them).
 */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "random.h"
#include "test.h"

#define VIRTUAL_TIMER 27U
#define SGI 8U
#define KINDS 8
/* Operations between two reboots. */
#define OPERATIONS 500
#define REBOOTS 20
#define TABLE_WORDS 512

static uint64_t table[TABLE_WORDS] __attribute__((aligned(4096)));

static void handler(unsigned intid, uint64_t counter)
{
    (void)counter;
    if (intid == VIRTUAL_TIMER) {
        WRITE_SYSREG("cntv_ctl_el0", 0);
        __asm__ volatile("isb");
    }
}

static void change_tables(struct random *numbers)
{
    table[random_below(numbers, TABLE_WORDS)] = random_next(numbers);
    WRITE_SYSREG("ttbr0_el1", table);
    WRITE_SYSREG("ttbr1_el1", (uintptr_t)table | random_next(numbers) << 48);
    __asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\ttlbi aside1is, %0\n\tdsb sy\n\tisb"
                     :
                     : "r"(random_next(numbers))
                     : "memory");
}

/** One operation of those that the boot argument `kinds` has a bit for. */
static void do_something(struct random *numbers, uint64_t kinds)
{
    unsigned kind = random_below(numbers, KINDS);

    switch ((kinds >> kind & 1) != 0 ? kind : 0) {
    case 0:
        (void)mmio_read32(platform.distributor + 8);
        break;
    case 1:
        psci_call(random_next(numbers) | 1UL << 31, 0, 0, 0);
        break;
    case 2:
        if (random_below(numbers, 2) == 0) {
            gic_send_sgi(SGI, 0);
        } else {
            gic_send_sgi_to_others(SGI);
        }
        break;
    case 3:
        WRITE_SYSREG("cntv_cval_el0", cpu_counter() + random_below(numbers, 200));
        WRITE_SYSREG("cntv_ctl_el0", 1);
        break;
    case 4:
        change_tables(numbers);
        break;
    case 5:
        mmio_write32(platform.distributor + 0x100 + random_below(numbers, 0xc0) * 4UL,
                     (uint32_t)random_next(numbers));
        /* What the other operations wait for must come. */
        gic_enable(VIRTUAL_TIMER);
        gic_enable(SGI);
        gic_end_all_private();
        break;
    case 6:
        cpu_expect_faults();
        (void)mmio_read32(random_below(numbers, 0x1000) << 12);
        __asm__ volatile(".inst 0" : : : "memory");
        (void)cpu_faults(0);
        break;
    default:
        /* Masked: the handler must not have turned the timer off before the wait begins. */
        cpu_mask_irqs();
        WRITE_SYSREG("cntv_cval_el0", cpu_counter() + random_below(numbers, 1000));
        WRITE_SYSREG("cntv_ctl_el0", 1);
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        break;
    }
}

/* Waits, so that whatever the other CPU does is to wake it. */
static void attend(unsigned cpu)
{
    (void)cpu;
    gic_enable(SGI);
    for (;;) {
        cpu_mask_irqs();
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
    }
}

static void run_worst(void)
{
    struct random numbers = random_start(test_resume());
    uint64_t kinds = test_argument("kinds", ~0UL);

    gic_set_handler(VIRTUAL_TIMER, handler);
    gic_set_handler(SGI, handler);
    gic_enable(VIRTUAL_TIMER);
    gic_enable(SGI);
    test_on_secondary = attend;
    for (unsigned cpu = 1; cpu < platform.cpus; cpu++) {
        psci_call(PSCI_CPU_ON, platform.mpidr[cpu], (uintptr_t)secondary_start, cpu);
    }
    for (unsigned i = 0; i < OPERATIONS && !test_shall_stop(); i++) {
        do_something(&numbers, kinds);
    }
    if (!test_shall_stop()) {
        test_go_on_with(test_resume() + 1);
        test_count_reset();
        psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
}

static void run_reboot(void)
{
    uint64_t count = test_argument("count", REBOOTS);

    if (test_resume() < count) {
        test_go_on_with(test_resume() + 1);
        test_count_reset();
        psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
    test_check(test_resets() == count, "reboot.as often as asked for", test_resets());
}

const struct test_group worst_tests = { .name = "worst", .run = run_worst, .named = true };
const struct test_group reboot_tests = { .name = "reboot", .run = run_reboot, .named = true };
