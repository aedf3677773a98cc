/* SPDX-License-Identifier: BSD-2-Clause */
/* The report ring (include/bulkhead/report.h): filled here, read by the PD that maps it. */
#ifndef KERNEL_REPORT_H
#define KERNEL_REPORT_H

#include <bulkhead/report.h>

#include "cpu.h"
#include "fault.h"
#include "thread.h"

/**
 * Use the page at `ring`, which is clear. `reader` is notified on its channel `id` of every
 * record; without a reader (NULL) the debug configuration's console shows them.
 */
void report_init(void *ring, struct thread *reader, uint32_t id);

/**
 * Record a fault of `t` that nobody handles, or its restart, when its CPU next handles pokes: in a
 * stay in the kernel of its own, so that neither that one nor the one that calls this is long. The
 * thread's registers are those of then.
 */
void report_later(struct thread *t, enum bh_report_kind kind, const struct fault_cause *cause);

/**
 * Write the next half of the record that `t`, of this CPU, has waiting, and have the CPU look at
 * `t` again; false when there is none.
 */
bool report_waiting(struct thread *t);

/** BH_SYS_REPORT by `t`. */
void report_sys(struct cpu *cpu, struct thread *t);

#endif
