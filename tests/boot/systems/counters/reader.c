/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the instruction counts of its own loops and of those of another PD, and says them on the
 * serial port: only the benchmark configuration counts, and it has no console.
 */
#include "loop.h"
#include <drivers/serial/pl011.h>
#include <microkit.h>

/** Indexes in the description. */
#define SELF 0u
#define OTHER 1u

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;

static struct pl011 uart;

static uint64_t instructions_of(uint64_t pd)
{
    struct bh_counters counters = { 0 };

    if (bh_counters(BH_COUNT_PD, pd, &counters) != BH_OK) {
        pl011_print(&uart, "reader: refused\n");
    }
    return counters.instructions;
}

static void measure(uint64_t rounds)
{
    uint64_t before = instructions_of(SELF);
    loop(rounds);
    uint64_t own = instructions_of(SELF) - before;

    before = instructions_of(OTHER);
    microkit_mr_set(0, rounds);
    (void)microkit_ppcall(0, microkit_msginfo_new(0, 1));
    uint64_t others = instructions_of(OTHER) - before;
    pl011_print(&uart, "reader: %lu rounds: own %lu, the other's %lu\n", rounds, own, others);
}

void init(void)
{
    struct bh_counters counters = { 0 };

    pl011_init(&uart, uart_vaddr);
    /* The paths around the loops have been executed once. */
    measure(1);
    measure(1000);
    measure(101000);
    measure(1000);
    pl011_print(&uart, "reader: no such PD: %s\n",
                bh_counters(BH_COUNT_PD, 2, &counters) == BH_ERR_ARGUMENT ? "refused" : "WRONG");
    if (bh_counters(BH_COUNT_KERNEL, 0, &counters) == BH_OK) {
        pl011_print(&uart, "reader: the kernel %lu\n", counters.instructions);
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
