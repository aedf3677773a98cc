/* SPDX-License-Identifier: BSD-2-Clause */
#include "random.h"

#include <bulkhead/libc.h>

#define RANDOM_WORDS 16
#define RANDOM_DOUBLE_ROUNDS 10

static uint32_t random_load(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static void random_store(uint8_t *to, uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t random_rotate(uint32_t value, uint32_t bits)
{
    return value << bits | value >> (32 - bits);
}

static void random_quarter(uint32_t x[RANDOM_WORDS], uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    x[a] += x[b];
    x[d] = random_rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = random_rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = random_rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = random_rotate(x[b] ^ x[c], 7);
}

/** Nothing that is not used any more stays in memory; the compiler may not leave this out. */
static void random_wipe(void *secret, size_t bytes)
{
    memset(secret, 0, bytes);
    __asm__ volatile("" : : "r"(secret) : "memory");
}

void random_block(const uint8_t key[RANDOM_KEY_BYTES], uint32_t counter,
                  const uint8_t nonce[RANDOM_NONCE_BYTES], uint8_t block[RANDOM_BLOCK_BYTES])
{
    uint32_t start[RANDOM_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
    uint32_t x[RANDOM_WORDS];

    for (uint32_t i = 0; i < 8; i++) {
        start[4 + i] = random_load(key + (size_t)4 * i);
    }
    start[12] = counter;
    for (uint32_t i = 0; i < 3; i++) {
        start[13 + i] = random_load(nonce + (size_t)4 * i);
    }
    memcpy(x, start, sizeof(x));
    for (uint32_t round = 0; round < RANDOM_DOUBLE_ROUNDS; round++) {
        random_quarter(x, 0, 4, 8, 12);
        random_quarter(x, 1, 5, 9, 13);
        random_quarter(x, 2, 6, 10, 14);
        random_quarter(x, 3, 7, 11, 15);
        random_quarter(x, 0, 5, 10, 15);
        random_quarter(x, 1, 6, 11, 12);
        random_quarter(x, 2, 7, 8, 13);
        random_quarter(x, 3, 4, 9, 14);
    }
    for (uint32_t i = 0; i < RANDOM_WORDS; i++) {
        random_store(block + (size_t)4 * i, x[i] + start[i]);
    }
    random_wipe(x, sizeof(x));
    random_wipe(start, sizeof(start));
}

void random_init(struct random *random, const uint8_t *seed)
{
    *random = (struct random){ .seeded = seed != NULL };
    if (seed != NULL) {
        memcpy(random->key, seed, sizeof(random->key));
    }
}

bool random_bytes(struct random *random, void *to, size_t bytes)
{
    static const uint8_t nonce[RANDOM_NONCE_BYTES] = { 0 };
    uint8_t key[RANDOM_KEY_BYTES];
    uint8_t block[RANDOM_BLOCK_BYTES];
    uint8_t *at = to;

    if (!random->seeded) {
        return false;
    }
    memcpy(key, random->key, sizeof(key));
    random_block(key, 0, nonce, block);
    /* Half of the first block is the next key; requests get the other half and what follows. */
    memcpy(random->key, block, sizeof(random->key));
    size_t first = RANDOM_KEY_BYTES;
    for (uint32_t counter = 1; bytes > 0; counter++) {
        size_t part = RANDOM_BLOCK_BYTES - first < bytes ? RANDOM_BLOCK_BYTES - first : bytes;

        memcpy(at, block + first, part);
        at += part;
        bytes -= part;
        first = 0;
        if (bytes > 0) {
            random_block(key, counter, nonce, block);
        }
    }
    random_wipe(block, sizeof(block));
    random_wipe(key, sizeof(key));
    return true;
}
