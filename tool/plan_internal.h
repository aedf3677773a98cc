/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of plan.h share among themselves. */
#ifndef TOOL_PLAN_INTERNAL_H
#define TOOL_PLAN_INTERNAL_H

#include "plan.h"

/** Add a region, which takes `name` over. Returns its index. */
size_t plan_add_region(struct plan *plan, enum plan_kind kind, char *name, struct diag_pos pos,
                       uint64_t bytes);

/** Map the whole of a region into the address space whose maps are being added. */
void plan_add_map(struct plan *plan, size_t region, uint64_t addr, unsigned perms, bool cached);

/**
 * Open and check a PD's program, and add its segments as regions and maps: the read-only ones
 * first, then the writable ones. Errors go to `diag`; pd->elf stays NULL then.
 */
void plan_add_program(struct plan *plan, struct plan_pd *pd, const struct search *search,
                      struct diag *diag);

/** Up to whole pages. */
static inline uint64_t plan_round(uint64_t value)
{
    return (value + LAYOUT_PAGE - 1) & ~(LAYOUT_PAGE - 1);
}

/** Bytes of the kernel's heap that are for a VM, its vCPUs and its monitor. */
uint64_t plan_heap_vm(const struct plan *plan, size_t vm);

#endif
