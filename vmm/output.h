/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a guest's characters go: to lines on the debug console, or to a client of the terminal. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

#include <stddef.h>

/** Takes `count` bytes that the guest sent. They are the guest's: any value may be among them. */
typedef void (*output_put)(void *cookie, const char *bytes, size_t count);

struct output {
    output_put put;
    void *cookie;
};

#endif
