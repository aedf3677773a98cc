/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_vcpu.h"

#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/util/util.h>

#include "machine.h"

#define FAULT_VCPU_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

/** Syndromes (Arm ARM, D19.2.37): classes, 32-bit instruction, FAR not valid, external abort. */
#define FAULT_VCPU_EC_SHIFT 26
#define FAULT_VCPU_EC_HVC64 0x16
#define FAULT_VCPU_EC_SMC64 0x17
#define FAULT_VCPU_DATA_LOWER (0x24UL << FAULT_VCPU_EC_SHIFT)
#define FAULT_VCPU_DATA_SAME (0x25UL << FAULT_VCPU_EC_SHIFT)
#define FAULT_VCPU_UNKNOWN 0UL
#define FAULT_VCPU_IL (1UL << 25)
#define FAULT_VCPU_FNV (1UL << 10)
#define FAULT_VCPU_EXTERNAL 0x10UL

/** PSTATE: mode, AArch32, and what it is in a handler: EL1h with all interrupts masked. */
#define FAULT_VCPU_MODE 0xfUL
#define FAULT_VCPU_EL1T 4UL
#define FAULT_VCPU_AARCH32 (1UL << 4)
#define FAULT_VCPU_EL1H_MASKED 0x3c5UL

struct fault_vcpu fault_vcpu;

void fault_vcpu_begin(size_t vcpu_id, uint64_t esr)
{
    fault_vcpu = (struct fault_vcpu){ .active = true, .id = vcpu_id, .esr = esr };
}

bool fault_vcpu_join(size_t vcpu_id, uint64_t esr)
{
    if (fault_vcpu.active && fault_vcpu.id == vcpu_id) {
        return false;
    }
    fault_vcpu_begin(vcpu_id, esr);
    return true;
}

void fault_forget(void)
{
    fault_vcpu.active = false;
}

seL4_UserContext *fault_vcpu_read(void)
{
    if (!fault_vcpu.active) {
        return NULL;
    }
    if (!fault_vcpu.read) {
        seL4_Error error = seL4_TCB_ReadRegisters(BASE_VM_TCB_CAP + fault_vcpu.id, seL4_False, 0,
                                                  FAULT_VCPU_WORDS, &fault_vcpu.regs);
        if (error != seL4_NoError) {
            LOG_VMM_ERR("vCPU %zu: its registers cannot be read\n", fault_vcpu.id);
            return NULL;
        }
        fault_vcpu.read = true;
    }
    return &fault_vcpu.regs;
}

bool fault_vcpu_is_call(void)
{
    uint64_t class = fault_vcpu.esr >> FAULT_VCPU_EC_SHIFT;

    return class == FAULT_VCPU_EC_HVC64 || class == FAULT_VCPU_EC_SMC64;
}

static bool fault_vcpu_write(size_t vcpu_id, seL4_UserContext *regs)
{
    seL4_Error error =
        seL4_TCB_WriteRegisters(BASE_VM_TCB_CAP + vcpu_id, seL4_False, 0, FAULT_VCPU_WORDS, regs);

    if (error != seL4_NoError) {
        LOG_VMM_ERR("vCPU %zu: its registers cannot be written\n", vcpu_id);
    }
    return error == seL4_NoError;
}

bool fault_advance_vcpu(size_t vcpu_id, seL4_UserContext *regs)
{
    bool own = fault_vcpu.active && fault_vcpu.id == vcpu_id;

    if (own && fault_vcpu.advanced) {
        return true;
    }
    if (!own) {
        regs->pc += 4;
    } else if (!fault_vcpu_is_call()) {
        /* An AArch32 program's instruction may be one of two bytes. */
        regs->pc += (fault_vcpu.esr & FAULT_VCPU_IL) != 0 ? 4 : 2;
    }
    if (!fault_vcpu_write(vcpu_id, regs)) {
        return false;
    }
    fault_vcpu.advanced = fault_vcpu.advanced || own;
    return true;
}

bool fault_advance(size_t vcpu_id, seL4_UserContext *regs, uint64_t addr, uint64_t fsr,
                   uint64_t reg_val)
{
    if (fault_is_read(fsr)) {
        fault_emulate_write(regs, addr, fsr, reg_val);
    }
    return fault_advance_vcpu(vcpu_id, regs);
}

/** The guest's vector for a synchronous exception (Arm ARM, D1.3.1), from its address. */
static uint64_t fault_vcpu_vector(uint64_t spsr)
{
    if ((spsr & FAULT_VCPU_AARCH32) != 0) {
        return 0x600;
    }
    if ((spsr & FAULT_VCPU_MODE) == 0) {
        return 0x400;
    }
    return (spsr & FAULT_VCPU_MODE) == FAULT_VCPU_EL1T ? 0 : 0x200;
}

static bool fault_vcpu_except(uint64_t syndrome)
{
    seL4_UserContext *regs = fault_vcpu_read();
    microkit_child id = (microkit_child)fault_vcpu.id;

    if (regs == NULL) {
        return false;
    }
    microkit_vcpu_arm_write_reg(id, seL4_VCPUReg_ELR_EL1, regs->pc);
    microkit_vcpu_arm_write_reg(id, seL4_VCPUReg_SPSR_EL1, regs->spsr);
    microkit_vcpu_arm_write_reg(id, seL4_VCPUReg_ESR, syndrome | (fault_vcpu.esr & FAULT_VCPU_IL));
    microkit_vcpu_arm_write_reg(id, seL4_VCPUReg_FAR, 0);
    regs->pc = microkit_vcpu_arm_read_reg(id, seL4_VCPUReg_VBAR) + fault_vcpu_vector(regs->spsr);
    regs->spsr = FAULT_VCPU_EL1H_MASKED;
    return fault_vcpu_write(fault_vcpu.id, regs);
}

bool fault_vcpu_abort(void)
{
    seL4_UserContext *regs = fault_vcpu_read();
    bool lower = regs != NULL && ((regs->spsr & FAULT_VCPU_MODE) == 0);

    /* The message has no virtual address to give. */
    return fault_vcpu_except((lower ? FAULT_VCPU_DATA_LOWER : FAULT_VCPU_DATA_SAME) |
                             FAULT_VCPU_FNV | FAULT_VCPU_EXTERNAL);
}

bool fault_vcpu_undefined(void)
{
    return fault_vcpu_except(FAULT_VCPU_UNKNOWN);
}
