/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's characters as lines on the debug console, each with the guest's name in front of it:
 *
 *     left| [    0.000000] Booting Linux on physical CPU 0x0000000000
 *
 * What a VMM says of its guest has a colon there, so that no guest can speak for its VMM or for
 * another guest: control characters, with which a terminal could be made to, come out as `?`;
 * carriage returns are dropped.
 */
#ifndef VMM_LINES_H
#define VMM_LINES_H

#include <stddef.h>

/** Longest line; a longer one goes on in the next. */
#define LINES_BYTES 256

struct lines {
    const char *name;
    size_t used;
    char text[LINES_BYTES + 1];
};

/** Nothing is waiting. `name` stays the caller's, and must stay. */
void lines_init(struct lines *lines, const char *name);

/** An output_put; `cookie` is the struct lines. Prints the lines that are complete. */
void lines_put(void *cookie, const char *bytes, size_t count);

/** Print what is there of a line. */
void lines_flush(struct lines *lines);

#endif
