/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of a disk that several guests write: their file systems would not survive it. */
#include <string.h>

#include "alloc.h"
#include "lower_internal.h"

static bool parts_meet(const struct sdf_guest_disk *one, const struct sdf_guest_disk *other)
{
    if (one->partition.given && other->partition.given) {
        return one->partition.value == other->partition.value;
    }
    if (one->first.given && other->first.given) {
        return one->first.value < other->first.value + other->sectors.value &&
               other->first.value < one->first.value + one->sectors.value;
    }
    /* Where a partition is, the disk says; who names neither has the whole of it. */
    return (!one->partition.given && !one->first.given) ||
           (!other->partition.given && !other->first.given);
}

void lower_disk_part(struct lower *lower, struct lower_disk *disk,
                     const struct sdf_guest_disk *part)
{
    if (part->readonly) {
        return;
    }
    for (size_t i = 0; i < disk->written_count; i++) {
        if (parts_meet(&disk->written[i], part)) {
            diag_warning(lower->diag, part->pos, "this part of '%s' is written by another, too",
                         part->from.text);
            diag_help(lower->diag,
                      "the one in line %u has it, or some of it; use different parts, or "
                      "readonly=\"true\"",
                      disk->written[i].pos.line);
            return;
        }
    }
    disk->written = alloc_grow(disk->written, disk->written_count, sizeof(*disk->written));
    disk->written[disk->written_count++] = *part;
}
