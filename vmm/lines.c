/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <stdbool.h>

#include "sys.h"

#define LINES_DELETE 0x7f

void lines_init(struct lines *lines, const char *name)
{
    *lines = (struct lines){ .name = name };
}

void lines_flush(struct lines *lines)
{
    if (lines->used > 0) {
        lines->text[lines->used] = '\0';
        lines->used = 0;
        sys_print(lines->name);
        sys_print("| ");
        sys_print(lines->text);
        sys_print("\n");
    }
}

static bool lines_is_control(char c)
{
    return (unsigned char)c < ' ' || c == LINES_DELETE;
}

void lines_put(void *cookie, const char *bytes, size_t count)
{
    struct lines *lines = cookie;

    for (size_t i = 0; i < count; i++) {
        char c = bytes[i];

        if (c == '\n') {
            lines_flush(lines);
            continue;
        }
        if (c == '\r') {
            continue;
        }
        lines->text[lines->used] = c == '\t' || !lines_is_control(c) ? c : '?';
        lines->used++;
        if (lines->used == LINES_BYTES) {
            lines_flush(lines);
        }
    }
}
