/* SPDX-License-Identifier: BSD-2-Clause */
#include "symbols.h"

#include <stddef.h>

#include "bootdesc.h"

const char *symbols_find(const struct bd_pd *pd, uint64_t addr, uint64_t *offset)
{
    const struct bd_symbol *symbols = bootdesc_symbols(pd);
    uint32_t low = 0;
    uint32_t high = pd->symbols_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (symbols[middle].addr <= addr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || addr - symbols[low - 1].addr >= symbols[low - 1].bytes) {
        return NULL;
    }
    *offset = addr - symbols[low - 1].addr;
    return bootdesc_string(symbols[low - 1].name_off);
}
