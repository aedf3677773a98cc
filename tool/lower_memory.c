/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory for guests whose RAM is where they see it. */
#include <inttypes.h>

#include "layout.h"
#include "lower_internal.h"
#include "size.h"

bool lower_place_identity(struct lower *lower, const struct sdf_guest *guest, uint64_t *base)
{
    const struct board *board = lower->world->board;
    struct layout_range ram[BOARD_MAX_RAM];
    struct layout layout;
    bool found = false;

    for (size_t i = 0; i < board->ram_count; i++) {
        ram[i] = (struct layout_range){ board->ram[i].base, board->ram[i].bytes };
    }
    layout_init(&layout, ram, board->ram_count);
    for (size_t i = 0; i < lower->sdf->regions_count; i++) {
        const struct sdf_region *region = &lower->sdf->regions[i];

        if (region->phys_addr.given && region->size.value <= SDF_PHYSICAL_END &&
            region->phys_addr.value <= SDF_PHYSICAL_END) {
            /* An address that is no multiple of a page is refused later. */
            layout_reserve(&layout, region->phys_addr.value & ~(SDF_PAGE - 1),
                           sdf_region_bytes(region));
        }
    }
    /* From the top: the image of the system goes to the bottom, where boot loaders put it. */
    for (size_t i = 0; i < layout.holes_count; i++) {
        const struct layout_range *hole = &layout.holes[i];
        uint64_t end = (hole->base + hole->bytes) & ~(LOWER_ALIGN - 1);

        if (end > hole->base && end - hole->base >= guest->ram.value &&
            (!found || end - guest->ram.value > *base)) {
            *base = end - guest->ram.value;
            found = true;
        }
    }
    layout_free(&layout);
    if (!found) {
        char size[SIZE_ROOM];

        diag_error(lower->diag, guest->ram.pos, "the board has no %s of RAM in one piece for '%s'",
                   size_text(guest->ram.value, size, sizeof(size)), guest->name.text);
        diag_help(lower->diag, "give the guest less RAM, or move regions that have phys_addr");
    }
    return found;
}
