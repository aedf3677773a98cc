/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translation tables: 4 KiB granule, 39-bit addresses, three levels (Arm ARM, D8.3 "Translation
 * table descriptor formats"). One builder serves the kernel's own stage 1 and every stage 2: they
 * differ in the attribute bits alone. Tables are built at boot and never change.
 */
#ifndef KERNEL_PGTABLE_H
#define KERNEL_PGTABLE_H

#include <stdbool.h>
#include <stdint.h>

/** A physical address, and an address that the table translates: not to be mixed. */
struct pgtable_pa {
    uint64_t pa;
};
struct pgtable_va {
    uint64_t va;
};

/** @{ Attributes of a stage 2 leaf (Arm ARM, D8.3.2). Combine a memory type with permissions. */
#define PGTABLE_S2_NORMAL (0xfUL << 2 | 3UL << 8)   /* write-back, inner shareable */
#define PGTABLE_S2_UNCACHED (0x5UL << 2 | 2UL << 8) /* normal, non-cacheable */
#define PGTABLE_S2_DEVICE (0x1UL << 2 | 2UL << 8)   /* Device-nGnRE */
#define PGTABLE_S2_READ (1UL << 6)
#define PGTABLE_S2_WRITE (1UL << 7)
#define PGTABLE_S2_NOEXEC (2UL << 53)
/** @} */

/** @{ Attributes of a leaf of the kernel's stage 1; MAIR index 0 is normal, 1 device memory. */
#define PGTABLE_S1_NORMAL (0UL << 2 | 3UL << 8)
#define PGTABLE_S1_DEVICE (1UL << 2)
#define PGTABLE_S1_READONLY (2UL << 6)
#define PGTABLE_S1_READWRITE (0UL << 6)
#define PGTABLE_S1_NOEXEC (1UL << 54)
/** AP[1] is reserved, one, at EL2. */
#define PGTABLE_S1_RES1 (1UL << 6)
/** @} */

/** A root table, empty, or NULL when the heap is exhausted. */
uint64_t *pgtable_new(void);

/**
 * Map [va, va + bytes) to [pa, pa + bytes) with `attributes`, in the largest blocks (1 GiB, 2 MiB)
 * that the alignment of both allows. All page aligned; nothing in the range is mapped yet, except
 * that a part of an existing block may be mapped anew: the block is split.
 * Returns false when the heap is exhausted.
 */
bool pgtable_map(uint64_t *root, struct pgtable_va va, struct pgtable_pa pa, uint64_t bytes,
                 uint64_t attributes);

#endif
