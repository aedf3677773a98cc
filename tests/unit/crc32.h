/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of partition tables, written apart from the code under test. */
#ifndef TESTS_CRC32_H
#define TESTS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Bit by bit, from the polynomial. */
uint32_t crc32(const uint8_t *bytes, size_t count);

#endif
