/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "sdf_check.h"

/** Variables of libmicrokit that the tool sets itself. */
static const char *const sdf_own_symbols[] = { "microkit_name", "microkit_passive",
                                               "microkit_irqs", "microkit_notifications",
                                               "microkit_pps",  "__sel4_ipc_buffer" };

/** A symbol that the description sets in the program of a PD. */
struct sdf_symbol {
    size_t pd;
    const struct sdf_str *name;
};

struct sdf_symbols {
    struct sdf_symbol *entries;
    size_t count;
};

static void sdf_check_add_symbol(struct sdf_symbols *symbols, size_t pd, const struct sdf_str *name)
{
    if (name->text == NULL || pd == SDF_NONE) {
        return;
    }
    symbols->entries = alloc_grow(symbols->entries, symbols->count, sizeof(*symbols->entries));
    symbols->entries[symbols->count++] = (struct sdf_symbol){ .pd = pd, .name = name };
}

static void sdf_check_collect_pd(const struct sdf *sdf, size_t index, struct sdf_symbols *symbols)
{
    const struct sdf_pd *pd = &sdf->pds[index];

    for (size_t i = 0; i < pd->maps_count; i++) {
        sdf_check_add_symbol(symbols, index, &pd->maps[i].setvar_vaddr);
        sdf_check_add_symbol(symbols, index, &pd->maps[i].setvar_size);
        sdf_check_add_symbol(symbols, index, &pd->maps[i].setvar_prefill_size);
    }
    for (size_t i = 0; i < pd->irqs_count; i++) {
        sdf_check_add_symbol(symbols, index, &pd->irqs[i].setvar_id);
    }
    for (size_t i = 0; i < pd->setvars_count; i++) {
        sdf_check_add_symbol(symbols, index, &pd->setvars[i].symbol);
    }
    sdf_check_add_symbol(symbols, index, &pd->reports.setvar_vaddr);
    sdf_check_add_symbol(symbols, pd->parent, &pd->setvar_id);
}

static int sdf_check_compare_symbols(const void *a, const void *b)
{
    const struct sdf_symbol *left = a;
    const struct sdf_symbol *right = b;
    int order;

    if (left->pd != right->pd) {
        return left->pd < right->pd ? -1 : 1;
    }
    order = strcmp(left->name->text, right->name->text);
    if (order != 0) {
        return order;
    }
    if (left->name->pos.line != right->name->pos.line) {
        return left->name->pos.line < right->name->pos.line ? -1 : 1;
    }
    return left->name->pos.column < right->name->pos.column ? -1 : 1;
}

static void sdf_check_own_symbol(const struct sdf_str *name, struct diag *diag)
{
    for (size_t i = 0; i < sizeof(sdf_own_symbols) / sizeof(sdf_own_symbols[0]); i++) {
        if (strcmp(name->text, sdf_own_symbols[i]) == 0) {
            diag_error(diag, name->pos, "the symbol '%s' is set by the tool itself", name->text);
            diag_help(diag, "use a variable of the program");
        }
    }
}

void sdf_check_symbols(const struct sdf *sdf, struct diag *diag)
{
    struct sdf_symbols symbols = { 0 };

    for (size_t i = 0; i < sdf->pds_count; i++) {
        sdf_check_collect_pd(sdf, i, &symbols);
    }
    for (size_t i = 0; i < sdf->vms_count; i++) {
        for (size_t j = 0; j < sdf->vms[i].vcpus_count; j++) {
            sdf_check_add_symbol(&symbols, sdf->vms[i].pd, &sdf->vms[i].vcpus[j].setvar_id);
        }
    }
    for (size_t i = 0; i < sdf->channels_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            const struct sdf_end *end = &sdf->channels[i].ends[j];

            sdf_check_add_symbol(&symbols, end->pd, &end->setvar_id);
        }
    }
    if (symbols.count > 0) {
        qsort(symbols.entries, symbols.count, sizeof(*symbols.entries), sdf_check_compare_symbols);
    }
    for (size_t i = 0; i < symbols.count; i++) {
        const struct sdf_symbol *symbol = &symbols.entries[i];

        sdf_check_own_symbol(symbol->name, diag);
        if (i > 0 && symbol->pd == symbol[-1].pd &&
            strcmp(symbol->name->text, symbol[-1].name->text) == 0) {
            diag_error(diag, symbol->name->pos, "the symbol '%s' is set twice in one program",
                       symbol->name->text);
            diag_help(diag, "line %u sets it; use another variable for this value",
                      symbol[-1].name->pos.line);
        }
    }
    free(symbols.entries);
}
