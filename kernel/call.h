/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protected calls (Microkit manual, "Protected procedures").
 *
 * A caller's progress stands in one word, `thread.call`: a sequence number and a state. On one CPU
 * nothing interleaves; between CPUs each step is a compare-and-swap from the state that it needs,
 * with the sequence number of the call that it means, so that a call that was cancelled is never
 * served or answered, and none is answered twice (models/call.pml checks this).
 *
 *     IDLE -> QUEUED     caller's CPU: message published, caller blocked
 *     QUEUED -> COPYING  callee's CPU: takes the call, copies the message
 *     COPYING -> SERVED  callee's CPU: the callee works on it
 *     SERVED -> REPLYING callee's CPU: writes the answer into the caller
 *     REPLYING -> ANSWERED  callee's CPU: done; pokes the caller
 *     ANSWERED -> IDLE   caller's CPU: caller ready; next sequence number
 *     QUEUED, SERVED -> IDLE  caller's CPU: cancelled, because the caller is stopped
 */
#ifndef KERNEL_CALL_H
#define KERNEL_CALL_H

#include "cpu.h"
#include "thread.h"

/** `t`, running on this CPU, calls on its channel `id`; x1 to x5 hold the message. */
void call_start(struct cpu *cpu, struct thread *t, uint64_t id);

/** If a call waits for `t`, take it: message and badge into its registers. Returns whether so. */
bool call_take(struct cpu *cpu, struct thread *t);

/** Answer the caller that `t` serves, if any, with the message in `t`'s x1 to x5. */
void call_answer(struct cpu *cpu, struct thread *t);

/** Answer the caller that `t` serves, if any, with BH_ERR_ABORTED. */
void call_abort(struct cpu *cpu, struct thread *t);

/** `t` is stopped: answer some of those that wait for it with BH_ERR_ABORTED, later the others. */
void call_abort_waiting(struct cpu *cpu, struct thread *t);

/** `t` of this CPU is in THREAD_CALL: true when its call was answered; it may go on. */
bool call_finish(struct thread *t);

/** `t` of this CPU is in THREAD_CALL and is being stopped: nobody will answer it any more. */
void call_cancel(struct cpu *cpu, struct thread *t);

#endif
