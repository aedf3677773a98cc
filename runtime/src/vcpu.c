/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PD does to the vCPUs of its own virtual machine. */
#include "runtime.h"

#include <bulkhead/libc.h>
#include <microkit.h>

/** Interrupts below this are private to a vCPU. */
#define VCPU_PRIVATE 32u

/** By seL4_VCPUReg. The kernel has no ISR_EL1 to give: it is made anew at each read. */
static const enum bh_vcpu_reg vcpu_registers[seL4_VCPUReg_Num] = {
    [seL4_VCPUReg_SCTLR] = BH_VCPU_SCTLR_EL1,
    [seL4_VCPUReg_TTBR0] = BH_VCPU_TTBR0_EL1,
    [seL4_VCPUReg_TTBR1] = BH_VCPU_TTBR1_EL1,
    [seL4_VCPUReg_TCR] = BH_VCPU_TCR_EL1,
    [seL4_VCPUReg_MAIR] = BH_VCPU_MAIR_EL1,
    [seL4_VCPUReg_AMAIR] = BH_VCPU_AMAIR_EL1,
    [seL4_VCPUReg_CIDR] = BH_VCPU_CONTEXTIDR_EL1,
    [seL4_VCPUReg_ACTLR] = BH_VCPU_ACTLR_EL1,
    [seL4_VCPUReg_CPACR] = BH_VCPU_CPACR_EL1,
    [seL4_VCPUReg_AFSR0] = BH_VCPU_AFSR0_EL1,
    [seL4_VCPUReg_AFSR1] = BH_VCPU_AFSR1_EL1,
    [seL4_VCPUReg_ESR] = BH_VCPU_ESR_EL1,
    [seL4_VCPUReg_FAR] = BH_VCPU_FAR_EL1,
    [seL4_VCPUReg_ISR] = BH_VCPU_REG_COUNT,
    [seL4_VCPUReg_PAR] = BH_VCPU_PAR_EL1,
    [seL4_VCPUReg_VBAR] = BH_VCPU_VBAR_EL1,
    [seL4_VCPUReg_TPIDR_EL1] = BH_VCPU_TPIDR_EL1,
    [seL4_VCPUReg_VMPIDR_EL2] = BH_VCPU_VMPIDR_EL2,
    [seL4_VCPUReg_SP_EL1] = BH_VCPU_SP_EL1,
    [seL4_VCPUReg_ELR_EL1] = BH_VCPU_ELR_EL1,
    [seL4_VCPUReg_SPSR_EL1] = BH_VCPU_SPSR_EL1,
    [seL4_VCPUReg_CNTV_CTL] = BH_VCPU_CNTV_CTL_EL0,
    [seL4_VCPUReg_CNTV_CVAL] = BH_VCPU_CNTV_CVAL_EL0,
    [seL4_VCPUReg_CNTVOFF] = BH_VCPU_CNTVOFF_EL2,
    [seL4_VCPUReg_CNTKCTL_EL1] = BH_VCPU_CNTKCTL_EL1,
};

static enum bh_vcpu_reg vcpu_register(seL4_Word reg)
{
    return reg < seL4_VCPUReg_Num ? vcpu_registers[reg] : BH_VCPU_REG_COUNT;
}

void microkit_vcpu_restart(microkit_child vcpu, seL4_Word entry_point)
{
    uint64_t kept[BH_MSG_WORDS];
    uint64_t *msg = __sel4_ipc_buffer->msg;
    enum bh_error error = bh_pd_stop(vcpu);

    if (error == BH_OK) {
        memcpy(kept, msg, sizeof(kept));
        error = bh_pd_read(vcpu);
        uint64_t x0 = ((const seL4_UserContext *)(const void *)msg)->x0;
        memcpy(msg, kept, sizeof(kept));
        if (error == BH_OK) {
            error = bh_vcpu_start(vcpu, entry_point, x0);
        }
    }
    microkit_control_result(__func__, vcpu, error);
}

void microkit_vcpu_stop(microkit_child vcpu)
{
    microkit_control_result(__func__, vcpu, bh_pd_stop(vcpu));
}

seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg)
{
    uint64_t value = 0;

    microkit_control_result(__func__, vcpu, bh_vcpu_read(vcpu, vcpu_register(reg), &value));
    return value;
}

void microkit_vcpu_arm_write_reg(microkit_child vcpu, seL4_Word reg, seL4_Word value)
{
    microkit_control_result(__func__, vcpu, bh_vcpu_write(vcpu, vcpu_register(reg), value));
}

static enum bh_error vcpu_set_bit(microkit_child vcpu, enum bh_virq_field field, seL4_Uint16 irq,
                                  bool value)
{
    uint64_t bit = 1ul << (irq % 32);

    return bh_virq_set(vcpu, field, irq / 32 * 32ul, bit, value ? bit : 0);
}

static enum bh_error vcpu_set_priority(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority)
{
    unsigned int shift = irq % 4u * 8;
    uint64_t four = 0;
    enum bh_error error = bh_virq_get(vcpu, BH_VIRQ_PRIORITY, irq / 4 * 4ul, &four);

    if (error != BH_OK) {
        return error;
    }
    four = (four & ~(0xfful << shift)) | (uint64_t)priority << shift;
    return bh_virq_set(vcpu, BH_VIRQ_PRIORITY, irq / 4 * 4ul, 0, four);
}

void microkit_vcpu_arm_inject_irq(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority,
                                  seL4_Uint8 group, seL4_Uint8 index)
{
    (void)index;
    enum bh_error error = vcpu_set_priority(vcpu, irq, priority);
    if (error == BH_OK) {
        error = vcpu_set_bit(vcpu, BH_VIRQ_GROUP, irq, group != 0);
    }
    if (error == BH_OK && irq >= VCPU_PRIVATE) {
        error = bh_virq_set(vcpu, BH_VIRQ_TARGET, irq, 0, vcpu);
    }
    if (error == BH_OK) {
        error = vcpu_set_bit(vcpu, BH_VIRQ_NOTICE, irq, true);
    }
    if (error == BH_OK) {
        error = vcpu_set_bit(vcpu, BH_VIRQ_ENABLED, irq, true);
    }
    if (error == BH_OK) {
        error = bh_virq_raise(vcpu, irq);
    }
    microkit_control_result(__func__, vcpu, error);
}

void microkit_vcpu_arm_ack_vppi(microkit_child vcpu, seL4_Word irq)
{
    uint64_t active = 0;
    enum bh_error error =
        irq < VCPU_PRIVATE ? bh_virq_get(vcpu, BH_VIRQ_ACTIVE, 0, &active) : BH_ERR_ARGUMENT;

    /* The kernel itself has the virtual timer's interrupt off until the guest ends it. */
    microkit_control_result(__func__, vcpu, error);
}

seL4_CPtr microkit_cspace_root_slot_to_cptr(seL4_Word slot)
{
    microkit_bad_id(__func__, (unsigned int)slot);
    return seL4_Null;
}
