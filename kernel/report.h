/* SPDX-License-Identifier: BSD-2-Clause */
/* The report ring (include/bulkhead/report.h): filled here, read by the PD that maps it. */
#ifndef KERNEL_REPORT_H
#define KERNEL_REPORT_H

#include "cpu.h"
#include "fault.h"
#include "thread.h"

/**
 * Use the page at `ring`, which is clear. `reader` is notified on its channel `id` of every
 * record; without a reader (NULL) the debug configuration's console shows them.
 */
void report_init(void *ring, struct thread *reader, uint32_t id);

/** Record a fault of `t` that nobody handles. */
void report_fault(struct cpu *cpu, struct thread *t, const struct fault_cause *cause);

/** Record that `t` was restarted. */
void report_restart(struct cpu *cpu, struct thread *t);

/** Record an SError that was taken while `t` ran. */
void report_serror(struct cpu *cpu, struct thread *t, uint64_t esr);

#endif
