/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables of programs: those of libmicrokit, and those that the description names. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "plan_internal.h"

#define PLAN_WORD sizeof(uint64_t)

void plan_store(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Bytes of a segment that are not in its file get into the image when a variable lies there. */
static void plan_grow(struct plan_region *region, uint64_t bytes)
{
    uint8_t *grown;

    if (bytes <= region->data_bytes) {
        return;
    }
    grown = alloc_array(bytes, 1);
    if (region->data != NULL) {
        memcpy(grown, region->data, region->data_bytes);
        free(region->data);
    }
    region->data = grown;
    region->data_bytes = bytes;
}

/* The segment of a PD that contains [addr, addr + bytes), or PLAN_NONE. */
static size_t plan_find_segment(const struct plan *plan, const struct plan_pd *pd, uint64_t addr,
                                uint64_t bytes)
{
    for (size_t i = pd->maps_first; i < pd->maps_first + pd->maps_count; i++) {
        const struct plan_map *map = &plan->maps[i];
        const struct plan_region *region = &plan->regions[map->region];

        if (region->kind == PLAN_SEGMENT && addr >= map->addr &&
            addr - map->addr <= region->data_room &&
            bytes <= region->data_room - (addr - map->addr)) {
            return i;
        }
    }
    return PLAN_NONE;
}

struct plan_place_of {
    size_t region;
    uint64_t off;
};

/* Where a symbol of `bytes` bytes lies. On an error, which goes to `diag`, returns false. */
static bool plan_locate(struct plan *plan, const struct plan_pd *pd,
                        const struct elffile_symbol *symbol, uint64_t bytes, struct diag_pos pos,
                        struct diag *diag, struct plan_place_of *place)
{
    size_t map;

    /* Assembler code may leave a symbol's size out. */
    if (symbol->bytes != bytes && (symbol->bytes != 0 || symbol->function)) {
        diag_error(diag, pos,
                   "symbol '%s' of protection domain '%s' has %" PRIu64 " bytes, not %" PRIu64,
                   symbol->name, pd->sdf->name.text, symbol->bytes, bytes);
        if (bytes == PLAN_WORD) {
            diag_help(diag, "declare it as uintptr_t or uint64_t");
        }
        return false;
    }
    map = symbol->absolute ? PLAN_NONE : plan_find_segment(plan, pd, symbol->addr, bytes);
    if (map == PLAN_NONE) {
        diag_error(diag, pos, "symbol '%s' of protection domain '%s' is not in a loaded segment",
                   symbol->name, pd->sdf->name.text);
        return false;
    }
    place->region = plan->maps[map].region;
    place->off = symbol->addr - plan->maps[map].addr;
    plan_grow(&plan->regions[place->region], place->off + bytes);
    return true;
}

/* A symbol that the description names must exist. */
static bool plan_locate_named(struct plan *plan, const struct plan_pd *pd,
                              const struct sdf_str *name, struct diag *diag,
                              struct plan_place_of *place)
{
    const struct elffile_symbol *symbol;

    if (name->text == NULL || pd->elf == NULL || pd->symbols == NULL) {
        return false; /* nothing asked for, or the program has been complained about */
    }
    symbol = elffile_symbol(pd->symbols, name->text);
    if (symbol == NULL) {
        diag_error(diag, name->pos,
                   "program image '%s' of protection domain '%s' has no symbol "
                   "'%s'",
                   pd->symbols == pd->elf ? pd->sdf->program.text : pd->sdf->program_symbols.text,
                   pd->sdf->name.text, name->text);
        return false;
    }
    return plan_locate(plan, pd, symbol, PLAN_WORD, name->pos, diag, place);
}

static void plan_set(struct plan *plan, const struct plan_pd *pd, const struct sdf_str *name,
                     uint64_t value, struct diag *diag)
{
    struct plan_place_of place;

    if (plan_locate_named(plan, pd, name, diag, &place)) {
        plan_store(plan->regions[place.region].data + place.off, value, PLAN_WORD);
    }
}

static void plan_set_paddr(struct plan *plan, const struct plan_pd *pd,
                           const struct sdf_setvar *setvar, struct diag *diag)
{
    struct plan_place_of place;
    struct plan_patch *patch;

    if (plan_locate_named(plan, pd, &setvar->symbol, diag, &place)) {
        plan->patches = alloc_grow(plan->patches, plan->patches_count, sizeof(*plan->patches));
        patch = &plan->patches[plan->patches_count++];
        patch->region = place.region;
        patch->off = place.off;
        patch->value_region = setvar->region;
    }
}

/* A variable of libmicrokit. Returns whether the program has it. */
static bool plan_set_own(struct plan *plan, const struct plan_pd *pd, const char *name,
                         const void *bytes, size_t size, struct diag *diag)
{
    const struct elffile_symbol *symbol = elffile_symbol(pd->symbols, name);
    struct plan_place_of place;

    if (symbol == NULL) {
        return false;
    }
    if (plan_locate(plan, pd, symbol, size, pd->sdf->program.pos, diag, &place)) {
        memcpy(plan->regions[place.region].data + place.off, bytes, size);
    }
    return true;
}

static bool plan_set_own_word(struct plan *plan, const struct plan_pd *pd, const char *name,
                              uint64_t value, struct diag *diag)
{
    uint8_t bytes[PLAN_WORD];

    plan_store(bytes, value, sizeof(bytes));
    return plan_set_own(plan, pd, name, bytes, sizeof(bytes), diag);
}

static void plan_patch_library(struct plan *plan, size_t index, struct diag *diag)
{
    const struct plan_pd *pd = &plan->pds[index];
    const uint8_t passive = pd->sdf->passive ? 1 : 0;
    char name[BH_NAME_BYTES] = { 0 };
    uint64_t notifications = 0;
    uint64_t calls = 0;
    uint64_t irqs = 0;

    for (size_t i = 0; i < plan->sdf->channels_count; i++) {
        for (size_t side = 0; side < 2; side++) {
            const struct sdf_end *end = &plan->sdf->channels[i].ends[side];

            if (end->pd == index) {
                notifications |= (uint64_t)end->notify << end->id.value;
                calls |= (uint64_t)end->pp << end->id.value;
            }
        }
    }
    for (size_t i = 0; i < pd->sdf->irqs_count; i++) {
        irqs |= 1UL << pd->sdf->irqs[i].id.value;
    }
    strncpy(name, pd->sdf->name.text, sizeof(name) - 1);
    if (!plan_set_own_word(plan, pd, "__sel4_ipc_buffer", pd->msg_addr, diag)) {
        diag_error(diag, pd->sdf->program.pos,
                   "program image '%s' cannot be used: it has no symbol '__sel4_ipc_buffer'",
                   pd->sdf->program.text);
        diag_help(diag, "link it with libmicrokit.a, and keep its symbols");
    }
    plan_set_own(plan, pd, "microkit_name", name, sizeof(name), diag);
    plan_set_own(plan, pd, "microkit_passive", &passive, sizeof(passive), diag);
    plan_set_own_word(plan, pd, "microkit_irqs", irqs, diag);
    plan_set_own_word(plan, pd, "microkit_notifications", notifications, diag);
    plan_set_own_word(plan, pd, "microkit_pps", calls, diag);
}

static void plan_patch_pd(struct plan *plan, size_t index, struct diag *diag)
{
    const struct plan_pd *pd = &plan->pds[index];
    const struct sdf_pd *sdf = pd->sdf;

    for (size_t i = 0; i < sdf->maps_count; i++) {
        const struct sdf_map *map = &sdf->maps[i];
        const struct sdf_region *region = &plan->sdf->regions[map->region];

        plan_set(plan, pd, &map->setvar_vaddr, map->vaddr.value, diag);
        plan_set(plan, pd, &map->setvar_size, sdf_region_bytes(region), diag);
        plan_set(plan, pd, &map->setvar_prefill_size, region->prefill_bytes, diag);
    }
    for (size_t i = 0; i < sdf->irqs_count; i++) {
        plan_set(plan, pd, &sdf->irqs[i].setvar_id, sdf->irqs[i].id.value, diag);
    }
    for (size_t i = 0; i < sdf->setvars_count; i++) {
        plan_set_paddr(plan, pd, &sdf->setvars[i], diag);
    }
    plan_set(plan, pd, &sdf->reports.setvar_vaddr, sdf->reports.vaddr.value, diag);
    if (sdf->parent != SDF_NONE) {
        plan_set(plan, &plan->pds[sdf->parent], &sdf->setvar_id, sdf->id.value, diag);
    }
}

void plan_patch(struct plan *plan, struct diag *diag)
{
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        plan_patch_pd(plan, i, diag);
        if (plan->pds[i].elf != NULL && plan->pds[i].symbols != NULL) {
            plan_patch_library(plan, i, diag);
        }
    }
    for (size_t i = 0; i < plan->sdf->channels_count; i++) {
        for (size_t side = 0; side < 2; side++) {
            const struct sdf_end *end = &plan->sdf->channels[i].ends[side];

            plan_set(plan, &plan->pds[end->pd], &end->setvar_id, end->id.value, diag);
        }
    }
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        const struct sdf_vm *vm = &plan->sdf->vms[i];

        for (size_t n = 0; n < vm->vcpus_count; n++) {
            plan_set(plan, &plan->pds[vm->pd], &vm->vcpus[n].setvar_id, vm->vcpus[n].id.value,
                     diag);
        }
    }
}
