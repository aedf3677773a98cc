/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIBVMM_PSCI_H
#define LIBVMM_PSCI_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Answers a call of PSCI, whose arguments are in `regs`. SYSTEM_OFF stops the guest. SYSTEM_RESET
 * loads what linux_setup_images() loaded and starts the guest again; without that it stops.
 * `fn_number` and `hsr` say the same as the registers, and are not used.
 * False: the vCPU cannot go on.
 */
bool handle_psci(size_t vcpu_id, seL4_UserContext *regs, uint64_t fn_number, uint64_t hsr);

#endif
