/* SPDX-License-Identifier: BSD-2-Clause */
/* The report about a system: what lies where, and what each component can reach. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include <stdio.h>

#include "plan.h"
#include "source.h"

/** Print the report of a placed plan for people. */
void report_text(const struct plan *plan, FILE *out);

/** Print it as JSON: the same facts; addresses and sizes are numbers. */
void report_json(const struct plan *plan, FILE *out);

/**
 * Write the report of a system into a file ("-": standard output), as text or JSON as the options
 * say. Returns an exit code (cmd.h), having said what is wrong.
 */
int report_write(const struct source *source, const char *path);

/** Who maps a region: calls `each` with the name of every PD and VM and how it maps it. */
void report_mappers(const struct plan *plan, size_t region,
                    void (*each)(void *context, bool vm, const char *name,
                                 const struct plan_map *map),
                    void *context);

/** "rwx", with '-' for what is not allowed. `text` has room for 4 bytes and is returned. */
const char *report_perms(unsigned perms, char *text);

#endif
