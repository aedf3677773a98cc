/* SPDX-License-Identifier: BSD-2-Clause */
#include "pgtable.h"

#include <stddef.h>

#include "arch.h"
#include "heap.h"

#define PGTABLE_VALID 1UL
#define PGTABLE_TABLE 3UL /* at level 1 and 2; at level 3 it marks a page */
#define PGTABLE_BLOCK 1UL
#define PGTABLE_ACCESS (1UL << 10) /* access flag: no fault at first use */
#define PGTABLE_ADDRESS 0x0000fffffffff000UL
#define PGTABLE_ENTRIES 512
#define PGTABLE_PAGE 4096UL

/** Bytes that an entry of `level` (1 to 3) stands for. */
static uint64_t pgtable_span(int level)
{
    return PGTABLE_PAGE << (9 * (3 - level));
}

static uint32_t pgtable_index(uint64_t va, int level)
{
    return (uint32_t)(va / pgtable_span(level)) % PGTABLE_ENTRIES;
}

static bool pgtable_is_table(uint64_t entry, int level)
{
    return level < 3 && (entry & PGTABLE_TABLE) == PGTABLE_TABLE;
}

static uint64_t pgtable_leaf(uint64_t pa, uint64_t attributes, int level)
{
    return pa | attributes | PGTABLE_ACCESS | (level == 3 ? PGTABLE_TABLE : PGTABLE_BLOCK);
}

uint64_t *pgtable_new(void)
{
    return heap_alloc(PGTABLE_PAGE, PGTABLE_PAGE);
}

/** The table below `entry` of `level`; made, from a block's parts if there was one. */
static uint64_t *pgtable_descend(uint64_t *entry, int level)
{
    if (pgtable_is_table(*entry, level)) {
        return arch_phys(*entry & PGTABLE_ADDRESS);
    }
    uint64_t *table = pgtable_new();
    if (table == NULL) {
        return NULL;
    }
    if ((*entry & PGTABLE_VALID) != 0) {
        uint64_t attributes = *entry & ~PGTABLE_ADDRESS & ~PGTABLE_TABLE;
        for (uint32_t i = 0; i < PGTABLE_ENTRIES; i++) {
            uint64_t pa = (*entry & PGTABLE_ADDRESS) + i * pgtable_span(level + 1);
            table[i] = pgtable_leaf(pa, attributes, level + 1);
        }
    }
    *entry = arch_kernel_pa(table) | PGTABLE_TABLE;
    return table;
}

bool pgtable_map(uint64_t *root, struct pgtable_va va, struct pgtable_pa pa, uint64_t bytes,
                 uint64_t attributes)
{
    uint64_t *table = root;
    int level = 1;
    while (bytes > 0) {
        uint64_t span = pgtable_span(level);
        uint64_t *entry = &table[pgtable_index(va.va, level)];
        if ((va.va | pa.pa) % span == 0 && bytes >= span && !pgtable_is_table(*entry, level)) {
            *entry = pgtable_leaf(pa.pa, attributes, level);
            va.va += span;
            pa.pa += span;
            bytes -= span;
            table = root;
            level = 1;
        } else {
            /* Page aligned as it all is, nothing gets here at level 3. */
            table = level < 3 ? pgtable_descend(entry, level++) : NULL;
            if (table == NULL) {
                return false;
            }
        }
    }
    return true;
}
