/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of GICv3; functions as struct gic_ops names them. */
#ifndef KERNEL_ARM64_GICV3_LR_H
#define KERNEL_ARM64_GICV3_LR_H

#include "arch.h"
#include "vgic.h"

uint32_t gicv3_lr_count(void);
void gicv3_lr_read(uint32_t index, struct vgic_lr *lr);
void gicv3_lr_write(uint32_t index, const struct vgic_lr *lr);
void gicv3_lr_clear(uint32_t index);
uint64_t gicv3_lr_empty(void);
uint64_t gicv3_lr_ended(void);
void gicv3_lr_underflow(bool wanted);
void gicv3_lr_save(struct arch_gic_cpu *state);
void gicv3_lr_load(const struct arch_gic_cpu *state);
void gicv3_lr_reset(struct arch_gic_cpu *state);

#endif
