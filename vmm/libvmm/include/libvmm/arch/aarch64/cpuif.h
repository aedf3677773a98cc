/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIBVMM_CPUIF_H
#define LIBVMM_CPUIF_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Does a trapped access to a system register of GICv3's CPU interface: a write to ICC_SGI1R_EL1, a
 * read of ICC_SRE_EL1. Bulkhead's kernel does the first itself and does not trap the second.
 * False, after a sentence: it is another register.
 */
bool handle_sysreg_64_fault(size_t vcpu_id, uint64_t hsr, seL4_UserContext *regs);

#endif
