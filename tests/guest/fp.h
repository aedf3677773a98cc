/* SPDX-License-Identifier: BSD-2-Clause */
/* The FP/SIMD registers, which C does not use here. */
#ifndef GUEST_FP_H
#define GUEST_FP_H

#include <stdint.h>

/** Allow this CPU to use them. */
void fp_enable(void);

/** All 32 registers get values of their own, made from a seed. */
void fp_fill(uint64_t seed);

/** A sum of both halves of all of them; the same as fp_expected() while they are as filled. */
uint64_t fp_sum(void);
uint64_t fp_expected(uint64_t seed);

#endif
