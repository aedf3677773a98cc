/* SPDX-License-Identifier: BSD-2-Clause */
/* Pseudo-random bytes that sender and receiver make alike, from a state that both begin with. */
#ifndef PROBE_SEQUENCE_H
#define PROBE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t sequence_next(uint64_t *state)
{
    *state = *state * 0x5851f42d4c957f2dUL + 0x14057b7ef767814fUL;
    return *state ^ *state >> 33;
}

/** The next `bytes` bytes, a multiple of 8, to `to`, aligned to 8. */
static inline void sequence_fill(uint64_t *state, void *to, int bytes)
{
    uint64_t *words = to;

    for (int i = 0; i < bytes / 8; i++) {
        words[i] = sequence_next(state);
    }
}

/** Are these the next bytes? The state is of no use when they are not. */
static inline bool sequence_is(uint64_t *state, const void *at, int bytes)
{
    const uint64_t *words = at;

    for (int i = 0; i < bytes / 8; i++) {
        if (words[i] != sequence_next(state)) {
            return false;
        }
    }
    return true;
}

#endif
