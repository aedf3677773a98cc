/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers the caller's calls; the PD of this program that is named "failing" dies in one. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define ALL_THREE 0x7u

static unsigned int heard;

void init(void)
{
}

void notified(microkit_channel ch)
{
    heard |= 1u << ch;
    if (heard == ALL_THREE) {
        printf("server: all three deferred notifications came\n");
        microkit_notify(2);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    seL4_Word count = microkit_msginfo_get_count(msginfo);

    (void)ch;
    if (strcmp(microkit_name, "failing") == 0) {
        microkit_internal_crash(seL4_IllegalOperation);
    }
    for (seL4_Word i = 0; i < count; i++) {
        microkit_mr_set((seL4_Uint8)i, ~microkit_mr_get((seL4_Uint8)i));
    }
    return microkit_msginfo_new(microkit_msginfo_get_label(msginfo) + 1, (seL4_Uint16)count);
}
