/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "sdf_check.h"

#define MIB (UINT64_C(1) << 20)

static const char *sdf_check_region_name(const struct sdf_region *region)
{
    return region->name.text != NULL ? region->name.text : "?";
}

/** Is the size one with which calculations make sense? */
static bool sdf_check_size_known(const struct sdf_region *region)
{
    return region->size.value > 0 && region->size.value <= SDF_SPACE_END;
}

static bool sdf_check_is_placed(const struct sdf_region *region)
{
    return region->phys_addr.given && sdf_check_size_known(region) &&
           region->phys_addr.value <= SDF_PHYSICAL_END - sdf_region_bytes(region);
}

static void sdf_check_region_size(const struct sdf_region *region, uint64_t page, struct diag *diag)
{
    uint64_t size = region->size.value;

    if (!region->size.given) {
        return;
    }
    if (size == 0 || size > SDF_SPACE_END) {
        diag_error(diag, region->size.pos, "a memory region cannot have 0x%" PRIx64 " bytes", size);
        diag_help(diag, "use a multiple of the page size, at most 0x%" PRIx64, SDF_SPACE_END);
    } else if (size % page != 0) {
        diag_error(diag, region->size.pos,
                   "the size 0x%" PRIx64 " is not a multiple of the page size 0x%" PRIx64, size,
                   page);
        diag_help(diag, "use 0x%" PRIx64, (size / page + 1) * page);
    }
}

static void sdf_check_region_place(const struct sdf_region *region, uint64_t page,
                                   struct diag *diag)
{
    uint64_t base = region->phys_addr.value;

    if (!region->phys_addr.given) {
        return;
    }
    if (base % page != 0) {
        diag_error(diag, region->phys_addr.pos,
                   "the physical address 0x%" PRIx64
                   " is not a multiple of the page size 0x%" PRIx64,
                   base, page);
        diag_help(diag, "the page that holds it begins at 0x%" PRIx64, base / page * page);
    }
    if (sdf_check_size_known(region) && !sdf_check_is_placed(region)) {
        diag_error(diag, region->phys_addr.pos,
                   "the region's end is above the highest physical address");
        diag_help(diag, "physical addresses are below 0x%" PRIx64, SDF_PHYSICAL_END);
    }
}

static void sdf_check_region_board(const struct sdf_region *region, const struct board *board,
                                   struct diag *diag)
{
    uint64_t base = region->phys_addr.value;
    uint64_t bytes = sdf_region_bytes(region);

    if (board == NULL || !sdf_check_is_placed(region)) {
        return;
    }
    if (board_touches_ram(board, base, bytes) && !board_in_ram(board, base, bytes)) {
        diag_error(diag, region->phys_addr.pos,
                   "only a part of 0x%" PRIx64 " to 0x%" PRIx64 " is RAM of the board", base,
                   base + bytes - 1);
        diag_help(diag,
                  "a region is RAM (0x%" PRIx64 " to 0x%" PRIx64 ") or device memory, as a "
                  "whole: split it",
                  board->ram[0].base, board->ram[0].base + board->ram[0].bytes - 1);
    }
    for (size_t i = 0; i < board->reserved_count; i++) {
        const struct board_range *reserved = &board->reserved[i];

        if (base < reserved->base + reserved->bytes && reserved->base < base + bytes) {
            diag_error(diag, region->phys_addr.pos,
                       "0x%" PRIx64 " to 0x%" PRIx64
                       " is the kernel's own: the interrupt controller",
                       reserved->base, reserved->base + reserved->bytes - 1);
            diag_help(diag, "leave it out; the kernel gives interrupts to protection domains by "
                            "<irq>");
            break;
        }
    }
    if (sdf_region_filled(region) && !board_touches_ram(board, base, bytes)) {
        diag_error(diag, region->prefill_path.text != NULL ? region->prefill_path.pos : region->pos,
                   "device memory cannot be filled from a file");
        diag_help(diag, "remove %s, or phys_addr",
                  region->prefill_path.text != NULL ? "prefill_path" : "the contents");
    }
}

static void sdf_check_region(const struct sdf_region *region, const struct board *board,
                             struct diag *diag)
{
    uint64_t page = SDF_PAGE;

    if (region->page_size.given && region->page_size.value != SDF_PAGE &&
        region->page_size.value != SDF_BIG_PAGE) {
        diag_error(diag, region->page_size.pos, "there are no pages of 0x%" PRIx64 " bytes",
                   region->page_size.value);
        diag_help(diag, "use 0x1000 or 0x200000, or leave page_size out");
    } else if (region->page_size.given) {
        page = region->page_size.value;
    }
    sdf_check_region_size(region, page, diag);
    sdf_check_region_place(region, page, diag);
    sdf_check_region_board(region, board, diag);
}

/** A region with a physical address. */
struct sdf_placed {
    uint64_t start, end;
    const struct sdf_region *region;
};

static int sdf_check_compare_placed(const void *a, const void *b)
{
    const struct sdf_placed *left = a;
    const struct sdf_placed *right = b;

    if (left->start != right->start) {
        return left->start < right->start ? -1 : 1;
    }
    return left->region < right->region ? -1 : left->region > right->region;
}

static void sdf_check_report_physical(const struct sdf_placed *a, const struct sdf_placed *b,
                                      struct diag *diag)
{
    const struct sdf_placed *late = a->region > b->region ? a : b;
    const struct sdf_placed *early = late == a ? b : a;
    const char *name = sdf_check_region_name(early->region);

    diag_error(diag, late->region->phys_addr.pos, "'%s' overlaps '%s' in physical memory",
               sdf_check_region_name(late->region), name);
    diag_help(diag,
              "'%s' in line %u is 0x%" PRIx64 " to 0x%" PRIx64 "; map one region into both "
              "to share it",
              name, early->region->pos.line, early->start, early->end - 1);
}

static void sdf_check_physical_overlap(const struct sdf *sdf, struct diag *diag)
{
    struct sdf_placed *placed = alloc_array(sdf->regions_count, sizeof(*placed));
    size_t count = 0, highest = 0;

    for (size_t i = 0; i < sdf->regions_count; i++) {
        const struct sdf_region *region = &sdf->regions[i];

        if (sdf_check_is_placed(region)) {
            placed[count].start = region->phys_addr.value;
            placed[count].end = region->phys_addr.value + sdf_region_bytes(region);
            placed[count++].region = region;
        }
    }
    qsort(placed, count, sizeof(*placed), sdf_check_compare_placed);
    for (size_t i = 1; i < count; i++) {
        if (placed[i].start < placed[highest].end) {
            sdf_check_report_physical(&placed[i], &placed[highest], diag);
        }
        if (placed[i].end > placed[highest].end) {
            highest = i;
        }
    }
    free(placed);
}

/** Memory that the description asks for so far, and what first made it too much. */
struct sdf_need {
    uint64_t have, need;
    struct diag_pos pos;
};

static void sdf_check_add_need(struct sdf_need *need, uint64_t bytes, struct diag_pos pos)
{
    if (need->need <= need->have && bytes <= SDF_SPACE_END) {
        need->need += bytes;
        need->pos = pos;
    }
}

/** Does all that is not a device fit into RAM? Programs come on top; the builder counts them. */
static void sdf_check_ram(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    struct sdf_need need = { .have = board_ram_bytes(board) };

    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_num *stack = &sdf->pds[i].stack_size;

        /* The stack and the message buffer. */
        sdf_check_add_need(&need, stack->value, stack->given ? stack->pos : sdf->pds[i].pos);
        sdf_check_add_need(&need, SDF_PAGE, sdf->pds[i].pos);
    }
    for (size_t i = 0; i < sdf->regions_count; i++) {
        const struct sdf_region *region = &sdf->regions[i];

        if (!region->phys_addr.given || board_touches_ram(board, region->phys_addr.value, 1)) {
            sdf_check_add_need(&need, sdf_region_bytes(region),
                               region->size.given ? region->size.pos : region->pos);
        }
    }
    if (sdf->trace.size.given) {
        sdf_check_add_need(&need, sdf->trace.size.value, sdf->trace.size.pos);
    }
    if (need.need > need.have) {
        diag_error(diag, need.pos, "the system needs more memory than the board has");
        diag_help(diag,
                  "board %s has %" PRIu64 " MiB of RAM; with this, at least %" PRIu64
                  " are needed%s",
                  board->name, need.have / MIB, need.need / MIB + (need.need % MIB != 0),
                  board->qemu != NULL ? "; --ram gives an emulated board more" : "");
    }
}

static void sdf_check_trace(const struct sdf *sdf, struct diag *diag)
{
    const struct sdf_num *size = &sdf->trace.size;
    uint64_t cpus = 1;

    if (!size->given) {
        return;
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        cpus = sdf->pds[i].cpu.value >= cpus ? sdf->pds[i].cpu.value + 1 : cpus;
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        for (size_t j = 0; j < sdf->vms[i].vcpus_count; j++) {
            uint64_t cpu = sdf->vms[i].vcpus[j].cpu.value;

            cpus = cpu >= cpus ? cpu + 1 : cpus;
        }
    }
    if (size->value % SDF_PAGE != 0 || size->value == 0 || size->value > SDF_SPACE_END) {
        diag_error(diag, size->pos, "a trace cannot have 0x%" PRIx64 " bytes", size->value);
        diag_help(diag, "use a multiple of 0x1000");
    } else if (cpus <= 8 && size->value < cpus * SDF_PAGE) {
        diag_error(diag, size->pos,
                   "a trace of 0x%" PRIx64 " bytes is too small for %" PRIu64 " CPUs", size->value,
                   cpus);
        diag_help(diag, "use at least 0x%" PRIx64 ", a page for each", cpus * SDF_PAGE);
    }
}

static void sdf_check_mark(struct sdf *sdf, size_t region)
{
    if (region != SDF_NONE) {
        sdf->regions[region].used = true;
    }
}

static void sdf_check_used(struct sdf *sdf, struct diag *diag)
{
    for (size_t i = 0; i < sdf->pds_count; i++) {
        for (size_t j = 0; j < sdf->pds[i].maps_count; j++) {
            sdf_check_mark(sdf, sdf->pds[i].maps[j].region);
        }
        for (size_t j = 0; j < sdf->pds[i].setvars_count; j++) {
            sdf_check_mark(sdf, sdf->pds[i].setvars[j].region);
        }
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        for (size_t j = 0; j < sdf->vms[i].maps_count; j++) {
            sdf_check_mark(sdf, sdf->vms[i].maps[j].region);
        }
        for (size_t j = 0; j < sdf->vms[i].pages_count; j++) {
            sdf_check_mark(sdf, sdf->vms[i].pages[j].region);
        }
    }
    if (diag->errors > 0) {
        return; /* a name that is spelt wrong may be what seems to be missing */
    }
    for (size_t i = 0; i < sdf->regions_count; i++) {
        if (!sdf->regions[i].used && sdf->regions[i].name.text != NULL) {
            diag_warning(diag, sdf->regions[i].name.pos, "memory region '%s' is not used",
                         sdf->regions[i].name.text);
            diag_help(diag, "map it with <map mr=\"%s\" vaddr=\"...\"/>, or remove it",
                      sdf->regions[i].name.text);
        }
    }
}

void sdf_check_memory(struct sdf *sdf, const struct board *board, struct diag *diag)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        sdf_check_region(&sdf->regions[i], board, diag);
    }
    sdf_check_physical_overlap(sdf, diag);
    sdf_check_trace(sdf, diag);
    if (board != NULL) {
        sdf_check_ram(sdf, board, diag);
    }
    sdf_check_used(sdf, diag);
}
