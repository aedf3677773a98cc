/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt controllers. Both versions run with priority drop and deactivation apart (EOImode 1):
 * an interrupt that was taken stays active, and so silent, until gic_deactivate().
 */
#ifndef KERNEL_ARM64_GIC_H
#define KERNEL_ARM64_GIC_H

#include <bulkhead/bootdesc.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "vgic.h"

/** Software generated interrupt of a poke. */
#define GIC_SGI_POKE 0
/** gic_take(): nothing is pending. */
#define GIC_NONE 1023

/** What a version of the controller can do; the functions below say what each does. */
struct gic_ops {
    void (*init)(const struct bd_board *board);
    void (*init_cpu)(uint32_t cpu);
    void (*route)(uint32_t intid, uint32_t cpu);
    void (*enable_ppi)(uint32_t intid);
    uint32_t (*take)(void);
    void (*drop)(uint32_t taken);
    void (*deactivate)(uint32_t taken);
    void (*send_sgi)(uint32_t cpu);
    void (*set_active)(uint32_t ppi, bool active);
    uint32_t (*lr_count)(void);
    void (*lr_read)(uint32_t index, struct vgic_lr *lr);
    void (*lr_write)(uint32_t index, const struct vgic_lr *lr);
    void (*lr_clear)(uint32_t index);
    uint64_t (*lr_empty)(void);
    uint64_t (*lr_ended)(void);
    void (*lr_underflow)(bool wanted);
    void (*save)(struct arch_gic_cpu *gic);
    void (*load)(const struct arch_gic_cpu *gic);
    void (*reset)(struct arch_gic_cpu *gic);
};

extern const struct gic_ops gicv2_ops, gicv3_ops;

/** On the boot CPU: find the version, set the distributor up, all interrupts disabled. */
void gic_init(const struct bd_board *board);

/** On every CPU, number `cpu`: its interface, the poke's SGI and the kernel's timer. */
void gic_init_cpu(uint32_t cpu);

/** The interrupt that is pending for this CPU, now active, as gic_drop() wants it; its INTID. */
uint32_t gic_take(uint32_t *intid);

/** Others may be taken; this one stays active. */
void gic_drop(uint32_t taken);

/** This one may come again; for SPIs and PPIs `taken` is the INTID. */
void gic_deactivate(uint32_t taken);

/** Make a PPI of this CPU active (silent) or inactive. */
void gic_set_active(uint32_t ppi, bool active);

/** @{ The guest's view of the CPU interface: to memory, from memory, what it is after a reset. */
void gic_save_cpu_interface(struct arch_gic_cpu *gic);
void gic_load_cpu_interface(const struct arch_gic_cpu *gic);
void gic_reset_cpu_interface(struct arch_gic_cpu *gic);
/** @} */

#endif
