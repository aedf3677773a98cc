/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device refers to by phandles, transitively. */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "devicetree_internal.h"

/** Properties that are lists of phandles, each followed by as many cells as its node says. */
struct devicetree_reference {
    const char *property; /* a leading '*' stands for any beginning, a trailing one for any end */
    const char *cells;    /* property of the node that is referred to; NULL: none follow */
};

static const struct devicetree_reference devicetree_references[] = {
    { "clocks", "#clock-cells" },
    { "assigned-clocks", "#clock-cells" },
    { "assigned-clock-parents", "#clock-cells" },
    { "resets", "#reset-cells" },
    { "power-domains", "#power-domain-cells" },
    { "phys", "#phy-cells" },
    { "dmas", "#dma-cells" },
    { "iommus", "#iommu-cells" },
    { "mboxes", "#mbox-cells" },
    { "pwms", "#pwm-cells" },
    { "interconnects", "#interconnect-cells" },
    { "io-channels", "#io-channel-cells" },
    { "thermal-sensors", "#thermal-sensor-cells" },
    { "msi-parent", "#msi-cells" },
    { "gpios", "#gpio-cells" },
    { "*-gpios", "#gpio-cells" },
    { "*-gpio", "#gpio-cells" },
    { "*-supply", NULL },
    { "pinctrl-*", NULL },
    { "phy-handle", NULL },
    { "nvmem-cells", NULL },
    { "memory-region", NULL },
    { "operating-points-v2", NULL },
};

static bool devicetree_matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    size_t own = strlen(name);

    if (pattern[0] == '*') {
        return own >= length - 1 && strcmp(name + own - (length - 1), pattern + 1) == 0;
    }
    if (pattern[length - 1] == '*') {
        /* What follows is a number: pinctrl-0, but not pinctrl-names. */
        return strncmp(name, pattern, length - 1) == 0 && name[length - 1] >= '0' &&
               name[length - 1] <= '9';
    }
    return strcmp(pattern, name) == 0;
}

static const struct devicetree_reference *devicetree_reference(const char *name)
{
    const size_t count = sizeof(devicetree_references) / sizeof(devicetree_references[0]);

    for (size_t i = 0; i < count; i++) {
        if (devicetree_matches(devicetree_references[i].property, name)) {
            return &devicetree_references[i];
        }
    }
    return NULL;
}

static void devicetree_add(struct devicetree_closure *closure, int node)
{
    for (size_t i = 0; i < closure->count; i++) {
        if (closure->nodes[i] == node) {
            return;
        }
    }
    closure->nodes = alloc_grow(closure->nodes, closure->count, sizeof(*closure->nodes));
    closure->nodes[closure->count++] = node;
}

/** Add the nodes that one property names. */
static void devicetree_follow(const void *tree, const struct devicetree_reference *reference,
                              const void *value, int length, struct devicetree_closure *closure)
{
    int count = length / (int)sizeof(uint32_t);
    int at = 0;

    while (at < count) {
        uint32_t phandle = devicetree_cell(value, at);
        int node = fdt_node_offset_by_phandle(tree, phandle);
        int more = 0;

        if (node >= 0 && reference->cells != NULL) {
            int bytes;
            const void *cells = fdt_getprop(tree, node, reference->cells, &bytes);

            if (cells != NULL && bytes == sizeof(uint32_t)) {
                uint32_t given = devicetree_cell(cells, 0);

                more = given < (uint32_t)count ? (int)given : count;
            }
        }
        if (node > 0) {
            devicetree_add(closure, node);
        }
        at += 1 + more;
    }
}

static void devicetree_follow_node(const void *tree, int node, struct devicetree_closure *closure)
{
    int property;

    fdt_for_each_property_offset(property, tree, node)
    {
        const char *name;
        int length;
        const void *value = fdt_getprop_by_offset(tree, property, &name, &length);
        const struct devicetree_reference *reference =
            value != NULL ? devicetree_reference(name) : NULL;

        if (reference != NULL) {
            devicetree_follow(tree, reference, value, length, closure);
        }
    }
}

/** The node, what is below it, and the buses that it is on. */
static void devicetree_follow_family(const void *tree, int start,
                                     struct devicetree_closure *closure)
{
    int depth = 0;

    for (int node = start; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth)) {
        if (node != start && depth <= 0) {
            break;
        }
        devicetree_follow_node(tree, node, closure);
    }
    for (int node = fdt_parent_offset(tree, start); node > 0;
         node = fdt_parent_offset(tree, node)) {
        devicetree_follow_node(tree, node, closure);
    }
}

bool devicetree_close(const void *tree, const struct devicetree_set *set,
                      struct devicetree_closure *closure, struct devicetree_problem *problem)
{
    *closure = (struct devicetree_closure){ 0 };
    for (size_t i = 0; i < set->count; i++) {
        int node = devicetree_find(tree, set->paths[i], problem);

        if (node < 0) {
            return false;
        }
        devicetree_add(closure, node);
    }
    /* The list grows while it is walked. */
    for (size_t i = 0; i < closure->count; i++) {
        devicetree_follow_family(tree, closure->nodes[i], closure);
    }
    return true;
}
