/* SPDX-License-Identifier: BSD-2-Clause */
#include "trng.h"

#include <bulkhead/libc.h>

#define TRNG_BASE 0x84000050u
#define TRNG_LAST 0xfu
#define TRNG_64BIT 0x40000000u
#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND32 0x84000053u
#define TRNG_RND64 0xc4000053u

#define TRNG_VERSION_1_0 0x10000UL
#define TRNG_SUCCESS 0UL
#define TRNG_NOT_SUPPORTED (~0UL)
#define TRNG_INVALID_PARAMETERS (~0UL - 1)

/** Random, version 4: fc1e8f3a-7b52-4d09-9a6e-51c24d7e0b93. */
static const uint32_t trng_uuid[4] = { 0xfc1e8f3a, 0x7b524d09, 0x9a6e51c2, 0x4d7e0b93 };

bool trng_is_function(uint32_t function)
{
    return ((function & ~TRNG_64BIT) & ~TRNG_LAST) == TRNG_BASE;
}

static bool trng_supports(uint32_t function)
{
    return (function >= TRNG_VERSION && function <= TRNG_RND32) || function == TRNG_RND64;
}

/** `bits` bits, the highest in x1, in registers of `width` bits. */
static uint64_t trng_rnd(struct random *random, uint64_t bits, uint32_t width, uint64_t x[4])
{
    uint64_t words[3] = { 0 };

    if (bits == 0 || bits > (uint64_t)3 * width) {
        return TRNG_INVALID_PARAMETERS;
    }
    (void)random_bytes(random, words, sizeof(words));
    for (uint32_t i = 0; i < 3; i++) {
        /* x3 has bits 0 to width - 1, x2 the next, x1 those above. */
        uint64_t left = bits > (uint64_t)i * width ? bits - (uint64_t)i * width : 0;
        uint64_t count = left < width ? left : width;

        x[3 - i] = words[i] & (count == 64 ? ~0UL : (1UL << count) - 1);
    }
    return TRNG_SUCCESS;
}

uint32_t trng_call(struct random *random, uint32_t function, uint64_t x1, uint64_t x[4])
{
    memset(x, 0, 4 * sizeof(x[0]));
    x[0] = TRNG_NOT_SUPPORTED;
    if (!random->seeded) {
        return 1;
    }
    switch (function) {
    case TRNG_VERSION:
        x[0] = TRNG_VERSION_1_0;
        return 1;
    case TRNG_FEATURES:
        x[0] = trng_supports((uint32_t)x1) ? TRNG_SUCCESS : TRNG_NOT_SUPPORTED;
        return 1;
    case TRNG_GET_UUID:
        for (uint32_t i = 0; i < 4; i++) {
            x[i] = trng_uuid[i];
        }
        return 4;
    case TRNG_RND32:
        x[0] = trng_rnd(random, x1 & 0xffffffff, 32, x);
        return 4;
    case TRNG_RND64:
        x[0] = trng_rnd(random, x1, 64, x);
        return 4;
    default:
        return 1;
    }
}
