/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for scripts. */
#include <inttypes.h>

#include "report.h"

/* A JSON string. Bytes from 0x80 on pass: descriptions are UTF-8. */
static void report_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\') {
            fprintf(out, "\\%c", byte);
        } else if (byte < 0x20) {
            fprintf(out, "\\u%04x", byte);
        } else {
            fputc(byte, out);
        }
    }
    fputc('"', out);
}

static void report_key_string(const char *key, const char *text, FILE *out)
{
    fprintf(out, "\"%s\": ", key);
    report_string(text, out);
}

static const char *report_kind(enum plan_kind kind)
{
    switch (kind) {
    case PLAN_MEMORY:
        return "memory";
    case PLAN_SEGMENT:
        return "segment";
    case PLAN_STACK:
        return "stack";
    case PLAN_MESSAGE:
        return "message";
    case PLAN_REPORT:
        return "report";
    case PLAN_TRACE:
        return "trace";
    }
    return "unknown";
}

static const char *report_bool(bool value)
{
    return value ? "true" : "false";
}

/* Between the elements of an array. */
static void report_separate(size_t index, FILE *out)
{
    fputs(index == 0 ? "\n" : ",\n", out);
}

static void report_regions(const struct plan *plan, FILE *out)
{
    fputs("  \"regions\": [", out);
    for (size_t i = 0; i < plan->regions_count; i++) {
        const struct plan_region *region = &plan->regions[i];

        report_separate(i, out);
        fputs("    {", out);
        report_key_string("name", region->name, out);
        fprintf(out,
                ", \"kind\": \"%s\", \"base\": %" PRIu64 ", \"bytes\": %" PRIu64
                ", \"device\": %s, \"in_place\": %s, \"contents\": %" PRIu64 "}",
                report_kind(region->kind), region->base, region->bytes, report_bool(region->device),
                report_bool(region->in_place), region->data_bytes);
    }
    fputs("\n  ],\n  \"free\": [", out);
    for (size_t i = 0; i < plan->free_count; i++) {
        report_separate(i, out);
        fprintf(out, "    {\"base\": %" PRIu64 ", \"bytes\": %" PRIu64 "}", plan->free[i].base,
                plan->free[i].bytes);
    }
    fputs("\n  ],\n", out);
}

static void report_maps(const struct plan *plan, size_t first, size_t count, FILE *out)
{
    fputs("\"maps\": [", out);
    for (size_t i = 0; i < count; i++) {
        const struct plan_map *map = &plan->maps[first + i];
        char perms[4];

        report_separate(i, out);
        fputs("      {", out);
        report_key_string("region", plan->regions[map->region].name, out);
        fprintf(out,
                ", \"addr\": %" PRIu64 ", \"bytes\": %" PRIu64
                ", \"perms\": \"%s\", \"cached\": %s, \"block\": %" PRIu64 "}",
                map->addr, map->bytes, report_perms(map->perms, perms), report_bool(map->cached),
                plan_map_block(plan, map));
    }
    fputs("]", out);
}

static void report_pd(const struct plan *plan, size_t index, FILE *out)
{
    const struct sdf_pd *sdf = &plan->sdf->pds[index];

    fputs("    {", out);
    report_key_string("name", sdf->name.text, out);
    fprintf(out,
            ", \"priority\": %" PRIu64 ", \"budget\": %" PRIu64 ", \"period\": %" PRIu64
            ", \"cpu\": %" PRIu64 ", \"passive\": %s, \"fpu\": %s, \"smc\": %s, ",
            sdf->priority.value, sdf->budget.value, sdf->period.value, sdf->cpu.value,
            report_bool(sdf->passive), report_bool(sdf->fpu), report_bool(sdf->smc));
    if (sdf->parent != SDF_NONE) {
        report_key_string("parent", plan->sdf->pds[sdf->parent].name.text, out);
        fprintf(out, ", \"id\": %" PRIu64 ", ", sdf->id.value);
    }
    report_key_string("program", sdf->program.text, out);
    fprintf(out, ", \"entry\": %" PRIu64 ",\n     \"irqs\": [", plan->pds[index].elf->entry);
    for (size_t i = 0; i < sdf->irqs_count; i++) {
        fprintf(out, "%s{\"irq\": %" PRIu64 ", \"id\": %" PRIu64 ", \"edge\": %s}",
                i == 0 ? "" : ", ", sdf->irqs[i].irq.value, sdf->irqs[i].id.value,
                report_bool(sdf->irqs[i].edge));
    }
    fputs("],\n     ", out);
    report_maps(plan, plan->pds[index].maps_first, plan->pds[index].maps_count, out);
    fputs("}", out);
}

static void report_end(const struct plan *plan, const struct sdf_end *end, FILE *out)
{
    fputs("{", out);
    report_key_string("pd", plan->sdf->pds[end->pd].name.text, out);
    fprintf(out, ", \"id\": %" PRIu64 ", \"notify\": %s, \"pp\": %s}", end->id.value,
            report_bool(end->notify), report_bool(end->pp));
}

static void report_vm(const struct plan *plan, size_t index, FILE *out)
{
    const struct sdf_vm *sdf = &plan->sdf->vms[index];
    struct plan_cost cost = plan_vm_cost(plan, index);

    fputs("    {", out);
    report_key_string("name", sdf->name.text, out);
    fputs(", ", out);
    report_key_string("pd", plan->sdf->pds[sdf->pd].name.text, out);
    fprintf(out, ", \"priority\": %" PRIu64 ", \"vcpus\": [", sdf->priority.value);
    for (size_t i = 0; i < sdf->vcpus_count; i++) {
        fprintf(out, "%s{\"id\": %" PRIu64 ", \"cpu\": %" PRIu64 "}", i == 0 ? "" : ", ",
                sdf->vcpus[i].id.value, sdf->vcpus[i].cpu.value);
    }
    fprintf(out,
            "],\n     \"memory\": {\"ram\": %" PRIu64 ", \"images\": %" PRIu64
            ", \"monitor\": %" PRIu64 ", \"kernel\": %" PRIu64 "},\n     ",
            cost.ram, cost.images, cost.monitor, cost.kernel);
    report_maps(plan, plan->vms[index].maps_first, plan->vms[index].maps_count, out);
    fputs("}", out);
}

void report_json(const struct plan *plan, FILE *out)
{
    fputs("{\n  ", out);
    report_key_string("system", plan->sdf->path, out);
    fputs(",\n  ", out);
    report_key_string("board", plan->board->name, out);
    fprintf(out,
            ",\n  \"cpus\": %u,\n  \"kernel\": {\"base\": %" PRIu64 ", \"bootdesc_off\": %" PRIu64
            ", \"payload_off\": %" PRIu64 ", \"image_bytes\": %" PRIu64 ", \"heap_bytes\": %" PRIu64
            "},\n",
            plan->cpus, plan->kernel_base, plan->bootdesc_off, plan->payload_off, plan->image_bytes,
            plan->heap_bytes);
    report_regions(plan, out);
    fputs("  \"protection_domains\": [", out);
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        report_separate(i, out);
        report_pd(plan, i, out);
    }
    fputs("\n  ],\n  \"virtual_machines\": [", out);
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        report_separate(i, out);
        report_vm(plan, i, out);
    }
    fputs("\n  ],\n  \"channels\": [", out);
    for (size_t i = 0; i < plan->sdf->channels_count; i++) {
        report_separate(i, out);
        fputs("    [", out);
        report_end(plan, &plan->sdf->channels[i].ends[0], out);
        fputs(", ", out);
        report_end(plan, &plan->sdf->channels[i].ends[1], out);
        fputs("]", out);
    }
    fputs("\n  ]\n}\n", out);
}
