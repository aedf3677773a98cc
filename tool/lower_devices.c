/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that are passed through: registers and interrupts go to the guest, as does their place in
 * the device tree. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "devicetree.h"
#include "lower_internal.h"

/** Has a guest before this one, or an earlier line of this one, the same device? */
static bool lower_is_taken(struct lower *lower, const struct sdf_guest *guest, size_t index)
{
    const struct sdf_str *path = &guest->devices[index].path;

    for (const struct sdf_guest *other = lower->sdf->guests; other <= guest; other++) {
        size_t count = other == guest ? index : other->devices_count;

        for (size_t i = 0; i < count; i++) {
            const struct sdf_str *taken = &other->devices[i].path;

            if (taken->text != NULL && strcmp(taken->text, path->text) == 0) {
                diag_error(lower->diag, path->pos, "'%s' is passed through twice", path->text);
                diag_help(lower->diag, "line %u has it; a device is for one guest",
                          taken->pos.line);
                return true;
            }
        }
    }
    return false;
}

/** True when some device of the guest before this one has the range's pages. */
static bool lower_has_range(const struct lower *lower, size_t first_region,
                            const struct devicetree_range *range)
{
    for (size_t i = first_region; i < lower->sdf->regions_count; i++) {
        const struct sdf_region *region = &lower->sdf->regions[i];

        if (region->phys_addr.given && range->base >= region->phys_addr.value &&
            range->bytes <= region->size.value &&
            range->base - region->phys_addr.value <= region->size.value - range->bytes) {
            return true;
        }
    }
    return false;
}

static void lower_add_range(struct lower *lower, const struct lower_guest *guest,
                            const struct sdf_str *path, size_t number,
                            const struct devicetree_range *range)
{
    const char *name = guest->from->name.text;
    size_t index = number == 0
                       ? lower_region(lower, lower_string(path->pos, "%s.%s", name, path->text + 1))
                       : lower_region(lower, lower_string(path->pos, "%s.%s.%zu", name,
                                                          path->text + 1, number));
    struct sdf_region *region = &lower->sdf->regions[index];

    region->size = lower_number(path->pos, range->bytes);
    region->phys_addr = lower_number(path->pos, range->base);
    lower_vm_map(lower, guest, index, range->base, SDF_PERM_R | SDF_PERM_W)->cached = false;
}

static void lower_add_irq(struct lower *lower, struct lower_guest *guest,
                          const struct sdf_str *path, const struct devicetree_irq *from)
{
    struct sdf_pd *pd = &lower->sdf->pds[guest->pd];
    struct sdf_irq *irq;

    if (from->intid >= BH_VIRQ_COUNT) {
        diag_error(lower->diag, path->pos, "'%s' has interrupt %" PRIu32, path->text, from->intid);
        diag_help(lower->diag, "guests have interrupts up to %d", BH_VIRQ_COUNT - 1);
        return;
    }
    for (size_t i = 0; i < pd->irqs_count; i++) {
        if (pd->irqs[i].irq.value == from->intid) {
            return; /* devices of one guest may share an interrupt */
        }
    }
    pd->irqs = alloc_grow(pd->irqs, pd->irqs_count, sizeof(*pd->irqs));
    irq = &pd->irqs[pd->irqs_count++];
    irq->pos = path->pos;
    irq->irq = lower_number(path->pos, from->intid);
    irq->id = lower_number(path->pos, guest->next_id++);
    irq->edge = from->edge;
    irq->edge_pos = path->pos;
    lower_line(lower, guest, "irq %" PRIu32 " %" PRIu64, from->intid, irq->id.value);
}

/** One device. True when it is the guest's. */
static bool lower_device(struct lower *lower, struct lower_guest *guest,
                         const struct sdf_passthrough *from, const struct devicetree_set *set,
                         size_t first_region)
{
    const struct sdf_str *path = &from->path;
    struct devicetree_problem problem;
    struct devicetree_device device;

    if (!devicetree_device(lower->world->board->tree, path->text, set, &device, &problem)) {
        diag_error(lower->diag, path->pos, "%s", problem.text);
        diag_help(lower->diag, "%s", problem.help);
        return false;
    }
    if (device.dma && from->dma && !guest->from->identity) {
        diag_error(lower->diag, path->pos,
                   "'%s' accesses memory by physical addresses, which '%s' does not know",
                   path->text, guest->from->name.text);
        diag_help(lower->diag,
                  "give the guest ram-at=\"identity\", or the device dma=\"no\" when it "
                  "is not used for that");
        return false;
    }
    for (size_t i = 0; i < device.ranges_count; i++) {
        if (!lower_has_range(lower, first_region, &device.ranges[i])) {
            lower_add_range(lower, guest, path, i, &device.ranges[i]);
        }
    }
    for (size_t i = 0; i < device.irqs_count; i++) {
        lower_add_irq(lower, guest, path, &device.irqs[i]);
    }
    return true;
}

/** The device tree of the devices; an image that brings a tree of its own describes them itself. */
static void lower_add_tree(struct lower *lower, struct lower_guest *guest,
                           const struct devicetree_set *set)
{
    struct sdf_region *region;
    struct sdf_map *map;
    size_t index;

    for (size_t i = 0; i < lower->sdf->pds[guest->pd].maps_count; i++) {
        const char *symbol = lower->sdf->pds[guest->pd].maps[i].setvar_vaddr.text;

        if (symbol != NULL && strcmp(symbol, "guest_dtb") == 0) {
            return;
        }
    }
    index =
        lower_region(lower, lower_string(guest->from->pos, "%s.devices", guest->from->name.text));
    region = &lower->sdf->regions[index];
    for (size_t i = 0; i < set->count; i++) {
        region->devices =
            alloc_grow(region->devices, region->devices_count, sizeof(*region->devices));
        region->devices[region->devices_count++] =
            lower_string(guest->from->pos, "%s", set->paths[i]);
    }
    map = lower_pd_map(lower, guest, index, guest->free, SDF_PERM_R);
    map->setvar_vaddr = lower_string(map->pos, "guest_dtb");
    map->setvar_prefill_size = lower_string(map->pos, "guest_dtb_bytes");
    guest->free += LOWER_ALIGN;
}

void lower_devices(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;
    const struct board *board = lower->world->board;
    size_t first_region = lower->sdf->regions_count;
    const char **paths = alloc_array(from->devices_count, sizeof(*paths));
    struct devicetree_set set = { .paths = paths };
    bool good = board != NULL;

    for (size_t i = 0; i < from->devices_count; i++) {
        const struct sdf_str *path = &from->devices[i].path;

        if (path->text == NULL || lower_is_taken(lower, from, i)) {
            good = false;
        } else if (board != NULL && board->tree == NULL) {
            diag_error(lower->diag, path->pos, "board %s has no device tree", board->name);
            diag_help(lower->diag, "its folder needs a board.dtb");
            good = false;
        } else {
            paths[set.count++] = path->text;
        }
    }
    if (good && set.count > 0) {
        for (size_t i = 0; i < from->devices_count; i++) {
            good = lower_device(lower, guest, &from->devices[i], &set, first_region) && good;
        }
        if (good) {
            lower_add_tree(lower, guest, &set);
        }
    }
    free(paths);
}
