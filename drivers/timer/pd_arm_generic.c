/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer driver PD: serves the calls of protocol.h on all its channels from the generic timer of its
 * CPU. Its interrupt is channel `timer_irq`, which the description sets (setvar_id).
 */
#include <io/timer/protocol.h>
#include <microkit.h>

#include "arm_generic.h"

#define TIMER_NEVER UINT64_MAX

/* Set in the ELF file by the tool; initialised so that it is in the file's data. */
uint64_t timer_irq = MICROKIT_MAX_CHANNELS;

/** When each client's timeout ends, in ticks. */
static uint64_t deadlines[MICROKIT_MAX_CHANNELS];

/** Notifies the clients whose timeouts have ended, and sets the timer for the next one. */
static void timer_serve(void)
{
    uint64_t now = arm_generic_ticks();
    uint64_t next = TIMER_NEVER;

    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        if (deadlines[ch] <= now) {
            deadlines[ch] = TIMER_NEVER;
            microkit_notify(ch);
        } else if (deadlines[ch] < next) {
            next = deadlines[ch];
        }
    }
    if (next == TIMER_NEVER) {
        arm_generic_stop();
    } else {
        arm_generic_set(next);
    }
}

void init(void)
{
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        deadlines[ch] = TIMER_NEVER;
    }
    arm_generic_stop();
}

void notified(microkit_channel ch)
{
    if (ch == timer_irq) {
        timer_serve();
        microkit_deferred_irq_ack(ch);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    uint64_t now = arm_generic_ticks();
    uint64_t ticks;

    switch (microkit_msginfo_get_label(msginfo)) {
    case TIMER_NOW:
        microkit_mr_set(0, arm_generic_to_ns(now));
        return microkit_msginfo_new(TIMER_OK, 1);
    case TIMER_SET_TIMEOUT:
        if (microkit_msginfo_get_count(msginfo) < 1) {
            break;
        }
        ticks = arm_generic_to_ticks(microkit_mr_get(0));
        deadlines[ch] = ticks < TIMER_NEVER - now ? now + ticks : TIMER_NEVER - 1;
        timer_serve();
        return microkit_msginfo_new(TIMER_OK, 0);
    default:
        break;
    }
    return microkit_msginfo_new(TIMER_BAD_CALL, 0);
}
