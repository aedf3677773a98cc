/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs for ever and uses no FP. */
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t progress_vaddr = 1;

void init(void)
{
    volatile uint64_t *progress = (volatile uint64_t *)progress_vaddr;

    for (;;) {
        progress[2]++;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
