/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "bulkhead/abi.h"
#include "sdf_check.h"

/** Who has which number in one PD; NULL is nobody. */
struct sdf_ids {
    const struct sdf_num *owner[64];
};

_Static_assert(BH_MAX_CHANNELS <= 64 && BH_MAX_CHILDREN <= 64, "the owners have room");

/** Take a number; `what` says what needs it, `space` what it counts. */
static void sdf_check_take(struct sdf_ids *ids, const struct sdf_num *id, uint64_t limit,
                           const char *space, const struct sdf_pd *pd, struct diag *diag)
{
    const char *name = pd->name.text != NULL ? pd->name.text : "?";
    uint64_t unused = 0;

    if (!id->given) {
        return;
    }
    if (id->value >= limit) {
        diag_error(diag, id->pos, "%s %" PRIu64 " is too large", space, id->value);
        diag_help(diag, "use 0 to %" PRIu64, limit - 1);
        return;
    }
    if (ids->owner[id->value] == NULL) {
        ids->owner[id->value] = id;
        return;
    }
    diag_error(diag, id->pos, "%s %" PRIu64 " of '%s' is used twice", space, id->value, name);
    while (unused < limit && ids->owner[unused] != NULL) {
        unused++;
    }
    if (unused < limit) {
        diag_help(diag, "line %u has it; %" PRIu64 " is the first that is not used before here",
                  ids->owner[id->value]->pos.line, unused);
    } else {
        diag_help(diag, "line %u has it, and all %" PRIu64 " are used",
                  ids->owner[id->value]->pos.line, limit);
    }
}

static void sdf_check_channel_ids(const struct sdf *sdf, struct diag *diag)
{
    struct sdf_ids *ids = alloc_array(sdf->pds_count, sizeof(*ids));

    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        for (size_t j = 0; j < pd->irqs_count; j++) {
            sdf_check_take(&ids[i], &pd->irqs[j].id, BH_MAX_CHANNELS, "channel id", pd, diag);
        }
        sdf_check_take(&ids[i], &pd->reports.id, BH_MAX_CHANNELS, "channel id", pd, diag);
        for (size_t j = 0; pd->vm != SDF_NONE && j < sdf->vms[pd->vm].pages_count; j++) {
            sdf_check_take(&ids[i], &sdf->vms[pd->vm].pages[j].id, BH_MAX_CHANNELS, "channel id",
                           pd, diag);
        }
    }
    for (size_t i = 0; i < sdf->channels_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            const struct sdf_end *end = &sdf->channels[i].ends[j];

            if (end->pd != SDF_NONE) {
                sdf_check_take(&ids[end->pd], &end->id, BH_MAX_CHANNELS, "channel id",
                               &sdf->pds[end->pd], diag);
            }
        }
    }
    free(ids);
}

static void sdf_check_child_ids(const struct sdf *sdf, struct diag *diag)
{
    struct sdf_ids *ids = alloc_array(sdf->pds_count, sizeof(*ids));

    for (size_t i = 0; i < sdf->vms_count; i++) {
        const struct sdf_vm *vm = &sdf->vms[i];

        for (size_t j = 0; j < vm->vcpus_count; j++) {
            sdf_check_take(&ids[vm->pd], &vm->vcpus[j].id, BH_MAX_CHILDREN, "child id",
                           &sdf->pds[vm->pd], diag);
        }
    }
    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        if (pd->parent != SDF_NONE) {
            sdf_check_take(&ids[pd->parent], &pd->id, BH_MAX_CHILDREN, "child id",
                           &sdf->pds[pd->parent], diag);
        }
    }
    free(ids);
}

void sdf_check_ids(const struct sdf *sdf, struct diag *diag)
{
    sdf_check_channel_ids(sdf, diag);
    sdf_check_child_ids(sdf, diag);
}
