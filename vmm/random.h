/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers from one seed: ChaCha20 (RFC 8439), whose key each request replaces before its
 * bytes are handed out, so that what was handed out cannot be computed from what is kept.
 */
#ifndef VMM_RANDOM_H
#define VMM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANDOM_KEY_BYTES 32u
#define RANDOM_NONCE_BYTES 12u
#define RANDOM_BLOCK_BYTES 64u

struct random {
    bool seeded;
    uint8_t key[RANDOM_KEY_BYTES];
};

/** Begin with a seed that nobody else knows; a null pointer: there is none. */
void random_init(struct random *random, const uint8_t *seed);

/**
 * Write `bytes` random bytes, at most 256 GiB, to `to`. Returns false, and writes nothing, without
 * a seed.
 */
bool random_bytes(struct random *random, void *to, size_t bytes);

/** One block of ChaCha20's key stream: RFC 8439, 2.3. */
void random_block(const uint8_t key[RANDOM_KEY_BYTES], uint32_t counter,
                  const uint8_t nonce[RANDOM_NONCE_BYTES], uint8_t block[RANDOM_BLOCK_BYTES]);

#endif
