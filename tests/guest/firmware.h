/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of firmware beyond PSCI's simple ones. */
#ifndef GUEST_FIRMWARE_H
#define GUEST_FIRMWARE_H

/** What firmware_suspend() returns when the CPU came back at its entry point. */
#define FIRMWARE_RESUMED 0x5a5a

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#define FIRMWARE_SAVED 14

/**
 * CPU_SUSPEND with power state `state`, or SYSTEM_SUSPEND where `system` is true. Registers that
 * C wants back are kept in `saved` meanwhile. Returns x0 of the call, or FIRMWARE_RESUMED.
 */
int64_t firmware_suspend(uint64_t function, uint64_t state, uint64_t saved[FIRMWARE_SAVED],
                         bool system);

#endif
#endif
