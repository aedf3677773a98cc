/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own address space at EL2:
 *
 *     physical address        RAM and the devices of the board that the kernel uses, one to one,
 *                             never executable but for the kernel's text, which is read-only there
 *     0x7f_8000_0000          the kernel: text read-execute, rodata read, data read-write
 *     MMU_STACK_TOP ...       a stack for each CPU, with unmapped memory on both sides
 */
#ifndef KERNEL_ARM64_MMU_H
#define KERNEL_ARM64_MMU_H

#define MMU_KERNEL 0x7f80000000
/** Above the stack of CPU 0; that of CPU n is n << MMU_STACK_SHIFT further. */
#define MMU_STACK_TOP 0x7fc0004000
#define MMU_STACK_SHIFT 14
#define MMU_STACK_BYTES 8192

#ifndef __ASSEMBLER__
#include <stdint.h>

/**
 * Build the tables, for the kernel whose image lies at physical address `image`, from the checked
 * boot description. Runs with translation off. Returns the root, NULL when the heap is exhausted.
 */
uint64_t *mmu_build(uint64_t image);
#endif

#endif
