/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake architecture: kernel/arm64/arch.h for the host, so that the machine-independent parts
 * of the kernel run in unit tests and fuzz targets. The clock stands still until a test moves it;
 * what the kernel asks of the machine is recorded in `arch_fake`. One tick is one microsecond.
 */
#ifndef FAKE_ARCH_H
#define FAKE_ARCH_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct thread;

/** First physical address of the fake RAM (arch_fake_ram()). */
#define ARCH_FAKE_RAM 0x40000000UL

struct arch_fpu {
    uint64_t v[2];
};

struct arch_context {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t spsr;
    uint64_t tpidr;
    uint64_t tpidrro;
    const uint64_t *root; /* stage 2 */
    uint32_t vmid;
    bool timer;
    struct arch_fpu fpu;
};

/** What the machine was asked, and what a test makes it answer. */
struct arch_fake {
    uint64_t now;
    /** CPU that the kernel's code runs on now. */
    uint32_t cpu;
    uint64_t timer[BH_MAX_CPUS];
    /** Is an interrupt to be taken, whenever the kernel looks? */
    bool interrupted;
    /** Does the CPU leave guests' interrupts alone? */
    bool mute[BH_MAX_CPUS];
    /** Pokes ever sent to each CPU; whether one waits to be taken. */
    uint32_t pokes[BH_MAX_CPUS];
    /** Of PDs, of vCPUs. */
    bool poke_pending[BH_MAX_CPUS][2];
    /** Thread whose registers are in the CPU, and its thread pointer there. */
    struct thread *running[BH_MAX_CPUS];
    uint64_t tpidr[BH_MAX_CPUS];
    uint32_t switches;
    /** Interrupts: the last one deactivated, how many were; bit sets by INTID. */
    uint32_t deactivated;
    uint32_t deactivations;
    uint64_t edge[16];
    uint64_t enabled[16];
    /** Called in loops that wait for another CPU: does that CPU's work. */
    void (*relax)(void);
    /** Bytes made visible to instruction fetches, and flushed. */
    uint64_t synced;
    uint64_t flushed;
    uint32_t smcs;
};

extern struct arch_fake arch_fake;

/** Back to the beginning: time 0, nothing recorded, all interrupts off, no RAM. */
void arch_fake_reset(void);

/** Gives the machine `bytes` of RAM, with arbitrary contents; until the next reset. */
void arch_fake_ram(uint64_t bytes);

uint64_t arch_now(void);
uint64_t arch_us_to_ticks(uint32_t us);
void arch_set_timer(uint64_t deadline);

/** An address outside the RAM gives a pointer whose use crashes. */
void *arch_phys(uint64_t pa);
uint64_t arch_kernel_pa(const void *p);

/** Without a hook that makes progress, a wait of more than a million rounds ends the test. */
void arch_relax(void);

void arch_init_context(struct thread *t, const uint64_t *root, uint32_t vmid);
void arch_allow_timer(struct thread *t);
void arch_irq_trigger(uint32_t intid, bool edge);
void arch_irq_enable(uint32_t intid, uint32_t cpu);
void arch_poke(uint32_t cpu, bool vcpu);
void arch_switch(struct cpu *cpu, struct thread *to);
void arch_reset_context(struct cpu *cpu, struct thread *t, uint64_t entry, uint64_t sp);
void arch_irq_deactivate(uint32_t intid);
void arch_irq_mute(bool mute);
bool arch_is_interrupted(void);
void arch_sync_code(const void *base, uint64_t bytes);
void arch_flush_data(const void *base, uint64_t bytes);

static inline void arch_clean_word(const void *word)
{
    (void)word;
}
uint64_t arch_user_spsr(uint64_t value);
_Noreturn void arch_halt(void);
void arch_smc(uint64_t args[8]);
void arch_copy(void *to, const void *from, uint64_t bytes);
void arch_clear(void *to, uint64_t bytes);

#include "arch_vcpu.h"

/** What a translation table maps `va` to: the leaf, 0 for none; `bytes`: the size of its block. */
uint64_t arch_fake_lookup(const uint64_t *root, uint64_t va, uint64_t *bytes);

#endif
