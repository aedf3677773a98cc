/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine-independent parts of the kernel need from the machine: AArch64 at EL2 without
 * VHE (Armv8.0-A). The unit tests have a header of the same name for the host.
 */
#ifndef KERNEL_ARM64_ARCH_H
#define KERNEL_ARM64_ARCH_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct thread;

/** FP/SIMD registers, as fpu.S saves them. */
struct arch_fpu {
    _Alignas(16) uint64_t v[64];
    uint64_t fpsr;
    uint64_t fpcr;
};

/** Registers of a thread while it does not run. vectors.S knows the first 34 words. */
struct arch_context {
    uint64_t x[31];
    uint64_t sp; /* SP_EL0 */
    uint64_t pc;
    uint64_t spsr;
    uint64_t tpidr;   /* TPIDR_EL0 */
    uint64_t tpidrro; /* TPIDRRO_EL0 */
    uint64_t vttbr;   /* stage 2 root and VMID */
    uint64_t cntkctl; /* which counters and timers EL0 may use */
    bool fpu_fresh;   /* all zero, and not yet so in `fpu` */
    struct arch_fpu fpu;
};

/** Registers of a vCPU that are not in its `struct arch_context`. */
struct arch_gic_cpu {
    uint64_t vmcr;   /* the guest's priority mask, enables, binary points */
    uint64_t apr[4]; /* priorities of its active interrupts */
};

struct arch_vcpu {
    uint64_t regs[BH_VCPU_REG_COUNT]; /* indexed by enum bh_vcpu_reg */
    struct arch_gic_cpu gic;
};

struct vcpu;

#define arch_read(reg)                                         \
    ({                                                         \
        uint64_t arch_value_;                                  \
        __asm__ volatile("mrs %0, " #reg : "=r"(arch_value_)); \
        arch_value_;                                           \
    })
#define arch_write(reg, value) \
    __asm__ volatile("msr " #reg ", %0" : : "r"((uint64_t)(value)) : "memory")

/** Does the virtual timer in this CPU ask for its interrupt (Arm ARM, CNTV_CTL_EL0)? */
static inline bool arch_timer_output(void)
{
    return (arch_read(cntv_ctl_el0) & 7) == 5;
}

/**
 * @{ List registers (vgic.h) of this CPU: how many; what one says; the same, and it is empty then;
 * does the end of a linked interrupt deactivate the physical one; bits of those that are empty,
 * that are empty and asked for notice; whether to interrupt when at most one is used.
 */
uint32_t arch_lr_count(void);
uint64_t arch_lr_read(uint32_t index);
void arch_lr_write(uint32_t index, uint64_t lr);
uint64_t arch_lr_take(uint32_t index);
bool arch_lr_links(void);
uint64_t arch_lr_empty(void);
uint64_t arch_lr_ended(void);
void arch_lr_underflow(bool wanted);
/** @} */

/** The EL1 registers and list registers of `v`'s CPU are those of `v`. */
bool arch_vcpu_is_loaded(const struct vcpu *v);

/** All of the state of `v`, of this CPU, is in memory from now on. */
void arch_vcpu_unload(struct cpu *cpu, const struct vcpu *v);

/** @{ On the vCPU's CPU: first use, reset to `entry`, one register (enum bh_vcpu_reg). */
void arch_vcpu_init(struct vcpu *v, const uint64_t *root);
void arch_vcpu_reset(struct cpu *cpu, struct vcpu *v, uint64_t entry, uint64_t x0);
uint64_t arch_vcpu_read(struct vcpu *v, uint64_t reg);
void arch_vcpu_write(struct vcpu *v, uint64_t reg, uint64_t value);
/** Its registers become what the VMM's answer says (`v->reply`). */
void arch_vcpu_answer(struct vcpu *v);
/** @} */

/** Ticks of the system counter. */
static inline uint64_t arch_now(void)
{
    return arch_read(cntpct_el0);
}

/** Microseconds to ticks, rounded down; exact for up to 71 minutes at 1 GHz. */
static inline uint64_t arch_us_to_ticks(uint32_t us)
{
    return (uint64_t)us * arch_read(cntfrq_el0) / 1000000u;
}

/** Have the kernel's timer interrupt this CPU at `deadline`; UINT64_MAX: never. */
static inline void arch_set_timer(uint64_t deadline)
{
    arch_write(cnthp_cval_el2, deadline);
    arch_write(cnthp_ctl_el2, deadline != UINT64_MAX ? 1 : 0);
}

/** Is an interrupt to be taken? (Arm ARM, D19.2 ISR_EL1.I.) */
static inline bool arch_is_interrupted(void)
{
    return (arch_read(isr_el1) & 1UL << 7) != 0;
}

/** Kernel address of a physical address: RAM and the board's devices are mapped one to one. */
static inline void *arch_phys(uint64_t pa)
{
    return (void *)pa;
}

/** In a loop that waits for another CPU. */
static inline void arch_relax(void)
{
    __asm__ volatile("yield" : : : "memory");
}

/** Physical address of something in memory that the kernel allocated. */
static inline uint64_t arch_kernel_pa(const void *p)
{
    return (uint64_t)p;
}

/** At boot: the address space of `t` has this root and `vmid`. */
void arch_init_context(struct thread *t, const uint64_t *root, uint32_t vmid);

/** At boot: `t` may use the EL1 physical timer of its CPU. */
void arch_allow_timer(struct thread *t);

/** At boot, on the boot CPU: SPI `intid` is triggered by level or by edge. */
void arch_irq_trigger(uint32_t intid, bool edge);

/** At boot, on `cpu`: `intid` interrupts it from now on. */
void arch_irq_enable(uint32_t intid, uint32_t cpu);

/** Have a CPU look which PDs, or which vCPUs, are poked; earlier stores are seen first. */
void arch_poke(uint32_t cpu, bool vcpu);

/**
 * The CPU stops running its current thread (NULL: it was idle) and runs `to` (NULL: idles) when the
 * kernel is left: that is its current one now. From guest to guest is far; with an interrupt to be
 * taken on the way the CPU is idle and must decide again. General registers are saved and restored
 * by the vectors.
 */
void arch_switch(struct cpu *cpu, struct thread *to);

/** Fresh registers for a start at `entry` with `sp`: all others zero, FP/SIMD included. */
void arch_reset_context(struct cpu *cpu, struct thread *t, uint64_t entry, uint64_t sp);

/** Let the interrupt controller deliver `intid`, which this CPU took, again. */
void arch_irq_deactivate(uint32_t intid);

/** This CPU takes no interrupts that only a loaded vCPU waits for, or takes them again. */
void arch_irq_mute(bool mute);

/** After the kernel wrote instructions at [base, base + bytes): make them visible to fetches. */
void arch_sync_code(const void *base, uint64_t bytes);

/** Clean and invalidate [base, base + bytes) to memory: somebody accesses it uncached. */
void arch_flush_data(const void *base, uint64_t bytes);

/** Of a saved program status that a PD's parent gives, what may be: flags, at EL0, AArch64. */
static inline uint64_t arch_user_spsr(uint64_t value)
{
    return value & 0xf0000000u;
}

/** The same of a vCPU: flags and masks; EL0, or EL1 with either stack pointer; AArch64. */
static inline uint64_t arch_guest_spsr(uint64_t value)
{
    uint64_t mode = value & 0x1f;
    return (value & 0xf02003c0u) | (mode == 0 || mode == 4 ? mode : 5);
}

/** A word that a guest reads through a device mapping was written: it finds it in memory. */
static inline void arch_clean_word(const void *word)
{
    __asm__ volatile("dc cvac, %0; dsb sy" : : "r"(word) : "memory");
}

/** This CPU does nothing more. */
_Noreturn void arch_halt(void);

/** A secure monitor call for the firmware, x0 to x7 in and out. */
void arch_smc(uint64_t args[8]);

/** Copy and clear for the kernel's own use; 8-byte aligned, a multiple of 8 bytes. */
void arch_copy(void *to, const void *from, uint64_t bytes);
void arch_clear(void *to, uint64_t bytes);

#endif
