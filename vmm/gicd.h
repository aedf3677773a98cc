/* SPDX-License-Identifier: BSD-2-Clause */
/* The distributor's registers. */
#ifndef VMM_GICD_H
#define VMM_GICD_H

#include "access.h"
#include "gic.h"

/** An access_handler; `cookie` is the struct gic. Never ACCESS_ABORT. */
enum access_result gicd_access(void *cookie, struct access *access);

#endif
