/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the image, the heap and every region go in physical memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layout.h"
#include "plan_internal.h"

/* The kernel region begins with a page for moving the image. */
#define PLAN_SCRATCH LAYOUT_PAGE
/* The arm64 Image header asks for 2 MiB. */
#define PLAN_KERNEL_ALIGN LAYOUT_BLOCK

/* Upper bounds of what the kernel takes from its heap, tables of address spaces apart. */
#define PLAN_HEAP_BASE 0x10000UL
#define PLAN_HEAP_CPU 0x4000UL
#define PLAN_HEAP_PD 0x1000UL
#define PLAN_HEAP_VM 0x10000UL
#define PLAN_HEAP_VCPU 0x2000UL

/* Whether a map and its region are congruent modulo `block`, known before there is an address. */
static bool plan_congruent(const struct plan_region *region, uint64_t addr, uint64_t block)
{
    if (region->fixed) {
        return ((addr ^ region->base) & (block - 1)) == 0;
    }
    return region->align >= block && ((addr ^ region->residue) & (block - 1)) == 0;
}

/*
 * Tables that the span [addr, addr + bytes) needs at the level whose entries cover `block` bytes:
 * one for each block that is not mapped as a whole. *last is the number of the last such block of
 * the address space, so that maps that share a table count once; they come in ascending order.
 */
static uint64_t plan_tables(const struct plan_region *region, const struct plan_map *map,
                            uint64_t block, uint64_t *last)
{
    bool whole = plan_congruent(region, map->addr, block);
    uint64_t end = map->addr + map->bytes;
    uint64_t count = 0;

    for (uint64_t at = map->addr & ~(block - 1); at < end; at += block) {
        bool covered = whole && at >= map->addr && end - at >= block;

        if (!covered && *last != at / block) {
            *last = at / block;
            count++;
        }
    }
    return count;
}

static uint64_t plan_space_tables(const struct plan *plan, size_t first, size_t count)
{
    uint64_t level2 = UINT64_MAX;
    uint64_t level3 = UINT64_MAX;
    uint64_t tables = 2; /* the root; a VM's may be two pages */

    for (size_t i = first; i < first + count; i++) {
        const struct plan_map *map = &plan->maps[i];
        const struct plan_region *region = &plan->regions[map->region];

        tables += plan_tables(region, map, LAYOUT_GIANT, &level2);
        tables += plan_tables(region, map, LAYOUT_BLOCK, &level3);
    }
    return tables;
}

static uint64_t plan_heap_pd(const struct plan *plan, size_t pd)
{
    const struct plan_pd *from = &plan->pds[pd];

    return PLAN_HEAP_PD + plan_space_tables(plan, from->maps_first, from->maps_count) * LAYOUT_PAGE;
}

/* Without its monitor. */
static uint64_t plan_heap_guest(const struct plan *plan, size_t vm)
{
    const struct plan_vm *from = &plan->vms[vm];

    return PLAN_HEAP_VM + from->sdf->vcpus_count * PLAN_HEAP_VCPU +
           plan_space_tables(plan, from->maps_first, from->maps_count) * LAYOUT_PAGE;
}

uint64_t plan_heap_vm(const struct plan *plan, size_t vm)
{
    return plan_heap_guest(plan, vm) + plan_heap_pd(plan, plan->vms[vm].sdf->pd);
}

static uint64_t plan_heap_bytes(const struct plan *plan)
{
    uint64_t bytes = PLAN_HEAP_BASE + plan->cpus * PLAN_HEAP_CPU;

    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        bytes += plan_heap_pd(plan, i);
    }
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        bytes += plan_heap_guest(plan, i);
    }
    return bytes;
}

/*
 * Give each region with contents its place in the payload: first those that may begin at any page,
 * then those that stay in the image in larger blocks. Returns the end of the image.
 */
static uint64_t plan_place_payload(struct plan *plan, uint64_t start)
{
    uint64_t off = start;

    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < plan->regions_count; i++) {
            struct plan_region *region = &plan->regions[i];
            bool blocks = region->in_place && region->align > LAYOUT_PAGE;

            if (region->data_bytes == 0 || blocks != (pass == 1)) {
                continue;
            }
            /* The image itself begins at a multiple of PLAN_KERNEL_ALIGN. */
            off += blocks ? (region->residue - off) & (region->align - 1) : 0;
            region->src_off = off;
            /* What is in place needs its whole pages; of the others the kernel clears the rest. */
            off += plan_round(region->in_place ? region->bytes : region->data_bytes);
        }
    }
    return off;
}

static void plan_free_memory(const struct plan *plan, struct layout *layout)
{
    struct layout_range ram[BOARD_MAX_RAM];

    for (size_t i = 0; i < plan->board->ram_count; i++) {
        ram[i].base = plan->board->ram[i].base;
        ram[i].bytes = plan->board->ram[i].bytes;
    }
    layout_init(layout, ram, plan->board->ram_count);
    for (size_t i = 0; i < plan->regions_count; i++) {
        if (plan->regions[i].fixed) {
            layout_reserve(layout, plan->regions[i].base, plan->regions[i].bytes);
        }
    }
}

/* The kernel's place is the first of 2 MiB alignment that leaves RAM's first 2 MiB to boot loaders.
 */
static bool plan_place_kernel(struct plan *plan, struct layout *layout)
{
    uint64_t bytes = PLAN_SCRATCH + plan->image_bytes + plan->heap_bytes;
    struct layout loadable;
    uint64_t base;
    bool found;

    layout_init(&loadable, layout->holes, layout->holes_count);
    layout_reserve(&loadable, plan->board->ram[0].base, PLAN_KERNEL_ALIGN - PLAN_SCRATCH);
    found =
        layout_take(&loadable, bytes, PLAN_KERNEL_ALIGN, PLAN_KERNEL_ALIGN - PLAN_SCRATCH, &base);
    layout_free(&loadable);
    if (found) {
        layout_reserve(layout, base, bytes);
        plan->kernel_base = base + PLAN_SCRATCH;
    }
    return found;
}

/* Items for all regions that need an address. Returns their number. */
static size_t plan_collect(const struct plan *plan, struct layout_item *items)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->regions_count; i++) {
        const struct plan_region *region = &plan->regions[i];

        if (region->fixed || region->in_place) {
            continue;
        }
        items[count].bytes = region->bytes;
        items[count].align = region->align;
        items[count].residue = region->residue;
        items[count].user = i;
        count++;
    }
    return count;
}

static void plan_take_result(struct plan *plan, const struct layout *layout,
                             const struct layout_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan->regions[items[i].user].base = items[i].base;
    }
    for (size_t i = 0; i < plan->regions_count; i++) {
        if (plan->regions[i].in_place) {
            plan->regions[i].base = plan->kernel_base + plan->regions[i].src_off;
        }
    }
    for (size_t i = 0; i < plan->patches_count; i++) {
        const struct plan_patch *patch = &plan->patches[i];

        plan_store(plan->regions[patch->region].data + patch->off,
                   plan->regions[patch->value_region].base, sizeof(uint64_t));
    }
    plan->free = alloc_array(layout->holes_count, sizeof(*plan->free));
    memcpy(plan->free, layout->holes, layout->holes_count * sizeof(*plan->free));
    plan->free_count = layout->holes_count;
}

/* Be content with smaller blocks for a region. Returns false when it asks for no more already. */
static bool plan_relax(struct plan_region *region)
{
    if (region->align <= region->least_align) {
        return false;
    }
    region->align = region->align == LAYOUT_GIANT ? LAYOUT_BLOCK : LAYOUT_PAGE;
    if (region->align < region->least_align) {
        region->align = region->least_align;
    }
    region->residue &= region->align - 1;
    return true;
}

static void plan_complain(const struct plan_region *region, const struct layout *layout,
                          struct diag *diag)
{
    uint64_t largest;
    uint64_t sum = layout_free_bytes(layout, &largest);

    diag_error(diag, region->pos,
               "there is too little memory for '%s': it needs 0x%" PRIx64
               " bytes in one piece, but 0x%" PRIx64 " are left, and 0x%" PRIx64
               " in the largest piece",
               region->name, region->bytes, sum, largest);
}

static void plan_complain_kernel(const struct plan *plan, const struct layout *layout,
                                 struct diag *diag)
{
    struct diag_pos nowhere = { 0, 0, 0 };
    uint64_t largest;
    uint64_t sum = layout_free_bytes(layout, &largest);

    diag_error(diag, nowhere,
               "there is too little memory for the kernel and the programs: they need 0x%" PRIx64
               " bytes in one piece beside the regions with phys_addr, but 0x%" PRIx64
               " are left, and 0x%" PRIx64 " in the largest piece",
               PLAN_SCRATCH + plan->image_bytes + plan->heap_bytes, sum, largest);
}

void plan_place(struct plan *plan, uint64_t kernel_bytes, uint64_t bootdesc_bytes,
                struct diag *diag)
{
    struct layout_item *items = alloc_array(plan->regions_count, sizeof(*items));
    bool again = true;

    plan->bootdesc_off = plan_round(kernel_bytes);
    plan->payload_off = plan->bootdesc_off + plan_round(bootdesc_bytes);
    plan->image_bytes = plan_place_payload(plan, plan->payload_off);
    /* Each round succeeds, gives up, or makes a region content with smaller blocks. */
    while (again) {
        struct layout layout;
        size_t count = plan_collect(plan, items);
        size_t failed;

        again = false;
        plan->heap_bytes = plan_heap_bytes(plan);
        plan_free_memory(plan, &layout);
        if (!plan_place_kernel(plan, &layout)) {
            plan_complain_kernel(plan, &layout, diag);
        } else if (layout_place(&layout, items, count, &failed)) {
            plan_take_result(plan, &layout, items, count);
        } else {
            struct plan_region *region = &plan->regions[items[failed].user];

            again = plan_relax(region);
            if (!again) {
                plan_complain(region, &layout, diag);
            }
        }
        layout_free(&layout);
    }
    free(items);
}
