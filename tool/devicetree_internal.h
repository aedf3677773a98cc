/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of devicetree.h share. Nodes are offsets as libfdt has them. */
#ifndef TOOL_DEVICETREE_INTERNAL_H
#define TOOL_DEVICETREE_INTERNAL_H

#include "devicetree.h"

#define DEVICETREE_NO_DMA "bulkhead,no-dma"

/** The nodes that describe a set of devices. */
struct devicetree_closure {
    int *nodes; /* with all that is below them */
    size_t count;
};

/** Node of a path of the set, or a negative number after saying that there is none. */
int devicetree_find(const void *tree, const char *path, struct devicetree_problem *problem);

/** The big-endian cell at index `index` of a property. */
uint32_t devicetree_cell(const void *property, int index);

/**
 * Range `index` of a node's registers, as they are, in physical addresses. False: it has no such
 * range, or is on a bus that does not map to memory.
 */
bool devicetree_reg(const void *tree, int node, int index, struct devicetree_range *range);

/**
 * The nodes of `set`, and those that they refer to, and so on. closure->nodes is to be freed.
 * False: a path does not exist.
 */
bool devicetree_close(const void *tree, const struct devicetree_set *set,
                      struct devicetree_closure *closure, struct devicetree_problem *problem);

/** Write a problem; either format may be "". */
void devicetree_say(struct devicetree_problem *problem, const char *help, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The node's path, for messages: in a static buffer of the caller. */
const char *devicetree_path(const void *tree, int node, char *buffer, int bytes);

#endif
