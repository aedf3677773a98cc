/* SPDX-License-Identifier: BSD-2-Clause */
/* One store sends an SGI to every other CPU, all of which wait in WFI; each answers with its own.
 */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define SGI 5U
#define ANSWER 6U
#define ROUNDS 32U

/* One word for each CPU, written by that CPU only. */
static volatile uint64_t is_up[CPU_MAX], received[CPU_MAX];
static volatile uint64_t shall_stop;

static void on_sgi(unsigned intid, uint64_t counter)
{
    unsigned cpu = cpu_index();

    (void)intid;
    (void)counter;
    received[cpu] = received[cpu] + 1;
    gic_send_sgi(ANSWER, 0);
}

static void on_answer(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
}

/* Waits until a word of every other CPU is `value`. An interrupt that comes between look and wait
 * is pending, and ends the wait. */
static void wait_for_all(const volatile uint64_t *words, uint64_t value)
{
    for (unsigned cpu = 1; cpu < platform.cpus; cpu++) {
        cpu_mask_irqs();
        while (words[cpu] != value) {
            cpu_wait_for_interrupt();
            cpu_unmask_irqs();
            cpu_mask_irqs();
        }
        cpu_unmask_irqs();
    }
}

static void secondary(unsigned cpu)
{
    gic_enable(SGI);
    is_up[cpu] = 1;
    gic_send_sgi(ANSWER, 0);
    while (shall_stop == 0) {
        cpu_wait_for_interrupt();
        cpu_unmask_irqs();
        cpu_mask_irqs();
    }
    gic_disable(SGI);
}

static void run(void)
{
    bool good = true;

    gic_set_handler(SGI, on_sgi);
    gic_set_handler(ANSWER, on_answer);
    gic_enable(ANSWER);
    test_on_secondary = secondary;
    for (unsigned cpu = 1; cpu < platform.cpus; cpu++) {
        int64_t result =
            psci_call(PSCI_CPU_ON, platform.mpidr[cpu], (uintptr_t)secondary_start, cpu);

        good = test_check(result == PSCI_SUCCESS, "broadcast.CPU_ON", (uint64_t)result) && good;
    }
    if (good) {
        wait_for_all(is_up, 1);
        for (uint64_t i = 1; i <= ROUNDS; i++) {
            shall_stop = i == ROUNDS;
            gic_send_sgi_to_others(SGI);
            wait_for_all(received, i);
        }
    }
    test_check(received[0] == 0, "broadcast.not to itself", received[0]);
    test_check(good, "broadcast.each gets each", received[platform.cpus - 1]);
    test_on_secondary = 0;
    gic_disable(ANSWER);
}

const struct test_group broadcast_tests = { .name = "broadcast", .run = run, .named = true };
