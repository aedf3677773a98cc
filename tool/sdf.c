/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf.h"

#include <stdlib.h>

uint64_t sdf_region_bytes(const struct sdf_region *region)
{
    return (region->size.value + SDF_PAGE - 1) & ~(SDF_PAGE - 1);
}

bool sdf_region_filled(const struct sdf_region *region)
{
    return region->prefill_path.text != NULL || region->lines_count > 0 ||
           region->devices_count > 0;
}

static void sdf_free_strings(struct sdf_str *strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(strings[i].text);
    }
    free(strings);
}

static void sdf_free_region(struct sdf_region *region)
{
    free(region->name.text);
    free(region->prefill_path.text);
    free(region->prefill_file);
    free(region->contents);
    sdf_free_strings(region->lines, region->lines_count);
    sdf_free_strings(region->devices, region->devices_count);
}

static void sdf_free_guest(struct sdf_guest *guest)
{
    free(guest->name.text);
    free(guest->image.text);
    free(guest->bootargs.text);
    free(guest->monitor.text);
    free(guest->cpus);
    for (size_t i = 0; i < guest->devices_count; i++) {
        free(guest->devices[i].path.text);
    }
    free(guest->devices);
    free(guest->functions);
    for (size_t i = 0; i < guest->disks_count; i++) {
        free(guest->disks[i].from.text);
    }
    free(guest->disks);
    for (size_t i = 0; i < guest->ports_count; i++) {
        free(guest->ports[i].name.text);
        free(guest->ports[i].pd.text);
        free(guest->ports[i].setvar_vaddr.text);
        free(guest->ports[i].setvar_size.text);
        free(guest->ports[i].setvar_id.text);
    }
    free(guest->ports);
    for (size_t i = 0; i < guest->nets_count; i++) {
        free(guest->nets[i].on.text);
        free(guest->nets[i].mac.text);
        free(guest->nets[i].tagged.text);
    }
    free(guest->nets);
}

static void sdf_free_disks(struct sdf *sdf)
{
    for (size_t i = 0; i < sdf->disks_count; i++) {
        free(sdf->disks[i].name.text);
        free(sdf->disks[i].file.text);
        free(sdf->disks[i].driver.text);
    }
    free(sdf->disks);
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
    free(pd->client.setvar_vaddr.text);
    free(pd->client.setvar_size.text);
    free(pd->client.setvar_id.text);
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
    for (size_t i = 0; i < vm->pages_count; i++) {
        free(vm->pages[i].mr.text);
    }
    free(vm->pages);
    for (size_t i = 0; i < vm->vcpus_count; i++) {
        free(vm->vcpus[i].setvar_id.text);
    }
    free(vm->vcpus);
}

static void sdf_free_network(struct sdf_network *network)
{
    for (size_t i = 0; i < network->denies_count; i++) {
        free(network->denies[i].from.text);
        free(network->denies[i].to.text);
    }
    free(network->denies);
    if (network->uplink != NULL) {
        free(network->uplink->name.text);
        free(network->uplink->net.tagged.text);
        free(network->uplink);
    }
    free(network->name.text);
}

void sdf_free(struct sdf *sdf)
{
    for (size_t i = 0; i < sdf->regions_count; i++) {
        sdf_free_region(&sdf->regions[i]);
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
    for (size_t i = 0; i < sdf->images_count; i++) {
        free(sdf->images[i].name.text);
        free(sdf->images[i].kernel.text);
        free(sdf->images[i].initrd.text);
        free(sdf->images[i].dtb.text);
    }
    free(sdf->images);
    for (size_t i = 0; i < sdf->guests_count; i++) {
        sdf_free_guest(&sdf->guests[i]);
    }
    free(sdf->guests);
    sdf_free_disks(sdf);
    free(sdf->console.character.text);
    for (size_t i = 0; i < sdf->networks_count; i++) {
        sdf_free_network(&sdf->networks[i]);
    }
    free(sdf->networks);
    for (size_t i = 0; i < sdf->trunks_count; i++) {
        free(sdf->trunks[i].name.text);
        free(sdf->trunks[i].ends[0].text);
        free(sdf->trunks[i].ends[1].text);
        free(sdf->trunks[i].net.tagged.text);
    }
    free(sdf->trunks);
    free(sdf->name.text);
    free(sdf->source);
    free(sdf->path);
    *sdf = (struct sdf){ 0 };
}
