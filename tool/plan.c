/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"
#include "layout.h"
#include "plan_internal.h"

size_t plan_add_region(struct plan *plan, enum plan_kind kind, char *name, struct diag_pos pos,
                       uint64_t bytes)
{
    struct plan_region *region;

    plan->regions = alloc_grow(plan->regions, plan->regions_count, sizeof(*plan->regions));
    region = &plan->regions[plan->regions_count];
    region->kind = kind;
    region->name = name;
    region->pos = pos;
    region->bytes = bytes;
    region->align = LAYOUT_PAGE;
    region->least_align = LAYOUT_PAGE;
    return plan->regions_count++;
}

void plan_add_map(struct plan *plan, size_t region, uint64_t addr, unsigned perms, bool cached)
{
    struct plan_map *map;

    plan->maps = alloc_grow(plan->maps, plan->maps_count, sizeof(*plan->maps));
    map = &plan->maps[plan->maps_count++];
    map->addr = addr;
    map->bytes = plan->regions[region].bytes;
    map->region = region;
    map->perms = perms;
    map->cached = cached;
}

static void plan_read_prefill(struct plan_region *region, const struct sdf_region *from,
                              struct diag *diag)
{
    size_t size;
    int error;

    if (from->contents != NULL) {
        region->data = (uint8_t *)alloc_copy(from->contents, from->prefill_bytes);
        region->data_bytes = from->prefill_bytes;
        region->data_room = from->prefill_bytes;
        return;
    }
    if (from->prefill_file == NULL) {
        return;
    }
    error = file_read(from->prefill_file, region->bytes, &region->data, &size);
    if (error != 0) {
        diag_error(diag, from->prefill_path.pos,
                   "the contents of memory region '%s' cannot be "
                   "read: %s: %s",
                   from->name.text, from->prefill_file, strerror(error));
        return;
    }
    region->data_bytes = size;
    region->data_room = size;
}

/* The regions of the description come first in the plan, under the same indices. */
static void plan_add_memory(struct plan *plan, struct diag *diag)
{
    for (size_t i = 0; i < plan->sdf->regions_count; i++) {
        const struct sdf_region *from = &plan->sdf->regions[i];
        const char *name = from->name.text;
        size_t index = plan_add_region(plan, PLAN_MEMORY, alloc_copy(name, strlen(name)), from->pos,
                                       sdf_region_bytes(from));
        struct plan_region *region = &plan->regions[index];

        if (from->phys_addr.given) {
            region->fixed = true;
            region->base = from->phys_addr.value;
            region->device = !board_touches_ram(plan->board, region->base, region->bytes);
        }
        if (from->page_size.given) {
            region->least_align = from->page_size.value;
            region->align = from->page_size.value;
        }
        plan_read_prefill(region, from, diag);
    }
}

static void plan_want_congruence(struct plan_region *region, const struct sdf_map *map)
{
    uint64_t block = layout_best_block(map->vaddr.value, region->bytes);

    /* Where maps disagree, the first of those that gain most is served. */
    if (!region->fixed && block > region->align) {
        region->align = block;
        region->residue = map->vaddr.value & (block - 1);
    }
}

static void plan_add_maps(struct plan *plan, const struct sdf_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan_add_map(plan, maps[i].region, maps[i].vaddr.value, maps[i].perms, maps[i].cached);
        plan_want_congruence(&plan->regions[maps[i].region], &maps[i]);
    }
}

static int plan_compare_maps(const void *a, const void *b)
{
    const struct plan_map *left = a;
    const struct plan_map *right = b;

    if (left->addr != right->addr) {
        return left->addr < right->addr ? -1 : 1;
    }
    return left->region < right->region ? -1 : left->region > right->region;
}

/* Sort the maps of an address space and report those that overlap. */
static void plan_finish_maps(struct plan *plan, size_t first, const char *what, const char *name,
                             struct diag *diag)
{
    struct plan_map *maps = plan->maps + first;
    size_t count = plan->maps_count - first;

    if (count == 0) {
        return;
    }
    qsort(maps, count, sizeof(*maps), plan_compare_maps);
    for (size_t i = 1; i < count; i++) {
        const struct plan_region *low = &plan->regions[maps[i - 1].region];
        const struct plan_region *high = &plan->regions[maps[i].region];

        if (maps[i - 1].addr + maps[i - 1].bytes <= maps[i].addr) {
            continue;
        }
        diag_error(diag, low->kind == PLAN_SEGMENT ? low->pos : high->pos,
                   "in %s '%s', '%s' at 0x%" PRIx64 " overlaps '%s' at 0x%" PRIx64 " (0x%" PRIx64
                   " bytes)",
                   what, name, high->name, maps[i].addr, low->name, maps[i - 1].addr,
                   maps[i - 1].bytes);
    }
}

static void plan_add_pd(struct plan *plan, size_t index, const struct search *search,
                        struct diag *diag)
{
    const struct sdf_pd *sdf = &plan->sdf->pds[index];
    struct plan_pd *pd = &plan->pds[index];
    const char *name = sdf->name.text;

    pd->sdf = sdf;
    pd->maps_first = plan->maps_count;
    pd->stack_top = SDF_SPACE_END;
    pd->msg_addr = pd->stack_top - sdf->stack_size.value - 2 * LAYOUT_PAGE; /* and a guard page */
    plan_add_program(plan, pd, search, diag);
    pd->stack_region = plan_add_region(plan, PLAN_STACK, alloc_format("%s: stack", name), sdf->pos,
                                       sdf->stack_size.value);
    plan_add_map(plan, pd->stack_region, pd->stack_top - sdf->stack_size.value,
                 SDF_PERM_R | SDF_PERM_W, true);
    pd->msg_region = plan_add_region(plan, PLAN_MESSAGE, alloc_format("%s: message buffer", name),
                                     sdf->pos, LAYOUT_PAGE);
    plan_add_map(plan, pd->msg_region, pd->msg_addr, SDF_PERM_R | SDF_PERM_W, true);
    plan_add_maps(plan, sdf->maps, sdf->maps_count);
    if (sdf->reports.given) {
        plan->report_pd = index;
        plan_add_map(plan, plan->report_region, sdf->reports.vaddr.value, SDF_PERM_R | SDF_PERM_W,
                     true);
    }
    plan_finish_maps(plan, pd->maps_first, "protection domain", name, diag);
    pd->maps_count = plan->maps_count - pd->maps_first;
    if (sdf->cpu.value >= plan->cpus) {
        plan->cpus = (unsigned)sdf->cpu.value + 1;
    }
}

static void plan_add_vm(struct plan *plan, size_t index, struct diag *diag)
{
    const struct sdf_vm *sdf = &plan->sdf->vms[index];
    struct plan_vm *vm = &plan->vms[index];

    vm->sdf = sdf;
    vm->maps_first = plan->maps_count;
    plan_add_maps(plan, sdf->maps, sdf->maps_count);
    for (size_t i = 0; i < sdf->pages_count; i++) {
        plan_add_map(plan, sdf->pages[i].region, sdf->pages[i].vaddr.value, SDF_PERM_R, true);
        plan->maps[plan->maps_count - 1].bytes = LAYOUT_PAGE;
    }
    plan_finish_maps(plan, vm->maps_first, "virtual machine", sdf->name.text, diag);
    vm->maps_count = plan->maps_count - vm->maps_first;
    for (size_t i = 0; i < sdf->vcpus_count; i++) {
        if (sdf->vcpus[i].cpu.value >= plan->cpus) {
            plan->cpus = (unsigned)sdf->vcpus[i].cpu.value + 1;
        }
    }
}

/*
 * A region that has contents and that nobody writes need not be copied out of the image, which is
 * aligned to blocks of 2 MiB.
 */
static void plan_choose_in_place(struct plan *plan)
{
    for (size_t i = 0; i < plan->regions_count; i++) {
        struct plan_region *region = &plan->regions[i];

        region->in_place = region->data != NULL && !region->fixed &&
                           region->align <= LAYOUT_BLOCK &&
                           region->bytes - region->data_bytes < LAYOUT_PAGE;
    }
    for (size_t i = 0; i < plan->maps_count; i++) {
        if ((plan->maps[i].perms & SDF_PERM_W) != 0) {
            plan->regions[plan->maps[i].region].in_place = false;
        }
    }
}

void plan_init(struct plan *plan, const struct sdf *sdf, const struct board *board,
               const struct search *search, struct diag *diag)
{
    struct diag_pos nowhere = { 0, 0, 0 };

    memset(plan, 0, sizeof(*plan));
    plan->sdf = sdf;
    plan->board = board;
    plan->trace_region = PLAN_NONE;
    plan->report_pd = PLAN_NONE;
    plan->pds = alloc_array(sdf->pds_count, sizeof(*plan->pds));
    plan->vms = alloc_array(sdf->vms_count, sizeof(*plan->vms));
    plan_add_memory(plan, diag);
    plan->report_region =
        plan_add_region(plan, PLAN_REPORT, alloc_format("report ring"), nowhere, LAYOUT_PAGE);
    if (sdf->trace.given) {
        uint64_t bytes = (sdf->trace.size.value + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1);

        plan->trace_region =
            plan_add_region(plan, PLAN_TRACE, alloc_format("trace"), sdf->trace.pos, bytes);
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        plan_add_pd(plan, i, search, diag);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        plan_add_vm(plan, i, diag);
    }
    plan_choose_in_place(plan);
}

uint64_t plan_map_block(const struct plan *plan, const struct plan_map *map)
{
    uint64_t block = layout_best_block(map->addr, map->bytes);
    uint64_t base = plan->regions[map->region].base;

    while (block > LAYOUT_PAGE && ((map->addr ^ base) & (block - 1)) != 0) {
        block = block == LAYOUT_GIANT ? LAYOUT_BLOCK : LAYOUT_PAGE;
    }
    return block;
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->regions_count; i++) {
        free(plan->regions[i].name);
        free(plan->regions[i].data);
    }
    for (size_t i = 0; plan->sdf != NULL && i < plan->sdf->pds_count; i++) {
        if (plan->pds[i].symbols != plan->pds[i].elf) {
            elffile_close(plan->pds[i].symbols);
        }
        elffile_close(plan->pds[i].elf);
    }
    free(plan->regions);
    free(plan->maps);
    free(plan->pds);
    free(plan->vms);
    free(plan->patches);
    free(plan->free);
    memset(plan, 0, sizeof(*plan));
}
