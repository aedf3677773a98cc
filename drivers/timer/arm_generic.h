/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Arm generic timer as a PD sees it: the system counter, which every PD may read, and the EL1
 * physical timer (CNTP) of its CPU, which raises INTID 30 while its condition holds.
 */
#ifndef DRIVERS_TIMER_ARM_GENERIC_H
#define DRIVERS_TIMER_ARM_GENERIC_H

#include <stdint.h>

/** Ticks of the counter a second. */
uint64_t arm_generic_frequency(void);

/** The counter, read after all that came before. */
uint64_t arm_generic_ticks(void);

/** @{ Between ticks and nanoseconds; rounded down, and wrong beyond 2^64 ns (584 years). */
uint64_t arm_generic_to_ns(uint64_t ticks);
uint64_t arm_generic_to_ticks(uint64_t ns);
/** @} */

/** Interrupts when the counter reaches `ticks`; at once when it has. */
void arm_generic_set(uint64_t ticks);

/** No interrupt any more. */
void arm_generic_stop(void);

#endif
