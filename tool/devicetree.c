/* SPDX-License-Identifier: BSD-2-Clause */
#include "devicetree.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "devicetree_internal.h"
#include "nearest.h"

#define DEVICETREE_PAGE UINT64_C(0x1000)
#define DEVICETREE_PATH 128
/** An interrupt of the GIC: kind (0: SPI), number, trigger. */
#define DEVICETREE_IRQ_CELLS 3
#define DEVICETREE_FIRST_SPI 32u
#define DEVICETREE_LAST_SPI 1019u
#define DEVICETREE_TRIGGER_EDGE 3u
/** Addresses have at most two cells. */
#define DEVICETREE_MAX_CELLS 2
/** Layouts since 2005; older ones write nodes by their paths. */
#define DEVICETREE_MIN_VERSION 16

void devicetree_say(struct devicetree_problem *problem, const char *help, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = alloc_format_list(format, arguments);
    va_end(arguments);
    snprintf(problem->text, sizeof(problem->text), "%s", text);
    snprintf(problem->help, sizeof(problem->help), "%s", help);
    free(text);
}

const char *devicetree_path(const void *tree, int node, char *buffer, int bytes)
{
    return fdt_get_path(tree, node, buffer, bytes) == 0 ? buffer : "a node deep inside";
}

uint32_t devicetree_cell(const void *property, int index)
{
    return fdt32_ld((const fdt32_t *)property + index);
}

const char *devicetree_check_file(const void *tree, size_t bytes)
{
    int error;

    if (bytes < sizeof(struct fdt_header)) {
        return "it is shorter than a device tree's header";
    }
    error = fdt_check_header(tree);
    if (error == 0 && fdt_totalsize(tree) > bytes) {
        return "it is cut off";
    }
    /* Of a layout before 16, libfdt's check reads the root's name from where there may be none. */
    if (error == 0 && fdt_version(tree) < DEVICETREE_MIN_VERSION) {
        error = -FDT_ERR_BADVERSION;
    }
    if (error == 0) {
        error = fdt_check_full(tree, bytes);
    }
    switch (error) {
    case 0:
        return NULL;
    case -FDT_ERR_BADMAGIC:
        return "it lacks the magic number";
    case -FDT_ERR_BADVERSION:
        return "it has a version that is not known";
    case -FDT_ERR_TRUNCATED:
        return "it is cut off";
    default:
        return "it is damaged";
    }
}

const char *devicetree_check(const void *tree, size_t bytes)
{
    const char *problem = devicetree_check_file(tree, bytes);
    const void *parent;
    int length;

    if (problem != NULL) {
        return problem;
    }
    parent = fdt_getprop(tree, 0, "interrupt-parent", &length);
    if (parent == NULL || length != sizeof(uint32_t) ||
        fdt_node_offset_by_phandle(tree, devicetree_cell(parent, 0)) < 0) {
        return "its root has no interrupt-parent";
    }
    if (fdt_address_cells(tree, 0) != DEVICETREE_MAX_CELLS ||
        fdt_size_cells(tree, 0) != DEVICETREE_MAX_CELLS) {
        return "addresses and sizes at its root do not have two cells";
    }
    return NULL;
}

/** Say that a path does not exist, with the nearest that does: `likely`, unless it is NULL. */
static void devicetree_say_unknown(const void *tree, const char *path, const char *likely,
                                   struct devicetree_problem *problem)
{
    struct nearest nearest = { .word = path, .best = likely };
    char **paths = NULL;
    size_t count = 0;

    for (int node = fdt_next_node(tree, 0, NULL); likely == NULL && node >= 0;
         node = fdt_next_node(tree, node, NULL)) {
        char buffer[DEVICETREE_PATH];

        if (fdt_get_path(tree, node, buffer, sizeof(buffer)) == 0) {
            paths = alloc_grow(paths, count, sizeof(*paths));
            paths[count] = alloc_copy(buffer, strlen(buffer));
            nearest_try(&nearest, paths[count++]);
        }
    }
    devicetree_say(problem,
                   "the paths are those of the board's device tree, such as "
                   "/pl011@9000000",
                   "the board has no device '%.*s'", DEVICETREE_PATH, path);
    if (nearest.best != NULL) {
        snprintf(problem->help, sizeof(problem->help), "did you mean '%s'?", nearest.best);
    }
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    free(paths);
}

int devicetree_find(const void *tree, const char *path, struct devicetree_problem *problem)
{
    char buffer[DEVICETREE_PATH];
    int node = fdt_path_offset(tree, path);

    if (node >= 0 && fdt_get_path(tree, node, buffer, sizeof(buffer)) != 0) {
        node = -FDT_ERR_NOSPACE;
    }
    if (node >= 0 && strcmp(buffer, path) == 0) {
        return node;
    }
    /* libfdt also takes aliases, and nodes without their unit address. */
    devicetree_say_unknown(tree, path, node > 0 ? buffer : NULL, problem);
    return -FDT_ERR_NOTFOUND;
}

/** A number of `cells` cells; the caller has checked that they are there. */
static uint64_t devicetree_number(const void *property, int index, int cells)
{
    uint64_t value = 0;

    for (int i = 0; i < cells; i++) {
        value = value << 32 | devicetree_cell(property, index + i);
    }
    return value;
}

/** Translate an address on the bus `bus` to one on the bus above. False: it does not map there. */
static bool devicetree_step(const void *tree, int bus, struct devicetree_range *range)
{
    int above = fdt_parent_offset(tree, bus);
    int child_cells = fdt_address_cells(tree, bus);
    int parent_cells = above < 0 ? 0 : fdt_address_cells(tree, above);
    int size_cells = fdt_size_cells(tree, bus);
    int row = child_cells + parent_cells + size_cells;
    int length;
    const void *ranges = fdt_getprop(tree, bus, "ranges", &length);

    if (ranges == NULL || above < 0 || child_cells < 1 || child_cells > DEVICETREE_MAX_CELLS ||
        parent_cells < 1 || parent_cells > DEVICETREE_MAX_CELLS || size_cells < 0 ||
        size_cells > DEVICETREE_MAX_CELLS) {
        return false;
    }
    if (length == 0) {
        return true;
    }
    for (int at = 0; at + row <= length / (int)sizeof(uint32_t); at += row) {
        uint64_t from = devicetree_number(ranges, at, child_cells);
        uint64_t to = devicetree_number(ranges, at + child_cells, parent_cells);
        uint64_t bytes = devicetree_number(ranges, at + child_cells + parent_cells, size_cells);

        if (range->base >= from && range->base - from < bytes &&
            range->bytes <= bytes - (range->base - from)) {
            range->base = to + (range->base - from);
            return true;
        }
    }
    return false;
}

bool devicetree_reg(const void *tree, int node, int index, struct devicetree_range *range)
{
    int bus = fdt_parent_offset(tree, node);
    int address_cells = bus < 0 ? 0 : fdt_address_cells(tree, bus);
    int size_cells = bus < 0 ? 0 : fdt_size_cells(tree, bus);
    int row = address_cells + size_cells;
    int length;
    const void *reg = fdt_getprop(tree, node, "reg", &length);

    if (reg == NULL || address_cells < 1 || address_cells > DEVICETREE_MAX_CELLS ||
        size_cells < 1 || size_cells > DEVICETREE_MAX_CELLS ||
        index >= length / (int)sizeof(uint32_t) / row) {
        return false;
    }
    range->base = devicetree_number(reg, index * row, address_cells);
    range->bytes = devicetree_number(reg, index * row + address_cells, size_cells);
    while (bus > 0) {
        if (!devicetree_step(tree, bus, range)) {
            return false;
        }
        bus = fdt_parent_offset(tree, bus);
    }
    return range->bytes > 0 && range->bytes <= UINT64_MAX - DEVICETREE_PAGE &&
           range->base <= UINT64_MAX - DEVICETREE_PAGE - range->bytes;
}

/** Is the node, or one above it or below it, in the set? */
static bool devicetree_in_set(const void *tree, int node, const struct devicetree_set *set)
{
    char path[DEVICETREE_PATH];

    if (fdt_get_path(tree, node, path, sizeof(path)) != 0) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        size_t length = strlen(set->paths[i]);
        size_t own = strlen(path);

        if (strncmp(path, set->paths[i], length < own ? length : own) == 0 &&
            (length == own || (length < own ? path[length] : set->paths[i][own]) == '/')) {
            return true;
        }
    }
    return false;
}

/** The pages of a range must hold registers of the set's devices only. */
static bool devicetree_check_alone(const void *tree, const struct devicetree_range *pages,
                                   const char *path, const struct devicetree_set *set,
                                   struct devicetree_problem *problem)
{
    for (int node = fdt_next_node(tree, 0, NULL); node >= 0;
         node = fdt_next_node(tree, node, NULL)) {
        struct devicetree_range other;

        for (int i = 0; devicetree_reg(tree, node, i, &other); i++) {
            char name[DEVICETREE_PATH];

            if (other.base >= pages->base + pages->bytes ||
                pages->base >= other.base + other.bytes || devicetree_in_set(tree, node, set)) {
                continue;
            }
            devicetree_say(problem,
                           "memory is given away in pages of 4 KiB: pass all devices of "
                           "the page through to the one guest",
                           "'%s' shares a page with '%s'", path,
                           devicetree_path(tree, node, name, sizeof(name)));
            return false;
        }
    }
    return true;
}

static bool devicetree_take_ranges(const void *tree, int node, const char *path,
                                   const struct devicetree_set *set,
                                   struct devicetree_device *device,
                                   struct devicetree_problem *problem)
{
    struct devicetree_range range;

    for (int i = 0; devicetree_reg(tree, node, i, &range); i++) {
        uint64_t end = (range.base + range.bytes + DEVICETREE_PAGE - 1) & ~(DEVICETREE_PAGE - 1);

        if (device->ranges_count == DEVICETREE_MAX_RANGES) {
            devicetree_say(problem, "pass another device through", "'%s' has too many registers",
                           path);
            return false;
        }
        range.base &= ~(DEVICETREE_PAGE - 1);
        range.bytes = end - range.base;
        if (!devicetree_check_alone(tree, &range, path, set, problem)) {
            return false;
        }
        device->ranges[device->ranges_count++] = range;
    }
    if (device->ranges_count == 0) {
        devicetree_say(problem, "pass the device through whose registers the guest is to have",
                       "'%s' has no registers in memory", path);
        return false;
    }
    return true;
}

/** The node that a node's interrupts go to. */
static int devicetree_irq_parent(const void *tree, int node)
{
    for (; node >= 0; node = fdt_parent_offset(tree, node)) {
        int length;
        const void *parent = fdt_getprop(tree, node, "interrupt-parent", &length);

        if (parent != NULL && length == sizeof(uint32_t)) {
            return fdt_node_offset_by_phandle(tree, devicetree_cell(parent, 0));
        }
    }
    return -FDT_ERR_NOTFOUND;
}

static bool devicetree_add_irq(const void *cells, int at, const char *path,
                               struct devicetree_device *device, struct devicetree_problem *problem)
{
    uint32_t number = devicetree_cell(cells, at + 1);

    if (devicetree_cell(cells, at) != 0 || number > DEVICETREE_LAST_SPI - DEVICETREE_FIRST_SPI) {
        devicetree_say(problem, "a device with shared peripheral interrupts (SPIs) can be",
                       "'%s' has an interrupt that is private to a CPU", path);
        return false;
    }
    if (device->irqs_count == DEVICETREE_MAX_IRQS) {
        devicetree_say(problem, "pass another device through", "'%s' has too many interrupts",
                       path);
        return false;
    }
    device->irqs[device->irqs_count++] = (struct devicetree_irq){
        .intid = number + DEVICETREE_FIRST_SPI,
        .edge = (devicetree_cell(cells, at + 2) & DEVICETREE_TRIGGER_EDGE) != 0,
    };
    return true;
}

static bool devicetree_take_irqs(const void *tree, int node, const char *path,
                                 struct devicetree_device *device,
                                 struct devicetree_problem *problem)
{
    int gic = devicetree_irq_parent(tree, 0);
    int length;
    const void *cells = fdt_getprop(tree, node, "interrupts-extended", &length);
    bool extended = cells != NULL;
    int row = DEVICETREE_IRQ_CELLS + (extended ? 1 : 0);
    bool right = true;

    if (!extended) {
        cells = fdt_getprop(tree, node, "interrupts", &length);
        right = cells == NULL || devicetree_irq_parent(tree, node) == gic;
    }
    if (cells == NULL) {
        return true;
    }
    right = right && length % (row * (int)sizeof(uint32_t)) == 0;
    for (int at = 0; right && at < length / (int)sizeof(uint32_t); at += row) {
        right = !extended || fdt_node_offset_by_phandle(tree, devicetree_cell(cells, at)) == gic;
        if (right &&
            !devicetree_add_irq(cells, at + row - DEVICETREE_IRQ_CELLS, path, device, problem)) {
            return false;
        }
    }
    if (!right) {
        devicetree_say(problem, "its interrupts must go to the board's GIC directly",
                       "the interrupts of '%s' go to another device", path);
    }
    return right;
}

static bool devicetree_has_type(const void *tree, int node, const char *type)
{
    const char *given = fdt_getprop(tree, node, "device_type", NULL);

    return given != NULL && strcmp(given, type) == 0;
}

/** Nodes that no guest can have. */
static bool devicetree_check_kind(const void *tree, int node, const char *path,
                                  struct devicetree_problem *problem)
{
    const char *what = NULL;

    if (fdt_getprop(tree, node, "interrupt-controller", NULL) != NULL ||
        fdt_getprop(tree, node, "msi-controller", NULL) != NULL) {
        what = "an interrupt controller, which is the kernel's";
    } else if (devicetree_has_type(tree, node, "memory") ||
               strncmp(path, "/reserved-memory", 16) == 0) {
        what = "memory, which the tool gives out";
    } else if (devicetree_has_type(tree, node, "cpu") || strcmp(path, "/cpus") == 0) {
        what = "a CPU, which the kernel shares out";
    } else if (devicetree_has_type(tree, node, "pci")) {
        what = "a PCI host bridge, which no guest can have for itself";
    }
    if (what != NULL) {
        devicetree_say(problem, "pass a device through", "'%s' is %s", path, what);
    }
    return what == NULL;
}

/** Is there an alias serialN of this path? */
static bool devicetree_is_uart(const void *tree, const char *path)
{
    int aliases = fdt_path_offset(tree, "/aliases");
    int property;

    if (aliases < 0) {
        return false;
    }
    fdt_for_each_property_offset(property, tree, aliases)
    {
        const char *name;
        int length;
        const char *value = fdt_getprop_by_offset(tree, property, &name, &length);

        if (value != NULL && length > 0 && (size_t)length == strlen(path) + 1 &&
            strncmp(name, "serial", 6) == 0 && memcmp(value, path, (size_t)length) == 0) {
            return true;
        }
    }
    return false;
}

/** What the device refers to must be without registers, or the guest's as well. */
static bool devicetree_check_needs(const void *tree, const char *path,
                                   const struct devicetree_set *set,
                                   struct devicetree_problem *problem)
{
    const struct devicetree_set own = { .paths = &path, .count = 1 };
    struct devicetree_closure closure;
    bool good = devicetree_close(tree, &own, &closure, problem);

    for (size_t i = 0; good && i < closure.count; i++) {
        struct devicetree_range range;
        char name[DEVICETREE_PATH];
        int node = closure.nodes[i];

        while (node > 0 && !devicetree_reg(tree, node, 0, &range)) {
            node = fdt_parent_offset(tree, node);
        }
        if (node > 0 && !devicetree_in_set(tree, node, set)) {
            devicetree_say(problem, "pass that through to the same guest, too",
                           "'%s' depends on '%s'", path,
                           devicetree_path(tree, node, name, sizeof(name)));
            good = false;
        }
    }
    free(closure.nodes);
    return good;
}

bool devicetree_device(const void *tree, const char *path, const struct devicetree_set *set,
                       struct devicetree_device *device, struct devicetree_problem *problem)
{
    int node = devicetree_find(tree, path, problem);

    *device = (struct devicetree_device){ 0 };
    if (node < 0 || !devicetree_check_kind(tree, node, path, problem) ||
        !devicetree_take_ranges(tree, node, path, set, device, problem) ||
        !devicetree_take_irqs(tree, node, path, device, problem) ||
        !devicetree_check_needs(tree, path, set, problem)) {
        return false;
    }
    device->dma = fdt_getprop(tree, node, DEVICETREE_NO_DMA, NULL) == NULL;
    device->uart = devicetree_is_uart(tree, path);
    return true;
}
