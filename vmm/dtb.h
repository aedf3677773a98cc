/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree that describes a guest's machine to it. */
#ifndef VMM_DTB_H
#define VMM_DTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtb_machine {
    const char *name;
    const char *bootargs;
    uint64_t ram_gpa;
    uint64_t ram_bytes;
    uint32_t vcpus;
    uint32_t gic_version; /* 2 or 3 */
    uint64_t gicd;
    uint64_t gic_interface; /* CPU interface or first redistributor */
    bool pl011;             /* there is one, and it is the console */
    uint64_t pl011_address;
    uint32_t pl011_intid;
    uint64_t initrd; /* guest-physical; 0: none */
    uint64_t initrd_end;
};

/**
 * Write the device tree of `machine` to `to`, which has room for `room` bytes and is aligned to 8.
 * Returns its size, or 0 when there is not room enough.
 */
size_t dtb_build(const struct dtb_machine *machine, void *to, size_t room);

#endif
