/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of GICv3; functions as struct gic_ops names them. */
#ifndef KERNEL_ARM64_GICV3_LR_H
#define KERNEL_ARM64_GICV3_LR_H

#include "gic.h"

GIC_LR_OPS(GICV3_PROTOTYPE)

#endif
