/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine's part of vCPUs: registers are memory, list registers are an array that a test
 * can look into and change as a guest's acknowledgements would.
 */
#ifndef FAKE_ARCH_VCPU_H
#define FAKE_ARCH_VCPU_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct thread;
struct vcpu;

#define FAKE_LRS 4

struct arch_vcpu {
    uint64_t regs[BH_VCPU_REG_COUNT];
};

uint32_t arch_lr_count(void);
uint64_t arch_lr_read(uint32_t index);
void arch_lr_write(uint32_t index, uint64_t lr);
uint64_t arch_lr_take(uint32_t index);
bool arch_lr_links(void);
uint64_t arch_lr_empty(void);
uint64_t arch_lr_ended(void);
void arch_lr_underflow(bool wanted);
bool arch_vcpu_is_loaded(const struct vcpu *v);
void arch_vcpu_init(struct vcpu *v, const uint64_t *root);
void arch_vcpu_reset(struct cpu *cpu, struct vcpu *v, uint64_t entry, uint64_t x0);
uint64_t arch_vcpu_read(struct vcpu *v, uint64_t reg);
void arch_vcpu_write(struct vcpu *v, uint64_t reg, uint64_t value);
void arch_vcpu_answer(struct vcpu *v);
void arch_vcpu_unload(struct cpu *cpu, const struct vcpu *v);
bool arch_timer_output(void);
uint64_t arch_guest_spsr(uint64_t value);

/** What a list register says. */
struct fake_lr {
    uint32_t intid;
    uint32_t link;
    uint32_t priority;
    bool group;
    bool pending;
    bool active;
    bool notice;
};

/** List register `index`: what the guest's view of it is. */
struct fake_lr *fake_lr(uint32_t index);

/** What the loaded vCPU's timer asks for. */
void fake_timer_output(bool high);
/** Did the kernel ask for an interrupt when list registers get free? */
bool fake_underflow(void);
/** The list registers and EL1 registers belong to `v`; NULL: to nobody. */
void fake_load_vcpu(struct vcpu *v);

#endif
