/* SPDX-License-Identifier: BSD-2-Clause */
/* Every CPU is switched on and off again, and SGIs go from CPU to CPU. */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define SGI 5U
#define ROUNDS 128

/* One word for each CPU, written by that CPU only. */
static volatile uint64_t is_up[CPU_MAX], received[CPU_MAX], received_at[CPU_MAX];
static volatile uint64_t shall_stop;

static void handler(unsigned intid, uint64_t counter)
{
    unsigned cpu = cpu_index();

    (void)intid;
    received_at[cpu] = counter;
    cpu_barrier();
    received[cpu] = received[cpu] + 1;
}

static void secondary(unsigned cpu)
{
    gic_enable(SGI);
    cpu_unmask_irqs();
    is_up[cpu] = is_up[cpu] + 1;
    /* Spins rather than waits, so that what is measured is delivery and not the way out of WFI. */
    while (shall_stop == 0) {
        cpu_relax();
    }
    cpu_mask_irqs();
    gic_disable(SGI);
}

static bool wait_for_off(unsigned cpu)
{
    uint64_t end = cpu_counter() + READ_SYSREG("cntfrq_el0");

    while (psci_call(PSCI_AFFINITY_INFO, platform.mpidr[cpu], 0, 0) != PSCI_OFF) {
        if (cpu_counter() > end) {
            return false;
        }
        cpu_relax();
    }
    return true;
}

/* Switches a CPU on, sends it SGIs, adds their times, and switches it off. */
static void exercise(unsigned cpu, struct test_times *times)
{
    uint64_t arrived = 0;
    uint64_t old = is_up[cpu];
    int64_t result;

    shall_stop = 0;
    test_check(wait_for_off(cpu), "smp.CPU is off at first", cpu);
    result = psci_call(PSCI_CPU_ON, platform.mpidr[cpu], (uintptr_t)secondary_start, cpu);
    test_check(result == PSCI_SUCCESS, "smp.CPU_ON", (uint64_t)result);
    if (!test_check(test_wait_change(&is_up[cpu], old), "smp.CPU comes up", cpu)) {
        return;
    }
    result = psci_call(PSCI_AFFINITY_INFO, platform.mpidr[cpu], 0, 0);
    test_check(result == PSCI_ON, "smp.AFFINITY_INFO of a CPU that is on", (uint64_t)result);
    result = psci_call(PSCI_CPU_ON, platform.mpidr[cpu], (uintptr_t)secondary_start, cpu);
    test_check(result == PSCI_ALREADY_ON, "smp.CPU_ON twice", (uint64_t)result);

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t before = received[cpu];
        uint64_t start;

        cpu_shift_phase(i);
        start = cpu_counter();
        gic_send_sgi(SGI, cpu);
        if (!test_wait_change(&received[cpu], before)) {
            break;
        }
        test_time(times, received_at[cpu] - start);
        arrived++;
    }
    test_check(arrived == ROUNDS, "smp.every SGI arrives", arrived);

    shall_stop = 1;
    test_check(wait_for_off(cpu), "smp.CPU goes off", cpu);
}

static void run(void)
{
    struct test_times times = { 0 };

    gic_set_handler(SGI, handler);
    test_on_secondary = secondary;
    for (unsigned cpu = 1; cpu < platform.cpus; cpu++) {
        exercise(cpu, &times);
        /* What was off can be switched on again. */
        exercise(cpu, &times);
    }
    if (platform.cpus > 1) {
        test_count("smp.SGI to another CPU", &times, 0, 1);
    }
    test_on_secondary = 0;
    gic_set_handler(SGI, 0);
}

const struct test_group smp_tests = { .name = "smp", .run = run };
