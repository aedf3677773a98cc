/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's random numbers: TRNG 1.0 (Arm DEN 0098). Without a seed there is none. */
#ifndef VMM_TRNG_H
#define VMM_TRNG_H

#include <stdbool.h>
#include <stdint.h>

#include "random.h"

/** Whether a function number is one of TRNG's: standard service, 0x50 to 0x5f. */
bool trng_is_function(uint32_t function);

/**
 * Answer a call with argument `x1`. `x` gets x0 to x3. Returns how many of them are results:
 * 1 or 4.
 */
uint32_t trng_call(struct random *random, uint32_t function, uint64_t x1, uint64_t x[4]);

#endif
