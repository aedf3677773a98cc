/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree of a board: what a device that is passed through to a guest consists of, and the
 * part of the tree that describes it.
 *
 * A tree is the flattened form (DTB) in memory, as devicetree_check() accepts it. Its root has
 * #address-cells and #size-cells of 2, and an interrupt-parent, the GIC. One property is our own:
 * `bulkhead,no-dma` marks a device that does not access memory by itself. Any other may.
 */
#ifndef TOOL_DEVICETREE_H
#define TOOL_DEVICETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is wrong with a path or a device: a sentence, and what would be right (or empty). */
struct devicetree_problem {
    char text[256];
    char help[256];
};

/** Registers, rounded to pages. */
struct devicetree_range {
    uint64_t base;
    uint64_t bytes;
};

struct devicetree_irq {
    uint32_t intid;
    bool edge;
};

#define DEVICETREE_MAX_RANGES 16
#define DEVICETREE_MAX_IRQS 32

struct devicetree_device {
    struct devicetree_range ranges[DEVICETREE_MAX_RANGES];
    size_t ranges_count;
    struct devicetree_irq irqs[DEVICETREE_MAX_IRQS];
    size_t irqs_count;
    bool dma;  /* it may access memory */
    bool uart; /* an alias serialN names it */
};

/** Paths of the devices that one guest has. The strings are borrowed. */
struct devicetree_set {
    const char *const *paths;
    size_t count;
};

/** Look at `bytes` bytes, aligned to 8. Returns NULL, or what is wrong with them as any DTB. */
const char *devicetree_check_file(const void *tree, size_t bytes);

/** The same for a board's tree, which keeps the rules above. */
const char *devicetree_check(const void *tree, size_t bytes);

/**
 * What the device at `path` consists of, for a guest that has all of `set` (which holds `path`).
 * False, and `problem` says why: there is no such node (with the nearest path that there is), it
 * is none that can be given away, its pages hold registers of others, it cannot work without
 * what the guest does not have.
 */
bool devicetree_device(const void *tree, const char *path, const struct devicetree_set *set,
                       struct devicetree_device *device, struct devicetree_problem *problem);

/**
 * A device tree that has the nodes of `set`, with all that they refer to and the buses that they
 * are on, phandles kept. Each path was accepted by devicetree_device(). The caller frees
 * it; its size goes to *bytes. NULL, and `problem` says why: a path that does not exist.
 */
uint8_t *devicetree_copy(const void *tree, const struct devicetree_set *set, size_t *bytes,
                         struct devicetree_problem *problem);

#endif
