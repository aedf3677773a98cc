/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "board.h"
#include "devicetree.h"
#include "sdf.h"

static uint64_t sdf_prefill_round(const struct sdf_region *region, uint64_t bytes)
{
    uint64_t page = region->page_size.value == SDF_BIG_PAGE ? SDF_BIG_PAGE : SDF_PAGE;

    return (bytes + page - 1) & ~(page - 1);
}

static void sdf_prefill_region(struct sdf_region *region, const struct search *search,
                               struct diag *diag)
{
    const struct sdf_str *path = &region->prefill_path;
    struct stat facts;

    region->prefill_file = search_find(search, path->text);
    if (region->prefill_file == NULL) {
        diag_error(diag, path->pos, "the file '%s' is not found", path->text);
        diag_help(diag, "it is looked for in the current folder, then along --search-path");
        return;
    }
    if (stat(region->prefill_file, &facts) != 0) {
        diag_error(diag, path->pos, "the file '%s' cannot be read: %s", path->text,
                   strerror(errno));
        return;
    }
    region->prefill_bytes = (uint64_t)facts.st_size;
    if (region->prefill_bytes == 0 && !region->size.given) {
        diag_error(diag, path->pos, "the file '%s' is empty", path->text);
        diag_help(diag, "give the region a size, or fill the file");
    } else if (region->prefill_bytes > SDF_SPACE_END) {
        diag_error(diag, path->pos, "the file '%s' is too large", path->text);
        diag_help(diag, "a region has at most 0x%" PRIx64 " bytes", SDF_SPACE_END);
    } else if (!region->size.given) {
        region->size.value = sdf_prefill_round(region, region->prefill_bytes);
    } else if (region->prefill_bytes > region->size.value) {
        diag_error(diag, path->pos, "the file '%s' has 0x%" PRIx64 " bytes, the region 0x%" PRIx64,
                   path->text, region->prefill_bytes, region->size.value);
        diag_help(diag, "give the region at least 0x%" PRIx64 " bytes, or leave size out",
                  sdf_prefill_round(region, region->prefill_bytes));
    }
}

/** Contents that were made take the room that they need, or what there is. */
static void sdf_prefill_made(struct sdf_region *region, struct diag *diag)
{
    if (!region->size.given) {
        region->size.value = sdf_prefill_round(region, region->prefill_bytes);
    } else if (region->prefill_bytes > region->size.value) {
        diag_error(diag, region->size.pos,
                   "the contents of the region have 0x%" PRIx64 " bytes, the region 0x%" PRIx64,
                   region->prefill_bytes, region->size.value);
        diag_help(diag, "give it at least 0x%" PRIx64 " bytes, or leave size out",
                  sdf_prefill_round(region, region->prefill_bytes));
    }
}

static void sdf_prefill_lines(struct sdf_region *region)
{
    size_t bytes = 0;
    char *to;

    for (size_t i = 0; i < region->lines_count; i++) {
        bytes += region->lines[i].text != NULL ? strlen(region->lines[i].text) + 1 : 0;
    }
    region->contents = alloc_array(bytes + 1, 1);
    region->prefill_bytes = bytes;
    to = region->contents;
    for (size_t i = 0; i < region->lines_count; i++) {
        if (region->lines[i].text != NULL) {
            size_t length = strlen(region->lines[i].text);

            memcpy(to, region->lines[i].text, length);
            to[length] = '\n';
            to += length + 1;
        }
    }
}

static void sdf_prefill_devices(struct sdf_region *region, const struct board *board,
                                struct diag *diag)
{
    const char **paths = alloc_array(region->devices_count, sizeof(*paths));
    struct devicetree_set set = { .paths = paths };
    struct devicetree_problem problem;
    size_t bytes = 0;

    for (size_t i = 0; i < region->devices_count; i++) {
        if (region->devices[i].text != NULL) {
            paths[set.count++] = region->devices[i].text;
        }
    }
    if (board == NULL) {
        region->size.value = region->size.given ? region->size.value : SDF_PAGE;
    } else if (board->tree == NULL) {
        diag_error(diag, region->devices[0].pos, "board %s has no device tree", board->name);
        diag_help(diag, "its folder needs a board.dtb");
    } else {
        region->contents = (char *)devicetree_copy(board->tree, &set, &bytes, &problem);
        region->prefill_bytes = bytes;
        if (region->contents == NULL) {
            diag_error(diag, region->devices[0].pos, "%s", problem.text);
            diag_help(diag, "%s", problem.help);
        }
    }
    free(paths);
}

void sdf_prefill(struct sdf *sdf, const struct search *search, const struct board *board,
                 struct diag *diag)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        struct sdf_region *region = &sdf->regions[i];

        if (region->prefill_path.text != NULL) {
            sdf_prefill_region(region, search, diag);
        } else if (region->lines_count > 0) {
            sdf_prefill_lines(region);
        } else if (region->devices_count > 0) {
            sdf_prefill_devices(region, board, diag);
        }
        if (region->contents != NULL) {
            sdf_prefill_made(region, diag);
        }
    }
}
