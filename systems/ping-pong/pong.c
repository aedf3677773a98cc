/* SPDX-License-Identifier: BSD-2-Clause */
/* The partner: gives every notification back, and answers a call with its number plus one. */
#include <microkit.h>

void init(void)
{
}

void notified(microkit_channel ch)
{
    microkit_deferred_notify(ch);
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    (void)msginfo;
    microkit_mr_set(0, microkit_mr_get(0) + 1);
    return microkit_msginfo_new(0, 1);
}
