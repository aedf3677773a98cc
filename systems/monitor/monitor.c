/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the kernel's reports on the UART, in every configuration: faults that nobody handled, and
 * restarts. `bulkhead decode` adds the names of functions to what this prints.
 */
#include <bulkhead/report_print.h>
#include <drivers/serial/pl011.h>
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t reports_vaddr = 1;

static struct pl011 uart;
static uint64_t lost;

static void sink(void *context, char c)
{
    (void)context;
    if (c == '\n') {
        pl011_send(&uart, '\r');
    }
    pl011_send(&uart, c);
}

static void show(void)
{
    struct bh_report_ring *ring = (struct bh_report_ring *)reports_vaddr;
    struct bh_report report;

    while (report_take(ring, &report)) {
        report_print(sink, NULL, &report);
    }
    uint64_t now_lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED);
    if (now_lost != lost) {
        pl011_print(&uart, "REPORT lost=%lu\n", now_lost - lost);
        lost = now_lost;
    }
}

void init(void)
{
    pl011_init(&uart, uart_vaddr);
    pl011_print(&uart, "monitor: faults will be shown here\n");
    show();
}

void notified(microkit_channel ch)
{
    (void)ch;
    show();
}
