/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "firmware_rig.h"

struct guest firmware_rig_guest;
_Alignas(8) uint8_t firmware_rig_ram[FIRMWARE_RIG_RAM_BYTES];
uint8_t firmware_rig_kernel[FIRMWARE_RIG_KERNEL_BYTES];

void firmware_rig_boot(const char *config, uint32_t vcpus, bool seed)
{
    static const char magic[4] = { 'A', 'R', 'M', '\x64' };

    memset(&firmware_rig_guest, 0, sizeof(firmware_rig_guest));
    memset(firmware_rig_kernel, 0x11, sizeof(firmware_rig_kernel));
    memset(firmware_rig_kernel + 8, 0, 48);
    firmware_rig_kernel[18] = 0x20;
    memcpy(firmware_rig_kernel + 56, magic, sizeof(magic));
    vmm_fake_reset(vcpus, 3);
    vmm_fake.has_seed = seed;
    memset(vmm_fake.seed, 0x5a, sizeof(vmm_fake.seed));
    assert_int_equal(config_parse(config, strlen(config), &firmware_rig_guest.config), 0);
    firmware_rig_guest.ram =
        (struct loader_ram){ firmware_rig_ram, FIRMWARE_RIG_RAM_GPA, FIRMWARE_RIG_RAM_BYTES };
    firmware_rig_guest.kernel =
        (struct guest_file){ firmware_rig_kernel, sizeof(firmware_rig_kernel) };
    assert_true(guest_init(&firmware_rig_guest) && guest_start(&firmware_rig_guest));
}

struct guest_answer firmware_rig_trap(uint32_t vcpu, uint64_t esr, uint64_t function,
                                      uint64_t first, uint64_t second, uint64_t third)
{
    const uint64_t words[5] = { esr, function, first, second, third };

    return guest_fault(&firmware_rig_guest, VMM_FAKE_ID(vcpu), BH_FAULT_VCPU, words);
}

struct guest_answer firmware_rig_call(uint32_t vcpu, uint64_t function, uint64_t first,
                                      uint64_t second, uint64_t third)
{
    return firmware_rig_trap(vcpu, FIRMWARE_RIG_ESR_HVC, function, first, second, third);
}

int64_t firmware_rig_result(uint64_t function, uint64_t first, uint64_t second, uint64_t third)
{
    struct guest_answer answer = firmware_rig_call(0, function, first, second, third);

    assert_true(answer.reply);
    assert_int_equal(answer.label, BH_VCPU_DONE);
    return (int64_t)answer.value;
}

void firmware_rig_printed(const char *text)
{
    if (strstr(vmm_fake.printed, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, vmm_fake.printed);
    }
}

void firmware_rig_reported(uint32_t count, enum bh_report_kind kind, uint64_t number)
{
    assert_int_equal(vmm_fake.reports, count);
    assert_int_equal(vmm_fake.report[0], 0);
    assert_int_equal(vmm_fake.report[1], kind);
    assert_int_equal(vmm_fake.report[2], number);
}
