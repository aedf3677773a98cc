/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware functions that a guest may call by SMC: its monitor makes the calls. */
#include <inttypes.h>

#include "lower_internal.h"

/** Lines that the monitor has room for. */
#define LOWER_FUNCTIONS 16u

/** Functions that a monitor answers itself (Arm DEN0028): 32-bit and 64-bit calls. */
#define LOWER_64BIT UINT64_C(0x40000000)
static const struct {
    uint64_t first, last;
    const char *what;
} lower_own[] = {
    { 0x80000000, 0x8000ffff, "of the architecture" },
    { 0x84000000, 0x8400001f, "of PSCI" },
    { 0x84000050, 0x8400005f, "of the random number generator" },
};

static bool lower_check_function(struct lower *lower, const struct sdf_num *function)
{
    uint64_t number = function->value & ~LOWER_64BIT;

    if (function->value > UINT32_MAX) {
        diag_error(lower->diag, function->pos, "there is no firmware function 0x%" PRIx64,
                   function->value);
        diag_help(lower->diag, "their numbers have 32 bits");
        return false;
    }
    for (size_t i = 0; i < sizeof(lower_own) / sizeof(lower_own[0]); i++) {
        if (number >= lower_own[i].first && number <= lower_own[i].last) {
            diag_error(lower->diag, function->pos,
                       "function 0x%" PRIx64 " is %s, and answered by the monitor", function->value,
                       lower_own[i].what);
            diag_help(lower->diag, "remove it: every guest has it");
            return false;
        }
    }
    return true;
}

void lower_firmware(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;

    if (from->functions_count > LOWER_FUNCTIONS) {
        diag_error(lower->diag, from->functions[LOWER_FUNCTIONS].pos,
                   "this guest may call %zu firmware functions", from->functions_count);
        diag_help(lower->diag, "at most %u are possible; this is the first too many",
                  LOWER_FUNCTIONS);
        return;
    }
    for (size_t i = 0; i < from->functions_count; i++) {
        if (lower_check_function(lower, &from->functions[i])) {
            lower->sdf->pds[guest->pd].smc = true;
            lower_line(lower, guest, "smc 0x%" PRIx64, from->functions[i].value);
        }
    }
}
