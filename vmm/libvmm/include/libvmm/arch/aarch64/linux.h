/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a Linux guest's files go. */
#ifndef LIBVMM_LINUX_H
#define LIBVMM_LINUX_H

#include <stddef.h>
#include <stdint.h>

/**
 * Copies a kernel (an arm64 Image), its device tree and its initial RAM disk into the guest's RAM,
 * and cleans them from the caches, with which the guest starts off.
 *   ram_start: of the guest's RAM, which must be mapped into the VMM at its guest-physical address;
 *     a multiple of 2 MiB
 *   kernel, kernel_size: the Image and its bytes; its place in RAM is what its header says
 *   dtb_src, dtb_dest, dtb_size: the device tree, and its address in RAM; at most 2 MiB
 *   initrd_src, initrd_dest, initrd_size: the RAM disk, and its address in RAM; 0 bytes: none
 * The device tree is not changed: it says where RAM, RAM disk and devices are. The sources must
 * stay as they are while the guest may restart.
 *
 * Returns the kernel's entry point, or 0 after a sentence: a file is not what it should be, or its
 * place overlaps another's. Only an access beyond the end of RAM is not seen: it faults.
 */
uintptr_t linux_setup_images(uintptr_t ram_start, uintptr_t kernel, size_t kernel_size,
                             uintptr_t dtb_src, uintptr_t dtb_dest, size_t dtb_size,
                             uintptr_t initrd_src, uintptr_t initrd_dest, size_t initrd_size);

#endif
