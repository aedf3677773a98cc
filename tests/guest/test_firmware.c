/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the firmware that the VMM stands for offers beyond PSCI's simple calls. With the boot
 * argument `smc=FUNCTION` the machine's firmware answers that function, by `answer=NUMBER`.
 */
#include "firmware.h"
#include "gic.h"
#include "platform.h"
#include "psci.h"
#include "test.h"

#define SMCCC_VERSION 0x80000000UL
#define SMCCC_ARCH_FEATURES 0x80000001UL
#define SMCCC_ARCH_WORKAROUND_1 0x80008000UL
#define PSCI_CPU_SUSPEND 0xc4000001UL
#define PSCI_SYSTEM_SUSPEND 0xc400000eUL
#define PSCI_WARM_RESET 0xc4000012UL
#define TRNG_VERSION 0x84000050UL
#define TRNG_RND32 0x84000053UL
#define TRNG_RND64 0xc4000053UL

#define POWER_DOWN 0x10000UL
#define NOT_SUPPORTED (-1)

#define VIRTUAL_TIMER 27U
#define AHEAD 100000UL

struct results {
    uint64_t x[4];
};

static struct results call(bool by_smc, uint64_t function, uint64_t x1, uint64_t x2)
{
    register uint64_t r0 __asm__("x0") = function;
    register uint64_t r1 __asm__("x1") = x1;
    register uint64_t r2 __asm__("x2") = x2;
    register uint64_t r3 __asm__("x3") = 0;

    if (by_smc) {
        __asm__ volatile("smc #0"
                         : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    } else {
        __asm__ volatile("hvc #0"
                         : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                         :
                         : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                           "x15", "x16", "x17", "memory");
    }
    return (struct results){ { r0, r1, r2, r3 } };
}

static uint64_t answer(uint64_t function, uint64_t x1)
{
    return call(false, function, x1, 0).x[0];
}

static void conduits(void)
{
    static const uint64_t functions[] = { PSCI_VERSION, SMCCC_VERSION, TRNG_VERSION };

    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        uint64_t by_hvc = call(false, functions[i], 0, 0).x[0];
        uint64_t by_smc = call(true, functions[i], 0, 0).x[0];

        test_check(by_hvc == by_smc && (int64_t)by_hvc >= 0x10000, "firmware.HVC and SMC", by_smc);
    }
    test_check((int64_t)answer(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1) == NOT_SUPPORTED,
               "firmware.no workaround is promised", 0);
}

static void random_numbers(void)
{
    struct results one = call(false, TRNG_RND64, 192, 0);
    struct results other = call(false, TRNG_RND64, 192, 0);
    uint64_t differ = 0;
    uint64_t all = ~0UL;

    for (unsigned i = 1; i < 4; i++) {
        differ |= (one.x[i] ^ other.x[i]) == 0 ? 1U << i : 0;
        all &= one.x[i] != 0 ? ~0UL : 0;
    }
    test_check(one.x[0] == 0 && other.x[0] == 0, "firmware.192 random bits", one.x[0]);
    test_check(differ == 0 && all != 0, "firmware.others each time", differ);
    one = call(false, TRNG_RND32, 33, 0);
    test_check(one.x[0] == 0 && one.x[1] == 0 && one.x[2] <= 1 && one.x[3] >> 32 == 0,
               "firmware.33 random bits", one.x[2]);
}

static volatile uint64_t woken;

static void handler(unsigned intid, uint64_t counter)
{
    (void)intid;
    (void)counter;
    WRITE_SYSREG("cntv_ctl_el0", 0);
    woken = woken + 1;
}

/* Sleeps until the timer expires. Interrupts are masked meanwhile: they need not be taken to wake
 * the CPU. Returns whether it woke not before its time, with the expected result. */
static bool sleep(uint64_t function, uint64_t state, int64_t expected, int64_t *result)
{
    static uint64_t saved[FIRMWARE_SAVED];
    uint64_t when;

    cpu_mask_irqs();
    gic_enable(VIRTUAL_TIMER);
    when = cpu_counter() + AHEAD;
    WRITE_SYSREG("cntv_cval_el0", when);
    WRITE_SYSREG("cntv_ctl_el0", 1);
    *result = firmware_suspend(function, state, saved, function == PSCI_SYSTEM_SUSPEND);
    bool late = cpu_counter() >= when;
    uint64_t before = woken;
    cpu_unmask_irqs();
    bool taken = test_wait_change(&woken, before);
    gic_disable(VIRTUAL_TIMER);
    return late && taken && *result == expected;
}

static void suspend(void)
{
    int64_t result;
    bool good;

    gic_set_handler(VIRTUAL_TIMER, handler);
    good = sleep(PSCI_CPU_SUSPEND, 0, PSCI_SUCCESS, &result);
    test_check(good, "firmware.standby waits for an interrupt", (uint64_t)result);
    good = sleep(PSCI_CPU_SUSPEND, POWER_DOWN, FIRMWARE_RESUMED, &result);
    test_check(good, "firmware.power-down comes back at its entry", (uint64_t)result);
    good = sleep(PSCI_SYSTEM_SUSPEND, 0, FIRMWARE_RESUMED, &result);
    test_check(good, "firmware.the system sleeps", (uint64_t)result);
    gic_set_handler(VIRTUAL_TIMER, 0);
}

static void passed_on(void)
{
    uint64_t function = test_argument("smc", 0);
    uint64_t expected = test_argument("answer", 0);

    if (function != 0) {
        /* No machine has a CPU of that affinity. */
        struct results got = call(true, function, 0xffffff, 0);

        test_check((uint32_t)got.x[0] == expected, "firmware.the machine's answers", got.x[0]);
    }
}

static void run(void)
{
    conduits();
    random_numbers();
    suspend();
    passed_on();
}

/* The guest's end: by a warm reset, as of a kernel that panics, or by the call that `by=` names. */
static void panic(void)
{
    test_print("the last words");
    answer(test_argument("by", PSCI_WARM_RESET), 0);
    test_check(false, "panic.nobody comes back", 0);
}

const struct test_group firmware_tests = { "firmware", run, true };
const struct test_group panic_tests = { "panic", panic, true };
