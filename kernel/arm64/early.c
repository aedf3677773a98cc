/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What runs on the boot CPU with translation off, at physical addresses: only code and data that
 * are addressed relative to the program counter, and no atomic operations.
 */
#include "bootdesc.h"
#include "console.h"
#include "fdt.h"
#include "heap.h"
#include "mmu.h"

/** Written by the tool. In its own section, so that it is there however little uses it. */
__attribute__((section(".data.boot_params"), used)) volatile struct bd_params boot_params;

/** For the other CPUs, which read it with translation off. */
uint64_t *early_root;

struct fdt_facts early_facts;

uint64_t *early_main(uint64_t image);

/** Does the machine have the memory that the description counts on? */
static bool early_memory_there(const struct bd_memory *m)
{
    uint64_t next = m->base;
    /* The device tree may give one range in several pieces, in any order. */
    for (uint32_t pass = 0; pass < early_facts.memory_count; pass++) {
        for (uint32_t i = 0; i < early_facts.memory_count; i++) {
            const struct fdt_range *r = &early_facts.memory[i];
            if (r->base <= next && next - r->base < r->bytes) {
                next = r->base + r->bytes;
            }
        }
    }
    return next - m->base >= m->bytes;
}

/** What only this code can compare: where the image is, and where in it the description is. */
static const char *early_check_image(uint64_t image)
{
    const struct bd_header *h = bootdesc_header();
    if (h->kernel_base != image || h->image_bytes != boot_params.image_bytes ||
        h->heap_bytes != boot_params.heap_bytes) {
        return "the boot description is not of this image";
    }
    uint64_t payload = image + boot_params.bootdesc_off + h->bytes;
    for (uint32_t i = 0; i < h->regions.count; i++) {
        const struct bd_region *r = bootdesc_region(i);
        if ((r->flags & BD_REGION_INPLACE) != 0 && r->base < payload) {
            return "a region in place covers the kernel";
        }
    }
    return NULL;
}

uint64_t *early_main(uint64_t image)
{
    if (boot_params.magic != BD_MAGIC || boot_params.kernel_base != image) {
        /* No description, so no console either. */
        arch_halt();
    }
    const char *bootdesc = (const char *)image + boot_params.bootdesc_off;
    const char *wrong =
        bootdesc_check(bootdesc, boot_params.image_bytes - boot_params.bootdesc_off);
    wrong = wrong != NULL ? wrong : early_check_image(image);
    if (wrong != NULL) {
        console_panic(wrong);
    }
    const struct bd_header *h = bootdesc_header();
    console_init(h->board.uart);
    for (uint32_t i = 0; early_facts.memory_count > 0 && i < h->memory.count; i++) {
        if (!early_memory_there(bootdesc_memory(i))) {
            console_panic("this machine has less memory than the board's description says");
        }
    }
    heap_init((void *)(h->kernel_base + h->image_bytes), h->heap_bytes);
    early_root = mmu_build(image);
    if (early_root == NULL) {
        console_panic("the image gives the kernel too little memory");
    }
    return early_root;
}
