/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults when it is told to, and again each time that its parent lets it go on. */
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    uint64_t nowhere = 0;

    (void)ch;
    __asm__ volatile("str xzr, [%0]" : : "r"(nowhere) : "memory");
}
