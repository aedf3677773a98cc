/* SPDX-License-Identifier: BSD-2-Clause */
/* The redistributors of GICv3, one frame pair of 128 KiB a vCPU, in the order of their indices. */
#ifndef VMM_GICR_H
#define VMM_GICR_H

#include "access.h"
#include "gic.h"

/** An access_handler; `cookie` is the struct gic. ACCESS_ABORT beyond the last vCPU's frames. */
enum access_result gicr_access(void *cookie, struct access *access);

#endif
