/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/tcb.h>
#include <libvmm/util/util.h>
#include <libvmm/vcpu.h>
#include <microkit.h>

#include "machine.h"

/** SCTLR_EL1 after a reset: translation and caches off, the bits that are one. */
#define VCPU_SCTLR_RESET 0x30c50838UL

struct vcpu_register {
    seL4_VCPUReg number;
    const char *name;
};

/** Those that a reset changes: not the vCPU's affinity, and not its place in time. */
static const struct vcpu_register vcpu_registers[] = {
    { seL4_VCPUReg_SCTLR, "sctlr_el1" },
    { seL4_VCPUReg_TTBR0, "ttbr0_el1" },
    { seL4_VCPUReg_TTBR1, "ttbr1_el1" },
    { seL4_VCPUReg_TCR, "tcr_el1" },
    { seL4_VCPUReg_MAIR, "mair_el1" },
    { seL4_VCPUReg_AMAIR, "amair_el1" },
    { seL4_VCPUReg_CIDR, "contextidr_el1" },
    { seL4_VCPUReg_ACTLR, "actlr_el1" },
    { seL4_VCPUReg_CPACR, "cpacr_el1" },
    { seL4_VCPUReg_AFSR0, "afsr0_el1" },
    { seL4_VCPUReg_AFSR1, "afsr1_el1" },
    { seL4_VCPUReg_ESR, "esr_el1" },
    { seL4_VCPUReg_FAR, "far_el1" },
    { seL4_VCPUReg_PAR, "par_el1" },
    { seL4_VCPUReg_VBAR, "vbar_el1" },
    { seL4_VCPUReg_TPIDR_EL1, "tpidr_el1" },
    { seL4_VCPUReg_SP_EL1, "sp_el1" },
    { seL4_VCPUReg_ELR_EL1, "elr_el1" },
    { seL4_VCPUReg_SPSR_EL1, "spsr_el1" },
    { seL4_VCPUReg_CNTV_CTL, "cntv_ctl_el0" },
    { seL4_VCPUReg_CNTV_CVAL, "cntv_cval_el0" },
    { seL4_VCPUReg_CNTKCTL_EL1, "cntkctl_el1" },
};

#define VCPU_REGISTERS (sizeof(vcpu_registers) / sizeof(vcpu_registers[0]))

bool vcpu_is_on(size_t vcpu_id)
{
    uint32_t index;

    return machine_find(__func__, vcpu_id, &index) && machine.psci.on[index];
}

void vcpu_set_on(size_t vcpu_id, bool on)
{
    uint32_t index;

    if (machine_find(__func__, vcpu_id, &index)) {
        machine.psci.on[index] = on;
    }
}

void vcpu_reset(size_t vcpu_id)
{
    for (size_t i = 0; i < VCPU_REGISTERS; i++) {
        seL4_VCPUReg number = vcpu_registers[i].number;

        microkit_vcpu_arm_write_reg((microkit_child)vcpu_id, number,
                                    number == seL4_VCPUReg_SCTLR ? VCPU_SCTLR_RESET : 0);
    }
}

void vcpu_print_regs(size_t vcpu_id)
{
    LOG_VMM("system registers of vCPU %zu:\n", vcpu_id);
    for (size_t i = 0; i < VCPU_REGISTERS; i++) {
        LOG_VMM("    %-14s 0x%016lx\n", vcpu_registers[i].name,
                microkit_vcpu_arm_read_reg((microkit_child)vcpu_id, vcpu_registers[i].number));
    }
}

void tcb_print_regs(size_t vcpu_id)
{
    seL4_UserContext regs;

    if (seL4_TCB_ReadRegisters(BASE_VM_TCB_CAP + vcpu_id, seL4_False, 0,
                               sizeof(regs) / sizeof(seL4_Word), &regs) != seL4_NoError) {
        LOG_VMM_ERR("%s: there is no vCPU %zu, or it runs\n", __func__, vcpu_id);
        return;
    }
    LOG_VMM("registers of vCPU %zu:\n", vcpu_id);
    LOG_VMM("    pc   0x%016lx    sp   0x%016lx    spsr 0x%016lx\n", regs.pc, regs.sp, regs.spsr);
    for (size_t i = 0; i < 30; i += 2) {
        LOG_VMM("    x%-3zu 0x%016lx    x%-3zu 0x%016lx\n", i, *decode_rt(i, &regs), i + 1,
                *decode_rt(i + 1, &regs));
    }
    LOG_VMM("    x30  0x%016lx\n", regs.x30);
}
