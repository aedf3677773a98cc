/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels and configurations of any contents. What is accepted lies in RAM and does not overlap. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void place(const struct loader_image *header, uint64_t initrd)
{
    const struct loader_ram ram = { NULL, 0x40000000, 0x4000000 };
    struct loader_layout layout;

    if (loader_place(&ram, header, initrd, &layout) != LOADER_OK) {
        return;
    }
    uint64_t end = initrd == 0 ? layout.dtb + LOADER_MAX_DTB : layout.initrd_end;
    if (layout.kernel < ram.gpa || layout.kernel_end < layout.kernel ||
        layout.dtb < layout.kernel_end || end > ram.gpa + ram.bytes ||
        (initrd != 0 && layout.initrd < layout.dtb + LOADER_MAX_DTB)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct config config;
    struct loader_image header;
    uint64_t initrd = 0;

    if (loader_check(data, bytes, &header) == LOADER_OK) {
        memcpy(&initrd, data + 32, sizeof(initrd));
        place(&header, initrd);
    }
    if (config_parse((const char *)data, bytes, &config) == 0 &&
        (memchr(config.name, '\0', sizeof(config.name)) == NULL ||
         memchr(config.bootargs, '\0', sizeof(config.bootargs)) == NULL)) {
        abort();
    }
    return 0;
}
