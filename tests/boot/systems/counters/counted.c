/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops as often as a caller says. */
#include "loop.h"
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    (void)msginfo;
    loop(microkit_mr_get(0));
    return microkit_msginfo_new(0, 0);
}
