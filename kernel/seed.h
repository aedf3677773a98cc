/* SPDX-License-Identifier: BSD-2-Clause */
/* Entropy for PDs: each gets bytes of its own, derived from what the firmware gave the kernel. */
#ifndef KERNEL_SEED_H
#define KERNEL_SEED_H

#include <stdint.h>

#define SEED_WORDS 8

/**
 * Write the bytes of PD `index` to `out`: the head of the ChaCha20 block (RFC 8439, 2.3) with
 * `seed` as its key and `index` as its counter. They say nothing of the seed, nor of other PDs'
 * bytes.
 */
void seed_derive(const uint32_t seed[SEED_WORDS], uint32_t index, uint32_t out[SEED_WORDS]);

#endif
