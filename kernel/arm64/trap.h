/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers of exceptions, called by vectors.S. */
#ifndef KERNEL_ARM64_TRAP_H
#define KERNEL_ARM64_TRAP_H

#include "cpu.h"

struct thread *trap_sync(struct cpu *cpu, struct thread *t);
struct thread *trap_irq(struct cpu *cpu, struct thread *t);
struct thread *trap_serror(struct cpu *cpu, struct thread *t);
/** An exception in the kernel itself: a defect. Stops this CPU. */
_Noreturn void trap_broken(uint64_t esr, uint64_t elr, uint64_t far);

/** Decide who runs; while nobody wants to, wait for interrupts. */
struct thread *trap_leave(struct cpu *cpu);

#endif
