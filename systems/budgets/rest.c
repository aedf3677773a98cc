/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs at a low priority in the time that the spinner leaves, and says how much each had. */
#include <bulkhead/libc.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "share.h"

#define MEASURE_NS 1000000000UL

/* Set in the ELF file by the tool. */
uint64_t share_vaddr = 1;

void init(void)
{
    const struct share *share = (const struct share *)share_vaddr;
    uint64_t gap = arm_generic_to_ticks(SHARE_GAP_NS);
    uint64_t end = arm_generic_to_ticks(MEASURE_NS);
    uint64_t mine = 0;

    printf("rest: measuring for %lu ms beside a spinner with budget 200 in period 1000\n",
           MEASURE_NS / 1000000);
    uint64_t last = arm_generic_ticks();
    uint64_t spinner = share->spinner_ticks;
    end += last;
    while (last < end) {
        uint64_t now = arm_generic_ticks();
        if (now - last < gap) {
            mine += now - last;
        }
        last = now;
    }
    spinner = share->spinner_ticks - spinner;

    uint64_t both = spinner + mine;
    uint64_t permille = both == 0 ? 0 : spinner * 1000 / both;
    printf("rest: the spinner had %lu.%lu %% of the CPU\n", permille / 10, permille % 10);
    printf("rest: %s\n", permille >= 150 && permille <= 250 ? "as it should be" : "that is wrong");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
