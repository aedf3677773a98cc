/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device tree says about the machine. */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include "cpu.h"

#define PLATFORM_BOOTARGS 128

struct platform {
    uintptr_t uart;
    unsigned gic_version; /**< 2 or 3; 0: none found */
    uintptr_t distributor;
    uintptr_t cpu_interface;  /**< GICv2 */
    uintptr_t redistributors; /**< GICv3: the first region */
    uint64_t redistributors_bytes;
    bool psci_smc; /**< PSCI is called by SMC, else by HVC */
    unsigned cpus;
    uint64_t mpidr[CPU_MAX]; /**< affinity fields of each CPU */
    uintptr_t share;         /**< page of share.h; 0: none */
    char bootargs[PLATFORM_BOOTARGS];
};

extern struct platform platform;

/** Read the device tree at an address. False if there is none, or no GIC or no CPU in it; the
 *  UART's address is usable all the same. */
bool platform_read(uintptr_t tree);

/** What follows `name=` among the boot arguments, up to a space or the end; null without it. */
const char *platform_argument(const char *name);

#endif
