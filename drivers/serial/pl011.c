/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011.h"

#include <bulkhead/libc.h>

/* Registers, by their offset ("PrimeCell UART (PL011) Technical Reference Manual", chapter 3). */
#define PL011_DR 0x00
#define PL011_FR 0x18
#define PL011_LCRH 0x2c
#define PL011_CR 0x30
#define PL011_IMSC 0x38
#define PL011_ICR 0x44

#define PL011_FR_RXFE (1u << 4)
#define PL011_FR_TXFF (1u << 5)

#define PL011_LCRH_FEN (1u << 4)
#define PL011_LCRH_8BIT (3u << 5)

#define PL011_CR_UARTEN (1u << 0)
#define PL011_CR_TXE (1u << 8)
#define PL011_CR_RXE (1u << 9)

#define PL011_INT_ALL 0x7ffu

/* In the data register, above the character: what PL011_ERROR_ bits say. */
#define PL011_DR_ERRORS 8
#define PL011_DR_ERRORS_MASK 0xfu

static volatile uint32_t *pl011_register(const struct pl011 *uart, uintptr_t offset)
{
    return (volatile uint32_t *)(uart->base + offset);
}

void pl011_init(struct pl011 *uart, uintptr_t base)
{
    uart->base = base;
    *pl011_register(uart, PL011_IMSC) = 0;
    *pl011_register(uart, PL011_ICR) = PL011_INT_ALL;
    *pl011_register(uart, PL011_LCRH) = PL011_LCRH_8BIT | PL011_LCRH_FEN;
    *pl011_register(uart, PL011_CR) = PL011_CR_UARTEN | PL011_CR_TXE | PL011_CR_RXE;
}

bool pl011_can_send(const struct pl011 *uart)
{
    return (*pl011_register(uart, PL011_FR) & PL011_FR_TXFF) == 0;
}

void pl011_send(const struct pl011 *uart, char c)
{
    while (!pl011_can_send(uart)) {
        __asm__ volatile("yield");
    }
    *pl011_register(uart, PL011_DR) = (unsigned char)c;
}

bool pl011_receive_checked(const struct pl011 *uart, uint8_t *c, uint32_t *errors)
{
    if ((*pl011_register(uart, PL011_FR) & PL011_FR_RXFE) != 0) {
        return false;
    }
    uint32_t data = *pl011_register(uart, PL011_DR);
    *c = (uint8_t)data;
    *errors = (data >> PL011_DR_ERRORS) & PL011_DR_ERRORS_MASK;
    return true;
}

bool pl011_receive(const struct pl011 *uart, char *c)
{
    uint8_t byte;
    uint32_t errors;
    bool received = pl011_receive_checked(uart, &byte, &errors);

    if (received) {
        *c = (char)byte;
    }
    return received;
}

void pl011_irq_select(const struct pl011 *uart, uint32_t interrupts)
{
    *pl011_register(uart, PL011_IMSC) = interrupts;
}

void pl011_receive_irq_enable(const struct pl011 *uart)
{
    pl011_irq_select(uart, PL011_INTERRUPT_RECEIVE | PL011_INTERRUPT_RECEIVE_TIMEOUT);
}

void pl011_irq_clear(const struct pl011 *uart)
{
    *pl011_register(uart, PL011_ICR) = PL011_INT_ALL;
}

static void pl011_sink(void *context, char c)
{
    const struct pl011 *uart = context;

    if (c == '\n') {
        pl011_send(uart, '\r');
    }
    pl011_send(uart, c);
}

void pl011_print(const struct pl011 *uart, const char *format, ...)
{
    struct pl011 copy = *uart;
    va_list arguments;

    va_start(arguments, format);
    (void)bh_vprint(pl011_sink, &copy, format, arguments);
    va_end(arguments);
}
