/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs, by their ids in the description. */
#ifndef LIBVMM_VCPU_H
#define LIBVMM_VCPU_H

#include <stdbool.h>
#include <stddef.h>

/** Whether the vCPU is on: the guest's boot CPU, or one that its CPU_ON has started. */
bool vcpu_is_on(size_t vcpu_id);

/**
 * Says whether it is on, to the guest's AFFINITY_INFO and CPU_ON, for a VMM that starts and stops
 * vCPUs by itself. Does neither.
 */
void vcpu_set_on(size_t vcpu_id, bool on);

/**
 * Gives the system registers of a vCPU that is stopped or has faulted their reset values.
 * guest_start() and the guest's CPU_ON do that, too.
 */
void vcpu_reset(size_t vcpu_id);

/** Prints the system registers of a vCPU that is stopped or has faulted. */
void vcpu_print_regs(size_t vcpu_id);

#endif
