/* SPDX-License-Identifier: BSD-2-Clause */
#include "context.h"

#include "counts.h"
#include "gic.h"
#include "guest.h"
#include "irq.h"
#include "pgtable.h"

void fpu_save(struct arch_fpu *fpu);
void fpu_load(const struct arch_fpu *fpu);

/**
 * PDs run at EL0 with TGE = 1: every exception goes to EL2, stage 1 is off. DC makes their memory
 * normal and cacheable unless stage 2 says otherwise. (Arm ARM, D19.2 HCR_EL2.)
 */
#define HCR_VM (1UL << 0)
#define HCR_SWIO (1UL << 1)
#define HCR_FMO (1UL << 3)
#define HCR_IMO (1UL << 4)
#define HCR_AMO (1UL << 5)
#define HCR_DC (1UL << 12)
#define HCR_TGE (1UL << 27)
#define HCR_RW (1UL << 31)
#define HCR_PD (HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TGE | HCR_RW)

/**
 * Guests run at EL1 with their own stage 1: physical interrupts go to EL2, WFI, SMC and the
 * identification registers trap, TLB and cache maintenance reaches all CPUs.
 */
#define HCR_FB (1UL << 9)
#define HCR_BSU_IS (1UL << 10)
#define HCR_TWI (1UL << 13)
#define HCR_TID3 (1UL << 18)
#define HCR_TSC (1UL << 19)
#define HCR_TIDCP (1UL << 20)
#define HCR_TLOR (1UL << 35) /* limited ordering regions, from Armv8.1 on; before it is RES0 */
#define HCR_GUEST                                                                                 \
    (HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS | HCR_TWI | HCR_TID3 | \
     HCR_TSC | HCR_TIDCP | HCR_TLOR | HCR_RW)

/** VTCR_EL2: 39 bits from level 1, 4 KiB granule, tables write-back and inner shareable. */
#define VTCR (1UL << 31 | 3UL << 12 | 1UL << 10 | 1UL << 8 | 1UL << 6 | 25UL)

/**
 * SCTLR_EL1 governs EL0 even with TGE = 1: little endian; cache maintenance, DC ZVA, CTR, WFI and
 * WFE allowed; stack alignment checked.
 */
#define SCTLR_EL1_PD \
    (0x30d00800UL | 1UL << 26 | 1UL << 18 | 1UL << 16 | 1UL << 15 | 1UL << 14 | 1UL << 4)

/** CPACR_EL1: FP/SIMD are not trapped to EL1. */
#define CPACR_PD (3UL << 20)

/** CPTR_EL2: bits that are one, and the trap of FP/SIMD. */
#define CPTR_RES1 0x33ffUL
#define CPTR_TFP (1UL << 10)
#define CPTR_FREE (CPTR_RES1 & ~CPTR_TFP)
#define CPTR_TRAP (CPTR_RES1 | CPTR_TFP)

/** CNTKCTL_EL1: EL0 reads both counters; its timer besides. */
#define CNTKCTL_COUNTERS 3UL
#define CNTKCTL_PHYS_TIMER (1UL << 9)

/** CNTHCTL_EL2: the EL1 physical timer is a PD's; a guest has the counter of it alone. */
#define CNTHCTL_GUEST 1UL
#define CNTHCTL_PD 3UL

_Static_assert(offsetof(struct thread, context) == 0, "vectors.S");
_Static_assert(offsetof(struct arch_context, sp) == 248, "vectors.S");
_Static_assert(offsetof(struct arch_context, pc) == 256, "vectors.S");
_Static_assert(offsetof(struct arch_context, spsr) == 264, "vectors.S");
_Static_assert(offsetof(struct arch_fpu, fpsr) == 512, "fpu.S");
_Static_assert(offsetof(struct cpu, stack) == 0, "vectors.S");

void context_init_cpu(void)
{
    uint64_t pa_range = arch_read(id_aa64mmfr0_el1) & 7;
    arch_write(vtcr_el2, VTCR | (pa_range < 5 ? pa_range : 5) << 16);
    arch_write(hcr_el2, HCR_PD);
    arch_write(hstr_el2, 0);
    arch_write(cptr_el2, CPTR_TRAP);
    arch_write(cnthctl_el2, CNTHCTL_PD);
    arch_write(cntvoff_el2, 0);
    arch_write(cnthp_ctl_el2, 0);
    arch_write(vttbr_el2, 0);
    arch_write(sctlr_el1, SCTLR_EL1_PD);
    arch_write(cpacr_el1, CPACR_PD);
    arch_write(cntkctl_el1, CNTKCTL_COUNTERS);
    /* Performance monitors and debug registers are the kernel's: EL0 traps. */
    arch_write(pmuserenr_el0, 0);
    guest_init_cpu();
    arch_write(mdscr_el1, 0);
    __asm__ volatile("tlbi vmalls12e1; dsb ish; isb" : : : "memory");
}

void arch_init_context(struct thread *t, const uint64_t *root, uint32_t vmid)
{
    t->context.vttbr = arch_kernel_pa(root) | (uint64_t)vmid << 48;
    t->context.cntkctl = CNTKCTL_COUNTERS;
}

void arch_allow_timer(struct thread *t)
{
    t->context.cntkctl |= CNTKCTL_PHYS_TIMER;
}

void arch_reset_context(struct cpu *cpu, struct thread *t, uint64_t entry, uint64_t sp)
{
    struct arch_context *c = &t->context;
    arch_clear(c->x, sizeof(c->x));
    c->sp = sp;
    c->pc = entry;
    c->spsr = 0;
    c->tpidr = 0;
    c->tpidrro = 0;
    c->fpu_fresh = true;
    if (cpu->fpu_owner == t) {
        cpu->fpu_owner = NULL;
    }
}

/** FP/SIMD registers of a thread that has not used them since its start. */
static const struct arch_fpu context_zero_fpu;

void context_give_fpu(struct cpu *cpu, struct thread *t)
{
    arch_write(cptr_el2, CPTR_FREE);
    __asm__ volatile("isb");
    if (cpu->fpu_owner != NULL) {
        fpu_save(&cpu->fpu_owner->context.fpu);
    }
    fpu_load(t->context.fpu_fresh ? &context_zero_fpu : &t->context.fpu);
    t->context.fpu_fresh = false;
    cpu->fpu_owner = t;
}

/** The guest stops running: what governs EL0 is a PD's again. */
static void context_leave_guest(struct cpu *cpu)
{
    cpu->guest_eager->thread.context.tpidrro = arch_read(tpidrro_el0);
    guest_leave(cpu, cpu->guest_eager);
    arch_write(hcr_el2, HCR_PD);
    arch_write(cnthctl_el2, CNTHCTL_PD);
    arch_write(sctlr_el1, SCTLR_EL1_PD);
    arch_write(cpacr_el1, CPACR_PD);
    arch_write(mdscr_el1, 0);
}

static inline void context_run_guest(struct cpu *cpu, struct vcpu *v)
{
    guest_enter(cpu, v);
    /*
     * Last, and stage 1 was off until now: no walk mixes one guest's EL1 registers with
     * another's stage 2 (Cortex-A55 erratum 1530923, Cortex-A72 erratum 1319367).
     */
    __asm__ volatile("isb" : : : "memory");
    arch_write(cnthctl_el2, CNTHCTL_GUEST);
    arch_write(hcr_el2, HCR_GUEST);
    cpu->current = &v->thread;
}

/** The long way to a guest. Out of line, so that the short one saves no registers. */
static __attribute__((noinline)) void context_approach_guest(struct cpu *cpu, struct vcpu *v)
{
    if (guest_approach(cpu, v)) {
        context_run_guest(cpu, v);
        return;
    }
    counts_switch(cpu, &v->thread, NULL);
    cpu->resched = true;
    cpu->current = NULL;
}

void arch_switch(struct cpu *cpu, struct thread *to)
{
    struct thread *from = cpu->current;
    counts_switch(cpu, from, to);
    if (from != NULL) {
        from->context.tpidr = arch_read(tpidr_el0);
    }
    /* A PD cannot write TPIDRRO_EL0, a guest can. */
    if (cpu->guest_eager != NULL) {
        context_leave_guest(cpu);
    }
    cpu->current = to;
    if (to != NULL) {
        const struct arch_context *c = &to->context;
        arch_write(tpidr_el0, c->tpidr);
        arch_write(tpidrro_el0, c->tpidrro);
        arch_write(vttbr_el2, c->vttbr);
        arch_write(cntkctl_el1, c->cntkctl);
        arch_write(cptr_el2, cpu->fpu_owner == to ? CPTR_FREE : CPTR_TRAP);
        if ((to->flags & THREAD_VCPU) != 0 && guest_is_near(cpu, vcpu_of(to))) {
            context_run_guest(cpu, vcpu_of(to));
        } else if ((to->flags & THREAD_VCPU) != 0) {
            context_approach_guest(cpu, vcpu_of(to));
        }
    }
}
