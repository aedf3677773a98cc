/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts how often a guest's monitor was switched to in each phase of the test guest's group
 * `exits`, and what it executed. Only the benchmark configuration counts, and it has no console: it
 * is said on the serial port, with what the guest printed.
 */
#include <drivers/serial/pl011.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "share.h"

/** The monitor's index in the description. */
#define MONITOR 1u
#define PHASES 6UL
#define PERIOD_NS 50000u

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t guest_vaddr = 1;
uint64_t timer_irq = MICROKIT_MAX_CHANNELS;

static struct pl011 uart;
static struct bh_counters before;
/** Beginnings and ends of phases so far; characters of the guest. */
static uint64_t word, read;

static struct bh_counters count(void)
{
    struct bh_counters counters = { 0 };

    if (bh_counters(BH_COUNT_PD, MONITOR, &counters) != BH_OK) {
        pl011_print(&uart, "watch: refused\n");
    }
    return counters;
}

/** Looks whether the guest begins or ends a phase; if so, counts and lets it go on. */
static void look(volatile struct share *guest)
{
    struct bh_counters now;

    if (guest->next != word + 1) {
        return;
    }
    word++;
    now = count();
    if (word % 2 == 0) {
        pl011_print(&uart, "watch: phase %lu: %lu exits, %lu instructions\n", word / 2 - 1,
                    now.switches - before.switches, now.instructions - before.instructions);
    }
    before = now;
    guest->stop = word;
}

/** What the guest printed, which fits its page as a whole. */
static void relay(const volatile struct share *guest)
{
    for (; read < guest->written && read < SHARE_TEXT; read++) {
        pl011_print(&uart, "%c", guest->text[read]);
    }
}

void init(void)
{
    pl011_init(&uart, uart_vaddr);
    arm_generic_set(arm_generic_ticks());
}

void notified(microkit_channel ch)
{
    volatile struct share *guest = (volatile struct share *)guest_vaddr;

    if (ch != timer_irq) {
        return;
    }
    if (word < 2 * PHASES) {
        look(guest);
    } else {
        relay(guest);
    }
    arm_generic_set(arm_generic_ticks() + arm_generic_to_ticks(PERIOD_NS));
    microkit_irq_ack(ch);
}
