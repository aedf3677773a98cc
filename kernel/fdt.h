/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few facts that the kernel takes from the boot loader's device tree (Devicetree
 * Specification v0.4, chapter 5): which memory there really is, and
 * bytes that nobody can guess (Linux: Documentation/devicetree/bindings/chosen.txt, `rng-seed`).
 */
#ifndef KERNEL_FDT_H
#define KERNEL_FDT_H

#include <stdint.h>

#define FDT_MAX_MEMORY 8
#define FDT_SEED_WORDS 8

struct fdt_range {
    uint64_t base;
    uint64_t bytes;
};

struct fdt_facts {
    struct fdt_range memory[FDT_MAX_MEMORY];
    uint32_t memory_count;
    uint32_t seed[FDT_SEED_WORDS]; /* zero: the tree has none */
};

/**
 * Read the flattened device tree at `dtb` (may be NULL, or anything) into `facts`. What cannot be
 * read is left out; nothing outside the tree's own size is looked at, and that is at most 2 MiB
 * (Linux arm64 boot protocol, section 2).
 */
void fdt_read(const void *dtb, struct fdt_facts *facts);

#endif
