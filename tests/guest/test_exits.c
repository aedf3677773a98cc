/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a watcher counts the exits to the monitor of: phases of a known number of ticks, SGIs,
 * interrupts of a device that is passed through, reads that the monitor emulates, and calls that it
 * answers. A phase begins and ends when the watcher has seen it (share.h): `next` is its number
 * twice, plus one while it lasts, and the watcher puts the same into `stop`.
 */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "share.h"
#include "test.h"

#define SGI 6U
#define VIRTUAL_TIMER 27U
#define TICK_US 200U
#define COUNT 100UL

/* The board's real-time clock, a PL031 (DDI 0224), passed through. */
#define RTC 0x09010000UL
#define RTC_INTERRUPT 34U
#define RTC_DATA 0x00
#define RTC_MATCH 0x04
#define RTC_MASK 0x10
#define RTC_CLEAR 0x1c

#define GICD_TYPER 0x004

static volatile uint64_t ticks, answers, alarms, is_up, shall_stop;

static void begin_or_end(uint64_t word)
{
    volatile struct share *share = (volatile struct share *)platform.share;

    cpu_barrier();
    test_go_on_with(word);
    while (share->stop != word) {
        cpu_relax();
    }
    cpu_barrier();
}

static void phase(uint64_t number, const char *name, uint64_t (*work)(void))
{
    uint64_t done;

    begin_or_end(2 * number + 1);
    done = work();
    begin_or_end(2 * number + 2);
    test_check(done == COUNT, name, done);
}

static void arm(void)
{
    WRITE_SYSREG("cntv_cval_el0", cpu_counter() + TICK_US * READ_SYSREG("cntfrq_el0") / 1000000);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    __asm__ volatile("isb");
}

static void on_tick(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    ticks++;
    if (ticks < COUNT) {
        arm();
    } else {
        WRITE_SYSREG("cntv_ctl_el0", 0);
    }
}

/* Every other tick comes while the CPU waits for it. */
static uint64_t tick(void)
{
    ticks = 0;
    arm();
    while (ticks < COUNT) {
        uint64_t old = ticks;

        cpu_mask_irqs();
        if (ticks % 2 == 1) {
            cpu_wait_for_interrupt();
        }
        cpu_unmask_irqs();
        if (!test_wait_change(&ticks, old)) {
            break;
        }
    }
    return ticks;
}

/* The second CPU answers with an SGI of its own. */
static void on_sgi(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    if (cpu_index() == 0) {
        answers++;
    } else {
        gic_send_sgi(SGI, 0);
    }
}

static void secondary(unsigned cpu)
{
    (void)cpu;
    gic_enable(SGI);
    cpu_unmask_irqs();
    is_up = 1;
    while (shall_stop == 0) {
        cpu_wait_for_interrupt();
    }
    cpu_mask_irqs();
}

static uint64_t send(void)
{
    answers = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t old = answers;

        gic_send_sgi(SGI, 1);
        if (!test_wait_change(&answers, old)) {
            break;
        }
    }
    return answers;
}

static void on_alarm(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    alarms++;
    mmio_write32(RTC + RTC_CLEAR, 1);
}

/* A match with the time that it is comes at once. */
static uint64_t alarm(void)
{
    alarms = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t old = alarms;

        mmio_write32(RTC + RTC_MATCH, mmio_read32(RTC + RTC_DATA));
        if (!test_wait_change(&alarms, old)) {
            break;
        }
    }
    return alarms;
}

static uint64_t read(void)
{
    uint64_t read = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        read += mmio_read32(platform.distributor + GICD_TYPER) != 0 ? 1 : 0;
    }
    return read;
}

static uint64_t call(void)
{
    uint64_t answered = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        answered += psci_call(PSCI_VERSION, 0, 0, 0) > 0 ? 1 : 0;
    }
    return answered;
}

/* Nothing, for as long as ticks take. */
static uint64_t compute(void)
{
    uint64_t end = cpu_counter() + COUNT * TICK_US * READ_SYSREG("cntfrq_el0") / 1000000;

    while (cpu_counter() < end) {
        cpu_relax();
    }
    return COUNT;
}

static void run(void)
{
    if (!test_check(platform.share != 0, "exits.there is a watcher", 0)) {
        return;
    }
    gic_set_handler(VIRTUAL_TIMER, on_tick);
    gic_set_handler(SGI, on_sgi);
    gic_set_handler(RTC_INTERRUPT, on_alarm);
    gic_enable(VIRTUAL_TIMER);
    gic_enable(SGI);
    gic_enable_shared(RTC_INTERRUPT, 0);
    mmio_write32(RTC + RTC_CLEAR, 1);
    mmio_write32(RTC + RTC_MASK, 1);
    test_on_secondary = secondary;
    psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    test_check(test_wait_change(&is_up, 0), "exits.second CPU comes up", 0);

    phase(0, "exits.nothing", compute);
    phase(1, "exits.ticks", tick);
    phase(2, "exits.SGIs", send);
    phase(3, "exits.a device's interrupts", alarm);
    phase(4, "exits.emulated reads", read);
    phase(5, "exits.PSCI_VERSION", call);

    shall_stop = 1;
    gic_send_sgi(SGI, 1);
    mmio_write32(RTC + RTC_MASK, 0);
    gic_disable(VIRTUAL_TIMER);
    gic_disable(SGI);
}

const struct test_group exits_tests = { .name = "exits", .run = run, .named = true };
