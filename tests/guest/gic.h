/* SPDX-License-Identifier: BSD-2-Clause */
/* A minimal driver of GICv2 and GICv3, as the device tree says. Calls concern the calling CPU. */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "cpu.h"

/** Highest INTID that a handler can be given, plus one. */
#define GIC_INTIDS 128

/** Set the distributor up. Once, on the boot CPU. */
void gic_init(void);

/** Set this CPU's interface up, with every SGI and PPI disabled. */
void gic_init_cpu(void);

/**
 * Called with interrupts masked when an interrupt arrives, between acknowledge and end.
 * `counter` is the virtual counter as the exception was taken.
 */
typedef void gic_handler(unsigned intid, uint64_t counter);

/** Set (or with null, forget) the handler of an INTID for all CPUs. */
void gic_set_handler(unsigned intid, gic_handler *handler);

/** Enable and disable an SGI or PPI (0 to 31) of this CPU. */
void gic_enable(unsigned intid);
void gic_disable(unsigned intid);

/** No private interrupt is active. */
void gic_end_all_private(void);

/** Send a shared interrupt, level-sensitive, to a CPU, by its index, and enable it. */
void gic_enable_shared(unsigned intid, unsigned cpu);

/** Whether an SGI or PPI of this CPU is pending in the distributor or redistributor. */
bool gic_pending(unsigned intid);

/** Let interrupts of a priority below (numerically less than) this one through. */
void gic_set_mask(uint8_t priority);

/** Set the priority of an SGI or PPI of this CPU; 0xa0 after gic_init_cpu(). */
void gic_set_priority(unsigned intid, uint8_t priority);

/** Send SGI 0 to 15 to a CPU, by its index. */
void gic_send_sgi(unsigned sgi, unsigned cpu);

/** Send it to every other CPU. */
void gic_send_sgi_to_others(unsigned sgi);

/** The interrupt exception: acknowledge, call the handler, end. */
void gic_handle(uint64_t counter);

/** Interrupts that had no handler, and spurious ones, since the start. */
extern unsigned gic_unhandled;

#endif
