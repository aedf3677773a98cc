/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of functions of PDs, which the tool puts into the debug configuration's images. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include <bulkhead/bootdesc.h>

/** Function of `pd` that `addr` lies in, and where in it; NULL if it is not known. */
const char *symbols_find(const struct bd_pd *pd, uint64_t addr, uint64_t *offset);

#endif
