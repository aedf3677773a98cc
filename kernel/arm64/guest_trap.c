/* SPDX-License-Identifier: BSD-2-Clause */
/* What guests do that traps to EL2 (Arm ARM, D19.2 ESR_EL2). */
#include "fault.h"
#include "guest.h"
#include "sched.h"

#define EC_WFX 0x01
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYSREG 0x18
#define EC_FETCH 0x20
#define EC_DATA 0x24
#define EC_SERROR 0x2f

/** Data abort: instruction syndrome valid, width, sign extension, register, 64 bits, store. */
#define ISS_ISV (1UL << 24)
#define ISS_SSE (1UL << 21)
#define ISS_SF (1UL << 15)
#define ISS_S1PTW (1UL << 7)
#define ISS_WNR (1UL << 6)

/** Syndromes that a guest sees: an external abort of a data access, an unknown reason. */
#define GUEST_ESR_IL (1UL << 25)
#define GUEST_EC_UNKNOWN 0UL
#define GUEST_DFSC_EXTERNAL 0x10UL

#define GICD_SGIR 0xf00

static uint32_t trap_width(uint64_t esr)
{
    return 1u << (esr >> 22 & 3);
}

static uint64_t trap_mask(uint64_t esr)
{
    return ~0UL >> (64 - trap_width(esr) * 8);
}

static uint32_t trap_register(uint64_t esr)
{
    return (uint32_t)(esr >> 16) & 31;
}

static uint64_t trap_get(const struct vcpu *v, uint32_t reg)
{
    return reg == 31 ? 0 : v->thread.context.x[reg];
}

static void trap_put(struct vcpu *v, uint32_t reg, uint64_t value)
{
    if (reg != 31) {
        v->thread.context.x[reg] = value;
    }
}

static void trap_skip(struct vcpu *v)
{
    /* Of an AArch32 program the instruction may have two bytes. */
    v->thread.context.pc += (v->exit_esr & GUEST_ESR_IL) != 0 ? 4 : 2;
}

/** External abort of the access of class `ec` (as taken to EL2) to `far`. */
static void trap_abort(struct vcpu *v, uint64_t ec, uint64_t far)
{
    /* The class of an exception from the same level is one higher. */
    ec += (v->thread.context.spsr & 0xf) == 0 ? 0 : 1;
    v->aborts++;
    guest_inject(v, ec << 26 | GUEST_ESR_IL | GUEST_DFSC_EXTERNAL, far);
}

static void trap_undefined(struct vcpu *v)
{
    guest_inject(v, GUEST_EC_UNKNOWN | GUEST_ESR_IL, 0);
}

/** SGI `intid` to the vCPUs in `targets`, by index. */
static void trap_send_sgi(struct cpu *cpu, struct vcpu *v, uint32_t intid, uint32_t targets)
{
    targets &= (1u << v->vm->vcpus_count) - 1;
    bool alone = (targets & (targets - 1)) == 0;
    for (; targets != 0; targets &= targets - 1) {
        vgic_send(cpu, v->vm->vcpus[__builtin_ctz(targets)], intid, alone);
    }
}

/** ICC_SGI1R_EL1 (IHI 0069, 12.2.20). Affinities above Aff0 are zero in our guests. */
static void trap_sgi1r(struct cpu *cpu, struct vcpu *v, uint64_t value)
{
    uint32_t intid = (uint32_t)(value >> 24) & 15;
    if ((value & 1UL << 40) != 0) {
        trap_send_sgi(cpu, v, intid, ~(1u << v->index));
    } else if ((value & 0x00fff0ff00ff0000) == 0) {
        trap_send_sgi(cpu, v, intid, (uint32_t)value & 0xffff);
    }
}

/** GICD_SGIR (IHI 0048, 4.3.15). */
static void trap_sgir(struct cpu *cpu, struct vcpu *v, uint64_t value)
{
    uint32_t targets = (uint32_t)(value >> 16) & 0xff;
    uint32_t filter = (uint32_t)(value >> 24) & 3;
    targets = filter == 1 ? ~(1u << v->index) : filter == 2 ? 1u << v->index : targets;
    trap_send_sgi(cpu, v, (uint32_t)value & 15, targets);
}

/** ISS of a trapped MSR or MRS: fields as the instruction has them. */
static void trap_sysreg(struct cpu *cpu, struct vcpu *v, uint64_t esr)
{
    uint32_t reg = (uint32_t)(esr >> 5) & 31;
    uint32_t crm = (uint32_t)(esr >> 1) & 15;
    uint32_t crn = (uint32_t)(esr >> 10) & 15;
    uint32_t op0 = (uint32_t)(esr >> 20) & 3;
    uint32_t op1 = (uint32_t)(esr >> 14) & 7;
    uint32_t op2 = (uint32_t)(esr >> 17) & 7;
    bool read = (esr & 1) != 0;
    uint64_t value = 0;
    if (op0 == 3 && op1 == 0 && crn == 12 && crm == 11 && op2 >= 5 && !read) {
        /* SGI1R; the other two make group 0 interrupts, which our guests do not have. */
        if (op2 == 5) {
            trap_sgi1r(cpu, v, trap_get(v, reg));
        }
    } else if (op0 == 3 && op1 == 0 && crn == 0 && read && guest_id_register(crm, op2, &value)) {
        trap_put(v, reg, value);
    } else if (op0 == 2) {
        /* Debug and trace: no breakpoint ever hits, the locks are open. */
        if (read) {
            trap_put(v, reg, 0);
        }
    } else {
        trap_undefined(v);
        return;
    }
    trap_skip(v);
}

/** HVC, SMC, SError: to the VMM, with the first arguments. */
static void trap_call(struct cpu *cpu, struct vcpu *v, uint64_t esr)
{
    struct thread *t = &v->thread;
    t->fault.label = BH_FAULT_VCPU;
    t->fault.count = 5;
    t->fault.words[0] = esr;
    for (uint32_t i = 0; i < 4; i++) {
        t->fault.words[1 + i] = t->context.x[i];
    }
    fault_send(cpu, t);
}

/**
 * Guest-physical address of the access. HPFAR_EL2 is not valid for a permission fault outside a
 * stage 1 walk (Arm ARM, D19.2.60): then stage 1 is walked anew, on the guest's registers, which
 * are in the CPU. Returns false when that walk fails: the guest has changed its tables meanwhile.
 */
static bool trap_address(uint64_t esr, uint64_t *gpa)
{
    uint64_t far = arch_read(far_el2);
    if ((esr & 0x3c) == 0x0c && (esr & ISS_S1PTW) == 0) {
        uint64_t saved = arch_read(par_el1);
        __asm__ volatile("at s1e1r, %0; isb" : : "r"(far) : "memory");
        uint64_t par = arch_read(par_el1);
        arch_write(par_el1, saved);
        if ((par & 1) != 0) {
            return false;
        }
        *gpa = (par & 0x0000fffffffff000) | (far & 0xfff);
        return true;
    }
    *gpa = (arch_read(hpfar_el2) & 0x0000000ffffffff0) << 8 | (far & 0xfff);
    return true;
}

static void trap_memory(struct cpu *cpu, struct vcpu *v, uint64_t esr)
{
    struct thread *t = &v->thread;
    uint64_t gpa;
    if (!trap_address(esr, &gpa)) {
        /* The instruction is run again, and faults in the guest. */
        return;
    }
    bool fetch = esr >> 26 == EC_FETCH;
    if (fetch || (esr & ISS_ISV) == 0 || (esr & ISS_S1PTW) != 0) {
        trap_abort(v, esr >> 26, arch_read(far_el2));
        return;
    }
    bool store = (esr & ISS_WNR) != 0;
    uint64_t value = store ? trap_get(v, trap_register(esr)) & trap_mask(esr) : 0;
    if (store && v->vm->gicd != 0 && gpa == v->vm->gicd + GICD_SGIR && trap_width(esr) == 4) {
        trap_sgir(cpu, v, value);
        trap_skip(v);
        return;
    }
    if (store && trap_width(esr) == 4 && vcpu_store(cpu, v->vm, gpa, (uint32_t)value)) {
        trap_skip(v);
        return;
    }
    t->fault.label = BH_FAULT_MEMORY;
    t->fault.count = 5;
    t->fault.words[0] = t->context.pc;
    t->fault.words[1] = gpa;
    t->fault.words[2] = 0;
    t->fault.words[3] = esr;
    t->fault.words[4] = value;
    v->exit_far = arch_read(far_el2);
    fault_send(cpu, t);
}

void vcpu_trap(struct cpu *cpu, struct vcpu *v, uint64_t esr)
{
    v->exit_esr = esr;
    switch (esr >> 26) {
    case EC_WFX:
        trap_skip(v);
        if (!vgic_waiting(v)) {
            sched_block(cpu, &v->thread, THREAD_WFI);
        }
        break;
    case EC_SMC64:
        /* Of a trapped SMC the address is its own; of an HVC it is the next. */
        trap_skip(v);
        trap_call(cpu, v, esr);
        break;
    case EC_HVC64:
    case EC_SERROR:
        trap_call(cpu, v, esr);
        break;
    case EC_SYSREG:
        trap_sysreg(cpu, v, esr);
        break;
    case EC_FETCH:
    case EC_DATA:
        trap_memory(cpu, v, esr);
        break;
    default:
        v->aborts++;
        trap_undefined(v);
        break;
    }
}

/** Finishes the load or store whose syndrome was saved; `value` is what a load reads. */
static void trap_finish_access(struct vcpu *v, uint64_t value)
{
    uint64_t esr = v->exit_esr;
    if ((esr & ISS_WNR) == 0) {
        uint64_t mask = trap_mask(esr);
        value &= mask;
        if ((esr & ISS_SSE) != 0) {
            value |= value > mask >> 1 ? ~mask : 0;
            value &= (esr & ISS_SF) != 0 ? ~0UL : 0xffffffff;
        }
        trap_put(v, trap_register(esr), value);
    }
    trap_skip(v);
}

void arch_vcpu_answer(struct vcpu *v)
{
    struct thread *t = &v->thread;
    switch (v->reply) {
    case BH_VCPU_DONE:
    case BH_VCPU_WAIT:
        if (t->fault.label == BH_FAULT_MEMORY) {
            trap_finish_access(v, v->reply_value);
        } else if (t->fault.label == BH_FAULT_VCPU) {
            t->context.x[0] = v->reply_value;
        }
        break;
    case BH_VCPU_ABORT:
        trap_abort(v, EC_DATA, t->fault.label == BH_FAULT_MEMORY ? v->exit_far : 0);
        break;
    case BH_VCPU_UNDEFINED:
        v->aborts++;
        trap_undefined(v);
        break;
    default:
        break;
    }
}
