/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interface control of GICv2; functions as struct gic_ops names them. */
#ifndef KERNEL_ARM64_GICV2_LR_H
#define KERNEL_ARM64_GICV2_LR_H

#include "gic.h"

/** The registers are at `gich`, the distributor at `gicd`. */
void gicv2_lr_init(uint64_t gich, uint64_t gicd);
GIC_LR_OPS(GICV2_PROTOTYPE)

#endif
