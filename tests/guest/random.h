/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that look random and are the same in each run (xorshift64*). */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* not zero */
};

/** Numbers of their own for each `seed`. */
static inline struct random random_start(uint64_t seed)
{
    return (struct random){ .state = (seed + 1) * 0x9e3779b97f4a7c15UL | 1 };
}

static inline uint64_t random_next(struct random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * 0x2545f4914f6cdd1dUL;
}

/** One of 0 to `count` - 1. */
static inline unsigned random_below(struct random *random, unsigned count)
{
    return (unsigned)((random_next(random) >> 32) % count);
}

#endif
