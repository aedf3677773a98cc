/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports in a console log: names of functions for their addresses, and what they mean. */
#ifndef TOOL_DECODE_H
#define TOOL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "elffile.h"

/** Which program a PD runs. */
struct decode_program {
    char *pd;
    struct elffile *elf;
    char *path;
};

struct decode {
    struct decode_program *programs;
    size_t programs_count;
    bool lines; /* also add file:line */
};

/** Add a program; takes the file over. */
void decode_add(struct decode *decode, const char *pd, const char *path, struct elffile *elf);

/**
 * Write a line of a log (without its end) with the names added. A line looks like
 *     FAULT pd=<name> ... pc=0x... ...
 * with anything before it. What a VMM reports of its guest gets its meaning behind it:
 *     GUEST-CRASH pd=<name> number=1 (the guest crashed; ...)
 * Other lines, and those of unknown PDs, stay as they are.
 */
void decode_line(const struct decode *decode, const char *line, FILE *out);

/** Release the programs. */
void decode_free(struct decode *decode);

#endif
