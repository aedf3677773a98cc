/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layout.h"
#include "report.h"
#include "size.h"

/* A line of the memory map. */
struct report_row {
    uint64_t base;
    uint64_t bytes;
    const char *name;
    size_t region; /* or PLAN_NONE */
    bool device;
};

struct report_users {
    FILE *out;
    unsigned count;
};

static void report_user(void *context, bool vm, const char *name, const struct plan_map *map)
{
    struct report_users *users = context;
    char perms[4];

    fprintf(users->out, "%s%s%s (%s%s)", users->count == 0 ? "  " : ", ", vm ? "VM " : "", name,
            report_perms(map->perms, perms), map->cached ? "" : ", uncached");
    users->count++;
}

static int report_compare_rows(const void *a, const void *b)
{
    const struct report_row *left = a;
    const struct report_row *right = b;

    if (left->base != right->base) {
        return left->base < right->base ? -1 : 1;
    }
    /* What lies within another comes behind it. */
    return left->bytes > right->bytes ? -1 : left->bytes < right->bytes;
}

static void report_add(struct report_row *rows, size_t *count, uint64_t base, uint64_t bytes,
                       const char *name, size_t region)
{
    if (bytes > 0) {
        rows[*count] = (struct report_row){ base, bytes, name, region, false };
        (*count)++;
    }
}

static size_t report_rows(const struct plan *plan, struct report_row *rows)
{
    size_t count = 0;

    report_add(rows, &count, plan->kernel_base - LAYOUT_PAGE, LAYOUT_PAGE, "[kernel: scratch]",
               PLAN_NONE);
    report_add(rows, &count, plan->kernel_base, plan->bootdesc_off, "[kernel]", PLAN_NONE);
    report_add(rows, &count, plan->kernel_base + plan->bootdesc_off,
               plan->payload_off - plan->bootdesc_off, "[kernel: boot description]", PLAN_NONE);
    report_add(rows, &count, plan->kernel_base + plan->payload_off,
               plan->image_bytes - plan->payload_off, "[kernel: contents of regions]", PLAN_NONE);
    report_add(rows, &count, plan->kernel_base + plan->image_bytes, plan->heap_bytes,
               "[kernel: heap]", PLAN_NONE);
    for (size_t i = 0; i < plan->free_count; i++) {
        report_add(rows, &count, plan->free[i].base, plan->free[i].bytes, "[free]", PLAN_NONE);
    }
    for (size_t i = 0; i < plan->regions_count; i++) {
        report_add(rows, &count, plan->regions[i].base, plan->regions[i].bytes,
                   plan->regions[i].name, i);
        rows[count - 1].device = plan->regions[i].device;
    }
    qsort(rows, count, sizeof(*rows), report_compare_rows);
    return count;
}

static void report_memory(const struct plan *plan, FILE *out)
{
    struct report_row *rows =
        alloc_array(plan->regions_count + plan->free_count + 5, sizeof(*rows));
    size_t count = report_rows(plan, rows);
    char size[SIZE_ROOM];

    fputs("MEMORY\n\n", out);
    for (size_t i = 0; i < plan->board->ram_count; i++) {
        fprintf(out, "  RAM 0x%010" PRIx64 " - 0x%010" PRIx64 "  %s\n", plan->board->ram[i].base,
                plan->board->ram[i].base + plan->board->ram[i].bytes - 1,
                size_text(plan->board->ram[i].bytes, size, sizeof(size)));
    }
    fputs("\n  first          last                size  name  mapped by\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct report_row *row = &rows[i];
        struct report_users users = { out, 0 };

        fprintf(out, "  0x%010" PRIx64 " - 0x%010" PRIx64 "  %9s  %s%s", row->base,
                row->base + row->bytes - 1, size_text(row->bytes, size, sizeof(size)), row->name,
                row->device ? " [device]" : "");
        if (row->region != PLAN_NONE) {
            report_mappers(plan, row->region, report_user, &users);
        }
        fputc('\n', out);
    }
    free(rows);
}

static void report_maps(const struct plan *plan, size_t first, size_t count, FILE *out)
{
    char perms[4];
    char size[SIZE_ROOM];
    char block[SIZE_ROOM];

    for (size_t i = first; i < first + count; i++) {
        const struct plan_map *map = &plan->maps[i];

        fprintf(out, "    0x%010" PRIx64 " - 0x%010" PRIx64 "  %9s  %s  %-8s  %5s blocks  %s\n",
                map->addr, map->addr + map->bytes - 1, size_text(map->bytes, size, sizeof(size)),
                report_perms(map->perms, perms), map->cached ? "cached" : "uncached",
                size_text(plan_map_block(plan, map), block, sizeof(block)),
                plan->regions[map->region].name);
    }
}

static void report_end(const struct plan *plan, const struct sdf_end *end,
                       const struct sdf_end *other, FILE *out)
{
    fprintf(out, "    channel %2" PRIu64 "  with %s (%" PRIu64 "):%s%s%s%s\n", end->id.value,
            plan->sdf->pds[other->pd].name.text, other->id.value, end->notify ? " notifies" : "",
            end->pp ? " calls" : "", other->notify ? " is notified" : "",
            other->pp ? " is called" : "");
}

static void report_channels(const struct plan *plan, size_t index, FILE *out)
{
    const struct sdf_pd *pd = &plan->sdf->pds[index];

    for (size_t i = 0; i < plan->sdf->channels_count; i++) {
        for (size_t side = 0; side < 2; side++) {
            const struct sdf_channel *channel = &plan->sdf->channels[i];

            if (channel->ends[side].pd == index) {
                report_end(plan, &channel->ends[side], &channel->ends[1 - side], out);
            }
        }
    }
    for (size_t i = 0; i < pd->irqs_count; i++) {
        fprintf(out, "    channel %2" PRIu64 "  interrupt %" PRIu64 ", %s\n", pd->irqs[i].id.value,
                pd->irqs[i].irq.value, pd->irqs[i].edge ? "edge" : "level");
    }
    if (pd->reports.given) {
        fprintf(out, "    channel %2" PRIu64 "  the kernel's reports\n", pd->reports.id.value);
    }
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        if (plan->sdf->pds[i].parent == index) {
            fprintf(out, "    child %4" PRIu64 "  %s\n", plan->sdf->pds[i].id.value,
                    plan->sdf->pds[i].name.text);
        }
    }
}

static void report_pd(const struct plan *plan, size_t index, FILE *out)
{
    const struct sdf_pd *sdf = &plan->sdf->pds[index];
    const struct plan_pd *pd = &plan->pds[index];

    fprintf(out, "\nPROTECTION DOMAIN %s\n\n", sdf->name.text);
    fprintf(out,
            "    priority %" PRIu64 ", budget %" PRIu64 " us in %" PRIu64 " us, CPU %" PRIu64
            "%s%s%s\n",
            sdf->priority.value, sdf->budget.value, sdf->period.value, sdf->cpu.value,
            sdf->passive ? ", passive" : "", sdf->fpu ? "" : ", no FP",
            sdf->smc ? ", may make secure monitor calls" : "");
    fprintf(out, "    program %s, entry 0x%" PRIx64 "\n", sdf->program.text, pd->elf->entry);
    if (sdf->parent != SDF_NONE) {
        fprintf(out, "    child %" PRIu64 " of %s\n", sdf->id.value,
                plan->sdf->pds[sdf->parent].name.text);
    }
    if (sdf->vm != SDF_NONE) {
        fprintf(out, "    monitor of virtual machine %s\n", plan->sdf->vms[sdf->vm].name.text);
    }
    report_channels(plan, index, out);
    fputc('\n', out);
    report_maps(plan, pd->maps_first, pd->maps_count, out);
}

static void report_cost(const struct plan *plan, size_t index, FILE *out)
{
    struct plan_cost cost = plan_vm_cost(plan, index);
    char size[5][SIZE_ROOM];

    fprintf(out,
            "    memory: %s of RAM, %s of images, %s besides (%s the monitor's, %s the "
            "kernel's)\n",
            size_text(cost.ram, size[0], sizeof(size[0])),
            size_text(cost.images, size[1], sizeof(size[1])),
            size_text(cost.monitor + cost.kernel, size[2], sizeof(size[2])),
            size_text(cost.monitor, size[3], sizeof(size[3])),
            size_text(cost.kernel, size[4], sizeof(size[4])));
}

static void report_vm(const struct plan *plan, size_t index, FILE *out)
{
    const struct sdf_vm *sdf = &plan->sdf->vms[index];

    fprintf(out, "\nVIRTUAL MACHINE %s\n\n", sdf->name.text);
    fprintf(out,
            "    monitored by %s, priority %" PRIu64 ", budget %" PRIu64 " us in %" PRIu64 " us\n",
            plan->sdf->pds[sdf->pd].name.text, sdf->priority.value, sdf->budget.value,
            sdf->period.value);
    for (size_t i = 0; i < sdf->vcpus_count; i++) {
        fprintf(out, "    vCPU %" PRIu64 " on CPU %" PRIu64 "\n", sdf->vcpus[i].id.value,
                sdf->vcpus[i].cpu.value);
    }
    report_cost(plan, index, out);
    fputc('\n', out);
    report_maps(plan, plan->vms[index].maps_first, plan->vms[index].maps_count, out);
}

void report_text(const struct plan *plan, FILE *out)
{
    fprintf(out, "SYSTEM %s on board %s, %u CPU%s\n\n", plan->sdf->path, plan->board->name,
            plan->cpus, plan->cpus == 1 ? "" : "s");
    report_memory(plan, out);
    for (size_t i = 0; i < plan->sdf->pds_count; i++) {
        report_pd(plan, i, out);
    }
    for (size_t i = 0; i < plan->sdf->vms_count; i++) {
        report_vm(plan, i, out);
    }
}
