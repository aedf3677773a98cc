/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks that its regions are what the description says, wherever the kernel had to go. */
#include <bulkhead/libc.h>
#include <microkit.h>

/* Set in the ELF file by the tool; a size of 0: there is no such region. */
uint64_t fixed_vaddr = 1;
uint64_t fixed_size = 1;
uint64_t file_vaddr = 1;
uint64_t file_size = 1;

static bool cleared(void)
{
    const uint64_t *words = (const uint64_t *)fixed_vaddr;

    for (uint64_t i = 0; i < fixed_size / sizeof(*words); i++) {
        if (words[i] != 0) {
            return false;
        }
    }
    return true;
}

/** The file holds the numbers of its words, four bytes each. */
static bool copied(void)
{
    const uint32_t *words = (const uint32_t *)file_vaddr;

    for (uint64_t i = 0; i < file_size / sizeof(*words); i++) {
        if (words[i] != i) {
            return false;
        }
    }
    return true;
}

void init(void)
{
    printf("moved: fixed region of 0x%lx bytes is %s, file of 0x%lx bytes is %s\n", fixed_size,
           cleared() ? "clear" : "not clear", file_size, copied() ? "whole" : "damaged");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
