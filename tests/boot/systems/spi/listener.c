/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers on channel 0 when it has heard on both, channels 1 and 2. */
#include <microkit.h>

static unsigned int heard;

void init(void)
{
}

void notified(microkit_channel ch)
{
    heard |= 1u << ch;
    if (heard == 6) {
        heard = 0;
        microkit_notify(0);
    }
}
