/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control of a PD by its parent: stop, resume, restart, registers. Operations on a child of another
 * CPU are requests that its CPU carries out; the parent waits for the acknowledgement, so that a
 * stop has happened when the system call returns.
 */
#ifndef KERNEL_CONTROL_H
#define KERNEL_CONTROL_H

#include "cpu.h"
#include "thread.h"

/** @{ The system calls of the same names, by `t`, which runs on this CPU. */
void control_pd_stop_resume(struct cpu *cpu, struct thread *t);
void control_pd_restart(struct cpu *cpu, struct thread *t);
void control_pd_read(struct cpu *cpu, struct thread *t);
void control_pd_write(struct cpu *cpu, struct thread *t);
/** @} */

/** The child of `t` of that number; without one, NULL, and x0 says so. */
struct thread *control_child(struct thread *t, uint64_t id);

/** `child`, if its registers may be looked at; else (or for NULL) NULL, and x0 of `t` says why. */
struct thread *control_halted(struct thread *t, struct thread *child);

/** Carry out the request that stands in `t->control`; `t` is of this CPU. */
void control_handle(struct cpu *cpu, struct thread *t);

/** `t` of this CPU is in THREAD_CONTROL: true when its request was carried out; it may go on. */
bool control_finish(struct thread *t);

/** Stop `t`, of this CPU, whatever it does; nobody is left waiting for it. */
void control_stop(struct cpu *cpu, struct thread *t);

/** Let `t`, of this CPU, go on after a stop or a fault; nothing happens in other states. */
void control_resume(struct cpu *cpu, struct thread *t);

/** What can be asked of a child's CPU. */
enum control_op {
    CONTROL_STOP = 1,
    CONTROL_RESUME = 2,
    CONTROL_START = 3,
    /** Of vCPUs: read or write the register `reg_index`, answer the fault. */
    CONTROL_READ = 4,
    CONTROL_WRITE = 5,
    CONTROL_ANSWER = 6,
};

/**
 * Does `op` to a child of `t` and waits until it is done: on a child of another CPU `t` blocks.
 * With `again` the system call is then made again, from the registers that it was made from.
 */
void control_request(struct cpu *cpu, struct thread *t, struct thread *child, enum control_op op,
                     bool again);

/** Does `op` to a thread of any CPU, without waiting. */
void control_later(struct cpu *cpu, struct thread *t, enum control_op op);

/** Have the system call that `t` is in made again when it next runs. */
void control_repeat_syscall(struct thread *t);

#endif
