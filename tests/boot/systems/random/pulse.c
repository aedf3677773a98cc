/* SPDX-License-Identifier: BSD-2-Clause */
/* Beside the fuzzer, on its CPU: counts and answers the witness's notifications, and its calls. */
#include <microkit.h>

#include "random.h"

/* Set in the ELF file by the tool. */
uint64_t beats_vaddr = 1;
uint64_t witness_ch = MICROKIT_MAX_CHANNELS;

void init(void)
{
}

void notified(microkit_channel ch)
{
    if (ch == witness_ch) {
        ((struct beats *)beats_vaddr)->pulse++;
        microkit_deferred_notify(ch);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    return msginfo;
}
