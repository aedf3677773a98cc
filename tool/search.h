/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that a description names: looked for in the current folder, then along --search-path. */
#ifndef TOOL_SEARCH_H
#define TOOL_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct search {
    const char **dirs; /* borrowed strings, in the order of the command line */
    size_t dirs_count;
    const char *programs; /* folder of programs that the SDK brings, borrowed; NULL: not known */
};

/** Append a folder. The string is borrowed. */
void search_add(struct search *search, const char *dir);

/**
 * Path of the regular file `name`, relative to the current folder or else to the first of the
 * folders that has it. The caller frees it. NULL: nowhere.
 */
char *search_find(const struct search *search, const char *name);

/**
 * Path of a program: one of the SDK's when `sdk`, else one that search_find() finds, or else one of
 * the SDK's. The caller frees it. NULL: nowhere.
 */
char *search_program(const struct search *search, const char *name, bool sdk);

/** Release the list. */
void search_free(struct search *search);

#endif
