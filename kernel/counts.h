/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounting of the benchmark configuration: instructions and cycles a thread, and instructions
 * of the kernel on its behalf, from the performance monitors. The other configurations have none.
 */
#ifndef KERNEL_COUNTS_H
#define KERNEL_COUNTS_H

#include <bulkhead/counts.h>

#include "config.h"
#include "cpu.h"
#include "thread.h"

/** Start the counters of this CPU. */
void counts_init(void);

/** System call BH_SYS_COUNTERS by `t`. */
void counts_read(struct cpu *cpu, struct thread *t);

/** The CPU stops running `from` (NULL: it idled): what ran since the last time is on its account.
 */
void counts_switch(struct cpu *cpu, struct thread *from, struct thread *to);

/** `t`, which runs, entered the kernel: by an exception of that class (ESR_EL2), 0: interrupt. */
void counts_exit(const struct thread *t, uint64_t class);

/** @{ The kernel was entered, and is about to be left: the longest stay is kept. */
void counts_enter(struct cpu *cpu);
void counts_leave(struct cpu *cpu);
/** @} */

#endif
