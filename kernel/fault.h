/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of PDs: to the parent, or into the report ring. */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include "cpu.h"
#include "thread.h"

/** What the hardware said of a fault. */
struct fault_cause {
    enum bh_fault label;
    uint64_t esr;
    uint64_t addr; /* BH_FAULT_MEMORY: the address */
    bool fetch;    /* BH_FAULT_MEMORY: of an instruction */
};

/**
 * `t`, which runs on this CPU, faulted. Its parent gets the message that abi.h describes; without
 * a parent the fault is reported and `t` is stopped for good.
 */
void fault_raise(struct cpu *cpu, struct thread *t, const struct fault_cause *cause);

/** `t`, of this CPU, waits for its parent with the message in `t->fault`. */
void fault_send(struct cpu *cpu, struct thread *t);

/** If a child of `t` waits with a fault, put its message into `t`'s registers. Says whether so. */
bool fault_take(struct thread *t);

/** `t` answers the fault that it handles, if any: the child goes on. */
void fault_answer(struct cpu *cpu, struct thread *t);

#endif
