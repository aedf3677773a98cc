/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program: says hello and waits for nothing. */
#include <bulkhead/libc.h>
#include <microkit.h>

void init(void)
{
    printf("hello, world: this is %s\n", microkit_name);
}

void notified(microkit_channel ch)
{
    printf("%s: a notification on channel %u, though nobody should send one\n", microkit_name, ch);
}
