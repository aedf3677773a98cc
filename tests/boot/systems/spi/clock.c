/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has the board's clock (a PL031) interrupt it again and again, and does all that it owes for an
 * interrupt in deferred calls: two notifications and the acknowledgement. Were one of them lost,
 * the listener would not hear both, or the next interrupt would not come.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define ROUNDS 20u
#define LISTENER_FIRST 1u
#define LISTENER_SECOND 2u

/* PL031 (Arm DDI 0224): offsets in words. */
#define RTC_DATA 0
#define RTC_MATCH 1
#define RTC_MASK 4
#define RTC_RAW 5
#define RTC_CLEAR 7

/* Set in the ELF file by the tool. */
uint64_t clock_vaddr = 1;
uint64_t clock_irq = MICROKIT_MAX_CHANNELS;

static volatile uint32_t *rtc;
static unsigned int interrupts, answers;

/** The clock interrupts now: when it shows the second that it is to match. */
static void ring(void)
{
    do {
        rtc[RTC_MATCH] = rtc[RTC_DATA];
    } while ((rtc[RTC_RAW] & 1) == 0);
}

void init(void)
{
    rtc = (volatile uint32_t *)clock_vaddr;
    rtc[RTC_CLEAR] = 1;
    rtc[RTC_MASK] = 1;
    ring();
}

void notified(microkit_channel ch)
{
    if (ch != clock_irq) {
        answers++;
        if (answers == ROUNDS) {
            printf("clock: %u interrupts, %u answers\n", interrupts, answers);
            return;
        }
        ring();
        return;
    }
    interrupts++;
    rtc[RTC_CLEAR] = 1;
    microkit_deferred_notify(LISTENER_FIRST);
    microkit_deferred_irq_ack((microkit_channel)clock_irq);
    microkit_deferred_notify(LISTENER_SECOND);
}
