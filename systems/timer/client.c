/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the timer driver for timeouts, one after the other, and says when they came. */
#include <bulkhead/libc.h>
#include <io/timer/protocol.h>
#include <microkit.h>

#define TICKS 5
#define INTERVAL_NS 50000000UL

/* Set in the ELF file by the tool. */
uint64_t timer_ch = MICROKIT_MAX_CHANNELS;

static unsigned int ticks;
static uint64_t asked;

static uint64_t now(void)
{
    (void)microkit_ppcall((microkit_channel)timer_ch, microkit_msginfo_new(TIMER_NOW, 0));
    return microkit_mr_get(0);
}

static void ask(void)
{
    asked = now();
    microkit_mr_set(0, INTERVAL_NS);
    microkit_msginfo answer =
        microkit_ppcall((microkit_channel)timer_ch, microkit_msginfo_new(TIMER_SET_TIMEOUT, 1));
    if (microkit_msginfo_get_label(answer) != TIMER_OK) {
        printf("client: the driver refused the timeout\n");
    }
}

void init(void)
{
    printf("client: asking for %u timeouts of %lu ms\n", TICKS, INTERVAL_NS / 1000000);
    ask();
}

void notified(microkit_channel ch)
{
    uint64_t waited = now() - asked;

    if (ch != timer_ch || waited < INTERVAL_NS) {
        printf("client: too early, or not from the timer\n");
        return;
    }
    ticks++;
    printf("client: timeout %u after %lu us\n", ticks, waited / 1000);
    if (ticks < TICKS) {
        ask();
    } else {
        printf("client: done\n");
    }
}
