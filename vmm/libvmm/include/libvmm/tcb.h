/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIBVMM_TCB_H
#define LIBVMM_TCB_H

#include <stddef.h>

/** Prints program counter and general registers of a vCPU that is stopped or has faulted. */
void tcb_print_regs(size_t vcpu_id);

#endif
