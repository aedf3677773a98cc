/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a guest's characters go: to lines on the debug console, or to a client of the terminal. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/** Takes `count` bytes that the guest sent. They are the guest's: any value may be among them. */
typedef void (*output_put)(void *cookie, const char *bytes, size_t count);

/** False: what is put now would be lost, and room comes later. */
typedef bool (*output_has_room)(void *cookie);

struct output {
    output_put put;
    output_has_room has_room; /* NULL: there is always room */
    void *cookie;
};

#endif
