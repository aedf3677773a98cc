/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree that describes a guest's machine to it. It starts from a base, which has what
 * the VMM does not know of (devices that are passed through, or a whole tree that somebody wrote),
 * and gets what the VMM is responsible for:
 *
 *     /memory, /cpus, /psci, the timer and the interrupt controller
 *         replace all of their kind, wherever the base has them. The controller has the phandle of
 *         the one it replaces, else that of the root's interrupt-parent, so that the devices of
 *         the base that refer to it have their interrupts.
 *     the UART and the virtIO devices of the VMM
 *         replace only what has the same name, address included: others of the kind may be passed
 *         through.
 *     /chosen
 *         bootargs, if there are any; the initial RAM disk and the seeds, or none; stdout-path, to
 *         the VMM's UART, if the base has none. The rest stays.
 *
 * A base is data from outside: any bytes may be given.
 */
#ifndef VMM_DTB_H
#define VMM_DTB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/** Most bytes of a base. */
#define DTB_MAX_BASE 0x100000u
#define DTB_KASLR_SEED_BYTES 8
#define DTB_RNG_SEED_BYTES 32

/** Random numbers that the guest's kernel starts from. */
struct dtb_seeds {
    uint8_t kaslr[DTB_KASLR_SEED_BYTES];
    uint8_t rng[DTB_RNG_SEED_BYTES];
};

struct dtb_machine {
    const void *base;  /* aligned to 8 */
    size_t base_bytes; /* 0: none */
    const char *name;
    const char *bootargs; /* empty: what the base has */
    uint64_t ram_gpa;
    uint64_t ram_bytes;
    uint32_t vcpus;
    uint32_t gic_version; /* 2 or 3 */
    uint64_t gicd;
    uint64_t gic_interface; /* CPU interface or first redistributor */
    bool uart;
    uint64_t uart_address;
    uint32_t uart_intid;
    const struct config_virtio *virtio;
    uint32_t virtio_count;
    uint64_t initrd; /* guest-physical; 0: none */
    uint64_t initrd_end;
    const struct dtb_seeds *seeds; /* NULL: none */
};

enum dtb_error {
    DTB_OK = 0,
    /** The base is not a device tree, or one that ends too early or contradicts itself. */
    DTB_ERR_FORMAT,
    /** The base is larger than DTB_MAX_BASE. */
    DTB_ERR_LARGE,
    /** The base's root has #address-cells or #size-cells other than 1 and 2, or an address or
     * size does not fit into that many. */
    DTB_ERR_CELLS,
    /** There is not room enough. */
    DTB_ERR_ROOM,
};

/**
 * Write the device tree of `machine` to `to`, which has room for `room` bytes and is aligned to 8,
 * and its size to `bytes`.
 */
enum dtb_error dtb_build(const struct dtb_machine *machine, void *to, size_t room, size_t *bytes);

/** A sentence about an error, without a full stop. */
const char *dtb_says(enum dtb_error error);

#endif
