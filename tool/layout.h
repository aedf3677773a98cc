/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things go in physical memory. Deterministic: the same input gives the same addresses.
 *
 * Stage 2 maps 1 GiB and 2 MiB at a time where virtual and physical address are congruent, so a
 * region's address is chosen congruent to the address at which it is mapped.
 */
#ifndef TOOL_LAYOUT_H
#define TOOL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_PAGE 0x1000UL
#define LAYOUT_BLOCK 0x200000UL   /* level 2 */
#define LAYOUT_GIANT 0x40000000UL /* level 1 */

struct layout_range {
    uint64_t base;
    uint64_t bytes;
};

/** Something that needs memory. All numbers are multiples of LAYOUT_PAGE. */
struct layout_item {
    uint64_t bytes;
    uint64_t align;   /* power of two */
    uint64_t residue; /* base % align must be this */
    uint64_t base;    /* result of layout_place() */
    size_t user;      /* the caller's */
};

/** Free memory: ranges in ascending order that neither touch nor overlap. */
struct layout {
    struct layout_range *holes;
    size_t holes_count;
};

/** Start with these ranges of RAM, which must not overlap. */
void layout_init(struct layout *layout, const struct layout_range *ram, size_t count);

/** Release the holes. */
void layout_free(struct layout *layout);

/** Take a range out of the free memory, where it is free; the rest of the range is ignored. */
void layout_reserve(struct layout *layout, uint64_t base, uint64_t bytes);

/**
 * First place for `bytes` bytes at an address that is `residue` modulo `align`, which is then
 * taken. Returns false, and takes nothing, when no hole has such a place.
 */
bool layout_take(struct layout *layout, uint64_t bytes, uint64_t align, uint64_t residue,
                 uint64_t *base);

/**
 * Place all items: those with the largest alignment first, then the larger, then the earlier.
 *
 * Sorts the items. Returns true, or false with *failed the index (after sorting) of the first item
 * that found no place; items before it have been placed.
 */
bool layout_place(struct layout *layout, struct layout_item *items, size_t count, size_t *failed);

/** Free bytes in all, and in the largest hole. */
uint64_t layout_free_bytes(const struct layout *layout, uint64_t *largest);

/**
 * The largest block size (LAYOUT_GIANT, LAYOUT_BLOCK or LAYOUT_PAGE) of which a whole block fits
 * into [addr, addr + bytes).
 */
uint64_t layout_best_block(uint64_t addr, uint64_t bytes);

#endif
