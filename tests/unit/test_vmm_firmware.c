/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's calls to firmware: PSCI, SMCCC and TRNG. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware_rig.h"

#define ESR_SMC (0x17UL << 26)
#define TRNG_VERSION 0x84000050UL
#define TRNG_FEATURES 0x84000051UL
#define TRNG_UUID 0x84000052UL
#define TRNG_RND32 0x84000053UL
#define TRNG_RND64 0xc4000053UL

static void version_and_features(void **state)
{
    static const uint64_t offered[] = {
        PSCI_VERSION,
        PSCI_CPU_SUSPEND,
        PSCI_CPU_SUSPEND ^ FIRMWARE_RIG_BIT64,
        PSCI_CPU_OFF,
        PSCI_CPU_ON,
        PSCI_CPU_ON ^ FIRMWARE_RIG_BIT64,
        PSCI_AFFINITY_INFO,
        PSCI_AFFINITY_INFO ^ FIRMWARE_RIG_BIT64,
        PSCI_MIGRATE_INFO_TYPE,
        PSCI_SYSTEM_OFF,
        PSCI_SYSTEM_RESET,
        PSCI_FEATURES,
        PSCI_SYSTEM_SUSPEND,
        PSCI_SYSTEM_SUSPEND ^ FIRMWARE_RIG_BIT64,
        PSCI_SYSTEM_RESET2,
        PSCI_SYSTEM_RESET2 ^ FIRMWARE_RIG_BIT64,
    };
    uint32_t found = 0;

    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    assert_int_equal(firmware_rig_result(PSCI_VERSION, 0, 0, 0), 0x10001);
    assert_int_equal(firmware_rig_trap(0, ESR_SMC, PSCI_VERSION, 0, 0, 0).value, 0x10001);
    assert_int_equal(
        (int64_t)firmware_rig_trap(0, FIRMWARE_RIG_ESR_HVC | 1, PSCI_VERSION, 0, 0, 0).value,
        PSCI_NOT_SUPPORTED);
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        assert_int_equal(firmware_rig_result(PSCI_FEATURES, offered[i], 0, 0), 0);
    }
    for (uint64_t n = 0; n < 0x40; n++) {
        found += firmware_rig_result(PSCI_FEATURES, PSCI_VERSION + n, 0, 0) == 0 ? 1 : 0;
        found +=
            firmware_rig_result(PSCI_FEATURES, (PSCI_VERSION ^ FIRMWARE_RIG_BIT64) + n, 0, 0) == 0
                ? 1
                : 0;
    }
    assert_int_equal(found, sizeof(offered) / sizeof(offered[0]));
    assert_int_equal(firmware_rig_result(PSCI_FEATURES, 0x80000000, 0, 0), 0);
    assert_int_equal(firmware_rig_result(PSCI_FEATURES, 0x80000001, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
    /* Those that exist in one width only. */
    assert_int_equal(firmware_rig_result(PSCI_VERSION ^ FIRMWARE_RIG_BIT64, 0, 0, 0),
                     PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(PSCI_SYSTEM_OFF ^ FIRMWARE_RIG_BIT64, 0, 0, 0),
                     PSCI_NOT_SUPPORTED);
}

static void cpu_on(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 2, false);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 2, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1UL << 31 | 1, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1UL << 32 | 1, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA - 4, 0),
                     PSCI_INVALID_ADDRESS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA + 2, 0),
                     PSCI_INVALID_ADDRESS);
    assert_int_equal(
        firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA + FIRMWARE_RIG_RAM_BYTES, 0),
        PSCI_INVALID_ADDRESS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, ~3UL, 0), PSCI_INVALID_ADDRESS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 0, FIRMWARE_RIG_RAM_GPA, 0), PSCI_ALREADY_ON);
    assert_int_equal(vmm_fake.starts, 1);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA + 64, 0x1234567890),
                     0);
    assert_true(vmm_fake.running[1]);
    assert_int_equal(vmm_fake.pc[1], FIRMWARE_RIG_RAM_GPA + 64);
    assert_int_equal(vmm_fake.x0[1], 0x1234567890);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA, 0), PSCI_ALREADY_ON);
    /* The 32-bit kind takes 32 bits of its arguments. */
    assert_false(firmware_rig_call(1, PSCI_CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON ^ FIRMWARE_RIG_BIT64, 1UL << 32 | 1,
                                         FIRMWARE_RIG_RAM_GPA, 7UL << 32 | 9),
                     0);
    assert_int_equal(vmm_fake.x0[1], 9);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void affinity_info(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 3, false);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 3, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 0, 1, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 1UL << 40, 0, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA, 0), 0);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 1, 0, 0), 0);
    assert_false(firmware_rig_call(1, PSCI_CPU_OFF, 0, 0, 0).reply);
    assert_false(vmm_fake.running[1]);
    assert_int_equal(firmware_rig_result(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(
        firmware_rig_result(PSCI_AFFINITY_INFO ^ FIRMWARE_RIG_BIT64, 5UL << 32, 5UL << 32, 0), 0);
}

static void suspend(void **state)
{
    struct guest_answer answer;

    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 2, false);
    answer = firmware_rig_call(0, PSCI_CPU_SUSPEND, 0x1234, ~0UL, 7);
    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_WAIT);
    assert_int_equal(answer.value, 0);
    assert_int_equal(vmm_fake.entered, 0);
    answer = firmware_rig_call(0, PSCI_CPU_SUSPEND, 0x10000, FIRMWARE_RIG_RAM_GPA + 8, 77);
    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_WAIT);
    assert_int_equal(answer.value, 77);
    assert_int_equal(vmm_fake.entered, 1);
    assert_int_equal(vmm_fake.pc[0], FIRMWARE_RIG_RAM_GPA + 8);
    assert_int_equal(firmware_rig_result(PSCI_CPU_SUSPEND, 0x10000, FIRMWARE_RIG_RAM_GPA + 1, 0),
                     PSCI_INVALID_ADDRESS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_SUSPEND, 0x20000, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_SUSPEND, 0x1000000, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_CPU_SUSPEND, 0x80000000, FIRMWARE_RIG_RAM_GPA, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_int_equal(vmm_fake.entered, 1);
    /* The whole system: only the last CPU that is on may. */
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA, 0), 0);
    assert_int_equal(firmware_rig_result(PSCI_SYSTEM_SUSPEND, FIRMWARE_RIG_RAM_GPA + 16, 5, 0),
                     PSCI_DENIED);
    assert_false(firmware_rig_call(1, PSCI_CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(firmware_rig_result(PSCI_SYSTEM_SUSPEND, FIRMWARE_RIG_RAM_GPA - 16, 5, 0),
                     PSCI_INVALID_ADDRESS);
    answer = firmware_rig_call(0, PSCI_SYSTEM_SUSPEND, FIRMWARE_RIG_RAM_GPA + 16, 5, 0);
    assert_true(answer.reply);
    assert_int_equal(answer.value, 5);
    assert_int_equal(vmm_fake.pc[0], FIRMWARE_RIG_RAM_GPA + 16);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void smccc(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    assert_int_equal(firmware_rig_result(0x80000000, 0, 0, 0), 0x10001);
    assert_int_equal(firmware_rig_result(0x80000001, 0x80000000, 0, 0), 0);
    assert_int_equal(firmware_rig_result(0x80000001, 0x80000001, 0, 0), 0);
    /* Workarounds of the processors' errata: nobody does them for a guest. */
    assert_int_equal(firmware_rig_result(0x80000001, 0x80008000, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(0x80000001, 0x80007fff, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(0x80000001, 0x80003fff, 0, 0), PSCI_NOT_SUPPORTED);
    for (uint64_t function = 0; function < 1UL << 32; function += 0x00fffff1) {
        assert_int_equal(firmware_rig_result(function, 0, 0, 0), PSCI_NOT_SUPPORTED);
    }
    assert_int_equal(vmm_fake.smcs, 0);
}

static void declared_calls_are_passed_on(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "smc 0x82000010\nsmc 0xb2000001\n", 2, false);
    for (uint64_t i = 0; i < 8; i++) {
        vmm_fake.x[0][i] = 100 + i;
    }
    vmm_fake.x[0][0] = 0xffffffff82000010;
    vmm_fake.x[0][8] = 108;
    assert_int_equal(firmware_rig_result(0xffffffff82000010, 101, 102, 103), 0x82000011);
    assert_int_equal(vmm_fake.smcs, 1);
    assert_int_equal(vmm_fake.smc[0], 0x82000010);
    assert_int_equal(vmm_fake.smc[7], 107);
    for (uint64_t i = 1; i < 8; i++) {
        assert_int_equal(vmm_fake.x[0][i], 100 + i + 1);
    }
    assert_int_equal(vmm_fake.x[0][8], 108);
    vmm_fake.x[1][0] = 0xb2000001;
    assert_int_equal(firmware_rig_trap(1, ESR_SMC, 0xb2000001, 0, 0, 0).value, 0xb2000002);
    assert_int_equal(vmm_fake.smcs, 2);
    assert_int_equal(firmware_rig_result(0x82000011, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(0x82000010 ^ FIRMWARE_RIG_BIT64, 0, 0, 0),
                     PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(2, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(vmm_fake.smcs, 2);
    /* What the VMM answers itself is never passed on, whoever says so. */
    firmware_rig_guest.config.smc[0] = PSCI_CPU_OFF;
    firmware_rig_guest.config.smc[1] = 0x80008000;
    assert_int_equal(firmware_rig_result(0x80008000, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_false(firmware_rig_call(1, PSCI_CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.smcs, 2);
}

static void trng_without_a_seed(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    assert_int_equal(firmware_rig_result(TRNG_VERSION, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_VERSION, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_UUID, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_RND32, 32, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_RND64, 64, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(vmm_fake.x[0][1] | vmm_fake.x[0][2] | vmm_fake.x[0][3], 0);
}

static uint64_t ones(uint64_t bits)
{
    return bits >= 64 ? ~0UL : (1UL << bits) - 1;
}

/** RND of `bits` bits in registers of `width`: none beyond those is set, and every one is at times.
 */
static void check_rnd(uint64_t function, uint64_t width, uint64_t bits)
{
    uint64_t seen[3] = { 0 };

    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(firmware_rig_result(function, bits, 0, 0), 0);
        for (uint32_t n = 0; n < 3; n++) {
            seen[n] |= vmm_fake.x[0][3 - n];
        }
    }
    for (uint64_t n = 0; n < 3; n++) {
        uint64_t left = bits > n * width ? bits - n * width : 0;

        assert_int_equal(seen[n], ones(left < width ? left : width));
    }
}

static void trng(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, true);
    assert_int_equal(firmware_rig_result(TRNG_VERSION, 0, 0, 0), 0x10000);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_VERSION, 0, 0), 0);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_RND32, 0, 0), 0);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_RND64, 0, 0), 0);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_UUID ^ FIRMWARE_RIG_BIT64, 0, 0),
                     PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_FEATURES, TRNG_RND32 + 1, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_RND32 + 1, 0, 0, 0), PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware_rig_result(TRNG_UUID, 0, 0, 0) & ~0xffffffffL, 0);
    assert_int_equal(vmm_fake.x[0][1] >> 12 & 15, 4);
    for (uint64_t bits = 1; bits <= 192; bits++) {
        check_rnd(TRNG_RND64, 64, bits);
        if (bits <= 96) {
            check_rnd(TRNG_RND32, 32, bits);
        }
    }
    assert_int_equal(firmware_rig_result(TRNG_RND32, 0, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(TRNG_RND32, 97, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(TRNG_RND64, 0, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(TRNG_RND64, 193, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(TRNG_RND64, ~0UL, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(vmm_fake.x[0][1] | vmm_fake.x[0][2] | vmm_fake.x[0][3], 0);
    assert_int_equal(vmm_fake.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_features),
        cmocka_unit_test(cpu_on),
        cmocka_unit_test(affinity_info),
        cmocka_unit_test(suspend),
        cmocka_unit_test(smccc),
        cmocka_unit_test(declared_calls_are_passed_on),
        cmocka_unit_test(trng_without_a_seed),
        cmocka_unit_test(trng),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
