/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a flattened device tree, one node after the other, without trusting it. */
#ifndef GUEST_FDT_H
#define GUEST_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_DEPTH 8

/** A walk over all nodes. The fields are fdt.c's own, except `path`. */
struct fdt_walk {
    const uint8_t *tree;
    uint32_t structs, structs_end; /* offsets in the tree */
    uint32_t strings, strings_end;
    uint32_t next;       /* offset of the first token behind the node's name */
    uint32_t properties; /* the same, of the current node */
    unsigned depth;
    uint8_t cells[FDT_DEPTH][2]; /* #address-cells and #size-cells of each open node */
    uint16_t path_end[FDT_DEPTH];
    char path[128]; /**< full path of the current node, without the leading slash of the root */
};

/** Begin a walk. False if there is no device tree of version 16 or 17 at the address. */
bool fdt_begin(struct fdt_walk *walk, const void *tree);

/** Go to the next node, the first time to the root. False at the end or where the tree is wrong. */
bool fdt_next(struct fdt_walk *walk);

/** A property of the current node and its length; null if there is none. */
const uint8_t *fdt_property(const struct fdt_walk *walk, const char *name, uint32_t *bytes);

/** Whether a list of strings has this one. False for a null list. */
bool fdt_has_string(const uint8_t *list, uint32_t bytes, const char *string);

/** Whether `compatible` of the current node has this string. */
bool fdt_compatible(const struct fdt_walk *walk, const char *string);

/** Address and size number `index` of the current node's `reg`. False if there are fewer. */
bool fdt_reg(const struct fdt_walk *walk, unsigned index, uint64_t *address, uint64_t *size);

/** Whether two strings are equal. */
bool fdt_equal(const char *one, const char *other);

#endif
