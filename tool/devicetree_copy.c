/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a board's device tree that a guest gets. */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "devicetree_internal.h"

#define DEVICETREE_PATH 128
/** Aliases and /chosen beyond what the board's tree has. */
#define DEVICETREE_MORE 4096u

/** Does the copy have this node: as part of the closure, or as a bus above it? */
static bool devicetree_is_wanted(const void *tree, int node,
                                 const struct devicetree_closure *closure)
{
    for (size_t i = 0; i < closure->count; i++) {
        for (int at = closure->nodes[i]; at >= 0; at = fdt_parent_offset(tree, at)) {
            if (at == node) {
                return true;
            }
        }
        for (int at = node; at > 0; at = fdt_parent_offset(tree, at)) {
            if (at == closure->nodes[i]) {
                return true;
            }
        }
    }
    return false;
}

static int devicetree_copy_properties(const void *tree, int node, void *copy)
{
    int error = 0;
    int property;

    fdt_for_each_property_offset(property, tree, node)
    {
        const char *name;
        int length;
        const void *value = fdt_getprop_by_offset(tree, property, &name, &length);

        if (error == 0 && value != NULL && strcmp(name, DEVICETREE_NO_DMA) != 0) {
            error = fdt_property(copy, name, value, length);
        }
    }
    return error;
}

/** Of the root, what says how to read the rest. */
static int devicetree_copy_root(const void *tree, void *copy)
{
    int error = fdt_begin_node(copy, "");

    if (error == 0) {
        error = fdt_property_u32(copy, "#address-cells", (uint32_t)fdt_address_cells(tree, 0));
    }
    if (error == 0) {
        error = fdt_property_u32(copy, "#size-cells", (uint32_t)fdt_size_cells(tree, 0));
    }
    if (error == 0) {
        const void *parent = fdt_getprop(tree, 0, "interrupt-parent", NULL);

        error = fdt_property_u32(copy, "interrupt-parent", devicetree_cell(parent, 0));
    }
    return error;
}

static int devicetree_copy_nodes(const void *tree, const struct devicetree_closure *closure,
                                 void *copy)
{
    int error = 0;
    int depth = 0;
    int open = 0; /* depth of the node of the copy that is open */

    for (int node = fdt_next_node(tree, 0, &depth); error == 0 && node >= 0 && depth > 0;
         node = fdt_next_node(tree, node, &depth)) {
        if (!devicetree_is_wanted(tree, node, closure)) {
            continue;
        }
        for (; error == 0 && open >= depth; open--) {
            error = fdt_end_node(copy);
        }
        if (error == 0) {
            error = fdt_begin_node(copy, fdt_get_name(tree, node, NULL));
            open = depth;
        }
        if (error == 0) {
            error = devicetree_copy_properties(tree, node, copy);
        }
    }
    for (; error == 0 && open > 0; open--) {
        error = fdt_end_node(copy);
    }
    return error;
}

/**
 * The aliases of nodes that were copied. *console receives the path of the first that the set has
 * and that is a UART, in the order of the set.
 */
static int devicetree_copy_aliases(const void *tree, const struct devicetree_set *set, void *copy,
                                   const char **console)
{
    int aliases = fdt_path_offset(tree, "/aliases");
    int error = 0;
    size_t first = set->count;
    int property;

    if (aliases < 0) {
        return 0;
    }
    error = fdt_begin_node(copy, "aliases");
    fdt_for_each_property_offset(property, tree, aliases)
    {
        const char *name;
        int length;
        const char *path = fdt_getprop_by_offset(tree, property, &name, &length);

        for (size_t i = 0; error == 0 && path != NULL && i < set->count; i++) {
            if ((size_t)length != strlen(set->paths[i]) + 1 ||
                memcmp(path, set->paths[i], (size_t)length) != 0) {
                continue;
            }
            error = fdt_property(copy, name, path, length);
            if (strncmp(name, "serial", 6) == 0 && i < first) {
                first = i;
                *console = set->paths[i];
            }
        }
    }
    return error == 0 ? fdt_end_node(copy) : error;
}

static int devicetree_copy_all(const void *tree, const struct devicetree_set *set,
                               const struct devicetree_closure *closure, void *copy, int room)
{
    const char *console = NULL;
    int error = fdt_create(copy, room);

    if (error == 0) {
        error = fdt_finish_reservemap(copy);
    }
    if (error == 0) {
        error = devicetree_copy_root(tree, copy);
    }
    if (error == 0) {
        error = devicetree_copy_nodes(tree, closure, copy);
    }
    if (error == 0) {
        error = devicetree_copy_aliases(tree, set, copy, &console);
    }
    if (error == 0 && console != NULL) {
        error = fdt_begin_node(copy, "chosen");
        if (error == 0) {
            error = fdt_property(copy, "stdout-path", console, (int)strlen(console) + 1);
        }
        if (error == 0) {
            error = fdt_end_node(copy);
        }
    }
    if (error == 0) {
        error = fdt_end_node(copy);
    }
    return error == 0 ? fdt_finish(copy) : error;
}

uint8_t *devicetree_copy(const void *tree, const struct devicetree_set *set, size_t *bytes,
                         struct devicetree_problem *problem)
{
    size_t room = fdt_totalsize(tree) + DEVICETREE_MORE;
    struct devicetree_closure closure;
    uint8_t *copy = NULL;
    int error;

    if (devicetree_close(tree, set, &closure, problem)) {
        copy = alloc_array(room, 1);
        error = devicetree_copy_all(tree, set, &closure, copy, (int)room);
        if (error != 0) {
            devicetree_say(problem, "", "the board's device tree cannot be copied: %s",
                           fdt_strerror(error));
            free(copy);
            copy = NULL;
        } else {
            *bytes = fdt_totalsize(copy);
        }
    }
    free(closure.nodes);
    return copy;
}
