/* SPDX-License-Identifier: BSD-2-Clause */
#include "sum.h"

/*
 * Words are added as the machine, which is little endian, loads them: that changes nothing but the
 * order of the result's two bytes (RFC 1071, 2 (B)). Loads are aligned, since memory of a
 * protection domain may demand it.
 */

static uint64_t load64(const uint8_t *at)
{
    uint64_t words;

    __builtin_memcpy(&words, __builtin_assume_aligned(at, 8), sizeof(words));
    return words;
}

static uint64_t add_carry(uint64_t sum, uint64_t words)
{
    sum += words;
    return sum + (sum < words);
}

static uint16_t fold(uint64_t sum)
{
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

/* Bytes one after the other, of which the first is a low one: before and behind what is aligned. */
static uint64_t add_bytes(uint64_t sum, const uint8_t *at, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        sum += (uint64_t)at[i] << 8 * (i & 1);
    }
    return sum;
}

/* Aligned blocks of 32 bytes. */
static uint64_t add_blocks(uint64_t sum, const uint8_t *at, uint32_t bytes)
{
    uint64_t other = 0;

    for (uint32_t i = 0; i < bytes; i += 32) {
        sum = add_carry(add_carry(sum, load64(at + i)), load64(at + i + 8));
        other = add_carry(add_carry(other, load64(at + i + 16)), load64(at + i + 24));
    }
    return add_carry(sum, other);
}

uint64_t net_sum_add(uint64_t sum, const uint8_t *at, uint32_t bytes)
{
    uint32_t before = (uint32_t)(-(uintptr_t)at & 7);
    uint32_t blocks;
    uint64_t own;
    uint16_t folded;

    if (before > bytes) {
        before = bytes;
    }
    own = fold(add_bytes(0, at, before));
    /* Behind an odd number of bytes the parts of the words are the other way round. */
    if (before % 2 != 0) {
        own = __builtin_bswap16((uint16_t)own);
    }
    at += before;
    bytes -= before;
    blocks = bytes & ~31U;
    own = add_blocks(own, at, blocks);
    at += blocks;
    bytes -= blocks;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        own = add_carry(own, load64(at));
    }
    folded = fold(add_bytes(fold(own), at, bytes));
    return sum + (before % 2 != 0 ? folded : __builtin_bswap16(folded));
}

uint16_t net_sum_finish(uint64_t sum)
{
    uint16_t folded = (uint16_t)~fold(sum);

    return folded != 0 ? folded : 0xffff;
}
