/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver PD for the board's UART: echoes what is typed, and says each line again. */
#include <drivers/serial/pl011.h>
#include <microkit.h>

#define LINE_BYTES 80

/* Set in the ELF file by the tool. */
uint64_t uart_vaddr = 1;
uint64_t uart_irq = MICROKIT_MAX_CHANNELS;

static struct pl011 uart;
static char line[LINE_BYTES + 1];
static unsigned int length;

static void typed(char c)
{
    if (c == '\r') {
        pl011_print(&uart, "\nuart: you typed '%s'\n", line);
        length = 0;
    } else if (length < LINE_BYTES) {
        pl011_send(&uart, c);
        line[length++] = c;
    }
    line[length] = '\0';
}

void init(void)
{
    pl011_init(&uart, uart_vaddr);
    pl011_receive_irq_enable(&uart);
    pl011_print(&uart, "uart: type a line\n");
}

void notified(microkit_channel ch)
{
    char c;

    if (ch != uart_irq) {
        return;
    }
    pl011_irq_clear(&uart);
    while (pl011_receive(&uart, &c)) {
        typed(c);
    }
    microkit_deferred_irq_ack(ch);
}
