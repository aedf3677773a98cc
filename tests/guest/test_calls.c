/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random SMCCC calls by HVC and SMC: functions of every owner and unknown ones, with arguments that
 * mean something and with any. A call that resets the guest is allowed, as is one that suspends it
 * and has it begin anew: the work goes on with the next number. What would end it for good is not
 * made here.
 */
#include "attack.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "random.h"
#include "test.h"

#define CALLS 20000
#define HVC 0xd4000002U
#define SMC 0xd4000003U
#define OWNERS 8
#define VIRTUAL_TIMER 27U
/* Ticks until the timer ends a call that waits for an interrupt. */
#define WAIT 5000
/* Numbers of functions that an owner has. */
#define FUNCTIONS 0x90

static const uint64_t owners[OWNERS] = {
    0x80000000, /* Arm architecture */
    0x82000000, /* silicon provider */
    0x83000000, /* manufacturer */
    0x84000000, /* standard: PSCI, TRNG */
    0x85000000, /* standard hypervisor */
    0x86000000, /* vendor's hypervisor */
    0xb2000000, /* trusted applications */
    0xbf000000, /* trusted operating system */
};

/* Ends the guest, or the only CPU that works here. */
static bool is_last(uint64_t function)
{
    uint32_t number = (uint32_t)function & ~0x40000000U;

    return number == PSCI_SYSTEM_OFF || number == PSCI_CPU_OFF;
}

static uint64_t pick_function(struct random *numbers)
{
    uint64_t any = random_next(numbers);
    uint64_t owner = owners[random_below(numbers, OWNERS)];

    switch (random_below(numbers, 8)) {
    case 0:
        return any;
    case 1:
        return any & 0xffffffff;
    case 2:
        return (owner | (any & 0x4000ffff)) ^ 1UL << (any >> 32 & 63);
    case 3:
    case 4:
        /* The standard functions, 32-bit and 64-bit. */
        return 0x84000000 | (any & 0x40000000) | random_below(numbers, 0x20);
    default:
        return owner | (any & 0x40000000) | random_below(numbers, FUNCTIONS);
    }
}

static uint64_t pick_argument(struct random *numbers)
{
    const uint64_t known[] = { 0,
                               1,
                               ~0UL,
                               0x80000000,
                               platform.mpidr[0],
                               platform.mpidr[platform.cpus - 1],
                               (uintptr_t)attack_reset,
                               (uintptr_t)attack_reset + 2,
                               0x1000,
                               platform.distributor,
                               platform.cpus,
                               PSCI_VERSION,
                               PSCI_SYSTEM_OFF };
    unsigned which = random_below(numbers, sizeof(known) / sizeof(known[0]) + 4);

    return which < sizeof(known) / sizeof(known[0]) ? known[which] : random_next(numbers);
}

static void run(void)
{
    uint64_t answers = 0, refusals = 0;

    gic_enable(VIRTUAL_TIMER);
    cpu_mask_irqs();
    for (uint64_t i = test_resume(); i < CALLS; i++) {
        struct random numbers = random_start(i);
        uint64_t x[ATTACK_REGISTERS];
        struct attack_result result;
        uint32_t instruction = random_below(&numbers, 2) == 0 ? HVC : SMC;

        attack_registers(x, random_next(&numbers));
        x[0] = pick_function(&numbers);
        for (unsigned n = 1; n < 8; n++) {
            x[n] = pick_argument(&numbers);
        }
        if (random_below(&numbers, 16) == 0) {
            instruction |= random_below(&numbers, 0x10000) << 5;
        }
        if (is_last(x[0])) {
            continue;
        }
        test_go_on_with(i + 1);
        WRITE_SYSREG("cntv_cval_el0", cpu_counter() + WAIT);
        WRITE_SYSREG("cntv_ctl_el0", 1);
        attack_run(instruction, x, &result);
        answers += attack_went_on(&result) ? 1 : 0;
        refusals += (int32_t)result.x0 == PSCI_NOT_SUPPORTED ? 1 : 0;
    }
    test_print("guest: calls to number %lu, %lu answered and %lu not supported since the last "
               "reset\n",
               (unsigned long)CALLS, answers, refusals);
    test_check(psci_call(PSCI_VERSION, 0, 0, 0) == PSCI_VERSION_1_1, "calls.the VMM answers", 0);
    test_check(test_resume() == CALLS, "calls.all were made", test_resume());
}

const struct test_group calls_tests = { .name = "calls", .run = run, .named = true };
