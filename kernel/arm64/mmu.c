/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include <stddef.h>

#include "bootdesc.h"
#include "heap.h"
#include "pgtable.h"

/* kernel.ld */
extern const char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];

#define MMU_DATA (PGTABLE_S1_NORMAL | PGTABLE_S1_RES1 | PGTABLE_S1_READWRITE | PGTABLE_S1_NOEXEC)
#define MMU_RODATA (PGTABLE_S1_NORMAL | PGTABLE_S1_RES1 | PGTABLE_S1_READONLY | PGTABLE_S1_NOEXEC)
#define MMU_TEXT (PGTABLE_S1_NORMAL | PGTABLE_S1_RES1 | PGTABLE_S1_READONLY)
#define MMU_DEVICE (PGTABLE_S1_DEVICE | PGTABLE_S1_RES1 | PGTABLE_S1_READWRITE | PGTABLE_S1_NOEXEC)

/** Distance of a symbol from the kernel's start: the same before and after translation is on. */
static uint64_t mmu_offset(const char *symbol)
{
    return (uint64_t)(symbol - kernel_start);
}

static bool mmu_map(uint64_t *root, uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attributes)
{
    return pgtable_map(root, (struct pgtable_va){ va }, (struct pgtable_pa){ pa }, bytes,
                       attributes);
}

static bool mmu_map_device(uint64_t *root, uint64_t base, uint64_t bytes)
{
    return base == 0 || mmu_map(root, base, base, bytes, MMU_DEVICE);
}

/** Text, read-only data and data at `va`; `data` also says whether the data is mapped. */
static bool mmu_map_kernel(uint64_t *root, uint64_t va, uint64_t image, bool data)
{
    uint64_t text_end = mmu_offset(kernel_text_end);
    uint64_t rodata_end = mmu_offset(kernel_rodata_end);
    uint64_t end = mmu_offset(kernel_end);
    return mmu_map(root, va, image, text_end, MMU_TEXT) &&
           mmu_map(root, va + text_end, image + text_end, rodata_end - text_end, MMU_RODATA) &&
           (!data ||
            mmu_map(root, va + rodata_end, image + rodata_end, end - rodata_end, MMU_DATA));
}

uint64_t *mmu_build(uint64_t image)
{
    const struct bd_header *h = bootdesc_header();
    const struct bd_board *board = &h->board;
    uint64_t *root = pgtable_new();
    if (root == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < h->memory.count; i++) {
        const struct bd_memory *m = bootdesc_memory(i);
        if (!mmu_map(root, m->base, m->base, m->bytes, MMU_DATA)) {
            return NULL;
        }
    }
    /* Regions of the architecture's registers: GICv2 specification, table 3-1; GICv3, 12.8. */
    if (!mmu_map_device(root, board->gicd, 0x10000) || !mmu_map_device(root, board->gicc, 0x2000) ||
        !mmu_map_device(root, board->gich, 0x1000) ||
        !mmu_map_device(root, board->gicr, board->gicr_bytes) ||
        !mmu_map_device(root, board->uart, 0x1000) || !mmu_map_kernel(root, image, image, false) ||
        !mmu_map_kernel(root, MMU_KERNEL, image, true)) {
        return NULL;
    }
    for (uint64_t cpu = 0; cpu < board->cpus; cpu++) {
        void *stack = heap_alloc(MMU_STACK_BYTES, 4096);
        uint64_t top = MMU_STACK_TOP + (cpu << MMU_STACK_SHIFT);
        if (stack == NULL ||
            !mmu_map(root, top - MMU_STACK_BYTES, (uint64_t)stack, MMU_STACK_BYTES, MMU_DATA)) {
            return NULL;
        }
    }
    return root;
}
