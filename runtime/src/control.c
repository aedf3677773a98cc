/* SPDX-License-Identifier: BSD-2-Clause */
/* What a parent does to its children, and calls to the firmware. */
#include "runtime.h"

#include <microkit.h>

void microkit_control_result(const char *function, microkit_child child, enum bh_error error)
{
    if (error == BH_OK) {
        return;
    }
    if (error == BH_ERR_CHILD) {
        microkit_bad_id(function, child);
        return;
    }
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(function);
    microkit_dbg_puts(": refused with error ");
    microkit_dbg_put32((uint32_t)error);
    microkit_dbg_puts("\n");
}

void microkit_pd_restart(microkit_child child, seL4_Word entry_point)
{
    microkit_control_result(__func__, child, bh_pd_restart(child, entry_point));
}

void microkit_pd_stop(microkit_child child)
{
    microkit_control_result(__func__, child, bh_pd_stop(child));
}

void microkit_pd_resume(microkit_child child)
{
    microkit_control_result(__func__, child, bh_pd_resume(child));
}

void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response)
{
    uint64_t words[8] = { args->x0, args->x1, args->x2, args->x3,
                          args->x4, args->x5, args->x6, args->x7 };

    bh_smc(words);
    *response = (seL4_ARM_SMCContext){
        .x0 = words[0],
        .x1 = words[1],
        .x2 = words[2],
        .x3 = words[3],
        .x4 = words[4],
        .x5 = words[5],
        .x6 = words[6],
        .x7 = words[7],
    };
}
