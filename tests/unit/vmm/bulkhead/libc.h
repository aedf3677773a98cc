/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's C library is the host's in tests. */
#ifndef BULKHEAD_LIBC_H
#define BULKHEAD_LIBC_H

#include <string.h>

#endif
