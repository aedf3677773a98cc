/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and where they were defined, to be found fast however many there are. */
#ifndef TOOL_SDF_INDEX_H
#define TOOL_SDF_INDEX_H

#include <stddef.h>

#include "diag.h"
#include "sdf.h"

struct sdf_index_entry {
    const struct sdf_str *name;
    size_t value;
};

struct sdf_index {
    const char *kind; /* for messages: "memory region" */
    struct sdf_index_entry *entries;
    size_t count;
};

/** Add a name, borrowed; one without text is left out. */
void sdf_index_add(struct sdf_index *index, const struct sdf_str *name, size_t value);

/** Sort, after the last sdf_index_add(), and report every name that is there twice. */
void sdf_index_finish(struct sdf_index *index, struct diag *diag);

/**
 * The value of a name, or SDF_NONE after reporting it with the nearest known name. A name without
 * text is SDF_NONE without a word: that was reported when it was read.
 */
size_t sdf_index_find(const struct sdf_index *index, const struct sdf_str *name, struct diag *diag);

/** Release the entries. */
void sdf_index_free(struct sdf_index *index);

#endif
