/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "sdf.h"

static void sdf_prefill_region(struct sdf_region *region, const struct search *search,
                               struct diag *diag)
{
    const struct sdf_str *path = &region->prefill_path;
    uint64_t page = region->page_size.value == SDF_BIG_PAGE ? SDF_BIG_PAGE : SDF_PAGE;
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
        region->size.value = (region->prefill_bytes + page - 1) & ~(page - 1);
    } else if (region->prefill_bytes > region->size.value) {
        diag_error(diag, path->pos, "the file '%s' has 0x%" PRIx64 " bytes, the region 0x%" PRIx64,
                   path->text, region->prefill_bytes, region->size.value);
        diag_help(diag, "give the region at least 0x%" PRIx64 " bytes, or leave size out",
                  (region->prefill_bytes + page - 1) & ~(page - 1));
    }
}

void sdf_prefill(struct sdf *sdf, const struct search *search, struct diag *diag)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        if (sdf->regions[i].prefill_path.text != NULL) {
            sdf_prefill_region(&sdf->regions[i], search, diag);
        }
    }
}
