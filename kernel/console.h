/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debug configuration's console on the board's PL011, polled. In the other configurations
 * nothing is printed and nothing of this is in the binary, except that a boot that cannot go on
 * still says why, in every configuration.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include <bulkhead/report.h>
#include <stdint.h>

#include "config.h"
#include "thread.h"

/** The UART is at kernel address `uart`. */
void console_init(uint64_t uart);

/** One character; a newline becomes carriage return and newline. Waits while the UART is full. */
void console_putc(char c);

/** A string; a number in hexadecimal with 0x. */
void console_puts(const char *s);
void console_hex(uint64_t value);

/** A record of the report ring, in lines that `bulkhead decode` understands; `t` has the symbols.
 */
void console_report(const struct bh_report *r, const struct thread *t);

/** The boot cannot go on: say why and stop this CPU for good. */
_Noreturn void console_panic(const char *why);

#endif
