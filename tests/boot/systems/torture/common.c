/* SPDX-License-Identifier: BSD-2-Clause */
/* What judge and workers have in common: chance, and notifications that are counted. */
#include <microkit.h>

#include "torture.h"

/** One notification of so many is sabotaged. */
#define SABOTAGE_EVERY 200

/**
 * The kernel may hand over a PD's notifications just before the sender sends number n - 1 and
 * counts number n; when the PD then looks it sees n. Both n - 1 and n are still to come, and bring
 * no news; a third one in a row was sent by nobody.
 */
#define REPEATS_MAX 2

uint64_t board_vaddr = 1;
uint64_t config_vaddr = 1;
unsigned int torture_self;

void torture_fail(enum torture_error error, uint64_t first, uint64_t second, uint64_t third)
{
    struct torture_cell *own = torture_cell(torture_self);

    if (own->error == TORTURE_OK) {
        own->detail[0] = first;
        own->detail[1] = second;
        own->detail[2] = third;
        torture_set(&own->error, error);
    }
}

uint64_t torture_random(uint64_t limit)
{
    struct torture_cell *own = torture_cell(torture_self);
    uint64_t x = own->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    own->random = x;
    return (x * 0x2545f4914f6cdd1dUL >> 32) % limit;
}

unsigned int torture_choose(uint64_t bits)
{
    uint64_t count = 1;

    for (uint64_t left = bits & (bits - 1); left != 0; left &= left - 1) {
        count++;
    }
    for (uint64_t skip = torture_random(count); skip > 0; skip--) {
        bits &= bits - 1;
    }
    return (unsigned int)__builtin_ctzl(bits);
}

void torture_spin(uint64_t turns)
{
    while (turns-- > 0) {
        __asm__ volatile("");
    }
}

static uint64_t common_notify_times(const struct torture_cell *own, unsigned int channel)
{
    uint64_t sabotage = torture_config()->sabotage;

    if (sabotage == TORTURE_SOUND || own->sent[channel] % SABOTAGE_EVERY != SABOTAGE_EVERY - 1) {
        return 1;
    }
    return sabotage == TORTURE_DROP ? 0 : sabotage == TORTURE_EXTRA ? 2 * REPEATS_MAX : 1;
}

void torture_notify(unsigned int channel)
{
    struct torture_cell *own = torture_cell(torture_self);

    torture_set(&own->notifying, channel + 1);
    torture_add(&own->sent[channel]);
    for (uint64_t n = common_notify_times(own, channel); n > 0; n--) {
        enum bh_error error = bh_notify(channel);
        if (error != BH_OK) {
            torture_fail(TORTURE_NOTIFY, channel, error, 0);
        }
        if (n > 1) {
            torture_spin(10000);
        }
    }
    torture_set(&own->notifying, 0);
}

void torture_heard(unsigned int channel)
{
    struct torture_cell *own = torture_cell(torture_self);
    uint64_t sent = torture_get(&torture_cell(channel)->sent[torture_self]);

    own->repeats[channel] = sent == own->seen[channel] ? own->repeats[channel] + 1 : 0;
    torture_set(&own->seen[channel], sent);
    if (own->repeats[channel] > REPEATS_MAX) {
        torture_fail(TORTURE_PHANTOM, channel, own->repeats[channel], sent);
    }
}

/** Notifications that waited for this PD when it was restarted are gone: look at all senders. */
static void common_catch_up(struct torture_cell *own)
{
    for (unsigned int pd = 0; pd < TORTURE_PDS; pd++) {
        torture_set(&own->seen[pd], torture_get(&torture_cell(pd)->sent[torture_self]));
        own->repeats[pd] = 0;
    }
}

void torture_start(unsigned int self)
{
    static volatile uint64_t fresh = 1;
    struct torture_cell *own = torture_cell(self);

    torture_self = self;
    if (own->starts == 0) {
        own->random = (torture_config()->seed + self + 1) * 0x9e3779b97f4a7c15UL;
    }
    torture_add(&own->starts);
    if (fresh != 1) {
        torture_fail(TORTURE_STALE_DATA, fresh, 0, 0);
    }
    fresh = 0;
    common_catch_up(own);
    if (own->notifying != 0) {
        torture_notify((unsigned int)own->notifying - 1);
    }
    torture_set(&own->cuts, own->calls - own->answers - own->failures);
    torture_set(&own->faulting, TORTURE_NO_FAULT);
}
