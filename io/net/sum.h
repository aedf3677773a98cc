/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071): sums of 16-bit words, big endian, modulo 0xffff. */
#ifndef IO_NET_SUM_H
#define IO_NET_SUM_H

#include <stdint.h>

/**
 * Add the words of `bytes` bytes, which may lie anywhere and change meanwhile, to a sum of at most
 * 2^48. A last odd byte counts as the high one of a word.
 */
uint64_t net_sum_add(uint64_t sum, const uint8_t *at, uint32_t bytes);

/** The checksum of a sum. 0 and 0xffff are the same number; this is never 0, which has a meaning of
 *  its own in UDP. */
uint16_t net_sum_finish(uint64_t sum);

#endif
