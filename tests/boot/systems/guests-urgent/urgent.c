/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Above every guest: sets its timer (the EL1 physical timer of its CPU) again and again, at times
 * that drift through whatever the guests do, and measures from each expiry to its entry point. The
 * console is its own UART, because a release kernel has none.
 */
#include <bulkhead/libc.h>
#include <drivers/serial/pl011.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "share.h"

#define NS_A_TICK 16
/* Ticks between two expiries: about 200 us, never quite the same. */
#define APART 12000
#define DRIFT 977
#define DRIFT_STEP 131
#define BINS 16
#define BIN_NS 128

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t first_vaddr = 1;
uint64_t second_vaddr = 1;
uint64_t timer_irq = MICROKIT_MAX_CHANNELS;
uint64_t counts_vaddr = 1;

static struct pl011 uart;
static uint64_t due, count, wanted, worst;
static uint64_t bins[BINS];

static void put(void *context, char c)
{
    (void)context;
    while (!pl011_can_send(&uart)) {
    }
    pl011_send(&uart, c);
}

static void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)bh_vprint(put, NULL, format, arguments);
    va_end(arguments);
}

static void say(void)
{
    const struct share *first = (const struct share *)first_vaddr;
    const struct share *second = (const struct share *)second_vaddr;

    for (unsigned int i = 0; i < BINS; i++) {
        if (bins[i] != 0) {
            print("urgent: %lu in less than %u ns\n", bins[i], (i + 1) * BIN_NS);
        }
    }
    print("urgent: %lu interrupts, worst %lu ns; guests rebooted %lu and %lu times\n", count, worst,
          first->resets, second->resets);
}

static void set_next(void)
{
    due = arm_generic_ticks() + APART + count * DRIFT_STEP % DRIFT;
    arm_generic_set(due);
}

void init(void)
{
    wanted = *(const uint64_t *)counts_vaddr;
    pl011_init(&uart, uart_vaddr);
    set_next();
}

void notified(microkit_channel ch)
{
    uint64_t late = (arm_generic_ticks() - due) * NS_A_TICK;

    if (ch != timer_irq) {
        return;
    }
    count++;
    worst = late > worst ? late : worst;
    bins[late / BIN_NS < BINS ? late / BIN_NS : BINS - 1]++;
    if (count == wanted) {
        say();
        arm_generic_stop();
    } else {
        set_next();
    }
    microkit_irq_ack(ch);
}
