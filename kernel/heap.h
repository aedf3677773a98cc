/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for page tables and objects, handed out at boot from the kernel's own region, and never
 * given back. After heap_close() nothing can be allocated.
 */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include <stdint.h>

/** Hand out [base, base + bytes), kernel addresses. */
void heap_init(void *base, uint64_t bytes);

/**
 * `bytes` of cleared memory, aligned to `align` (a power of two, at least 8, at most a page).
 * NULL when the tool gave the kernel too little.
 */
void *heap_alloc(uint64_t bytes, uint64_t align);

/** The end of the boot. */
void heap_close(void);

#endif
