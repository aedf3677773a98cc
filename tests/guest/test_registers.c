/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random values in every register of the interrupt controller: distributor, redistributors of all
 * CPUs, CPU interface, and the CPU's own registers of GICv3. Interrupts stay masked.
 */
#include "attack.h"
#include "platform.h"
#include "psci.h"
#include "random.h"
#include "test.h"

#define ROUNDS 6000
#define DISTRIBUTOR_BYTES 0x10000
#define INTERFACE_BYTES 0x2000
/* MSR S3_<op1>_C12_C<m>_<op2>, x1 and the MRS. */
#define MSR_ICC 0xd518c001U
#define MRS_ICC 0xd538c001U
#define MSR_PMR 0xd5184601U

static struct random numbers;
static uint64_t stores, loads, traps;

/** One register, in any width that is aligned. */
static void touch(uintptr_t base, uint32_t bytes)
{
    unsigned width = random_below(&numbers, 8);
    uint64_t x[ATTACK_REGISTERS];
    struct attack_result result;

    /* Words for the most part, as most registers are. */
    width = width > 3 ? 2 : width;
    attack_registers(x, 0);
    x[0] = base + (random_below(&numbers, bytes) >> width << width);
    x[1] = random_next(&numbers);
    if (random_below(&numbers, 4) == 0) {
        x[1] = random_below(&numbers, 2) == 0 ? 0 : ~0UL;
    }
    if (random_below(&numbers, 4) == 0) {
        attack_run(0x39400001U | width << 30, x, &result); /* ldr{b,h,} x1, [x0] */
        loads++;
    } else {
        attack_run(0x39000001U | width << 30, x, &result); /* str */
        stores++;
    }
    traps += attack_went_on(&result) ? 0 : 1;
}

static void touch_own(void)
{
    uint64_t x[ATTACK_REGISTERS];
    struct attack_result result;
    uint32_t place = random_below(&numbers, 5) + 8;
    uint32_t instruction = (random_below(&numbers, 4) == 0 ? MRS_ICC : MSR_ICC) | place << 8 |
                           random_below(&numbers, 8) << 5;

    if (random_below(&numbers, 16) == 0) {
        instruction = MSR_PMR;
    }
    attack_registers(x, 0);
    x[1] = random_next(&numbers);
    if (random_below(&numbers, 2) == 0) {
        x[1] &= 0xff;
    }
    attack_run(instruction, x, &result);
    traps += attack_went_on(&result) ? 0 : 1;
}

/* The registers that have an effect lie close together. */
static void touch_distributor(void)
{
    static const struct {
        uint16_t start, bytes;
    } parts[] = { { 0, 0x100 },     { 0x80, 0x380 },  { 0x400, 0x400 }, { 0x800, 0x400 },
                  { 0xc00, 0x100 }, { 0xf00, 0x100 }, { 0x6000, 0x800 } };
    unsigned part = random_below(&numbers, sizeof(parts) / sizeof(parts[0]) + 1);

    if (part < sizeof(parts) / sizeof(parts[0])) {
        touch(platform.distributor + parts[part].start, parts[part].bytes);
    } else {
        touch(platform.distributor, DISTRIBUTOR_BYTES);
    }
}

static void run(void)
{
    int64_t version;

    cpu_mask_irqs();
    numbers = random_start(57);
    for (unsigned i = 0; i < ROUNDS; i++) {
        touch_distributor();
        if (platform.gic_version == 3) {
            /* The frames of the CPUs that there are, and of one that is not. */
            touch(platform.redistributors, (platform.cpus + 1) * 0x20000);
            touch(platform.redistributors + 0x10000, 0x1000);
            touch_own();
        } else {
            touch(platform.cpu_interface, INTERFACE_BYTES);
        }
        if (i % 64 == 0) {
            test_progress();
        }
    }
    version = psci_call(PSCI_VERSION, 0, 0, 0);
    test_print("guest: %lu stores, %lu loads, %lu exceptions\n", stores, loads, traps);
    test_check(stores > loads && loads > 0, "registers.random values in all", stores);
    test_check(version == PSCI_VERSION_1_1, "registers.the VMM answers", (uint64_t)version);
}

const struct test_group registers_tests = { .name = "registers", .run = run, .named = true };
