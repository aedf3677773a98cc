/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's calls to firmware, and its ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <bulkhead/report.h>

#include "guest.h"
#include "vmm_fake.h"

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x800000UL
#define UART 0x8100000UL
#define ESR_HVC (0x16UL << 26)
#define ESR_SMC (0x17UL << 26)
#define ESR_SERROR (0x2fUL << 26)
#define ESR_STORE1 (0x24UL << 26 | 1UL << 24 | 1UL << 6)
#define CONFIG                                                                      \
    "name left\nbootargs x\ngic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\n" \
    "uart 0x8100000 70\n"

#define VERSION 0x84000000UL
#define CPU_SUSPEND 0xc4000001UL
#define CPU_OFF 0x84000002UL
#define CPU_ON 0xc4000003UL
#define AFFINITY_INFO 0xc4000004UL
#define MIGRATE_INFO_TYPE 0x84000006UL
#define SYSTEM_OFF 0x84000008UL
#define SYSTEM_RESET 0x84000009UL
#define FEATURES 0x8400000aUL
#define SYSTEM_SUSPEND 0xc400000eUL
#define SYSTEM_RESET2 0xc4000012UL
#define BIT64 0x40000000UL
#define TRNG_VERSION 0x84000050UL
#define TRNG_FEATURES 0x84000051UL
#define TRNG_UUID 0x84000052UL
#define TRNG_RND32 0x84000053UL
#define TRNG_RND64 0xc4000053UL

#define NOT_SUPPORTED (-1)
#define INVALID_PARAMETERS (-2)
#define DENIED (-3)
#define ALREADY_ON (-4)
#define INVALID_ADDRESS (-9)

static struct guest guest;
static _Alignas(8) uint8_t ram[RAM_BYTES];
static uint8_t kernel[4096];

static void boot(const char *config, uint32_t vcpus, bool seed)
{
    static const char magic[4] = { 'A', 'R', 'M', '\x64' };

    memset(&guest, 0, sizeof(guest));
    memset(kernel, 0x11, sizeof(kernel));
    memset(kernel + 8, 0, 48);
    kernel[18] = 0x20;
    memcpy(kernel + 56, magic, sizeof(magic));
    vmm_fake_reset(vcpus, 3);
    vmm_fake.has_seed = seed;
    memset(vmm_fake.seed, 0x5a, sizeof(vmm_fake.seed));
    assert_int_equal(config_parse(config, strlen(config), &guest.config), 0);
    guest.ram = (struct loader_ram){ ram, RAM_GPA, RAM_BYTES };
    guest.kernel = (struct guest_file){ kernel, sizeof(kernel) };
    assert_true(guest_init(&guest) && guest_start(&guest));
}

static struct guest_answer trap(uint32_t vcpu, uint64_t esr, uint64_t function, uint64_t first,
                                uint64_t second, uint64_t third)
{
    const uint64_t words[5] = { esr, function, first, second, third };

    return guest_fault(&guest, VMM_FAKE_ID(vcpu), BH_FAULT_VCPU, words);
}

static struct guest_answer call(uint32_t vcpu, uint64_t function, uint64_t first, uint64_t second,
                                uint64_t third)
{
    return trap(vcpu, ESR_HVC, function, first, second, third);
}

/** What a call of vCPU 0 that comes back at once returns. */
static int64_t result(uint64_t function, uint64_t first, uint64_t second, uint64_t third)
{
    struct guest_answer answer = call(0, function, first, second, third);

    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_DONE);
    return (int64_t)answer.value;
}

static void printed(const char *text)
{
    if (strstr(vmm_fake.printed, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, vmm_fake.printed);
    }
}

/** How many reports there were, and the last of them. */
static void reported(uint32_t count, enum bh_report_kind kind, uint64_t number)
{
    assert_int_equal(vmm_fake.reports, count);
    assert_int_equal(vmm_fake.report[0], 0);
    assert_int_equal(vmm_fake.report[1], kind);
    assert_int_equal(vmm_fake.report[2], number);
}

static void version_and_features(void **state)
{
    static const uint64_t offered[] = {
        VERSION,
        CPU_SUSPEND,
        CPU_SUSPEND ^ BIT64,
        CPU_OFF,
        CPU_ON,
        CPU_ON ^ BIT64,
        AFFINITY_INFO,
        AFFINITY_INFO ^ BIT64,
        MIGRATE_INFO_TYPE,
        SYSTEM_OFF,
        SYSTEM_RESET,
        FEATURES,
        SYSTEM_SUSPEND,
        SYSTEM_SUSPEND ^ BIT64,
        SYSTEM_RESET2,
        SYSTEM_RESET2 ^ BIT64,
    };
    uint32_t found = 0;

    (void)state;
    boot(CONFIG, 1, false);
    assert_int_equal(result(VERSION, 0, 0, 0), 0x10001);
    assert_int_equal(trap(0, ESR_SMC, VERSION, 0, 0, 0).value, 0x10001);
    assert_int_equal((int64_t)trap(0, ESR_HVC | 1, VERSION, 0, 0, 0).value, NOT_SUPPORTED);
    for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
        assert_int_equal(result(FEATURES, offered[i], 0, 0), 0);
    }
    for (uint64_t n = 0; n < 0x40; n++) {
        found += result(FEATURES, VERSION + n, 0, 0) == 0 ? 1 : 0;
        found += result(FEATURES, (VERSION ^ BIT64) + n, 0, 0) == 0 ? 1 : 0;
    }
    assert_int_equal(found, sizeof(offered) / sizeof(offered[0]));
    assert_int_equal(result(FEATURES, 0x80000000, 0, 0), 0);
    assert_int_equal(result(FEATURES, 0x80000001, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(MIGRATE_INFO_TYPE, 0, 0, 0), 2);
    /* Those that exist in one width only. */
    assert_int_equal(result(VERSION ^ BIT64, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(SYSTEM_OFF ^ BIT64, 0, 0, 0), NOT_SUPPORTED);
}

static void cpu_on(void **state)
{
    (void)state;
    boot(CONFIG, 2, false);
    assert_int_equal(result(CPU_ON, 2, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_ON, 1UL << 31 | 1, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_ON, 1UL << 32 | 1, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA - 4, 0), INVALID_ADDRESS);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA + 2, 0), INVALID_ADDRESS);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA + RAM_BYTES, 0), INVALID_ADDRESS);
    assert_int_equal(result(CPU_ON, 1, ~3UL, 0), INVALID_ADDRESS);
    assert_int_equal(result(CPU_ON, 0, RAM_GPA, 0), ALREADY_ON);
    assert_int_equal(vmm_fake.starts, 1);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA + 64, 0x1234567890), 0);
    assert_true(vmm_fake.running[1]);
    assert_int_equal(vmm_fake.pc[1], RAM_GPA + 64);
    assert_int_equal(vmm_fake.x0[1], 0x1234567890);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA, 0), ALREADY_ON);
    /* The 32-bit kind takes 32 bits of its arguments. */
    assert_false(call(1, CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(result(CPU_ON ^ BIT64, 1UL << 32 | 1, RAM_GPA, 7UL << 32 | 9), 0);
    assert_int_equal(vmm_fake.x0[1], 9);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void affinity_info(void **state)
{
    (void)state;
    boot(CONFIG, 3, false);
    assert_int_equal(result(AFFINITY_INFO, 0, 0, 0), 0);
    assert_int_equal(result(AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(result(AFFINITY_INFO, 3, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(AFFINITY_INFO, 0, 1, 0), INVALID_PARAMETERS);
    assert_int_equal(result(AFFINITY_INFO, 1UL << 40, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA, 0), 0);
    assert_int_equal(result(AFFINITY_INFO, 1, 0, 0), 0);
    assert_false(call(1, CPU_OFF, 0, 0, 0).reply);
    assert_false(vmm_fake.running[1]);
    assert_int_equal(result(AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(result(AFFINITY_INFO ^ BIT64, 5UL << 32, 5UL << 32, 0), 0);
}

static void suspend(void **state)
{
    struct guest_answer answer;

    (void)state;
    boot(CONFIG, 2, false);
    answer = call(0, CPU_SUSPEND, 0x1234, ~0UL, 7);
    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_WAIT);
    assert_int_equal(answer.value, 0);
    assert_int_equal(vmm_fake.entered, 0);
    answer = call(0, CPU_SUSPEND, 0x10000, RAM_GPA + 8, 77);
    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_WAIT);
    assert_int_equal(answer.value, 77);
    assert_int_equal(vmm_fake.entered, 1);
    assert_int_equal(vmm_fake.pc[0], RAM_GPA + 8);
    assert_int_equal(result(CPU_SUSPEND, 0x10000, RAM_GPA + 1, 0), INVALID_ADDRESS);
    assert_int_equal(result(CPU_SUSPEND, 0x20000, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_SUSPEND, 0x1000000, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(result(CPU_SUSPEND, 0x80000000, RAM_GPA, 0), INVALID_PARAMETERS);
    assert_int_equal(vmm_fake.entered, 1);
    /* The whole system: only the last CPU that is on may. */
    assert_int_equal(result(CPU_ON, 1, RAM_GPA, 0), 0);
    assert_int_equal(result(SYSTEM_SUSPEND, RAM_GPA + 16, 5, 0), DENIED);
    assert_false(call(1, CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(result(SYSTEM_SUSPEND, RAM_GPA - 16, 5, 0), INVALID_ADDRESS);
    answer = call(0, SYSTEM_SUSPEND, RAM_GPA + 16, 5, 0);
    assert_true(answer.reply);
    assert_int_equal(answer.value, 5);
    assert_int_equal(vmm_fake.pc[0], RAM_GPA + 16);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void smccc(void **state)
{
    (void)state;
    boot(CONFIG, 1, false);
    assert_int_equal(result(0x80000000, 0, 0, 0), 0x10001);
    assert_int_equal(result(0x80000001, 0x80000000, 0, 0), 0);
    assert_int_equal(result(0x80000001, 0x80000001, 0, 0), 0);
    /* Workarounds of the processors' errata: nobody does them for a guest. */
    assert_int_equal(result(0x80000001, 0x80008000, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(0x80000001, 0x80007fff, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(0x80000001, 0x80003fff, 0, 0), NOT_SUPPORTED);
    for (uint64_t function = 0; function < 1UL << 32; function += 0x00fffff1) {
        assert_int_equal(result(function, 0, 0, 0), NOT_SUPPORTED);
    }
    assert_int_equal(vmm_fake.smcs, 0);
}

static void declared_calls_are_passed_on(void **state)
{
    (void)state;
    boot(CONFIG "smc 0x82000010\nsmc 0xb2000001\n", 2, false);
    for (uint64_t i = 0; i < 8; i++) {
        vmm_fake.x[0][i] = 100 + i;
    }
    vmm_fake.x[0][0] = 0xffffffff82000010;
    vmm_fake.x[0][8] = 108;
    assert_int_equal(result(0xffffffff82000010, 101, 102, 103), 0x82000011);
    assert_int_equal(vmm_fake.smcs, 1);
    assert_int_equal(vmm_fake.smc[0], 0x82000010);
    assert_int_equal(vmm_fake.smc[7], 107);
    for (uint64_t i = 1; i < 8; i++) {
        assert_int_equal(vmm_fake.x[0][i], 100 + i + 1);
    }
    assert_int_equal(vmm_fake.x[0][8], 108);
    vmm_fake.x[1][0] = 0xb2000001;
    assert_int_equal(trap(1, ESR_SMC, 0xb2000001, 0, 0, 0).value, 0xb2000002);
    assert_int_equal(vmm_fake.smcs, 2);
    assert_int_equal(result(0x82000011, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(0x82000010 ^ BIT64, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(2, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(vmm_fake.smcs, 2);
    /* What the VMM answers itself is never passed on, whoever says so. */
    guest.config.smc[0] = CPU_OFF;
    guest.config.smc[1] = 0x80008000;
    assert_int_equal(result(0x80008000, 0, 0, 0), NOT_SUPPORTED);
    assert_false(call(1, CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.smcs, 2);
}

static void trng_without_a_seed(void **state)
{
    (void)state;
    boot(CONFIG, 1, false);
    assert_int_equal(result(TRNG_VERSION, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_FEATURES, TRNG_VERSION, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_UUID, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_RND32, 32, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_RND64, 64, 0, 0), NOT_SUPPORTED);
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
        assert_int_equal(result(function, bits, 0, 0), 0);
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
    boot(CONFIG, 1, true);
    assert_int_equal(result(TRNG_VERSION, 0, 0, 0), 0x10000);
    assert_int_equal(result(TRNG_FEATURES, TRNG_VERSION, 0, 0), 0);
    assert_int_equal(result(TRNG_FEATURES, TRNG_RND32, 0, 0), 0);
    assert_int_equal(result(TRNG_FEATURES, TRNG_RND64, 0, 0), 0);
    assert_int_equal(result(TRNG_FEATURES, TRNG_UUID ^ BIT64, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_FEATURES, TRNG_RND32 + 1, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_RND32 + 1, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(result(TRNG_UUID, 0, 0, 0) & ~0xffffffffL, 0);
    assert_int_equal(vmm_fake.x[0][1] >> 12 & 15, 4);
    for (uint64_t bits = 1; bits <= 192; bits++) {
        check_rnd(TRNG_RND64, 64, bits);
        if (bits <= 96) {
            check_rnd(TRNG_RND32, 32, bits);
        }
    }
    assert_int_equal(result(TRNG_RND32, 0, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(TRNG_RND32, 97, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(TRNG_RND64, 0, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(TRNG_RND64, 193, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(TRNG_RND64, ~0UL, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(vmm_fake.x[0][1] | vmm_fake.x[0][2] | vmm_fake.x[0][3], 0);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void power_off(void **state)
{
    (void)state;
    boot(CONFIG "crash restart\n", 1, false);
    assert_false(call(0, SYSTEM_OFF, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    assert_int_equal(guest.state, GUEST_STOPPED);
    printed("left: powered off\n");
    reported(1, BH_REPORT_GUEST_OFF, 0);
    assert_false(call(0, VERSION, 0, 0, 0).reply);
}

/** Who may switch the board off is told of an end that is one, and of nothing else. */
static void power_is_told_of_ends(void **state)
{
    (void)state;
    boot(CONFIG "power 3\n", 1, false);
    assert_false(call(0, SYSTEM_RESET, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 0);
    assert_false(call(0, SYSTEM_OFF, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
    boot(CONFIG "crash restart 1\npower 3\n", 1, false);
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 0);
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
    boot(CONFIG "power 3\n", 1, false);
    kernel[56] = 0;
    assert_false(call(0, SYSTEM_RESET, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
}

static void reset_starts_afresh(void **state)
{
    (void)state;
    boot(CONFIG, 2, false);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA, 0), 0);
    /* Crashes are limited, resets are not. */
    for (uint32_t i = 1; i < 10; i++) {
        ram[0] = 0xff;
        assert_false(call(i == 1 ? 1 : 0, SYSTEM_RESET, 0, 0, 0).reply);
        assert_true(vmm_fake.running[0]);
        assert_false(vmm_fake.running[1]);
        assert_int_equal(ram[0], kernel[0]);
        assert_int_equal(guest.starts, i + 1);
        reported(i, BH_REPORT_GUEST_RESET, i);
    }
    assert_int_equal(guest.crash_restarts, 0);
    printed("left: reset\n");
    assert_int_equal(vmm_fake.wrong, 0);
}

static void reset_without_a_kernel(void **state)
{
    (void)state;
    boot(CONFIG, 1, false);
    kernel[56] = 0;
    assert_false(call(0, SYSTEM_RESET, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    assert_int_equal(guest.state, GUEST_STOPPED);
    printed("left: the kernel is not an arm64 Image\n");
    reported(2, BH_REPORT_GUEST_STOPPED, 0);
}

static void panic_stops(void **state)
{
    (void)state;
    boot(CONFIG, 1, false);
    assert_int_equal(result(SYSTEM_RESET2, 1, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(result(SYSTEM_RESET2, 0x80000000, 0, 0), INVALID_PARAMETERS);
    assert_false(call(0, SYSTEM_RESET2, 1UL << 32, 0, 0).reply);
    assert_int_equal(guest.state, GUEST_STOPPED);
    assert_false(vmm_fake.running[0]);
    printed("left: crashed: its kernel panicked\nleft: stays off\n");
    reported(2, BH_REPORT_GUEST_STOPPED, 0);
}

static void panic_restarts(void **state)
{
    (void)state;
    boot(CONFIG "crash restart\n", 1, false);
    for (uint32_t i = 1; i < 20; i++) {
        assert_false(call(0, SYSTEM_RESET2 ^ BIT64, 0, 0, 0).reply);
        assert_true(vmm_fake.running[0]);
        assert_int_equal(guest.crash_restarts, i);
        reported(i, BH_REPORT_GUEST_CRASH, i - 1);
    }
}

static void panic_restarts_twice(void **state)
{
    (void)state;
    boot(CONFIG "crash restart 2\n", 1, false);
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    assert_true(vmm_fake.running[0]);
    assert_false(call(0, SYSTEM_RESET, 0, 0, 0).reply);
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    assert_true(vmm_fake.running[0]);
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    printed("left: stays off; it has had its restarts\n");
    reported(5, BH_REPORT_GUEST_STOPPED, 2);
    assert_int_equal(guest.starts, 4);
}

static void other_crashes(void **state)
{
    const uint64_t words[5] = { 0 };

    (void)state;
    boot(CONFIG "crash restart\n", 2, false);
    assert_int_equal(result(CPU_ON, 1, RAM_GPA, 0), 0);
    assert_false(call(0, CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(guest.crash_restarts, 0);
    assert_false(call(1, CPU_OFF, 0, 0, 0).reply);
    printed("left: crashed: all its CPUs are off\n");
    assert_false(trap(0, ESR_SERROR, 0, 0, 0, 0).reply);
    printed("left: crashed: SError\n");
    assert_false(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_EXCEPTION, words).reply);
    printed("left: crashed: a fault that nobody handles\n");
    assert_int_equal(guest.crash_restarts, 3);
    reported(3, BH_REPORT_GUEST_CRASH, 2);
    /* These are not crashes. */
    assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_VIRQ_END, words).label,
                     BH_VCPU_RESUME);
    assert_int_equal(trap(0, 0x18UL << 26, 0, 0, 0, 0).label, BH_VCPU_UNDEFINED);
    assert_int_equal(guest.crash_restarts, 3);
}

static void last_words_are_printed(void **state)
{
    uint64_t words[5] = { 0, UART, 0, ESR_STORE1, 0 };

    (void)state;
    boot(CONFIG, 1, false);
    for (const char *c = "one\nlast words"; *c != '\0'; c++) {
        words[4] = (uint8_t)*c;
        assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                         BH_VCPU_DONE);
    }
    assert_false(call(0, SYSTEM_RESET2, 0, 0, 0).reply);
    printed("left| one\nleft| last words\nleft: crashed: ");
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
        cmocka_unit_test(power_off),
        cmocka_unit_test(power_is_told_of_ends),
        cmocka_unit_test(reset_starts_afresh),
        cmocka_unit_test(reset_without_a_kernel),
        cmocka_unit_test(panic_stops),
        cmocka_unit_test(panic_restarts),
        cmocka_unit_test(panic_restarts_twice),
        cmocka_unit_test(other_crashes),
        cmocka_unit_test(last_words_are_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
