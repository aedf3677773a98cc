/* SPDX-License-Identifier: BSD-2-Clause */
/* Has the lowest priority, so it runs when the offenders are stopped; looks at its own memory. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define WORDS 1024

/* Set in the ELF file by the tool. */
uint64_t page_vaddr = 1;

void init(void)
{
    const uint32_t *page = (const uint32_t *)page_vaddr;

    for (unsigned int i = 0; i < WORDS; i++) {
        if (page[i] != 0) {
            printf("witness: word %u was changed\n", i);
            return;
        }
    }
    printf("witness: I run, and my page is whole\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
