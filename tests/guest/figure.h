/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Figures: operations that are timed alone, in instructions with `-icount shift=0`, to within four
 * although a tick of the counter is sixteen. Printed as
 *     figure NAME median N worst N
 */
#ifndef GUEST_FIGURE_H
#define GUEST_FIGURE_H

#include "cpu.h"

/** Samples of a figure. */
#define FIGURE_SAMPLES 500U

/** Measure what timing itself takes, which is taken off every sample. Once, interrupts masked. */
void figure_calibrate(void);

/** Instructions of a tick of the counter; after figure_calibrate(). */
uint64_t figure_tick(void);

/** What timing itself takes: figure_time() right behind figure_start(). */
uint64_t figure_timing(void);

/** Wait for the counter's next tick; its time in instructions. What follows begins there, wherever
 *  in a tick the call was. */
uint64_t figure_start(void);

/** Time in instructions of the call: the turns until the next tick are taken off that tick. */
uint64_t figure_time(void);

/** Add a figure_time() less a figure_start(). More than FIGURE_SAMPLES are not kept. */
void figure_sample(uint64_t instructions);

/** Check that there are all samples, print their median and worst, and forget them. The first few
 *  touch memory that the others know, and are left out. */
void figure_print(const char *name);

#endif
