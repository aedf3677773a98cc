/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pokes: the only way in which one CPU makes another look at a thread. Who changed one of a
 * thread's shared words pokes it; its own CPU then looks at all of them and acts. A poke carries
 * nothing, so that many may become one. Those of vCPUs come by another interrupt than those of PDs,
 * one that a PD above all guests leaves alone (sched_mute()).
 */
#ifndef KERNEL_POKE_H
#define KERNEL_POKE_H

#include "cpu.h"
#include "thread.h"

/** Have `t`'s CPU look at it: at once when that is `cpu`, the calling one, else by an interrupt. */
void poke_thread(struct cpu *cpu, struct thread *t);

/** The same, always by an interrupt; also for threads of the calling CPU that can wait. */
void poke_by_interrupt(struct thread *t);

/** The interrupt came: look at threads of this CPU, PDs or vCPUs, that were poked, one at a time.
 */
void poke_handle(struct cpu *cpu, bool vcpus);

/** Register a thread under its index; at boot. */
void poke_register(struct thread *t);

#endif
