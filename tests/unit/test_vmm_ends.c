/* SPDX-License-Identifier: BSD-2-Clause */
/* How a guest ends: it switches itself off, starts afresh, or crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware_rig.h"

#define UART 0x8100000UL
#define ESR_SERROR (0x2fUL << 26)
#define ESR_STORE1 (0x24UL << 26 | 1UL << 24 | 1UL << 6)

static void power_off(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "crash restart\n", 1, false);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_OFF, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    assert_int_equal(firmware_rig_guest.state, GUEST_STOPPED);
    firmware_rig_printed("left: powered off\n");
    firmware_rig_reported(1, BH_REPORT_GUEST_OFF, 0);
    assert_false(firmware_rig_call(0, PSCI_VERSION, 0, 0, 0).reply);
}

/** Who may switch the board off is told of an end that is one, and of nothing else. */
static void power_is_told_of_ends(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "power 3\n", 1, false);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 0);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_OFF, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "crash restart 1\npower 3\n", 1, false);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 0);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "power 3\n", 1, false);
    firmware_rig_kernel[56] = 0;
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET, 0, 0, 0).reply);
    assert_int_equal(vmm_fake.notified, 1 << 3);
}

static void reset_starts_afresh(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 2, false);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA, 0), 0);
    /* Crashes are limited, resets are not. */
    for (uint32_t i = 1; i < 10; i++) {
        firmware_rig_ram[0] = 0xff;
        assert_false(firmware_rig_call(i == 1 ? 1 : 0, PSCI_SYSTEM_RESET, 0, 0, 0).reply);
        assert_true(vmm_fake.running[0]);
        assert_false(vmm_fake.running[1]);
        assert_int_equal(firmware_rig_ram[0], firmware_rig_kernel[0]);
        assert_int_equal(firmware_rig_guest.starts, i + 1);
        firmware_rig_reported(i, BH_REPORT_GUEST_RESET, i);
    }
    assert_int_equal(firmware_rig_guest.crash_restarts, 0);
    firmware_rig_printed("left: reset\n");
    assert_int_equal(vmm_fake.wrong, 0);
}

static void reset_without_a_kernel(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    firmware_rig_kernel[56] = 0;
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    assert_int_equal(firmware_rig_guest.state, GUEST_STOPPED);
    firmware_rig_printed("left: the kernel is not an arm64 Image\n");
    firmware_rig_reported(2, BH_REPORT_GUEST_STOPPED, 0);
}

static void panic_stops(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    assert_int_equal(firmware_rig_result(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(firmware_rig_result(PSCI_SYSTEM_RESET2, 0x80000000, 0, 0),
                     PSCI_INVALID_PARAMETERS);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 1UL << 32, 0, 0).reply);
    assert_int_equal(firmware_rig_guest.state, GUEST_STOPPED);
    assert_false(vmm_fake.running[0]);
    firmware_rig_printed("left: crashed: its kernel panicked\nleft: stays off\n");
    firmware_rig_reported(2, BH_REPORT_GUEST_STOPPED, 0);
}

static void panic_restarts(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "crash restart\n", 1, false);
    for (uint32_t i = 1; i < 20; i++) {
        assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2 ^ FIRMWARE_RIG_BIT64, 0, 0, 0).reply);
        assert_true(vmm_fake.running[0]);
        assert_int_equal(firmware_rig_guest.crash_restarts, i);
        firmware_rig_reported(i, BH_REPORT_GUEST_CRASH, i - 1);
    }
}

static void panic_restarts_twice(void **state)
{
    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "crash restart 2\n", 1, false);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    assert_true(vmm_fake.running[0]);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET, 0, 0, 0).reply);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    assert_true(vmm_fake.running[0]);
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    assert_false(vmm_fake.running[0]);
    firmware_rig_printed("left: stays off; it has had its restarts\n");
    firmware_rig_reported(5, BH_REPORT_GUEST_STOPPED, 2);
    assert_int_equal(firmware_rig_guest.starts, 4);
}

static void other_crashes(void **state)
{
    const uint64_t words[5] = { 0 };

    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG "crash restart\n", 2, false);
    assert_int_equal(firmware_rig_result(PSCI_CPU_ON, 1, FIRMWARE_RIG_RAM_GPA, 0), 0);
    assert_false(firmware_rig_call(0, PSCI_CPU_OFF, 0, 0, 0).reply);
    assert_int_equal(firmware_rig_guest.crash_restarts, 0);
    assert_false(firmware_rig_call(1, PSCI_CPU_OFF, 0, 0, 0).reply);
    firmware_rig_printed("left: crashed: all its CPUs are off\n");
    assert_false(firmware_rig_trap(0, ESR_SERROR, 0, 0, 0, 0).reply);
    firmware_rig_printed("left: crashed: SError\n");
    assert_false(guest_fault(&firmware_rig_guest, VMM_FAKE_ID(0), BH_FAULT_EXCEPTION, words).reply);
    firmware_rig_printed("left: crashed: a fault that nobody handles\n");
    assert_int_equal(firmware_rig_guest.crash_restarts, 3);
    firmware_rig_reported(3, BH_REPORT_GUEST_CRASH, 2);
    /* These are not crashes. */
    assert_int_equal(
        guest_fault(&firmware_rig_guest, VMM_FAKE_ID(0), BH_FAULT_VIRQ_END, words).label,
        BH_VCPU_RESUME);
    assert_int_equal(firmware_rig_trap(0, 0x18UL << 26, 0, 0, 0, 0).label, BH_VCPU_UNDEFINED);
    assert_int_equal(firmware_rig_guest.crash_restarts, 3);
}

static void last_words_are_printed(void **state)
{
    uint64_t words[5] = { 0, UART, 0, ESR_STORE1, 0 };

    (void)state;
    firmware_rig_boot(FIRMWARE_RIG_CONFIG, 1, false);
    for (const char *c = "one\nlast words"; *c != '\0'; c++) {
        words[4] = (uint8_t)*c;
        assert_int_equal(
            guest_fault(&firmware_rig_guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
            BH_VCPU_DONE);
    }
    assert_false(firmware_rig_call(0, PSCI_SYSTEM_RESET2, 0, 0, 0).reply);
    firmware_rig_printed("left| one\nleft| last words\nleft: crashed: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
