/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot description: the plan in the kernel's terms. */
#include <stdlib.h>
#include <string.h>

#include <bulkhead/bootdesc.h>

#include "alloc.h"
#include "image.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the boot description is written with the host's byte order"
#endif

/* A table that grows. */
struct image_table {
    uint8_t *bytes;
    size_t entry;
    size_t count;
    size_t room;
};

struct image_tables {
    const struct plan *plan;
    struct image_table memory, regions, maps, pds, vms, vcpus, devices, channels, irqs, symbols,
        strings;
};

static void image_append(struct image_table *table, const void *entries, size_t count)
{
    if (table->room - table->count < count) {
        uint8_t *grown;

        table->room = 2 * table->room + count + 16;
        grown = alloc_array(table->room, table->entry);
        if (table->count > 0) {
            memcpy(grown, table->bytes, table->count * table->entry);
        }
        free(table->bytes);
        table->bytes = grown;
    }
    memcpy(table->bytes + table->count * table->entry, entries, count * table->entry);
    table->count += count;
}

static uint32_t image_string(struct image_tables *tables, const char *text)
{
    uint32_t off = (uint32_t)tables->strings.count;

    image_append(&tables->strings, text, strlen(text) + 1);
    return off;
}

static void image_add_regions(struct image_tables *tables)
{
    const struct plan *plan = tables->plan;

    for (size_t i = 0; i < plan->board->ram_count; i++) {
        struct bd_memory memory = { plan->board->ram[i].base, plan->board->ram[i].bytes };

        image_append(&tables->memory, &memory, 1);
    }
    for (size_t i = 0; i < plan->regions_count; i++) {
        const struct plan_region *from = &plan->regions[i];
        struct bd_region region = { 0 };

        region.base = from->base;
        region.bytes = from->bytes;
        region.src_off = from->data_bytes > 0 ? from->src_off : BD_NO_SOURCE;
        region.src_bytes = from->data_bytes;
        region.name_off = image_string(tables, from->name);
        region.flags =
            (from->device ? BD_REGION_DEVICE : 0u) | (from->in_place ? BD_REGION_INPLACE : 0u);
        image_append(&tables->regions, &region, 1);
    }
    for (size_t i = 0; i < plan->maps_count; i++) {
        const struct plan_map *from = &plan->maps[i];
        struct bd_map map = { 0 };

        map.addr = from->addr;
        map.bytes = from->bytes;
        map.region = (uint32_t)from->region;
        map.flags = ((from->perms & SDF_PERM_R) != 0 ? BD_MAP_READ : 0u) |
                    ((from->perms & SDF_PERM_W) != 0 ? BD_MAP_WRITE : 0u) |
                    ((from->perms & SDF_PERM_X) != 0 ? BD_MAP_EXEC : 0u) |
                    (from->cached ? 0u : BD_MAP_UNCACHED);
        image_append(&tables->maps, &map, 1);
    }
}

static void image_add_channels(struct image_tables *tables, size_t pd, struct bd_pd *entry)
{
    const struct sdf *sdf = tables->plan->sdf;

    entry->channels_first = (uint32_t)tables->channels.count;
    for (size_t i = 0; i < sdf->channels_count; i++) {
        for (size_t side = 0; side < 2; side++) {
            const struct sdf_end *end = &sdf->channels[i].ends[side];
            const struct sdf_end *other = &sdf->channels[i].ends[1 - side];
            struct bd_channel channel = { 0 };

            if (end->pd != pd) {
                continue;
            }
            channel.peer = (uint32_t)other->pd;
            channel.id = (uint8_t)end->id.value;
            channel.peer_id = (uint8_t)other->id.value;
            channel.flags = (uint16_t)((end->notify ? BD_CHANNEL_NOTIFY : 0u) |
                                       (end->pp ? BD_CHANNEL_CALL : 0u));
            image_append(&tables->channels, &channel, 1);
        }
    }
    entry->channels_count = (uint32_t)tables->channels.count - entry->channels_first;
}

static void image_add_irqs(struct image_tables *tables, const struct sdf_pd *sdf,
                           struct bd_pd *entry)
{
    entry->irqs_first = (uint32_t)tables->irqs.count;
    for (size_t i = 0; i < sdf->irqs_count; i++) {
        struct bd_irq irq = { 0 };

        irq.intid = (uint32_t)sdf->irqs[i].irq.value;
        irq.id = (uint8_t)sdf->irqs[i].id.value;
        irq.flags = sdf->irqs[i].edge ? BD_IRQ_EDGE : 0;
        image_append(&tables->irqs, &irq, 1);
    }
    entry->irqs_count = (uint32_t)sdf->irqs_count;
}

static int image_compare_symbols(const void *a, const void *b)
{
    const struct elffile_symbol *left = a;
    const struct elffile_symbol *right = b;

    if (left->addr != right->addr) {
        return left->addr < right->addr ? -1 : 1;
    }
    if (left->global != right->global) {
        return left->global ? -1 : 1; /* of two names the public one is kept */
    }
    return strcmp(left->name, right->name);
}

static void image_add_symbols(struct image_tables *tables, const struct plan_pd *pd,
                              struct bd_pd *entry)
{
    struct elffile_symbol *sorted = alloc_array(pd->elf->symbols_count, sizeof(*sorted));
    size_t count = 0;

    for (size_t i = 0; i < pd->elf->symbols_count; i++) {
        if (pd->elf->symbols[i].function && !pd->elf->symbols[i].absolute) {
            sorted[count++] = pd->elf->symbols[i];
        }
    }
    if (count > 0) {
        qsort(sorted, count, sizeof(*sorted), image_compare_symbols);
    }
    entry->symbols_first = (uint32_t)tables->symbols.count;
    for (size_t i = 0; i < count; i++) {
        struct bd_symbol symbol = { 0 };

        if (i > 0 && sorted[i].addr == sorted[i - 1].addr) {
            continue;
        }
        symbol.addr = sorted[i].addr;
        symbol.bytes = sorted[i].bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)sorted[i].bytes;
        symbol.name_off = image_string(tables, sorted[i].name);
        image_append(&tables->symbols, &symbol, 1);
    }
    entry->symbols_count = (uint32_t)tables->symbols.count - entry->symbols_first;
    free(sorted);
}

static uint32_t image_index(size_t index)
{
    return index == PLAN_NONE ? BD_NONE : (uint32_t)index;
}

static void image_add_pd(struct image_tables *tables, size_t index, bool symbols)
{
    const struct plan_pd *pd = &tables->plan->pds[index];
    const struct sdf_pd *sdf = pd->sdf;
    struct bd_pd entry = { 0 };

    entry.name_off = image_string(tables, sdf->name.text);
    entry.flags = (sdf->passive ? BD_PD_PASSIVE : 0u) | (sdf->fpu ? BD_PD_FPU : 0u) |
                  (sdf->smc ? BD_PD_SMC : 0u);
    entry.priority = (uint8_t)sdf->priority.value;
    entry.cpu = (uint8_t)sdf->cpu.value;
    entry.child_id = sdf->parent == SDF_NONE ? 0 : (uint8_t)sdf->id.value;
    entry.budget_us = (uint32_t)sdf->budget.value;
    entry.period_us = (uint32_t)sdf->period.value;
    entry.parent = image_index(sdf->parent);
    entry.vm = image_index(sdf->vm);
    entry.maps_first = (uint32_t)pd->maps_first;
    entry.maps_count = (uint32_t)pd->maps_count;
    image_add_channels(tables, index, &entry);
    image_add_irqs(tables, sdf, &entry);
    if (symbols) {
        image_add_symbols(tables, pd, &entry);
    }
    entry.segments_first = (uint32_t)pd->segments_first;
    entry.segments_count = (uint32_t)pd->segments_count;
    entry.stack_region = (uint32_t)pd->stack_region;
    entry.msg_region = (uint32_t)pd->msg_region;
    entry.entry = pd->elf->entry;
    entry.stack_top = pd->stack_top;
    entry.msg_addr = pd->msg_addr;
    image_append(&tables->pds, &entry, 1);
}

static void image_add_devices(struct image_tables *tables, const struct sdf_vm *sdf)
{
    for (size_t i = 0; i < sdf->pages_count; i++) {
        const struct sdf_register_page *page = &sdf->pages[i];
        struct bd_device device = { 0 };

        /* The regions of the description have the same indices in the plan. */
        device.gpa = page->vaddr.value;
        device.region = (uint32_t)page->region;
        device.intid = (uint32_t)page->irq.value;
        device.id = (uint32_t)page->id.value;
        image_append(&tables->devices, &device, 1);
    }
}

static void image_add_vm(struct image_tables *tables, size_t index)
{
    const struct plan_vm *vm = &tables->plan->vms[index];
    const struct sdf_vm *sdf = vm->sdf;
    struct bd_vm entry = { 0 };

    entry.name_off = image_string(tables, sdf->name.text);
    entry.pd = (uint32_t)sdf->pd;
    entry.maps_first = (uint32_t)vm->maps_first;
    entry.maps_count = (uint32_t)vm->maps_count;
    entry.vcpus_first = (uint32_t)tables->vcpus.count;
    entry.vcpus_count = (uint32_t)sdf->vcpus_count;
    entry.devices_first = (uint32_t)tables->devices.count;
    entry.devices_count = (uint32_t)sdf->pages_count;
    entry.gicd = tables->plan->board->gicd;
    image_append(&tables->vms, &entry, 1);
    image_add_devices(tables, sdf);
    for (size_t i = 0; i < sdf->vcpus_count; i++) {
        struct bd_vcpu vcpu = { 0 };

        vcpu.vm = (uint32_t)index;
        vcpu.id = (uint8_t)sdf->vcpus[i].id.value;
        vcpu.cpu = (uint8_t)sdf->vcpus[i].cpu.value;
        vcpu.priority = (uint8_t)sdf->priority.value;
        vcpu.budget_us = (uint32_t)sdf->budget.value;
        vcpu.period_us = (uint32_t)sdf->period.value;
        image_append(&tables->vcpus, &vcpu, 1);
    }
}

static void image_fill_board(struct bd_board *to, const struct plan *plan)
{
    const struct board *from = plan->board;

    to->gicd = from->gicd;
    to->gicc = from->gicc;
    to->gich = from->gich;
    to->gicv = from->gicv;
    to->gicr = from->gicr;
    to->gicr_bytes = from->gicr_bytes;
    to->uart = from->uart;
    for (size_t i = 0; i < 8; i++) {
        to->mpidr[i] = from->mpidr[i];
    }
    to->cpus = plan->cpus;
}

/* Lay the tables out behind the header, each aligned to 8 bytes. Returns the size in all. */
static uint64_t image_lay_out(struct image_table *const *tables, struct bd_table *const *places,
                              size_t count)
{
    uint64_t off = sizeof(struct bd_header);

    for (size_t i = 0; i < count; i++) {
        places[i]->off = (uint32_t)off;
        places[i]->count = (uint32_t)tables[i]->count;
        off = (off + tables[i]->count * tables[i]->entry + 7) & ~7UL;
    }
    return off;
}

static uint8_t *image_assemble(struct image_tables *t, uint64_t *size)
{
    const struct plan *plan = t->plan;
    struct bd_header h = { 0 };
    struct image_table *const tables[] = { &t->memory, &t->regions, &t->maps,    &t->pds,
                                           &t->vms,    &t->vcpus,   &t->devices, &t->channels,
                                           &t->irqs,   &t->symbols, &t->strings };
    struct bd_table *const places[] = { &h.memory, &h.regions, &h.maps,    &h.pds,
                                        &h.vms,    &h.vcpus,   &h.devices, &h.channels,
                                        &h.irqs,   &h.symbols, &h.strings };
    const size_t count = sizeof(tables) / sizeof(tables[0]);
    uint8_t *bytes;

    _Static_assert(sizeof(tables) == sizeof(places), "each table has its place");
    *size = image_lay_out(tables, places, count);
    h.magic = BD_MAGIC;
    h.version = BD_VERSION;
    h.bytes = (uint32_t)*size;
    h.kernel_base = plan->kernel_base;
    h.image_bytes = plan->image_bytes;
    h.heap_bytes = plan->heap_bytes;
    image_fill_board(&h.board, plan);
    h.trace_region = image_index(plan->trace_region);
    h.report_pd = image_index(plan->report_pd);
    h.report_region = (uint32_t)plan->report_region;
    if (plan->report_pd != PLAN_NONE) {
        h.report_id = (uint32_t)plan->pds[plan->report_pd].sdf->reports.id.value;
    }
    bytes = alloc_array(*size, 1);
    memcpy(bytes, &h, sizeof(h));
    for (size_t i = 0; i < count; i++) {
        if (tables[i]->count > 0) {
            memcpy(bytes + places[i]->off, tables[i]->bytes, tables[i]->count * tables[i]->entry);
        }
        free(tables[i]->bytes);
    }
    return bytes;
}

uint8_t *image_describe(const struct plan *plan, bool symbols, uint64_t *size)
{
    struct image_tables tables = {
        .plan = plan,
        .memory.entry = sizeof(struct bd_memory),
        .regions.entry = sizeof(struct bd_region),
        .maps.entry = sizeof(struct bd_map),
        .pds.entry = sizeof(struct bd_pd),
        .vms.entry = sizeof(struct bd_vm),
        .vcpus.entry = sizeof(struct bd_vcpu),
        .devices.entry = sizeof(struct bd_device),
        .channels.entry = sizeof(struct bd_channel),
        .irqs.entry = sizeof(struct bd_irq),
        .symbols.entry = sizeof(struct bd_symbol),
        .strings.entry = 1,
    };

    image_add_regions(&tables);
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        image_add_pd(&tables, i, symbols);
    }
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        image_add_vm(&tables, i);
    }
    return image_assemble(&tables, size);
}
