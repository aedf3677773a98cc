/* SPDX-License-Identifier: BSD-2-Clause */
#include "size.h"

#include <inttypes.h>
#include <stdio.h>

const char *size_text(uint64_t bytes, char *text, size_t room)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
    size_t unit = 0;

    while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, room, "%" PRIu64 " %s", bytes, units[unit]);
    return text;
}
