/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

#include "sys.h"

/* Registers: SBSA, appendix B; bits as DDI 0183 (PL011) has them. */
#define UART_DR 0x000u
#define UART_RSR 0x004u
#define UART_FR 0x018u
#define UART_IMSC 0x038u
#define UART_RIS 0x03cu
#define UART_MIS 0x040u
#define UART_ICR 0x044u

#define UART_FR_BUSY (1u << 3)
#define UART_FR_RX_EMPTY (1u << 4)
#define UART_FR_TX_FULL (1u << 5)
#define UART_FR_RX_FULL (1u << 6)
#define UART_FR_TX_EMPTY (1u << 7)

#define UART_INT_RX (1u << 4)
#define UART_INT_TX (1u << 5)
#define UART_INT_TIMEOUT (1u << 6)
/** Those and the four errors of reception, which never occur here. */
#define UART_INT_ALL 0x7f0u

#define UART_RX_LEVEL (UART_FIFO / 2)

/** Tell the kernel when the line has changed. */
static void uart_update(struct uart *uart)
{
    bool line = (uart->raised & uart->mask) != 0;
    uint32_t bit = 1u << uart->intid % 32;

    if (line != uart->line) {
        uart->line = line;
        (void)sys_virq_set(uart->id, BH_VIRQ_LINE, uart->intid / 32 * 32, bit, line ? bit : 0);
    }
}

void uart_init(struct uart *uart, uint32_t id, uint32_t intid, const struct output *output)
{
    *uart = (struct uart){ .output = *output, .id = id, .intid = intid };
    /* The kernel's idea of the line may be that of an earlier life. */
    uart->line = true;
    uart_update(uart);
}

void uart_reset(struct uart *uart)
{
    uart->mask = 0;
    uart->raised = 0;
    uart->first = 0;
    uart->waiting = 0;
    uart_update(uart);
}

size_t uart_room(const struct uart *uart)
{
    return UART_FIFO - uart->waiting;
}

size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    while (taken < count && uart->waiting < UART_FIFO) {
        uart->fifo[(uart->first + uart->waiting) % UART_FIFO] = bytes[taken];
        uart->waiting++;
        taken++;
    }
    if (taken > 0) {
        uart->raised |= UART_INT_TIMEOUT | (uart->waiting >= UART_RX_LEVEL ? UART_INT_RX : 0);
        uart_update(uart);
    }
    return taken;
}

static uint32_t uart_take(struct uart *uart)
{
    uint32_t byte;

    if (uart->waiting == 0) {
        return 0;
    }
    byte = uart->fifo[uart->first];
    uart->first = (uart->first + 1) % UART_FIFO;
    uart->waiting--;
    if (uart->waiting < UART_RX_LEVEL) {
        uart->raised &= ~UART_INT_RX;
    }
    if (uart->waiting == 0) {
        uart->raised &= ~UART_INT_TIMEOUT;
    }
    return byte;
}

static void uart_send(struct uart *uart, char byte)
{
    uart->output.put(uart->output.cookie, &byte, 1);
    uart->raised |= UART_INT_TX;
}

static bool uart_has_room(const struct uart *uart)
{
    return uart->output.has_room == NULL || uart->output.has_room(uart->output.cookie);
}

void uart_resume(struct uart *uart)
{
    if (uart_has_room(uart)) {
        uart->raised |= UART_INT_TX;
        uart_update(uart);
    }
}

static uint32_t uart_flags(const struct uart *uart)
{
    return (uart_has_room(uart) ? UART_FR_TX_EMPTY : UART_FR_TX_FULL | UART_FR_BUSY) |
           (uart->waiting == 0 ? UART_FR_RX_EMPTY : 0) |
           (uart->waiting == UART_FIFO ? UART_FR_RX_FULL : 0);
}

static uint32_t uart_read(struct uart *uart, uint32_t offset)
{
    switch (offset) {
    case UART_DR:
        return uart_take(uart);
    case UART_RSR:
        return 0;
    case UART_FR:
        return uart_flags(uart);
    case UART_IMSC:
        return uart->mask;
    case UART_RIS:
        return uart->raised;
    case UART_MIS:
        return uart->raised & uart->mask;
    default:
        uart->ignored++;
        return 0;
    }
}

static void uart_write(struct uart *uart, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case UART_DR:
        uart_send(uart, (char)value);
        break;
    case UART_RSR:
        break;
    case UART_IMSC:
        uart->mask = value & UART_INT_ALL;
        break;
    case UART_ICR:
        uart->raised &= ~value;
        break;
    default:
        uart->ignored++;
        break;
    }
}

enum access_result uart_access(void *cookie, struct access *access)
{
    struct uart *uart = cookie;

    if (access->offset % 4 != 0 || access->bytes > 4) {
        uart->ignored++;
        access->value = 0;
    } else if (access->store) {
        uart_write(uart, (uint32_t)access->offset, (uint32_t)access->value);
    } else {
        access->value = uart_read(uart, (uint32_t)access->offset);
    }
    uart_update(uart);
    access->work = true;
    return ACCESS_DONE;
}
