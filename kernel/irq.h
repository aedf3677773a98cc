/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of PDs. An interrupt is taken by the CPU of its PD, becomes a notification, and stays
 * active in the interrupt controller, so that it cannot come again, until the PD acknowledges it.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "cpu.h"
#include "thread.h"
#include "vcpu.h"

/** INTIDs of SGIs, PPIs and SPIs (GIC architecture specification, "Interrupt identifiers"). */
#define IRQ_COUNT 1020
#define IRQ_FIRST_SPI 32
/** PPIs by the Base System Architecture; the EL1 physical timer may be given to PDs. */
#define IRQ_PPI_MAINTENANCE 25
#define IRQ_PPI_HYP_TIMER 26
#define IRQ_PPI_PHYS_TIMER 30

/**
 * Give interrupt `intid` to channel `id` of `t`; at boot. PPIs: of the CPU of `t`. Returns false
 * when it is somebody's already.
 */
bool irq_bind(uint32_t intid, struct thread *t, uint32_t id);

/** This CPU took `intid`. Returns false when it belongs to nobody. */
bool irq_deliver(struct cpu *cpu, uint32_t intid);

/**
 * The interrupt of channel `id` of `t` goes to `v` as `intid` from now on, and `t` gets no more
 * notifications of it. `physical` gets its own INTID. BH_ERR_CHANNEL: there is none.
 */
enum bh_error irq_link(struct thread *t, uint64_t id, struct vcpu *v, uint32_t intid,
                       uint32_t *physical);

/** `t` acknowledges the interrupt of its channel `id`: it may come again. */
enum bh_error irq_ack(struct thread *t, uint64_t id);

/** `t` starts anew and knows of no interrupt that was delivered to it: all may come again. */
void irq_ack_all(struct thread *t);

/** The SPI `physical`, which was linked, is its PD's again. */
void irq_unlink(uint32_t physical);

#endif
