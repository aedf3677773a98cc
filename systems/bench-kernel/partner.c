/* SPDX-License-Identifier: BSD-2-Clause */
/* The other end: gives notifications back, and answers calls with the words that came. */
#include <microkit.h>

#include "bench.h"

void init(void)
{
}

void notified(microkit_channel ch)
{
    if (ch == BENCH_CH_DEFERRED) {
        microkit_deferred_notify(ch);
    } else {
        microkit_notify(ch);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    return msginfo;
}
