/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot description (include/bulkhead/bootdesc.h), checked. After bootdesc_check() the tables
 * can be used without further tests.
 */
#ifndef KERNEL_BOOTDESC_H
#define KERNEL_BOOTDESC_H

#include <bulkhead/bootdesc.h>

/**
 * Check the boot description of `bytes` bytes at `data` (8-byte aligned), and use it from now on.
 * Returns NULL, or a sentence that says what is wrong; then nothing else here may be called.
 * Needs no memory and no relocated data: it runs before the kernel's own translation is on.
 */
const char *bootdesc_check(const void *data, uint64_t bytes);

/** The header. */
const struct bd_header *bootdesc_header(void);

/** @{ Entry `index` of a table; the caller knows that it is below the table's count. */
const struct bd_memory *bootdesc_memory(uint32_t index);
const struct bd_region *bootdesc_region(uint32_t index);
const struct bd_map *bootdesc_map(uint32_t index);
const struct bd_pd *bootdesc_pd(uint32_t index);
const struct bd_vm *bootdesc_vm(uint32_t index);
const struct bd_vcpu *bootdesc_vcpu(uint32_t index);
const struct bd_device *bootdesc_device(uint32_t index);
const struct bd_channel *bootdesc_channel(uint32_t index);
const struct bd_irq *bootdesc_irq(uint32_t index);
/** @} */

/** The symbols of a PD, `pd->symbols_count` of them, sorted by address. */
const struct bd_symbol *bootdesc_symbols(const struct bd_pd *pd);

/** A string, zero terminated, by its offset. */
const char *bootdesc_string(uint32_t off);

#endif
