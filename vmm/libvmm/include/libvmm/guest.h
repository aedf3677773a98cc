/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's life. A VMM that is linked with this library has one guest: the virtual machine of
 * its protection domain. vCPUs are named by their ids in the description.
 *
 * Part of the interface of libvmm as it was in 2024; docs/vmm.md has the differences.
 */
#ifndef LIBVMM_GUEST_H
#define LIBVMM_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @{ The id that examples give their only vCPU, or the one that boots. */
#ifndef GUEST_VCPU_ID
#define GUEST_VCPU_ID 0
#endif
#ifndef GUEST_BOOT_VCPU_ID
#define GUEST_BOOT_VCPU_ID 0
#endif
/** @} */

/** vCPUs that a guest has at most. */
#define GUEST_MAX_NUM_VCPUS 8

/**
 * Starts the guest: its vCPU `boot_vcpu_id` at `kernel_pc` (what linux_setup_images() returned),
 * with translation off and x0 = `dtb`, the guest-physical address of the device tree. The others
 * wait for the guest's CPU_ON. `initrd` is what the device tree says anyway, and not used.
 *
 * False, after a sentence on the console: there is no such vCPU, or it runs already.
 */
bool guest_start(size_t boot_vcpu_id, uintptr_t kernel_pc, uintptr_t dtb, uintptr_t initrd);

/**
 * Stops all vCPUs of the guest and clears its interrupt controller. Interrupts that the guest had
 * not ended are taken for ended: their acknowledge functions are called. `boot_vcpu_id` is not
 * used.
 */
void guest_stop(size_t boot_vcpu_id);

/**
 * Stops the guest, clears the `guest_ram_size` bytes of RAM at `guest_ram_vaddr`, has
 * linux_setup_images() do again what it did, and starts the vCPU `boot_vcpu_id` as guest_start()
 * did.
 *
 * False, after a sentence: the guest never started, or its images did not come through
 * linux_setup_images(). RAM is then as it was.
 */
bool guest_restart(size_t boot_vcpu_id, uintptr_t guest_ram_vaddr, size_t guest_ram_size);

#endif
