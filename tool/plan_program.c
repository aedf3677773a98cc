/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of PDs: their ELF files become regions and maps. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layout.h"
#include "plan_internal.h"

static struct elffile *plan_open(const struct sdf_str *path, bool sdk, const struct search *search,
                                 struct diag *diag)
{
    struct elffile_problem problem;
    struct elffile *elf = NULL;
    char *found = search_program(search, path->text, sdk);

    if (found == NULL) {
        diag_error(diag, path->pos, "program image '%s' is not found%s", path->text,
                   sdk ? " in the SDK" : "");
        diag_help(diag, sdk ? "an SDK has it in board/<board>/<config>/elf"
                            : "give its folder with --search-path");
        return NULL;
    }
    if (elffile_open(found, &elf, &problem) != ELF_OK) {
        diag_error(diag, path->pos, "program image '%s' cannot be used: %s", path->text,
                   problem.text);
    }
    free(found);
    return elf;
}

static const char *plan_segment_name(unsigned perms)
{
    if ((perms & ELF_WRITE) != 0) {
        return "data";
    }
    return (perms & ELF_EXEC) != 0 ? "text" : "rodata";
}

static void plan_add_segment(struct plan *plan, const struct plan_pd *pd,
                             const struct elffile_segment *segment)
{
    uint64_t lead = segment->addr & (LAYOUT_PAGE - 1);
    uint64_t room = lead + segment->bytes;
    size_t index = plan_add_region(
        plan, PLAN_SEGMENT,
        alloc_format("%s: %s", pd->sdf->name.text, plan_segment_name(segment->perms)),
        pd->sdf->program.pos, (room + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1));
    struct plan_region *region = &plan->regions[index];
    unsigned perms = SDF_PERM_R;

    region->data_room = room;
    if (segment->file_bytes > 0) {
        region->data_bytes = lead + segment->file_bytes;
        region->data = alloc_array(region->data_bytes, 1);
        memcpy(region->data + lead, pd->elf->bytes + segment->file_off, segment->file_bytes);
    }
    perms |= (segment->perms & ELF_WRITE) != 0 ? SDF_PERM_W : 0u;
    perms |= (segment->perms & ELF_EXEC) != 0 ? SDF_PERM_X : 0u;
    plan_add_map(plan, index, segment->addr - lead, perms, true);
}

/* Add the segments that are writable, or those that are not. */
static void plan_add_segments(struct plan *plan, const struct plan_pd *pd, bool writable)
{
    for (size_t i = 0; i < pd->elf->segments_count; i++) {
        const struct elffile_segment *segment = &pd->elf->segments[i];

        if (((segment->perms & ELF_WRITE) != 0) == writable) {
            plan_add_segment(plan, pd, segment);
        }
    }
}

void plan_add_program(struct plan *plan, struct plan_pd *pd, const struct search *search,
                      struct diag *diag)
{
    const struct sdf_str *path = &pd->sdf->program;
    struct elffile *elf = plan_open(path, pd->sdf->program_sdk, search, diag);
    struct elffile_problem problem;

    if (elf == NULL) {
        return;
    }
    /* The page below the message buffer stays unmapped. */
    if (elffile_check_program(elf, pd->msg_addr - LAYOUT_PAGE, &problem) != ELF_OK ||
        (!pd->sdf->fpu && elffile_check_no_fp(elf, &problem) != ELF_OK)) {
        diag_error(diag, path->pos, "program image '%s' cannot be used: %s", path->text,
                   problem.text);
        elffile_close(elf);
        return;
    }
    for (size_t i = 0; i < elf->segments_count; i++) {
        if (elf->segments[i].bytes > board_ram_bytes(plan->board)) {
            diag_error(diag, path->pos,
                       "program image '%s' cannot be used: its segment at 0x%" PRIx64 " (0x%" PRIx64
                       " bytes) is larger than the board's memory",
                       path->text, elf->segments[i].addr, elf->segments[i].bytes);
            elffile_close(elf);
            return;
        }
    }
    pd->elf = elf;
    pd->symbols = elf;
    if (pd->sdf->program_symbols.text != NULL) {
        pd->symbols = plan_open(&pd->sdf->program_symbols, false, search, diag);
    }
    pd->code_first = plan->regions_count;
    plan_add_segments(plan, pd, false);
    pd->code_count = plan->regions_count - pd->code_first;
    pd->segments_first = plan->regions_count;
    plan_add_segments(plan, pd, true);
    pd->segments_count = plan->regions_count - pd->segments_first;
}
