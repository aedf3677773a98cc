/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to a device tree, for dtb.c. The first error stays and makes the rest do nothing, so
 * that only the end has to look at it. A node is named by its offset, which stays right as long as
 * only this node and later ones are changed; new nodes come first in their parent.
 */
#ifndef VMM_DTB_EDIT_H
#define VMM_DTB_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most pairs of address and size in a `reg`. */
#define DTB_EDIT_MAX_PAIRS 2
/** Bytes of the longest name with an address, with its zero. */
#define DTB_EDIT_NAME_BYTES 48

struct dtb_edit {
    void *fdt;
    int error; /* libfdt's, negative */
    /** Of the root: 1 or 2 each. */
    uint32_t address_cells;
    uint32_t size_cells;
    /** A number did not fit into its cells. */
    bool overflow;
};

/** `name`@`address`, in hexadecimal. `name` has at most 30 characters. */
void dtb_edit_name(char to[DTB_EDIT_NAME_BYTES], const char *name, uint64_t address);

/** A new, empty node; one of that name in `parent` is removed with all that is in it. */
int dtb_edit_node(struct dtb_edit *edit, int parent, const char *name);

/** The node of that name in the root, made if there is none. */
int dtb_edit_have_node(struct dtb_edit *edit, const char *name);

/** @{ Set a property. dtb_edit_strings(): `bytes` bytes of strings, each with its zero. */
void dtb_edit_empty(struct dtb_edit *edit, int node, const char *name);
void dtb_edit_bytes(struct dtb_edit *edit, int node, const char *name, const void *value,
                    size_t bytes);
void dtb_edit_string(struct dtb_edit *edit, int node, const char *name, const char *value);
void dtb_edit_strings(struct dtb_edit *edit, int node, const char *name, const char *values,
                      size_t bytes);
void dtb_edit_cell(struct dtb_edit *edit, int node, const char *name, uint32_t value);
void dtb_edit_cells(struct dtb_edit *edit, int node, const char *name, const uint32_t *values,
                    size_t count);
void dtb_edit_u64(struct dtb_edit *edit, int node, const char *name, uint64_t value);
/** @} */

/** Set `reg` to `count` pairs of address and size, in the root's cells. */
void dtb_edit_reg(struct dtb_edit *edit, int node, const uint64_t *pairs, size_t count);

/** Whether a node has that property. */
bool dtb_edit_has(const struct dtb_edit *edit, int node, const char *name);

/** Remove a property, if it is there. */
void dtb_edit_drop(struct dtb_edit *edit, int node, const char *name);

/** Whether the node at that offset is one of those that are meant. */
typedef bool (*dtb_edit_match)(const void *fdt, int node);

/**
 * Remove every node that is meant, and what is in it. Returns the phandle of the first of them
 * that has one, or 0.
 */
uint32_t dtb_edit_remove(struct dtb_edit *edit, dtb_edit_match match);

#endif
