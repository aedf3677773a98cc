/* SPDX-License-Identifier: BSD-2-Clause */
/* The fuzzer's child: whatever is done to it, it is done to nobody else. */
#include <microkit.h>

static volatile uint64_t count;

void init(void)
{
    for (;;) {
        count++;
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
