/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf.h"

#include <stdlib.h>

uint64_t sdf_region_bytes(const struct sdf_region *region)
{
    return (region->size.value + SDF_PAGE - 1) & ~(SDF_PAGE - 1);
}

static void sdf_free_maps(struct sdf_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(maps[i].mr.text);
        free(maps[i].setvar_vaddr.text);
        free(maps[i].setvar_size.text);
        free(maps[i].setvar_prefill_size.text);
    }
    free(maps);
}

static void sdf_free_pd(struct sdf_pd *pd)
{
    free(pd->name.text);
    free(pd->setvar_id.text);
    free(pd->program.text);
    free(pd->program_symbols.text);
    free(pd->reports.setvar_vaddr.text);
    sdf_free_maps(pd->maps, pd->maps_count);
    for (size_t i = 0; i < pd->irqs_count; i++) {
        free(pd->irqs[i].setvar_id.text);
    }
    free(pd->irqs);
    for (size_t i = 0; i < pd->setvars_count; i++) {
        free(pd->setvars[i].symbol.text);
        free(pd->setvars[i].region_paddr.text);
    }
    free(pd->setvars);
}

static void sdf_free_vm(struct sdf_vm *vm)
{
    free(vm->name.text);
    sdf_free_maps(vm->maps, vm->maps_count);
    for (size_t i = 0; i < vm->vcpus_count; i++) {
        free(vm->vcpus[i].setvar_id.text);
    }
    free(vm->vcpus);
}

void sdf_free(struct sdf *sdf)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        free(sdf->regions[i].name.text);
        free(sdf->regions[i].prefill_path.text);
        free(sdf->regions[i].prefill_file);
    }
    free(sdf->regions);
    for (size_t i = 0; i < sdf->pds_count; i++) {
        sdf_free_pd(&sdf->pds[i]);
    }
    free(sdf->pds);
    for (size_t i = 0; i < sdf->vms_count; i++) {
        sdf_free_vm(&sdf->vms[i]);
    }
    free(sdf->vms);
    for (size_t i = 0; i < sdf->channels_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            free(sdf->channels[i].ends[j].pd_name.text);
            free(sdf->channels[i].ends[j].setvar_id.text);
        }
    }
    free(sdf->channels);
    free(sdf->source);
    free(sdf->path);
    *sdf = (struct sdf){ 0 };
}
