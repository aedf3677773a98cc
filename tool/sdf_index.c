/* SPDX-License-Identifier: BSD-2-Clause */
#include "sdf_index.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "nearest.h"

void sdf_index_add(struct sdf_index *index, const struct sdf_str *name, size_t value)
{
    if (name->text == NULL) {
        return;
    }
    index->entries = alloc_grow(index->entries, index->count, sizeof(*index->entries));
    index->entries[index->count++] = (struct sdf_index_entry){ .name = name, .value = value };
}

/** By text, and what is first in the file first. */
static int sdf_index_compare(const void *a, const void *b)
{
    const struct sdf_index_entry *left = a;
    const struct sdf_index_entry *right = b;
    int order = strcmp(left->name->text, right->name->text);

    if (order != 0) {
        return order;
    }
    return left->value < right->value ? -1 : left->value > right->value;
}

void sdf_index_finish(struct sdf_index *index, struct diag *diag)
{
    if (index->count > 0) {
        qsort(index->entries, index->count, sizeof(*index->entries), sdf_index_compare);
    }
    for (size_t i = 1; i < index->count; i++) {
        const struct sdf_str *name = index->entries[i].name;
        const struct sdf_str *before = index->entries[i - 1].name;

        if (strcmp(name->text, before->text) == 0) {
            diag_error(diag, name->pos, "a second %s has the name '%s'", index->kind, name->text);
            diag_help(diag, "the one in line %u has it; choose another name", before->pos.line);
        }
    }
}

size_t sdf_index_find(const struct sdf_index *index, const struct sdf_str *name, struct diag *diag)
{
    size_t low = 0, high = index->count;
    struct nearest nearest = { .word = name->text };

    if (name->text == NULL) {
        return SDF_NONE;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->entries[middle].name->text, name->text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < index->count && strcmp(index->entries[low].name->text, name->text) == 0) {
        return index->entries[low].value;
    }
    if (diag_has_room(diag)) {
        for (size_t i = 0; i < index->count; i++) {
            nearest_try(&nearest, index->entries[i].name->text);
        }
    }
    diag_error(diag, name->pos, "there is no %s '%s'", index->kind, name->text);
    if (nearest.best != NULL) {
        diag_help(diag, "did you mean '%s'?", nearest.best);
    } else {
        diag_help(diag, "define it, or name one that is there");
    }
    return SDF_NONE;
}

void sdf_index_free(struct sdf_index *index)
{
    free(index->entries);
    index->entries = NULL;
    index->count = 0;
}
