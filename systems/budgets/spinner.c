/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs for ever at a high priority, and counts the time that it has. */
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "share.h"

/* Set in the ELF file by the tool. */
uint64_t share_vaddr = 1;

void init(void)
{
    struct share *share = (struct share *)share_vaddr;
    uint64_t gap = arm_generic_to_ticks(SHARE_GAP_NS);
    uint64_t last = arm_generic_ticks();

    for (;;) {
        uint64_t now = arm_generic_ticks();
        if (now - last < gap) {
            share->spinner_ticks += now - last;
        }
        last = now;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
