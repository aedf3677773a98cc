/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls (include/bulkhead/abi.h): decoding. */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include "cpu.h"
#include "thread.h"

/** `t`, which runs on this CPU, made the system call that its registers describe. */
void syscall_handle(struct cpu *cpu, struct thread *t);

#endif
