/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests on this machine: EL1 registers, exceptions into EL1, identification registers. */
#ifndef KERNEL_ARM64_GUEST_H
#define KERNEL_ARM64_GUEST_H

#include "vcpu.h"

/** At boot, once a CPU: what guests are not to see or touch. */
void guest_init_cpu(void);

/** Are the lazily switched registers and the list registers as `to`, a vCPU, must have them? */
static inline bool guest_is_near(const struct cpu *cpu, const struct vcpu *to)
{
    return cpu->loaded == to && to->vgic.follow == 0;
}

/** If not, they are afterwards; false: not yet, because an interrupt is to be taken before. */
bool guest_approach(struct cpu *cpu, struct vcpu *to);

/** The CPU goes to `to`, which is near, or from a vCPU to a PD: the registers that govern EL0. */
void guest_enter(struct cpu *cpu, struct vcpu *to);
void guest_leave(struct cpu *cpu, struct vcpu *from);

/** @{ A register of `v`, whose CPU this is; it may be in the CPU or in memory. */
uint64_t guest_read(struct vcpu *v, enum bh_vcpu_reg reg);
void guest_write(struct vcpu *v, enum bh_vcpu_reg reg, uint64_t value);
/** @} */

/** `v` takes a synchronous exception to EL1 with this syndrome and fault address. */
void guest_inject(struct vcpu *v, uint64_t esr, uint64_t far);

/** Value that a guest reads from an identification register; false: there is none of that name. */
bool guest_id_register(uint32_t crm, uint32_t op2, uint64_t *value);

#endif
