/* SPDX-License-Identifier: BSD-2-Clause */
#include "crc32.h"

uint32_t crc32(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xffffffff;

    while (count-- > 0) {
        crc ^= *bytes++;
        for (int i = 0; i < 8; i++) {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
        }
    }
    return ~crc;
}
