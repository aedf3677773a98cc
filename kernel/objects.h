/* SPDX-License-Identifier: BSD-2-Clause */
/* Building every object from the boot description, once. */
#ifndef KERNEL_OBJECTS_H
#define KERNEL_OBJECTS_H

#include "cpu.h"
#include "seed.h"
#include "thread.h"

/**
 * Fill the regions, make a thread and a stage 2 for every PD, connect channels, interrupts and
 * parents. `image` is the kernel address of the image's first byte, `seed` what
 * the PDs' own are derived from; all zero: there is none. Returns NULL, or a sentence
 * that says why the system cannot run.
 */
const char *objects_build(const char *image, const uint32_t seed[SEED_WORDS]);

/** Thread of PD `index`, which the description has. */
struct thread *objects_pd_thread(uint32_t index);

/** On CPU `cpu`: its interrupts come to it, and its threads want to run, from now on. */
void objects_start(struct cpu *cpu);

#endif
