/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rate that is kept on average: a token bucket that holds what BLOCK_LIMIT_BURST brings. It is
 * kept as the time at which it will be full again. What is taken may be more than is there, and
 * then the next has to wait until it has been brought.
 */
#ifndef IO_BLOCK_LIMIT_H
#define IO_BLOCK_LIMIT_H

#include <stdint.h>

/** Nanoseconds. */
#define BLOCK_LIMIT_BURST 100000000ull
/** @{ Units a second. With these a time does not overflow, for up to 2^41 units at once. */
#define BLOCK_LIMIT_LEAST_BYTES 512ull
#define BLOCK_LIMIT_MOST (1ull << 34)
/** @} */

struct block_limit {
    /** Units a second; 0: there is no limit. */
    uint64_t rate;
    /** When the bucket is full, in nanoseconds. */
    uint64_t full;
};

/** From when on something may be taken, in nanoseconds; 0: from always on. */
uint64_t block_limit_from(const struct block_limit *limit);

/** Take so many units at the time `now`. */
void block_limit_take(struct block_limit *limit, uint64_t units, uint64_t now);

#endif
