/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include "counts.h"
#include "gic.h"
#include "irq.h"

#define GUEST_MDCR_TPMCR (1UL << 5)
#define GUEST_MDCR_TPM (1UL << 6)
#define GUEST_MDCR_TDA (7UL << 9)

/** PSTATE of an exception to EL1: EL1h, all interrupts masked. */
#define GUEST_SPSR_EL1H 0x3c5UL

#define GUEST_SPSR_AARCH32 0x10UL

/** SCTLR_EL1 after a reset: translation and caches off, the bits that are one. */
#define GUEST_SCTLR_RESET 0x30c50838UL

/** Registers that stay in the CPU while PDs run: they mean nothing at EL0 with TGE = 1. */
#define GUEST_LAZY_REGISTERS(X)               \
    X(BH_VCPU_TTBR0_EL1, ttbr0_el1)           \
    X(BH_VCPU_TTBR1_EL1, ttbr1_el1)           \
    X(BH_VCPU_TCR_EL1, tcr_el1)               \
    X(BH_VCPU_MAIR_EL1, mair_el1)             \
    X(BH_VCPU_AMAIR_EL1, amair_el1)           \
    X(BH_VCPU_CONTEXTIDR_EL1, contextidr_el1) \
    X(BH_VCPU_ACTLR_EL1, actlr_el1)           \
    X(BH_VCPU_AFSR0_EL1, afsr0_el1)           \
    X(BH_VCPU_AFSR1_EL1, afsr1_el1)           \
    X(BH_VCPU_ESR_EL1, esr_el1)               \
    X(BH_VCPU_FAR_EL1, far_el1)               \
    X(BH_VCPU_PAR_EL1, par_el1)               \
    X(BH_VCPU_VBAR_EL1, vbar_el1)             \
    X(BH_VCPU_TPIDR_EL1, tpidr_el1)           \
    X(BH_VCPU_SP_EL1, sp_el1)                 \
    X(BH_VCPU_ELR_EL1, elr_el1)               \
    X(BH_VCPU_SPSR_EL1, spsr_el1)             \
    X(BH_VCPU_CNTV_CTL_EL0, cntv_ctl_el0)     \
    X(BH_VCPU_CNTV_CVAL_EL0, cntv_cval_el0)   \
    X(BH_VCPU_CNTVOFF_EL2, cntvoff_el2)       \
    X(BH_VCPU_CSSELR_EL1, csselr_el1)         \
    X(BH_VCPU_VMPIDR_EL2, vmpidr_el2)

static uint64_t guest_read_cpu(enum bh_vcpu_reg reg)
{
#define GUEST_READ(number, name) \
    case number:                 \
        return arch_read(name);
    switch (reg) {
        GUEST_LAZY_REGISTERS(GUEST_READ)
    default:
        return 0;
    }
}

static void guest_write_cpu(enum bh_vcpu_reg reg, uint64_t value)
{
#define GUEST_WRITE(number, name) \
    case number:                  \
        arch_write(name, value);  \
        break;
    switch (reg) {
        GUEST_LAZY_REGISTERS(GUEST_WRITE)
    default:
        break;
    }
}

/** These govern EL0 too: in memory unless the guest runs, so that no PD runs with a guest's. */
#define GUEST_EAGER_REGISTERS(X)        \
    X(BH_VCPU_SCTLR_EL1, sctlr_el1)     \
    X(BH_VCPU_CPACR_EL1, cpacr_el1)     \
    X(BH_VCPU_CNTKCTL_EL1, cntkctl_el1) \
    X(BH_VCPU_MDSCR_EL1, mdscr_el1)

/** Between the CPU and the memory of `v`. */
#define GUEST_SAVE(number, name) v->arch.regs[number] = arch_read(name);
#define GUEST_RESTORE(number, name) arch_write(name, v->arch.regs[number]);

static bool guest_is_eager(enum bh_vcpu_reg reg)
{
#define GUEST_IS(number, name) reg == (number) ||
    return GUEST_EAGER_REGISTERS(GUEST_IS) false;
}

bool arch_vcpu_is_loaded(const struct vcpu *v)
{
    return cpu_get(v->thread.cpu)->loaded == v;
}

static void guest_save_eager(struct vcpu *v)
{
    GUEST_EAGER_REGISTERS(GUEST_SAVE)
}

static void guest_load_eager(const struct vcpu *v){ GUEST_EAGER_REGISTERS(GUEST_RESTORE) }

uint64_t guest_read(struct vcpu *v, enum bh_vcpu_reg reg)
{
    bool eager = guest_is_eager(reg);
    if (eager && cpu_get(v->thread.cpu)->guest_eager == v) {
        guest_save_eager(v);
    }
    return !eager && arch_vcpu_is_loaded(v) ? guest_read_cpu(reg) : v->arch.regs[reg];
}

void guest_write(struct vcpu *v, enum bh_vcpu_reg reg, uint64_t value)
{
    if (!guest_is_eager(reg) && arch_vcpu_is_loaded(v)) {
        guest_write_cpu(reg, value);
        return;
    }
    v->arch.regs[reg] = value;
    if (cpu_get(v->thread.cpu)->guest_eager == v) {
        guest_load_eager(v);
    }
}

/** The interrupt of the timer was heard and not yet ended by the guest. */
static bool guest_timer_heard(const struct vcpu *v)
{
    return ((v->vgic.bank.line | v->vgic.bank.active) & 1u << VGIC_VTIMER) != 0;
}

/** The virtual timer of the loaded `v` becomes the kernel's business, and silent. */
static void guest_park_timer(struct cpu *cpu, struct vcpu *v)
{
    uint64_t ctl = v->arch.regs[BH_VCPU_CNTV_CTL_EL0];
    arch_write(cntv_ctl_el0, 0);
    gic_set_active(VGIC_VTIMER, false);
    /* Enabled, not masked: it wants to be heard, unless it has been already. */
    if ((ctl & 3) == 1 && !guest_timer_heard(v)) {
        uint64_t due = v->arch.regs[BH_VCPU_CNTV_CVAL_EL0] + v->arch.regs[BH_VCPU_CNTVOFF_EL2];
        /* 0 is no deadline. */
        timerq_set(&cpu->guest_timers, &v->timer, due | 1);
    }
}

static void guest_unload(struct cpu *cpu)
{
    struct vcpu *v = cpu->loaded;
    if (cpu->guest_eager == v) {
        guest_save_eager(v);
        cpu->guest_eager = NULL;
    }
    GUEST_LAZY_REGISTERS(GUEST_SAVE)
    vgic_unload(v);
    gic_save_cpu_interface(&v->arch.gic);
    guest_park_timer(cpu, v);
    cpu->loaded = NULL;
}

static void guest_load(struct cpu *cpu, struct vcpu *v)
{
    timerq_cancel(&cpu->guest_timers, &v->timer);
    uint64_t timer = v->arch.regs[BH_VCPU_CNTV_CTL_EL0];
    v->arch.regs[BH_VCPU_CNTV_CTL_EL0] = 0;
    GUEST_LAZY_REGISTERS(GUEST_RESTORE)
    /* Heard and not yet ended by the guest: the physical one stays silent until then. */
    gic_set_active(VGIC_VTIMER, guest_timer_heard(v));
    arch_write(cntv_ctl_el0, timer);
    gic_load_cpu_interface(&v->arch.gic);
    cpu->loaded = v;
    v->vgic.overflow = false;
    v->vgic.follow = VGIC_MORE;
    if (v->vm->last[cpu->index] != v) {
        /* vCPUs of one VM share its VMID, but not their local translations. */
        v->vm->last[cpu->index] = v;
        __asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
    }
}

bool guest_approach(struct cpu *cpu, struct vcpu *to)
{
    if (cpu->loaded != to) {
        if (cpu->loaded != NULL &&
            (vgic_is_short(&cpu->loaded->vgic) || vgic_take_back(cpu, cpu->loaded))) {
            guest_unload(cpu);
        }
        if (arch_is_interrupted()) {
            return false;
        }
        guest_load(cpu, to);
    }
    while (to->vgic.follow != 0) {
        if (arch_is_interrupted()) {
            return false;
        }
        vgic_follow(to);
    }
    return true;
}

void guest_enter(struct cpu *cpu, struct vcpu *to)
{
    guest_load_eager(to);
    cpu->guest_eager = to;
}

void guest_leave(struct cpu *cpu, struct vcpu *from)
{
    if (cpu->guest_eager == from) {
        guest_save_eager(from);
        cpu->guest_eager = NULL;
    }
}

void guest_inject(struct vcpu *v, uint64_t esr, uint64_t far)
{
    struct arch_context *c = &v->thread.context;
    uint64_t mode = c->spsr & 0xf;
    /* From EL0; from EL1 with SP_EL0; from EL1 with SP_EL1; AArch32 at EL0 (Arm ARM, D1.3.1). */
    uint64_t offset = mode == 0 ? 0x400 : mode == 4 ? 0x000 : 0x200;
    offset = (c->spsr & GUEST_SPSR_AARCH32) != 0 ? 0x600 : offset;
    guest_write(v, BH_VCPU_ELR_EL1, c->pc);
    guest_write(v, BH_VCPU_SPSR_EL1, c->spsr);
    guest_write(v, BH_VCPU_ESR_EL1, esr);
    guest_write(v, BH_VCPU_FAR_EL1, far);
    c->pc = guest_read(v, BH_VCPU_VBAR_EL1) + offset;
    c->spsr = GUEST_SPSR_EL1H;
}

void arch_vcpu_unload(struct cpu *cpu, const struct vcpu *v)
{
    if (cpu->loaded == v) {
        guest_unload(cpu);
    }
}

void arch_vcpu_reset(struct cpu *cpu, struct vcpu *v, uint64_t entry, uint64_t x0)
{
    arch_vcpu_unload(cpu, v);
    timerq_cancel(&cpu->guest_timers, &v->timer);
    uint64_t mpidr = v->arch.regs[BH_VCPU_VMPIDR_EL2];
    uint64_t offset = v->arch.regs[BH_VCPU_CNTVOFF_EL2];
    arch_clear(v->arch.regs, sizeof(v->arch.regs));
    v->arch.regs[BH_VCPU_VMPIDR_EL2] = mpidr;
    v->arch.regs[BH_VCPU_CNTVOFF_EL2] = offset;
    v->arch.regs[BH_VCPU_SCTLR_EL1] = GUEST_SCTLR_RESET;
    v->arch.gic = (struct arch_gic_cpu){ 0 };
    arch_reset_context(cpu, &v->thread, entry, 0);
    v->thread.context.x[0] = x0;
    v->thread.context.spsr = GUEST_SPSR_EL1H;
}

uint64_t arch_vcpu_read(struct vcpu *v, uint64_t reg)
{
    if (reg == BH_VCPU_GIC_VERSION) {
        return (arch_read(id_aa64pfr0_el1) >> 24 & 15) != 0 ? 3 : 2;
    }
    if (reg == BH_VCPU_ID_AA64MMFR0) {
        return arch_read(id_aa64mmfr0_el1);
    }
    if (reg == BH_VCPU_ABORTS) {
        return v->aborts;
    }
    return guest_read(v, (enum bh_vcpu_reg)reg);
}

void arch_vcpu_write(struct vcpu *v, uint64_t reg, uint64_t value)
{
    guest_write(v, (enum bh_vcpu_reg)reg, value);
}

void arch_vcpu_init(struct vcpu *v, const uint64_t *root)
{
    arch_init_context(&v->thread, root, v->vm->vmid);
    /* Affinity: the index, in Aff0; bit 31 is one. */
    v->arch.regs[BH_VCPU_VMPIDR_EL2] = 1UL << 31 | v->index;
}

/**
 * Identification registers (CRm, op2) that a guest sees: which fields are the CPU's, and more.
 * ID_AA64PFR0: EL0 and EL1 with AArch64 alone, FP/SIMD, GIC. DFR0: Armv8 debug as it is, no PMU,
 * trace, SPE. ISAR1: no pointer authentication. MMFR1: no VHE, no limited ordering regions. The
 * last is ID_AA64MMFR2.
 */
#define GUEST_ID_REGISTERS(X)                           \
    X(4, 0, id_aa64pfr0_el1, 0x0fff0000, 0x11)          \
    X(5, 0, id_aa64dfr0_el1, 0x00000000f0f0f00f, 0)     \
    X(6, 0, id_aa64isar0_el1, ~0UL, 0)                  \
    X(6, 1, id_aa64isar1_el1, ~0x00000000ff000ff0UL, 0) \
    X(7, 0, id_aa64mmfr0_el1, ~0UL, 0)                  \
    X(7, 1, id_aa64mmfr1_el1, ~0xf0f00UL, 0)            \
    X(7, 2, s3_0_c0_c7_2, ~0UL, 0)

bool guest_id_register(uint32_t crm, uint32_t op2, uint64_t *value)
{
#define GUEST_ID(register_crm, register_op2, name, keep, add) \
    case (register_crm) << 3 | (register_op2):                \
        *value = (arch_read(name) & (keep)) | (add);          \
        return true;
    switch (crm << 3 | op2) {
        GUEST_ID_REGISTERS(GUEST_ID)
    default:
        /* All others are zero: no SME and MTE, a machine without AArch32. */
        *value = 0;
        return crm >= 1 && crm <= 7;
    }
}

void guest_init_cpu(void)
{
    arch_write(vpidr_el2, arch_read(midr_el1));
    arch_write(mdcr_el2,
               (arch_read(mdcr_el2) & 0x1f) | GUEST_MDCR_TPMCR | GUEST_MDCR_TPM | GUEST_MDCR_TDA);
    arch_write(cntv_ctl_el0, 0);
}
