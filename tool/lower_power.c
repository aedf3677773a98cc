/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching the board off: a protection domain that each guest's monitor tells of its guest's end.
 */
#include <inttypes.h>

#include "lower_internal.h"

#define POWER_PROGRAM "power.elf"
/** Below everything that still has something to do, such as to print what the guests said last. */
#define POWER_PRIORITY 0

void lower_power(struct lower *lower)
{
    const struct sdf_power *from = &lower->sdf->power;

    if (!from->given) {
        return;
    }
    if (lower->sdf->guests_count == 0) {
        diag_error(lower->diag, from->pos, "there is no guest whose end could be waited for");
        diag_help(lower->diag, "add a <guest>, or remove it");
        return;
    }
    lower->power = lower_sdk_pd(lower, from->pos, "power", POWER_PROGRAM, POWER_PRIORITY);
    lower->sdf->pds[lower->power].smc = true;
}

void lower_power_guest(struct lower *lower, struct lower_guest *guest)
{
    if (lower->power == SDF_NONE) {
        return;
    }
    lower_channel(lower, guest->from->pos, lower->power, lower->powered++, guest->pd,
                  guest->next_id, NULL);
    lower_line(lower, guest, "power %" PRIu64, guest->next_id++);
}
