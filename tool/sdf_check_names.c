/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "bulkhead/abi.h"
#include "sdf_check.h"
#include "sdf_index.h"

static void sdf_check_name(const struct sdf_str *name, const char *kind, struct diag *diag)
{
    if (name->text == NULL) {
        return;
    }
    if (strlen(name->text) >= BH_NAME_BYTES) {
        diag_error(diag, name->pos, "the name of this %s has %zu bytes", kind, strlen(name->text));
        diag_help(diag, "use at most %d bytes", BH_NAME_BYTES - 1);
    }
    if (strcmp(name->text, "monitor") == 0) {
        diag_error(diag, name->pos, "the name 'monitor' is reserved");
        diag_help(diag, "choose another name");
    }
}

static void sdf_check_resolve_maps(struct sdf_map *maps, size_t count,
                                   const struct sdf_index *regions, struct diag *diag)
{
    for (size_t i = 0; i < count; i++) {
        maps[i].region = sdf_index_find(regions, &maps[i].mr, diag);
    }
}

static void sdf_check_resolve(struct sdf *sdf, const struct sdf_index *pds,
                              const struct sdf_index *regions, struct diag *diag)
{
    for (size_t i = 0; i < sdf->pds_count; i++) {
        struct sdf_pd *pd = &sdf->pds[i];

        sdf_check_resolve_maps(pd->maps, pd->maps_count, regions, diag);
        for (size_t j = 0; j < pd->setvars_count; j++) {
            pd->setvars[j].region = sdf_index_find(regions, &pd->setvars[j].region_paddr, diag);
        }
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        struct sdf_vm *vm = &sdf->vms[i];

        sdf_check_resolve_maps(vm->maps, vm->maps_count, regions, diag);
        for (size_t j = 0; j < vm->pages_count; j++) {
            vm->pages[j].region = sdf_index_find(regions, &vm->pages[j].mr, diag);
        }
    }
    for (size_t i = 0; i < sdf->channels_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct sdf_end *end = &sdf->channels[i].ends[j];

            end->pd = sdf_index_find(pds, &end->pd_name, diag);
        }
    }
}

void sdf_check_names(struct sdf *sdf, struct diag *diag)
{
    struct sdf_index pds = { .kind = "protection domain" };
    struct sdf_index vms = { .kind = "virtual machine" };
    struct sdf_index regions = { .kind = "memory region" };

    for (size_t i = 0; i < sdf->pds_count; i++) {
        sdf_check_name(&sdf->pds[i].name, pds.kind, diag);
        sdf_index_add(&pds, &sdf->pds[i].name, i);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        sdf_check_name(&sdf->vms[i].name, vms.kind, diag);
        sdf_index_add(&vms, &sdf->vms[i].name, i);
    }
    for (size_t i = 0; i < sdf->regions_count; i++) {
        sdf_index_add(&regions, &sdf->regions[i].name, i);
    }
    sdf_index_finish(&pds, diag);
    sdf_index_finish(&vms, diag);
    sdf_index_finish(&regions, diag);
    sdf_check_resolve(sdf, &pds, &regions, diag);
    sdf_index_free(&pds);
    sdf_index_free(&vms);
    sdf_index_free(&regions);
}
