/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On another CPU: plays ping-pong with pulse, wakes the fuzzer from its receives, and checks that
 * nothing of its own changes. When the fuzzer is done, it says how things are.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "random.h"

#define WORDS 512

/* Set in the ELF file by the tool. */
uint64_t beats_vaddr = 1;
uint64_t done_vaddr = 1;
uint64_t pulse_ch = MICROKIT_MAX_CHANNELS;
uint64_t fuzzer_ch = MICROKIT_MAX_CHANNELS;

static uint64_t pattern[WORDS];
static uint64_t sent;

static bool whole(void)
{
    for (unsigned int i = 0; i < WORDS; i++) {
        if (pattern[i] != RANDOM_PATTERN(i)) {
            return false;
        }
    }
    return true;
}

static void beat(void)
{
    sent++;
    microkit_notify((microkit_channel)fuzzer_ch);
    microkit_notify((microkit_channel)pulse_ch);
}

void init(void)
{
    for (unsigned int i = 0; i < WORDS; i++) {
        pattern[i] = RANDOM_PATTERN(i);
    }
    beat();
}

void notified(microkit_channel ch)
{
    const struct beats *beats = (const struct beats *)beats_vaddr;

    if (ch != pulse_ch) {
        return; /* the fuzzer's notifications: it makes them at random too */
    }
    if (!whole() || beats->pulse != sent) {
        printf("witness: damage after %lu beats\n", sent);
    } else if (*(volatile uint64_t *)done_vaddr != 0) {
        printf("witness: all is well after %lu beats\n", sent);
    } else {
        beat();
    }
}
