/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART that every guest has, for what it prints before its own drivers load: Arm's generic
 * UART (SBSA, appendix B), the part of a PL011 that needs no setting up. Linux drives it with its
 * PL011 driver ("arm,sbsa-uart"), as an early console and as ttyAMA0.
 *
 * Sending is done at once, and its interrupt comes after each byte; while the output has no room,
 * the transmitter is full. What is received waits in 32 entries; the receive interrupt comes when
 * they are half full, the time-out interrupt when there is anything.
 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "output.h"

#define UART_BYTES 0x1000u
#define UART_FIFO 32u

struct uart {
    struct output output;
    uint32_t id;     /* a vCPU of the guest, by its child id */
    uint32_t intid;  /* a shared interrupt of the guest */
    uint32_t mask;   /* IMSC */
    uint32_t raised; /* RIS */
    bool line;       /* as the kernel was told */
    uint8_t fifo[UART_FIFO];
    uint32_t first;
    uint32_t waiting;
    uint64_t ignored; /* accesses that meant nothing */
};

/** The state after reset. `intid` is at least 32, level-triggered, and the UART's alone. */
void uart_init(struct uart *uart, uint32_t id, uint32_t intid, const struct output *output);

/** The same again: what was received and not read is lost. */
void uart_reset(struct uart *uart);

/** An access_handler; `cookie` is the struct uart. Never ACCESS_ABORT. */
enum access_result uart_access(void *cookie, struct access *access);

/** Bytes arrive. Returns how many there was room for; the rest is to be offered again. */
size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count);

/** The output has room again, after it had none. */
void uart_resume(struct uart *uart);

/** How many bytes uart_receive() would take. */
size_t uart_room(const struct uart *uart);

#endif
