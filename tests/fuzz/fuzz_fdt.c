/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's device tree reader. It trusts the size in the tree's header, up to its own limit, as
 * the boot protocol lets it: the buffer is exactly that long.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fdt.h"

#define HEADER_BYTES 40u
#define MOST_BYTES (2u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER_BYTES) {
        return 0;
    }
    size_t total = (size_t)data[4] << 24 | (size_t)data[5] << 16 | (size_t)data[6] << 8 | data[7];
    if (total < HEADER_BYTES || total > MOST_BYTES) {
        total = HEADER_BYTES;
    }
    uint8_t *tree = calloc(1, total);
    if (tree == NULL) {
        return 0;
    }
    memcpy(tree, data, size < total ? size : total);
    struct fdt_facts facts = { 0 };
    fdt_read(tree, &facts);
    if (facts.memory_count > FDT_MAX_MEMORY) {
        abort();
    }
    free(tree);
    return 0;
}
