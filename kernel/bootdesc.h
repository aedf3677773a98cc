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

/** An entry and its table, of all the tables that are accessed by index. */
#define BOOTDESC_TABLES(X) \
    X(memory, memory)      \
    X(region, regions)     \
    X(map, maps)           \
    X(pd, pds)             \
    X(vm, vms)             \
    X(vcpu, vcpus)         \
    X(device, devices)     \
    X(channel, channels)   \
    X(irq, irqs)

/** bootdesc_map(index) and so on: that entry; the caller knows that it is below the table's count.
 */
#define BOOTDESC_PROTOTYPE(name, table) const struct bd_##name *bootdesc_##name(uint32_t index);
BOOTDESC_TABLES(BOOTDESC_PROTOTYPE)

/** The symbols of a PD, `pd->symbols_count` of them, sorted by address. */
const struct bd_symbol *bootdesc_symbols(const struct bd_pd *pd);

/** A string, zero terminated, by its offset. */
const char *bootdesc_string(uint32_t off);

#endif
