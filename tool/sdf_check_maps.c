/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "sdf_check.h"

/** The GICv2 virtual CPU interface is two pages; boards place it at 64 KiB steps. */
#define SDF_GICV_BYTES UINT64_C(0x10000)

/** What takes a part of an address space. `pos.line` 0: the tool puts it there. */
struct sdf_piece {
    uint64_t start, end;
    const char *name;
    const char *quote; /* around the name: "'" for one of the description */
    struct diag_pos pos;
};

struct sdf_space {
    struct sdf_piece *pieces;
    size_t count;
};

static void sdf_check_add_piece(struct sdf_space *space, uint64_t start, uint64_t bytes,
                                const char *name, const char *quote, struct diag_pos pos)
{
    space->pieces = alloc_grow(space->pieces, space->count, sizeof(*space->pieces));
    space->pieces[space->count++] = (struct sdf_piece){
        .start = start, .end = start + bytes, .name = name, .quote = quote, .pos = pos
    };
}

static int sdf_check_compare_pieces(const void *a, const void *b)
{
    const struct sdf_piece *left = a;
    const struct sdf_piece *right = b;

    if (left->start != right->start) {
        return left->start < right->start ? -1 : 1;
    }
    if (left->pos.line != right->pos.line) {
        return left->pos.line < right->pos.line ? -1 : 1;
    }
    return left->pos.column < right->pos.column ? -1 : left->pos.column > right->pos.column;
}

static bool sdf_check_is_later(struct diag_pos a, struct diag_pos b)
{
    return a.line != b.line ? a.line > b.line : a.column > b.column;
}

static void sdf_check_report_overlap(const struct sdf_piece *a, const struct sdf_piece *b,
                                     struct diag *diag)
{
    const struct sdf_piece *late = sdf_check_is_later(a->pos, b->pos) ? a : b;
    const struct sdf_piece *early = late == a ? b : a;

    diag_error(diag, late->pos, "%s%s%s at 0x%" PRIx64 " to 0x%" PRIx64 " overlaps %s%s%s",
               late->quote, late->name, late->quote, late->start, late->end - 1, early->quote,
               early->name, early->quote);
    if (early->pos.line > 0) {
        diag_help(diag, "%s%s%s is mapped at 0x%" PRIx64 " to 0x%" PRIx64 " in line %u",
                  early->quote, early->name, early->quote, early->start, early->end - 1,
                  early->pos.line);
    } else {
        diag_help(diag, "use addresses below 0x%" PRIx64, early->start);
    }
}

/** Sort the pieces and report those that overlap; then forget them. */
static void sdf_check_overlap(struct sdf_space *space, struct diag *diag)
{
    size_t highest = 0;

    if (space->count > 0) {
        qsort(space->pieces, space->count, sizeof(*space->pieces), sdf_check_compare_pieces);
    }
    for (size_t i = 1; i < space->count; i++) {
        if (space->pieces[i].start < space->pieces[highest].end) {
            sdf_check_report_overlap(&space->pieces[i], &space->pieces[highest], diag);
        }
        if (space->pieces[i].end > space->pieces[highest].end) {
            highest = i;
        }
    }
    free(space->pieces);
    *space = (struct sdf_space){ 0 };
}

/** Alignment and end of one map. False: the map takes no part in what follows. */
static bool sdf_check_map_address(const struct sdf *sdf, const struct sdf_map *map,
                                  struct diag *diag)
{
    const struct sdf_region *region = &sdf->regions[map->region];
    uint64_t page = region->page_size.value == SDF_BIG_PAGE ? SDF_BIG_PAGE : SDF_PAGE;
    uint64_t vaddr = map->vaddr.value;

    if (vaddr % page != 0) {
        diag_error(diag, map->vaddr.pos,
                   "the address 0x%" PRIx64 " is not a multiple of the page size 0x%" PRIx64, vaddr,
                   page);
        diag_help(diag, "use 0x%" PRIx64 "%s", vaddr / page * page,
                  page == SDF_BIG_PAGE ? ", or page_size=\"0x1000\" for the region" : "");
    }
    if (region->size.value == 0 || region->size.value > SDF_SPACE_END) {
        return false;
    }
    if (vaddr > SDF_SPACE_END - sdf_region_bytes(region)) {
        diag_error(diag, map->vaddr.pos, "'%s' does not fit at 0x%" PRIx64, map->mr.text, vaddr);
        diag_help(diag, "addresses are below 0x%" PRIx64 ", and the region has 0x%" PRIx64 " bytes",
                  SDF_SPACE_END, sdf_region_bytes(region));
        return false;
    }
    return true;
}

static void sdf_check_space_maps(const struct sdf *sdf, const struct sdf_map *maps, size_t count,
                                 struct sdf_space *space, struct diag *diag)
{
    for (size_t i = 0; i < count; i++) {
        const struct sdf_map *map = &maps[i];

        if (map->region != SDF_NONE && map->vaddr.given && sdf_check_map_address(sdf, map, diag)) {
            sdf_check_add_piece(space, map->vaddr.value,
                                sdf_region_bytes(&sdf->regions[map->region]), map->mr.text, "'",
                                map->vaddr.pos);
        }
    }
}

/** A register page takes one page of the guest's addresses. */
static void sdf_check_space_pages(const struct sdf_vm *vm, struct sdf_space *space,
                                  struct diag *diag)
{
    for (size_t i = 0; i < vm->pages_count; i++) {
        const struct sdf_register_page *page = &vm->pages[i];

        if (!page->vaddr.given || page->mr.text == NULL) {
            continue;
        }
        if (page->vaddr.value % SDF_PAGE != 0) {
            diag_error(diag, page->vaddr.pos,
                       "the address 0x%" PRIx64 " is not a multiple of the page size 0x1000",
                       page->vaddr.value);
            diag_help(diag, "use 0x%" PRIx64, page->vaddr.value / SDF_PAGE * SDF_PAGE);
        } else if (page->vaddr.value >= SDF_SPACE_END) {
            diag_error(diag, page->vaddr.pos, "the register page does not fit at 0x%" PRIx64,
                       page->vaddr.value);
            diag_help(diag, "addresses are below 0x%" PRIx64, SDF_SPACE_END);
        } else {
            sdf_check_add_piece(space, page->vaddr.value, SDF_PAGE, page->mr.text, "'",
                                page->vaddr.pos);
        }
    }
}

/** What the tool itself puts at the top of a PD's address space. */
static void sdf_check_add_top(const struct sdf_pd *pd, struct sdf_space *space)
{
    static const struct diag_pos nowhere;
    uint64_t stack = pd->stack_size.value;

    if (stack % SDF_PAGE != 0 || stack == 0 || stack > SDF_SPACE_END / 2) {
        return;
    }
    /* Downwards: the stack, an unmapped page, the message buffer, an unmapped page. */
    sdf_check_add_piece(space, SDF_SPACE_END - stack - 3 * SDF_PAGE, stack + 3 * SDF_PAGE,
                        "the stack and the message buffer", "", nowhere);
}

static void sdf_check_reports(const struct sdf_reports *reports, struct sdf_space *space,
                              struct diag *diag)
{
    if (!reports->vaddr.given) {
        return;
    }
    if (reports->vaddr.value % SDF_PAGE != 0) {
        diag_error(diag, reports->vaddr.pos,
                   "the address 0x%" PRIx64 " is not a multiple of the page size 0x1000",
                   reports->vaddr.value);
        diag_help(diag, "use 0x%" PRIx64, reports->vaddr.value / SDF_PAGE * SDF_PAGE);
    }
    if (reports->vaddr.value > SDF_SPACE_END - SDF_PAGE) {
        diag_error(diag, reports->vaddr.pos, "the report ring does not fit at 0x%" PRIx64,
                   reports->vaddr.value);
        diag_help(diag, "addresses are below 0x%" PRIx64, SDF_SPACE_END);
        return;
    }
    sdf_check_add_piece(space, reports->vaddr.value, SDF_PAGE, "the report ring", "",
                        reports->vaddr.pos);
}

static void sdf_check_pd_maps(const struct sdf *sdf, const struct board *board,
                              const struct sdf_pd *pd, struct diag *diag)
{
    for (size_t i = 0; i < pd->maps_count; i++) {
        const struct sdf_map *map = &pd->maps[i];
        const struct sdf_region *region =
            map->region != SDF_NONE ? &sdf->regions[map->region] : NULL;

        if (map->vaddr.given && map->vaddr.value < SDF_PAGE) {
            diag_warning(diag, map->vaddr.pos, "there is memory at address 0");
            diag_help(diag, "without, the use of a null pointer is found; use 0x1000 or above");
        }
        if (region == NULL) {
            continue;
        }
        if (map->setvar_prefill_size.text != NULL && !sdf_region_filled(region)) {
            diag_error(diag, map->setvar_prefill_size.pos, "'%s' is not filled from a file",
                       map->mr.text);
            diag_help(diag, "give the region a prefill_path, or use setvar_size");
        }
        if (board != NULL && board->gicv != 0 && region->phys_addr.given &&
            region->phys_addr.value < board->gicv + SDF_GICV_BYTES && region->size.value > 0 &&
            region->size.value <= SDF_SPACE_END &&
            region->phys_addr.value <= UINT64_MAX - region->size.value &&
            board->gicv < region->phys_addr.value + region->size.value) {
            diag_error(diag, map->mr.pos, "'%s' is the virtual interrupt interface of guests",
                       map->mr.text);
            diag_help(diag, "map it into a <virtual_machine> only");
        }
    }
}

void sdf_check_maps(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    struct sdf_space space = { 0 };

    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        sdf_check_pd_maps(sdf, board, pd, diag);
        sdf_check_space_maps(sdf, pd->maps, pd->maps_count, &space, diag);
        sdf_check_reports(&pd->reports, &space, diag);
        sdf_check_add_top(pd, &space);
        sdf_check_overlap(&space, diag);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        sdf_check_space_maps(sdf, sdf->vms[i].maps, sdf->vms[i].maps_count, &space, diag);
        sdf_check_space_pages(&sdf->vms[i], &space, diag);
        sdf_check_overlap(&space, diag);
    }
}
