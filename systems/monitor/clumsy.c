/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults, a few calls deep. */
#include <microkit.h>

__attribute__((noinline)) static unsigned int stumble(volatile unsigned int *where)
{
    *where = 1;
    return *where + 1;
}

__attribute__((noinline)) static unsigned int walk(volatile unsigned int *where)
{
    return stumble(where) + 1;
}

void init(void)
{
    microkit_dbg_put32(walk((volatile unsigned int *)0xdead0000));
}

void notified(microkit_channel ch)
{
    (void)ch;
}
