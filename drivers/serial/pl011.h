/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PL011 UART. The driver knows registers only: who calls it has mapped the device's page
 * uncached and acknowledges its interrupt. Line speed and format are left as the firmware set them.
 */
#ifndef DRIVERS_SERIAL_PL011_H
#define DRIVERS_SERIAL_PL011_H

#include <stdbool.h>
#include <stdint.h>

/** The device, by the address at which its page is mapped. */
struct pl011 {
    uintptr_t base;
};

/** @{ What the device interrupts for: bits. */
#define PL011_INTERRUPT_RECEIVE (1u << 4)         /* the receive FIFO has reached its mark */
#define PL011_INTERRUPT_TRANSMIT (1u << 5)        /* the transmit FIFO has fallen to its mark */
#define PL011_INTERRUPT_RECEIVE_TIMEOUT (1u << 6) /* it has not, but nothing more comes */
/** @} */

/** @{ What was wrong with a character, or with the ones before it: bits. */
#define PL011_ERROR_FRAMING (1u << 0)
#define PL011_ERROR_PARITY (1u << 1)
#define PL011_ERROR_BREAK (1u << 2)
/** Characters before this one were lost, for the FIFO was full; this one is right. */
#define PL011_ERROR_OVERRUN (1u << 3)
/** @} */

/** Enables transmission and reception through the FIFOs; all interrupts are off. */
void pl011_init(struct pl011 *uart, uintptr_t base);

/** Whether a character can be sent without waiting. */
bool pl011_can_send(const struct pl011 *uart);

/** Sends a character. Waits while the FIFO is full. */
void pl011_send(const struct pl011 *uart, char c);

/** Takes a character that was received. Returns false when there is none. */
bool pl011_receive(const struct pl011 *uart, char *c);

/** As pl011_receive(); `*errors` are PL011_ERROR_ bits. */
bool pl011_receive_checked(const struct pl011 *uart, uint8_t *c, uint32_t *errors);

/** Has the device interrupt for `interrupts`, PL011_INTERRUPT_ bits, and nothing else. */
void pl011_irq_select(const struct pl011 *uart, uint32_t interrupts);

/** Has the device interrupt when characters arrive (receive level and receive time-out). */
void pl011_receive_irq_enable(const struct pl011 *uart);

/** Clears what the device's interrupt was raised for. */
void pl011_irq_clear(const struct pl011 *uart);

/** Formats as bh_vprint() does and sends; a line feed becomes carriage return and line feed. */
void pl011_print(const struct pl011 *uart, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
