/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph.h"

#include <inttypes.h>
#include <string.h>

#include "report.h"
#include "size.h"

#define GRAPH_CPUS 64

/* Text inside an HTML-like label. */
static void graph_text(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void graph_head(const struct sdf *sdf, FILE *out)
{
    const char *slash = strrchr(sdf->path, '/');

    fputs("digraph system {\n"
          "  graph [rankdir=LR, fontname=\"sans-serif\", fontsize=16, labelloc=t, nodesep=0.35,\n"
          "         ranksep=1.1, bgcolor=white, pad=0.3, label=<<b>",
          out);
    graph_text(slash != NULL ? slash + 1 : sdf->path, out);
    fputs("</b>>];\n"
          "  node [fontname=\"sans-serif\", fontsize=11, shape=box, style=\"rounded,filled\",\n"
          "        fillcolor=\"#dbe9f9\", color=\"#30506f\", margin=\"0.16,0.09\"];\n"
          "  edge [fontname=\"sans-serif\", fontsize=9, color=\"#404040\", arrowsize=0.8,\n"
          "        labeldistance=1.6];\n",
          out);
}

static void graph_pd(const struct sdf *sdf, size_t index, FILE *out)
{
    const struct sdf_pd *pd = &sdf->pds[index];

    fprintf(out, "    pd%zu [label=<<b>", index);
    graph_text(pd->name.text, out);
    fprintf(out, "</b><br/><font point-size=\"9\">priority %" PRIu64, pd->priority.value);
    if (pd->budget.value != pd->period.value) {
        fprintf(out, "<br/>%" PRIu64 " of %" PRIu64 " us", pd->budget.value, pd->period.value);
    }
    fprintf(out, "%s%s%s</font>>", pd->passive ? "<br/>passive" : "", pd->fpu ? "" : "<br/>no FP",
            pd->smc ? "<br/>SMC" : "");
    fprintf(out, "%s];\n",
            pd->passive ? ", fillcolor=\"#eef4fb\", style=\"rounded,filled,dashed\"" : "");
}

static void graph_vm(const struct sdf *sdf, size_t index, FILE *out)
{
    const struct sdf_vm *vm = &sdf->vms[index];

    fprintf(out,
            "    vm%zu [shape=box3d, style=filled, fillcolor=\"#e3f3df\", color=\"#3b6b32\", "
            "label=<<b>",
            index);
    graph_text(vm->name.text, out);
    fprintf(out, "</b><br/><font point-size=\"9\">VM, priority %" PRIu64, vm->priority.value);
    for (size_t i = 0; i < vm->vcpus_count; i++) {
        fprintf(out, "<br/>vCPU %" PRIu64 " on CPU %" PRIu64, vm->vcpus[i].id.value,
                vm->vcpus[i].cpu.value);
    }
    fputs("</font>>];\n", out);
}

/* A VM is drawn where its first vCPU runs. */
static uint64_t graph_vm_cpu(const struct sdf_vm *vm)
{
    return vm->vcpus_count > 0 ? vm->vcpus[0].cpu.value : 0;
}

static void graph_cpu(const struct sdf *sdf, uint64_t cpu, FILE *out)
{
    bool open = false;

    for (size_t pass = 0; pass < 2; pass++) {
        size_t count = pass == 0 ? sdf->pds_count : sdf->vms_count;

        for (size_t i = 0; i < count; i++) {
            uint64_t on = pass == 0 ? sdf->pds[i].cpu.value : graph_vm_cpu(&sdf->vms[i]);

            if (on != cpu) {
                continue;
            }
            if (!open) {
                fprintf(out,
                        "  subgraph cluster_cpu%" PRIu64 " {\n    label=\"CPU %" PRIu64
                        "\"; labeljust=l; fontsize=12; style=\"rounded,filled\";\n"
                        "    fillcolor=\"#f7f7f7\"; color=\"#b0b0b0\"; margin=14;\n",
                        cpu, cpu);
                open = true;
            }
            if (pass == 0) {
                graph_pd(sdf, i, out);
            } else {
                graph_vm(sdf, i, out);
            }
        }
    }
    if (open) {
        fputs("  }\n", out);
    }
}

static void graph_region(const struct sdf *sdf, const struct board *board, size_t index, FILE *out)
{
    const struct sdf_region *region = &sdf->regions[index];
    char size[SIZE_ROOM];
    bool device = region->phys_addr.given &&
                  (board == NULL ||
                   !board_touches_ram(board, region->phys_addr.value, sdf_region_bytes(region)));

    fprintf(out, "  mr%zu [%s, label=<", index,
            device ? "shape=component, style=filled, fillcolor=\"#f6e3c5\", color=\"#80622c\""
                   : "shape=cylinder, style=filled, fillcolor=\"#f3eef8\", color=\"#604a7c\"");
    graph_text(region->name.text, out);
    fprintf(out, "<br/><font point-size=\"9\">%s",
            size_text(sdf_region_bytes(region), size, sizeof(size)));
    if (region->phys_addr.given) {
        fprintf(out, "<br/>at 0x%" PRIx64, region->phys_addr.value);
    }
    if (region->prefill_path.text != NULL) {
        fputs("<br/>", out);
        graph_text(region->prefill_path.text, out);
    }
    fputs("</font>>];\n", out);
}

static void graph_maps(const char *kind, size_t index, const struct sdf_map *maps, size_t count,
                       FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        unsigned perms = maps[i].perms;

        fprintf(out,
                "  %s%zu -> mr%zu [label=\"%s%s%s\", color=\"#a090b8\", fontcolor=\"#604a7c\", "
                "arrowhead=none];\n",
                kind, index, maps[i].region, (perms & SDF_PERM_R) != 0 ? "r" : "",
                (perms & SDF_PERM_W) != 0 ? "w" : "", (perms & SDF_PERM_X) != 0 ? "x" : "");
    }
}

/* From the caller to whom it calls, or else from the notifier to whom it notifies. */
static void graph_channel(const struct sdf_channel *channel, FILE *out)
{
    const struct sdf_end *from = &channel->ends[0];
    const struct sdf_end *to = &channel->ends[1];
    bool back;

    if (to->pp || (!from->pp && !from->notify)) {
        from = &channel->ends[1];
        to = &channel->ends[0];
    }
    back = to->notify;
    fprintf(out, "  pd%zu -> pd%zu [taillabel=\"%" PRIu64 "\", headlabel=\"%" PRIu64 "\"", from->pd,
            to->pd, from->id.value, to->id.value);
    if (from->pp) {
        fprintf(out, ", color=\"#b03030\", penwidth=1.6, arrowhead=normal%s",
                back ? ", dir=both, arrowtail=vee" : "");
    } else if (from->notify) {
        fprintf(out, ", style=dashed, arrowhead=vee%s", back ? ", dir=both, arrowtail=vee" : "");
    } else {
        fputs(", style=dotted, dir=none", out);
    }
    fputs("];\n", out);
}

static void graph_pd_edges(const struct sdf *sdf, size_t index, FILE *out)
{
    const struct sdf_pd *pd = &sdf->pds[index];

    graph_maps("pd", index, pd->maps, pd->maps_count, out);
    for (size_t i = 0; i < pd->irqs_count; i++) {
        fprintf(out,
                "  irq%" PRIu64 " [shape=ellipse, style=filled, fillcolor=\"#fbe0e0\", "
                "color=\"#8c3a3a\", fontsize=10, label=\"interrupt %" PRIu64 "\\n%s\"];\n"
                "  irq%" PRIu64 " -> pd%zu [headlabel=\"%" PRIu64 "\", color=\"#8c3a3a\"];\n",
                pd->irqs[i].irq.value, pd->irqs[i].irq.value, pd->irqs[i].edge ? "edge" : "level",
                pd->irqs[i].irq.value, index, pd->irqs[i].id.value);
    }
    if (pd->parent != SDF_NONE) {
        fprintf(out,
                "  pd%zu -> pd%zu [label=\"child %" PRIu64 "\", color=\"#30506f\", "
                "arrowhead=odiamond];\n",
                pd->parent, index, pd->id.value);
    }
    if (pd->vm != SDF_NONE) {
        fprintf(out,
                "  pd%zu -> vm%zu [label=\"monitors\", color=\"#3b6b32\", penwidth=1.6, "
                "arrowhead=diamond];\n",
                index, pd->vm);
    }
}

static void graph_legend(FILE *out)
{
    fputs("  legend [shape=plaintext, style=\"\", fontsize=9, label=<<table border=\"0\" "
          "cellborder=\"0\" cellspacing=\"2\">\n"
          "    <tr><td align=\"left\"><font color=\"#b03030\"><b>&#8594;</b></font> may call"
          "</td></tr>\n"
          "    <tr><td align=\"left\">&#8674; may notify (numbers: channel ids)</td></tr>\n"
          "    <tr><td align=\"left\"><font color=\"#604a7c\"><b>&#8212;</b></font> maps, with "
          "its rights</td></tr>\n"
          "    </table>>];\n",
          out);
}

void graph_write(const struct sdf *sdf, const struct board *board, FILE *out)
{
    graph_head(sdf, out);
    for (uint64_t cpu = 0; cpu < GRAPH_CPUS; cpu++) {
        graph_cpu(sdf, cpu, out);
    }
    for (size_t i = 0; i < sdf->regions_count; i++) {
        graph_region(sdf, board, i, out);
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        graph_pd_edges(sdf, i, out);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        graph_maps("vm", i, sdf->vms[i].maps, sdf->vms[i].maps_count, out);
    }
    for (size_t i = 0; i < sdf->channels_count; i++) {
        graph_channel(&sdf->channels[i], out);
    }
    graph_legend(out);
    fputs("}\n", out);
}
