/* SPDX-License-Identifier: BSD-2-Clause */
/* What a virtual machine costs in memory. */
#include "plan_internal.h"

static bool plan_is_mapped(const struct plan *plan, size_t first, size_t count, size_t region,
                           unsigned perms)
{
    for (size_t i = first; i < first + count; i++) {
        if (plan->maps[i].region == region && (plan->maps[i].perms & perms) != 0) {
            return true;
        }
    }
    return false;
}

/* Whether a region is a file of the description that nobody writes to. */
static bool plan_is_file(const struct plan *plan, size_t region)
{
    return region < plan->sdf->regions_count && plan->regions[region].in_place &&
           plan->sdf->regions[region].prefill_file != NULL;
}

struct plan_cost plan_vm_cost(const struct plan *plan, size_t vm)
{
    const struct plan_vm *guest = &plan->vms[vm];
    const struct plan_pd *monitor = &plan->pds[guest->sdf->pd];
    struct plan_cost cost = { .kernel = plan_heap_vm(plan, vm) };

    for (size_t i = 0; i < plan->regions_count; i++) {
        const struct plan_region *region = &plan->regions[i];
        bool reached = plan_is_mapped(plan, guest->maps_first, guest->maps_count, i, ~0U) ||
                       plan_is_mapped(plan, monitor->maps_first, monitor->maps_count, i, ~0U);

        if (!reached || region->device) {
            continue;
        }
        if (plan_is_mapped(plan, guest->maps_first, guest->maps_count, i, SDF_PERM_W)) {
            cost.ram += region->bytes;
        } else if (plan_is_file(plan, i)) {
            cost.images += region->bytes;
        } else {
            cost.monitor += region->bytes;
        }
        /* The image keeps what a writable region begins with. */
        if (region->data_bytes > 0 && !region->in_place) {
            cost.monitor += plan_round(region->data_bytes);
        }
    }
    return cost;
}
