/* SPDX-License-Identifier: BSD-2-Clause */
/* What a CPU must have set up to run PDs, and FP/SIMD on demand. */
#ifndef KERNEL_ARM64_CONTEXT_H
#define KERNEL_ARM64_CONTEXT_H

#include "cpu.h"

/** Set up this CPU's system registers for PDs at EL0 under stage 2. */
void context_init_cpu(void);

/** `t` used FP/SIMD while they were not its own: now they are. */
void context_give_fpu(struct cpu *cpu, struct thread *t);

#endif
