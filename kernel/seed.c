/* SPDX-License-Identifier: BSD-2-Clause */
#include "seed.h"

static uint32_t seed_rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static void seed_quarter(uint32_t s[16], int a, int b, int c, int d)
{
    for (int half = 0; half < 2; half++) {
        s[a] += s[b];
        s[d] = seed_rotate(s[d] ^ s[a], half == 0 ? 16 : 8);
        s[c] += s[d];
        s[b] = seed_rotate(s[b] ^ s[c], half == 0 ? 12 : 7);
    }
}

void seed_derive(const uint32_t seed[SEED_WORDS], uint32_t index, uint32_t out[SEED_WORDS])
{
    uint32_t s[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    for (int i = 0; i < SEED_WORDS; i++) {
        s[4 + i] = seed[i];
    }
    s[12] = index;
    uint32_t start[SEED_WORDS];
    for (int i = 0; i < SEED_WORDS; i++) {
        start[i] = s[i];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++) {
            seed_quarter(s, i, 4 + i, 8 + i, 12 + i);
        }
        for (int i = 0; i < 4; i++) {
            seed_quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
        }
    }
    for (int i = 0; i < SEED_WORDS; i++) {
        out[i] = s[i] + start[i];
    }
}
