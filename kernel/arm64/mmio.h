/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers at kernel addresses. */
#ifndef KERNEL_ARM64_MMIO_H
#define KERNEL_ARM64_MMIO_H

#include <stdint.h>

/** mmio_read32(), mmio_write32() and so on: one access of that many bits. */
#define MMIO_ACCESS(bits)                                                    \
    static inline uint##bits##_t mmio_read##bits(uint64_t addr)              \
    {                                                                        \
        return *(volatile uint##bits##_t *)addr;                             \
    }                                                                        \
    static inline void mmio_write##bits(uint64_t addr, uint##bits##_t value) \
    {                                                                        \
        *(volatile uint##bits##_t *)addr = value;                            \
    }
MMIO_ACCESS(8)
MMIO_ACCESS(32)
MMIO_ACCESS(64)

#endif
