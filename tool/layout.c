/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static int layout_compare_ranges(const void *a, const void *b)
{
    const struct layout_range *left = a;
    const struct layout_range *right = b;

    return left->base < right->base ? -1 : left->base > right->base;
}

void layout_init(struct layout *layout, const struct layout_range *ram, size_t count)
{
    layout->holes = NULL;
    layout->holes_count = 0;
    for (size_t i = 0; i < count; i++) {
        layout->holes = alloc_grow(layout->holes, layout->holes_count, sizeof(*layout->holes));
        layout->holes[layout->holes_count++] = ram[i];
    }
    if (count > 0) {
        qsort(layout->holes, count, sizeof(*layout->holes), layout_compare_ranges);
    }
}

void layout_free(struct layout *layout)
{
    free(layout->holes);
    layout->holes = NULL;
    layout->holes_count = 0;
}

/* Take [base, base + bytes), which lies in hole `index`, out of it. */
static void layout_cut(struct layout *layout, size_t index, uint64_t base, uint64_t bytes)
{
    struct layout_range *hole = &layout->holes[index];
    uint64_t before = base - hole->base;
    uint64_t after = hole->bytes - before - bytes;

    if (before > 0 && after > 0) {
        layout->holes = alloc_grow(layout->holes, layout->holes_count, sizeof(*layout->holes));
        hole = &layout->holes[index];
        memmove(hole + 1, hole, (layout->holes_count - index) * sizeof(*hole));
        layout->holes_count++;
        hole[0].bytes = before;
        hole[1].base = base + bytes;
        hole[1].bytes = after;
    } else if (before > 0) {
        hole->bytes = before;
    } else if (after > 0) {
        hole->base = base + bytes;
        hole->bytes = after;
    } else {
        layout->holes_count--;
        memmove(hole, hole + 1, (layout->holes_count - index) * sizeof(*hole));
    }
}

void layout_reserve(struct layout *layout, uint64_t base, uint64_t bytes)
{
    uint64_t end = bytes > UINT64_MAX - base ? UINT64_MAX : base + bytes;

    /* From the last to the first: cutting a hole moves only those behind it. */
    for (size_t i = layout->holes_count; i-- > 0;) {
        const struct layout_range *hole = &layout->holes[i];
        uint64_t from = hole->base > base ? hole->base : base;
        uint64_t to = hole->base + hole->bytes < end ? hole->base + hole->bytes : end;

        if (from < to) {
            layout_cut(layout, i, from, to - from);
        }
    }
}

bool layout_take(struct layout *layout, uint64_t bytes, uint64_t align, uint64_t residue,
                 uint64_t *base)
{
    for (size_t i = 0; i < layout->holes_count; i++) {
        const struct layout_range *hole = &layout->holes[i];
        uint64_t gap = (residue - hole->base) & (align - 1);

        if (gap <= hole->bytes && bytes <= hole->bytes - gap) {
            *base = hole->base + gap;
            layout_cut(layout, i, *base, bytes);
            return true;
        }
    }
    return false;
}

static int layout_compare_items(const void *a, const void *b)
{
    const struct layout_item *left = a;
    const struct layout_item *right = b;

    if (left->align != right->align) {
        return left->align > right->align ? -1 : 1;
    }
    if (left->bytes != right->bytes) {
        return left->bytes > right->bytes ? -1 : 1;
    }
    return left->user < right->user ? -1 : left->user > right->user;
}

bool layout_place(struct layout *layout, struct layout_item *items, size_t count, size_t *failed)
{
    if (count > 0) {
        qsort(items, count, sizeof(*items), layout_compare_items);
    }
    for (size_t i = 0; i < count; i++) {
        if (!layout_take(layout, items[i].bytes, items[i].align, items[i].residue,
                         &items[i].base)) {
            *failed = i;
            return false;
        }
    }
    return true;
}

uint64_t layout_free_bytes(const struct layout *layout, uint64_t *largest)
{
    uint64_t sum = 0;

    *largest = 0;
    for (size_t i = 0; i < layout->holes_count; i++) {
        sum += layout->holes[i].bytes;
        if (layout->holes[i].bytes > *largest) {
            *largest = layout->holes[i].bytes;
        }
    }
    return sum;
}

static bool layout_holds(uint64_t addr, uint64_t bytes, uint64_t block)
{
    uint64_t gap = -addr & (block - 1);

    return gap <= bytes && bytes - gap >= block;
}

uint64_t layout_best_block(uint64_t addr, uint64_t bytes)
{
    if (layout_holds(addr, bytes, LAYOUT_GIANT)) {
        return LAYOUT_GIANT;
    }
    return layout_holds(addr, bytes, LAYOUT_BLOCK) ? LAYOUT_BLOCK : LAYOUT_PAGE;
}
