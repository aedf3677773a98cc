/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spoils its variables and faults. If a restart did not give it fresh ones, it would print other
 * numbers the second time.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

static volatile unsigned int initialised = 42;
static volatile unsigned int zero;

void init(void)
{
    printf("child: data %u, bss %u\n", initialised, zero);
    initialised++;
    zero++;
    *(volatile unsigned int *)0x1000 = 1;
    printf("child: the kernel let me write to an address that is not mine\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
