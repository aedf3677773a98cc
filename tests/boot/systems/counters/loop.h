/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COUNTERS_LOOP_H
#define COUNTERS_LOOP_H

#include <stdint.h>

/** Executes 2 * `rounds` instructions; `rounds` is at least 1. */
static inline void loop(uint64_t rounds)
{
    __asm__ volatile("1:\tsubs %0, %0, #1\n\tb.ne 1b" : "+r"(rounds) : : "cc");
}

#endif
