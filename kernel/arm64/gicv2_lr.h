/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interface control of GICv2; functions as struct gic_ops names them. */
#ifndef KERNEL_ARM64_GICV2_LR_H
#define KERNEL_ARM64_GICV2_LR_H

#include "arch.h"
#include "vgic.h"

/** The registers are at `gich`, the distributor at `gicd`. */
void gicv2_lr_init(uint64_t gich, uint64_t gicd);
uint32_t gicv2_lr_count(void);
void gicv2_lr_read(uint32_t index, struct vgic_lr *lr);
void gicv2_lr_write(uint32_t index, const struct vgic_lr *lr);
void gicv2_lr_clear(uint32_t index);
uint64_t gicv2_lr_empty(void);
uint64_t gicv2_lr_ended(void);
void gicv2_lr_underflow(bool wanted);
void gicv2_lr_save(struct arch_gic_cpu *state);
void gicv2_lr_load(const struct arch_gic_cpu *state);
void gicv2_lr_reset(struct arch_gic_cpu *state);

#endif
