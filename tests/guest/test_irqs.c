/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared interrupts by the distributor's registers alone: more pending at once than any interface
 * has list registers, pending while disabled, pending and active set and cleared by the guest, and
 * where each one goes.
 */
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define IGROUPR 0x080
#define ISENABLER 0x100
#define ICENABLER 0x180
#define ISPENDR 0x200
#define ICPENDR 0x280
#define ISACTIVER 0x300
#define ICACTIVER 0x380
#define IPRIORITYR 0x400
#define ITARGETSR 0x800
#define ICFGR 0xc00
#define IROUTER 0x6000

/* INTIDs of lines that nothing drives on QEMU's board: free ones of its virtIO transports. */
#define FIRST 48U
#define MANY 24U
#define ONE 75U
#define EDGES 0xaaaaaaaaU
#define PATIENCE 3000U
#define TARGETS 8U

static volatile uint64_t taken[2];
static volatile unsigned order[MANY];
static volatile uint64_t is_up, shall_stop;

static void handler(unsigned intid, uint64_t counter)
{
    unsigned cpu = cpu_index();

    (void)counter;
    if (taken[cpu] < MANY) {
        order[taken[cpu]] = intid;
    }
    cpu_barrier();
    taken[cpu] = taken[cpu] + 1;
}

static void set_bit(uint32_t reg, unsigned intid)
{
    mmio_write32(platform.distributor + reg + intid / 32 * 4UL, 1U << intid % 32);
    cpu_barrier();
}

static bool get_bit(uint32_t reg, unsigned intid)
{
    return (mmio_read32(platform.distributor + reg + intid / 32 * 4UL) >> intid % 32 & 1) != 0;
}

static void set_target(unsigned intid, unsigned cpu)
{
    if (platform.gic_version == 3) {
        __asm__ volatile("str %0, [%1]"
                         :
                         : "r"(platform.mpidr[cpu]),
                           "r"(platform.distributor + IROUTER + intid * 8UL)
                         : "memory");
    } else {
        mmio_write8(platform.distributor + ITARGETSR + intid, (uint8_t)(1U << cpu));
    }
    cpu_barrier();
}

static void set_up(unsigned intid, uint8_t priority)
{
    uint32_t groups;

    set_bit(ICENABLER, intid);
    set_bit(ICPENDR, intid);
    set_bit(ICACTIVER, intid);
    mmio_write8(platform.distributor + IPRIORITYR + intid, priority);
    mmio_write32(platform.distributor + ICFGR + intid / 16 * 4UL, EDGES);
    if (platform.gic_version == 3) {
        groups = mmio_read32(platform.distributor + IGROUPR + intid / 32 * 4UL);
        mmio_write32(platform.distributor + IGROUPR + intid / 32 * 4UL, groups | 1U << intid % 32);
    }
    set_target(intid, 0);
    gic_set_handler(intid, handler);
}

static void linger(void)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        __asm__ volatile("isb");
    }
}

/** All are pending before the first is taken, the last raised being the most urgent. */
static void overflow(void)
{
    bool sorted = true;

    cpu_mask_irqs();
    taken[0] = 0;
    for (unsigned i = 0; i < MANY; i++) {
        /* 5 is coprime to 24: neighbours differ in priority. */
        set_up(FIRST + i, (uint8_t)(8 * (1 + i * 5 % MANY)));
        set_bit(ISENABLER, FIRST + i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        set_bit(ISPENDR, FIRST + i);
    }
    linger();
    test_check(taken[0] == 0, "irqs.masked", taken[0]);
    cpu_unmask_irqs();
    linger();
    linger();
    test_check(taken[0] == MANY, "irqs.each of many comes once", taken[0]);
    for (unsigned i = 0; i + 1 < MANY; i++) {
        sorted = sorted && (order[i] - FIRST) * 5 % MANY < (order[i + 1] - FIRST) * 5 % MANY;
    }
    test_check(sorted, "irqs.in the order of their priorities", order[0]);
    for (unsigned i = 0; i < MANY; i++) {
        set_bit(ICENABLER, FIRST + i);
    }
}

static void states(void)
{
    set_up(ONE, 0x80);
    taken[0] = 0;
    set_bit(ISPENDR, ONE);
    linger();
    test_check(taken[0] == 0 && get_bit(ISPENDR, ONE), "irqs.pending while disabled", taken[0]);
    set_bit(ISENABLER, ONE);
    linger();
    test_check(taken[0] == 1 && !get_bit(ISPENDR, ONE), "irqs.comes when enabled", taken[0]);

    set_bit(ICENABLER, ONE);
    set_bit(ISPENDR, ONE);
    set_bit(ICPENDR, ONE);
    test_check(!get_bit(ISPENDR, ONE), "irqs.pending is cleared", 0);
    set_bit(ISENABLER, ONE);
    linger();
    test_check(taken[0] == 1, "irqs.what was cleared does not come", taken[0]);

    set_bit(ISACTIVER, ONE);
    set_bit(ISPENDR, ONE);
    linger();
    test_check(taken[0] == 1 && get_bit(ISACTIVER, ONE), "irqs.an active one is held back",
               taken[0]);
    set_bit(ICACTIVER, ONE);
    linger();
    test_check(taken[0] == 2, "irqs.it comes when no longer active", taken[0]);

    cpu_mask_irqs();
    set_bit(ISPENDR, ONE);
    set_bit(ISPENDR, ONE);
    linger();
    cpu_unmask_irqs();
    linger();
    test_check(taken[0] == 3, "irqs.two edges before the first is taken are one", taken[0]);

    cpu_mask_irqs();
    set_bit(ISPENDR, ONE);
    linger();
    set_bit(ICENABLER, ONE);
    linger();
    cpu_unmask_irqs();
    linger();
    test_check(taken[0] == 3, "irqs.one that is disabled again does not come", taken[0]);
    set_bit(ISENABLER, ONE);
    linger();
    test_check(taken[0] == 4, "irqs.and comes when enabled again", taken[0]);
}

static void secondary(unsigned cpu)
{
    (void)cpu;
    cpu_unmask_irqs();
    is_up = 1;
    while (shall_stop == 0) {
        cpu_relax();
    }
}

static void targets(void)
{
    uint64_t first = taken[0];

    test_on_secondary = secondary;
    psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    if (!test_check(test_wait_change(&is_up, 0), "irqs.second CPU", 0)) {
        return;
    }
    for (unsigned i = 0; i < TARGETS; i++) {
        uint64_t before = taken[i % 2];

        set_target(ONE, i % 2);
        set_bit(ISPENDR, ONE);
        (void)test_wait_change(&taken[i % 2], before);
    }
    linger();
    test_check(taken[0] == first + TARGETS / 2 && taken[1] == TARGETS / 2,
               "irqs.each goes to its target", taken[1]);

    /* A pending one whose target changes; QEMU's own GICv2 forgets it. */
    if (platform.gic_version == 3) {
        set_bit(ICENABLER, ONE);
        set_target(ONE, 0);
        set_bit(ISPENDR, ONE);
        set_target(ONE, 1);
        set_bit(ISENABLER, ONE);
        (void)test_wait_change(&taken[1], TARGETS / 2);
        linger();
        test_check(taken[1] == TARGETS / 2 + 1, "irqs.a pending one follows its target", taken[1]);
    }
    shall_stop = 1;
    test_on_secondary = 0;
}

static void run(void)
{
    overflow();
    states();
    if (platform.cpus > 1) {
        targets();
    }
    set_bit(ICENABLER, ONE);
}

const struct test_group irqs_tests = { .name = "irqs", .run = run, .named = true };
