/* SPDX-License-Identifier: BSD-2-Clause */
#include "libvmm_fake.h"

#include <libvmm/util/util.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "vmm_fake.h"

struct libvmm_fake libvmm_fake;
seL4_Word microkit_irqs;
const struct machine_board machine_board = {
    .distributor = 0x08000000,
    .redistributors = 0x080a0000,
};

/** Index of a vCPU by its id, or BH_MAX_VCPUS. */
static uint32_t libvmm_fake_index(uint64_t id)
{
    uint64_t index = id - VMM_FAKE_ID(0);

    return index < vmm_fake.vcpus ? (uint32_t)index : BH_MAX_VCPUS;
}

seL4_Word seL4_GetMR(int i)
{
    return libvmm_fake.msg[i];
}

void seL4_SetMR(int i, seL4_Word value)
{
    libvmm_fake.msg[i] = value;
}

seL4_Error seL4_TCB_ReadRegisters(seL4_TCB service, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                  seL4_Word count, seL4_UserContext *regs)
{
    uint32_t index = libvmm_fake_index(service - BASE_VM_TCB_CAP);

    (void)suspend_source;
    (void)arch_flags;
    if (index == BH_MAX_VCPUS) {
        return seL4_InvalidCapability;
    }
    libvmm_fake.reads++;
    memcpy(regs, &libvmm_fake.regs[index], count * sizeof(seL4_Word));
    /* As the true one does. */
    memset(&libvmm_fake.msg[BH_MSG_REGS], 0xee,
           sizeof(libvmm_fake.msg) - BH_MSG_REGS * sizeof(seL4_Word));
    return seL4_NoError;
}

seL4_Error seL4_TCB_WriteRegisters(seL4_TCB service, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                   seL4_Word count, seL4_UserContext *regs)
{
    uint32_t index = libvmm_fake_index(service - BASE_VM_TCB_CAP);

    (void)resume_target;
    (void)arch_flags;
    if (index == BH_MAX_VCPUS) {
        return seL4_InvalidCapability;
    }
    libvmm_fake.writes++;
    memcpy(&libvmm_fake.regs[index], regs, count * sizeof(seL4_Word));
    return seL4_NoError;
}

seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg)
{
    return libvmm_fake.system[libvmm_fake_index(vcpu)][reg];
}

void microkit_vcpu_arm_write_reg(microkit_child vcpu, seL4_Word reg, seL4_Word value)
{
    libvmm_fake.system[libvmm_fake_index(vcpu)][reg] = value;
}

void microkit_irq_ack(microkit_channel ch)
{
    libvmm_fake.acknowledged[ch]++;
}

void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response)
{
    libvmm_fake.smc = *args;
    *response = (seL4_ARM_SMCContext){ args->x0 + 1, args->x1 + 1, args->x2 + 1, args->x3 + 1,
                                       args->x4 + 1, args->x5 + 1, args->x6 + 1, args->x7 + 1 };
}

void libvmm_log(const char *kind, const char *format, ...)
{
    size_t used = strlen(libvmm_fake.logged);
    va_list arguments;

    (void)kind;
    va_start(arguments, format);
    (void)vsnprintf(libvmm_fake.logged + used, sizeof(libvmm_fake.logged) - used, format,
                    arguments);
    va_end(arguments);
}
