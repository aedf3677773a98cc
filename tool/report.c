/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "file.h"

const char *report_perms(unsigned perms, char *text)
{
    text[0] = (perms & SDF_PERM_R) != 0 ? 'r' : '-';
    text[1] = (perms & SDF_PERM_W) != 0 ? 'w' : '-';
    text[2] = (perms & SDF_PERM_X) != 0 ? 'x' : '-';
    text[3] = '\0';
    return text;
}

static void report_space(const struct plan *plan, size_t region, size_t first, size_t count,
                         bool vm, const char *name,
                         void (*each)(void *context, bool vm, const char *name,
                                      const struct plan_map *map),
                         void *context)
{
    for (size_t i = first; i < first + count; i++) {
        if (plan->maps[i].region == region) {
            each(context, vm, name, &plan->maps[i]);
        }
    }
}

void report_mappers(const struct plan *plan, size_t region,
                    void (*each)(void *context, bool vm, const char *name,
                                 const struct plan_map *map),
                    void *context)
{
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        report_space(plan, region, plan->pds[i].maps_first, plan->pds[i].maps_count, false,
                     plan->sdf->pds[i].name.text, each, context);
    }
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        report_space(plan, region, plan->vms[i].maps_first, plan->vms[i].maps_count, true,
                     plan->sdf->vms[i].name.text, each, context);
    }
}

int report_write(const struct source *source, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int error;

    if (out == NULL) {
        fputs("bulkhead: out of memory\n", stderr);
        return CMD_ENVIRONMENT;
    }
    if (source->options->json) {
        report_json(&source->plan, out);
    } else {
        report_text(&source->plan, out);
    }
    error = fclose(out) != 0 ? ENOMEM : file_write(path, text, size);
    free(text);
    if (error != 0) {
        fprintf(stderr, "bulkhead: '%s' cannot be written: %s\n", path, strerror(error));
        return CMD_ENVIRONMENT;
    }
    return CMD_OK;
}
