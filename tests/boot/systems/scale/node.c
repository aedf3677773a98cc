/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One of as many PDs as there can be, connected with each of the others: notifies them all, waits
 * until all have notified it, and calls all that have a higher priority. Channel `j` leads to PD
 * `j`, or to PD `j + 1` if that is not below this PD's own number, which is in its name.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define ALL_CHANNELS ((1UL << MICROKIT_MAX_CHANNELS) - 1)

static uint64_t heard;

/**
 * Calls every PD to which there is a right to call, `*rights` of them; the answer is the number plus
 * one. Returns how many answered so.
 */
static unsigned int call_all(unsigned int *rights)
{
    unsigned int right = 0;

    *rights = 0;
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        if (((microkit_pps >> ch) & 1) == 0) {
            continue;
        }
        (*rights)++;
        microkit_mr_set(0, ch);
        microkit_msginfo answer = microkit_ppcall(ch, microkit_msginfo_new(1, 1));
        if (microkit_msginfo_get_count(answer) == 1 && microkit_mr_get(0) == ch + 1) {
            right++;
        }
    }
    return right;
}

void init(void)
{
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        microkit_notify(ch);
    }
}

void notified(microkit_channel ch)
{
    heard |= 1UL << ch;
    if (heard == ALL_CHANNELS) {
        unsigned int rights;
        unsigned int right = call_all(&rights);
        printf("scale: %s heard %u, was answered %u of %u\n", microkit_name,
               MICROKIT_MAX_CHANNELS, right, rights);
        heard = 0;
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    (void)msginfo;
    microkit_mr_set(0, microkit_mr_get(0) + 1);
    return microkit_msginfo_new(0, 1);
}
