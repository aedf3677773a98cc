/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch trace (include/bulkhead/trace.h). Compiled out of the release configuration. */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include <bulkhead/trace.h>

#include "config.h"
#include "cpu.h"

#if KERNEL_TRACE
/** Write an event about `t` (NULL: nobody, the CPU idles) to the CPU's buffer, if it has one. */
void trace_event(struct cpu *cpu, enum bh_trace_kind kind, const struct thread *t);
#else
static inline void trace_event(struct cpu *cpu, enum bh_trace_kind kind, const struct thread *t)
{
    (void)cpu;
    (void)kind;
    (void)t;
}
#endif

/** Divide the trace region, `bytes` at kernel address `base`, among `cpus` CPUs. */
void trace_init(void *base, uint64_t bytes, uint32_t cpus);

#endif
