/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that a guest must not have, each run with registers that mean nothing: every system
 * register read and written, then encodings at random, of every class. The last CPU supervises: if
 * the first hangs, it first gets an interrupt (the instruction may have been a WFI), and then the
 * guest is reset and goes on with the next number.
 */
#include "attack.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "random.h"
#include "test.h"

/* op0 = 2 and 3, every op1, CRn, CRm, op2. */
#define SYSTEM_REGISTERS 0x8000U
#define MRS_X1 0xd5300001U
#define MSR_X1 0xd5100001U
#define COUNT 20000
#define SGI 7U
/* In microseconds: as long as an instruction may take beside a neighbour, and its exit. */
#define PATIENCE 10000UL
#define CLASSES 12
/* HVC #0 and SMC #0, whose random arguments are another test's. */
#define IS_CALL(code) (((code)&0xffe00003U) == 0xd4000002U || ((code)&0xffe00003U) == 0xd4000003U)

static volatile uint64_t done;

static uint32_t pick(struct random *numbers)
{
    uint32_t any = (uint32_t)(random_next(numbers) >> 16);

    switch (random_below(numbers, CLASSES)) {
    case 0: /* system: MSR, MRS, SYS, hints, barriers */
        return 0xd5000000U | (any & 0x3fffff);
    case 1: /* exceptions, with every number */
        return 0xd4000000U | (any & 0xffffff);
    case 2: /* branches to registers, returns */
        return 0xd6000000U | (any & 0x1ffffff);
    case 3: /* loads and stores */
        return (any & ~0x02000000U) | 0x08000000U;
    case 4: /* not allocated */
        return any & 0xe1ffffffU;
    case 5: /* FP and SIMD */
        return any | 0x0e000000U;
    case 6: /* of another exception level: MSR and MRS with op1 of EL2 and EL3 */
        return 0xd5140000U | (any & 0x2bffff);
    case 7: /* registers of EL1 and EL0, where they are dense */
        return 0xd5180000U | (any & 0x23ff7f);
    case 8: /* caches, translations, prediction */
        return 0xd5080000U | (any & 0x73ffff);
    case 9: /* hints and barriers, WFI and WFE among them */
        return 0xd503201fU | (any & 0x1fe0);
    case 10: /* loads and stores that exist */
        return 0x39000000U | (any & 0xc4ffffffU);
    default:
        return any;
    }
}

static uint32_t number_to_code(uint64_t number, struct random *numbers)
{
    uint32_t reg = (uint32_t)(number >> 14 & 1) << 19 | ((uint32_t)number & 0x3fff) << 5;

    if (number < SYSTEM_REGISTERS) {
        return MRS_X1 | reg;
    }
    if (number < 2UL * SYSTEM_REGISTERS) {
        return MSR_X1 | reg;
    }
    return pick(numbers);
}

static void wait_us(uint64_t microseconds)
{
    uint64_t end = cpu_counter() + microseconds * (READ_SYSREG("cntfrq_el0") / 1000000);

    while (cpu_counter() < end && done == 0) {
        cpu_relax();
    }
}

static void supervise(unsigned cpu)
{
    (void)cpu;
    while (done == 0) {
        uint64_t number = test_resume();

        wait_us(PATIENCE);
        if (done != 0 || test_resume() != number) {
            continue;
        }
        gic_send_sgi(SGI, 0);
        wait_us(PATIENCE);
        if (done == 0 && test_resume() == number) {
            test_go_on_with(number + 1);
            test_count_reset();
            psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
        }
    }
}

static void run(void)
{
    uint64_t end = 2UL * SYSTEM_REGISTERS + test_argument("count", COUNT);
    uint64_t seed = test_argument("seed", 56);
    uint64_t ran = 0, undefined = 0, calls = 0;

    done = 0;
    test_on_secondary = supervise;
    gic_enable(SGI);
    cpu_mask_irqs();
    if (platform.cpus > 1) {
        psci_call(PSCI_CPU_ON, platform.mpidr[1], (uintptr_t)secondary_start, 1);
    }
    for (uint64_t i = test_resume(); i < end; i++) {
        struct random numbers = random_start(seed << 32 | i);
        uint32_t code = number_to_code(i, &numbers);
        uint64_t x[ATTACK_REGISTERS];
        struct attack_result result;

        attack_registers(x, random_next(&numbers));
        x[1] = random_next(&numbers);
        if (IS_CALL(code)) {
            x[0] = PSCI_VERSION;
            calls++;
        }
        attack_run(code, x, &result);
        ran += attack_went_on(&result) ? 1 : 0;
        undefined += !attack_went_on(&result) && attack_class(&result) == 0 ? 1 : 0;
        test_go_on_with(i + 1);
    }
    done = 1;
    test_print("guest: instructions to number %lu, %lu resets; since the last: %lu ran, "
               "%lu undefined, %lu calls\n",
               end, test_resets(), ran, undefined, calls);
    test_check(test_resume() == end, "code.every instruction was tried", test_resume());
    test_check(psci_call(PSCI_VERSION, 0, 0, 0) == PSCI_VERSION_1_1, "code.the VMM answers", 0);
}

const struct test_group code_tests = { .name = "code", .run = run, .named = true };
