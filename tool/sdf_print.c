/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdbool.h>

#include "sdf.h"

/** Where the output goes, and how deep it is in elements. */
struct sdf_printer {
    FILE *out;
    int depth;
};

static void sdf_print_indent(const struct sdf_printer *printer)
{
    fprintf(printer->out, "%*s", printer->depth * 2, "");
}

static void sdf_print_string(const struct sdf_printer *printer, const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    fprintf(printer->out, " %s=\"", name);
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '"':
            fputs("&quot;", printer->out);
            break;
        case '&':
            fputs("&amp;", printer->out);
            break;
        case '<':
            fputs("&lt;", printer->out);
            break;
        default:
            fputc(*at, printer->out);
        }
    }
    fputc('"', printer->out);
}

static void sdf_print_decimal(const struct sdf_printer *printer, const char *name, uint64_t value)
{
    fprintf(printer->out, " %s=\"%" PRIu64 "\"", name, value);
}

static void sdf_print_hex(const struct sdf_printer *printer, const char *name, uint64_t value)
{
    fprintf(printer->out, " %s=\"0x%" PRIx64 "\"", name, value);
}

static void sdf_print_bool(const struct sdf_printer *printer, const char *name, bool value)
{
    fprintf(printer->out, " %s=\"%s\"", name, value ? "true" : "false");
}

/** Elements with one attribute each. */
static void sdf_print_each(const struct sdf_printer *printer, const char *element,
                           const char *attribute, const struct sdf_str *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sdf_print_indent(printer);
        fprintf(printer->out, "<%s", element);
        sdf_print_string(printer, attribute, texts[i].text);
        fputs("/>\n", printer->out);
    }
}

static void sdf_print_region(struct sdf_printer *printer, const struct sdf_region *region)
{
    sdf_print_indent(printer);
    fputs("<memory_region", printer->out);
    sdf_print_string(printer, "name", region->name.text);
    if (region->size.value > 0) {
        sdf_print_hex(printer, "size", region->size.value);
    }
    if (region->page_size.given) {
        sdf_print_hex(printer, "page_size", region->page_size.value);
    }
    if (region->phys_addr.given) {
        sdf_print_hex(printer, "phys_addr", region->phys_addr.value);
    }
    sdf_print_string(printer, "prefill_path", region->prefill_path.text);
    if (region->lines_count + region->devices_count == 0) {
        fputs("/>\n", printer->out);
        return;
    }
    fputs(">\n", printer->out);
    printer->depth++;
    sdf_print_each(printer, "line", "text", region->lines, region->lines_count);
    sdf_print_each(printer, "device_node", "path", region->devices, region->devices_count);
    printer->depth--;
    sdf_print_indent(printer);
    fputs("</memory_region>\n", printer->out);
}

static void sdf_print_map(const struct sdf_printer *printer, const struct sdf_map *map)
{
    char perms[4];
    size_t count = 0;

    if ((map->perms & SDF_PERM_R) != 0) {
        perms[count++] = 'r';
    }
    if ((map->perms & SDF_PERM_W) != 0) {
        perms[count++] = 'w';
    }
    if ((map->perms & SDF_PERM_X) != 0) {
        perms[count++] = 'x';
    }
    perms[count] = '\0';
    sdf_print_indent(printer);
    fputs("<map", printer->out);
    sdf_print_string(printer, "mr", map->mr.text);
    sdf_print_hex(printer, "vaddr", map->vaddr.value);
    sdf_print_string(printer, "perms", perms);
    sdf_print_bool(printer, "cached", map->cached);
    sdf_print_string(printer, "setvar_vaddr", map->setvar_vaddr.text);
    sdf_print_string(printer, "setvar_size", map->setvar_size.text);
    sdf_print_string(printer, "setvar_prefill_size", map->setvar_prefill_size.text);
    fputs("/>\n", printer->out);
}

static void sdf_print_irq(const struct sdf_printer *printer, const struct sdf_irq *irq)
{
    sdf_print_indent(printer);
    fputs("<irq", printer->out);
    sdf_print_decimal(printer, "irq", irq->irq.value);
    sdf_print_decimal(printer, "id", irq->id.value);
    sdf_print_string(printer, "trigger", irq->edge ? "edge" : "level");
    sdf_print_string(printer, "setvar_id", irq->setvar_id.text);
    fputs("/>\n", printer->out);
}

static void sdf_print_time(const struct sdf_printer *printer, const struct sdf_num *priority,
                           const struct sdf_num *budget, const struct sdf_num *period)
{
    sdf_print_decimal(printer, "priority", priority->value);
    sdf_print_decimal(printer, "budget", budget->value);
    sdf_print_decimal(printer, "period", period->value);
}

static void sdf_print_vm(struct sdf_printer *printer, const struct sdf_vm *vm)
{
    sdf_print_indent(printer);
    fputs("<virtual_machine", printer->out);
    sdf_print_string(printer, "name", vm->name.text);
    sdf_print_time(printer, &vm->priority, &vm->budget, &vm->period);
    fputs(">\n", printer->out);
    printer->depth++;
    for (size_t i = 0; i < vm->vcpus_count; i++) {
        sdf_print_indent(printer);
        fputs("<vcpu", printer->out);
        sdf_print_decimal(printer, "id", vm->vcpus[i].id.value);
        sdf_print_decimal(printer, "cpu", vm->vcpus[i].cpu.value);
        sdf_print_string(printer, "setvar_id", vm->vcpus[i].setvar_id.text);
        fputs("/>\n", printer->out);
    }
    for (size_t i = 0; i < vm->maps_count; i++) {
        sdf_print_map(printer, &vm->maps[i]);
    }
    for (size_t i = 0; i < vm->pages_count; i++) {
        sdf_print_indent(printer);
        fputs("<register_page", printer->out);
        sdf_print_string(printer, "mr", vm->pages[i].mr.text);
        sdf_print_hex(printer, "vaddr", vm->pages[i].vaddr.value);
        sdf_print_decimal(printer, "irq", vm->pages[i].irq.value);
        sdf_print_decimal(printer, "id", vm->pages[i].id.value);
        fputs("/>\n", printer->out);
    }
    printer->depth--;
    sdf_print_indent(printer);
    fputs("</virtual_machine>\n", printer->out);
}

static void sdf_print_pd_attributes(const struct sdf_printer *printer, const struct sdf_pd *pd)
{
    sdf_print_string(printer, "name", pd->name.text);
    if (pd->parent != SDF_NONE) {
        sdf_print_decimal(printer, "id", pd->id.value);
        sdf_print_string(printer, "setvar_id", pd->setvar_id.text);
    }
    sdf_print_time(printer, &pd->priority, &pd->budget, &pd->period);
    sdf_print_bool(printer, "passive", pd->passive);
    sdf_print_hex(printer, "stack_size", pd->stack_size.value);
    sdf_print_decimal(printer, "cpu", pd->cpu.value);
    sdf_print_bool(printer, "smc", pd->smc);
    sdf_print_bool(printer, "fpu", pd->fpu);
}

/** What is inside of a PD, its children apart. */
static void sdf_print_pd_content(struct sdf_printer *printer, const struct sdf *sdf,
                                 const struct sdf_pd *pd)
{
    sdf_print_indent(printer);
    fputs("<program_image", printer->out);
    sdf_print_string(printer, "path", pd->program.text);
    sdf_print_string(printer, "path_for_symbols", pd->program_symbols.text);
    if (pd->program_sdk) {
        sdf_print_bool(printer, "sdk", true);
    }
    fputs("/>\n", printer->out);
    for (size_t i = 0; i < pd->maps_count; i++) {
        sdf_print_map(printer, &pd->maps[i]);
    }
    for (size_t i = 0; i < pd->irqs_count; i++) {
        sdf_print_irq(printer, &pd->irqs[i]);
    }
    for (size_t i = 0; i < pd->setvars_count; i++) {
        sdf_print_indent(printer);
        fputs("<setvar", printer->out);
        sdf_print_string(printer, "symbol", pd->setvars[i].symbol.text);
        sdf_print_string(printer, "region_paddr", pd->setvars[i].region_paddr.text);
        fputs("/>\n", printer->out);
    }
    if (pd->reports.given) {
        sdf_print_indent(printer);
        fputs("<reports", printer->out);
        sdf_print_hex(printer, "vaddr", pd->reports.vaddr.value);
        sdf_print_decimal(printer, "id", pd->reports.id.value);
        sdf_print_string(printer, "setvar_vaddr", pd->reports.setvar_vaddr.text);
        fputs("/>\n", printer->out);
    }
    if (pd->vm != SDF_NONE) {
        sdf_print_vm(printer, &sdf->vms[pd->vm]);
    }
}

/** Close the PDs that are open, up to the one with index `parent` (SDF_NONE: all). */
static void sdf_print_close(struct sdf_printer *printer, const struct sdf *sdf, size_t *open,
                            size_t parent)
{
    while (*open != parent) {
        printer->depth--;
        sdf_print_indent(printer);
        fputs("</protection_domain>\n", printer->out);
        *open = sdf->pds[*open].parent;
    }
}

/** The array has each PD behind its parent, so that elements are opened and closed as it goes. */
static void sdf_print_pds(struct sdf_printer *printer, const struct sdf *sdf)
{
    size_t open = SDF_NONE;

    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        sdf_print_close(printer, sdf, &open, pd->parent);
        sdf_print_indent(printer);
        fputs("<protection_domain", printer->out);
        sdf_print_pd_attributes(printer, pd);
        fputs(">\n", printer->out);
        printer->depth++;
        open = i;
        sdf_print_pd_content(printer, sdf, pd);
    }
    sdf_print_close(printer, sdf, &open, SDF_NONE);
}

static void sdf_print_channel(struct sdf_printer *printer, const struct sdf_channel *channel)
{
    sdf_print_indent(printer);
    fputs("<channel>\n", printer->out);
    printer->depth++;
    for (size_t i = 0; i < 2; i++) {
        const struct sdf_end *end = &channel->ends[i];

        sdf_print_indent(printer);
        fputs("<end", printer->out);
        sdf_print_string(printer, "pd", end->pd_name.text);
        sdf_print_decimal(printer, "id", end->id.value);
        sdf_print_bool(printer, "pp", end->pp);
        sdf_print_bool(printer, "notify", end->notify);
        sdf_print_string(printer, "setvar_id", end->setvar_id.text);
        fputs("/>\n", printer->out);
    }
    printer->depth--;
    sdf_print_indent(printer);
    fputs("</channel>\n", printer->out);
}

void sdf_print(const struct sdf *sdf, FILE *out)
{
    struct sdf_printer printer = { .out = out, .depth = 1 };

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<system", out);
    sdf_print_string(&printer, "name", sdf->name.text);
    fputs(">\n", out);
    for (size_t i = 0; i < sdf->regions_count; i++) {
        sdf_print_region(&printer, &sdf->regions[i]);
    }
    sdf_print_pds(&printer, sdf);
    for (size_t i = 0; i < sdf->channels_count; i++) {
        sdf_print_channel(&printer, &sdf->channels[i]);
    }
    if (sdf->trace.given) {
        sdf_print_indent(&printer);
        fputs("<trace", out);
        sdf_print_hex(&printer, "size", sdf->trace.size.value);
        fputs("/>\n", out);
    }
    fputs("</system>\n", out);
}
