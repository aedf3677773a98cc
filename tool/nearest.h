/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean ...?" */
#ifndef TOOL_NEAREST_H
#define TOOL_NEAREST_H

#include <stddef.h>

/** The candidate that is most like a word so far. Begin with all fields but `word` zero. */
struct nearest {
    const char *word;
    const char *best; /* NULL while none is alike */
    size_t distance;
    size_t seen;
};

/** Compare with one more candidate, which must outlive the struct. Long lists are cut short. */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
