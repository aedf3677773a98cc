/* SPDX-License-Identifier: BSD-2-Clause */
/* The distributor's registers that GICv2 and GICv3 share (IHI 0048, 4.3; IHI 0069, 12.9). */
#ifndef KERNEL_ARM64_GICD_H
#define KERNEL_ARM64_GICD_H

#include <stdbool.h>
#include <stdint.h>

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ITARGETSR 0x0800
#define GICD_ICFGR 0x0c00
#define GICD_SGIR 0x0f00
#define GICD_IROUTER 0x6000

/**
 * Priorities: a device's interrupt goes before the kernel's own timer and pokes, so that a PD that
 * pokes all the time delays no device. Last comes what only the loaded vCPU waits for. Interrupts
 * before GICD_PRIORITY_ANY are all of them.
 */
#define GICD_PRIORITY_DEVICE 0x80
#define GICD_PRIORITY_KERNEL 0xa0
#define GICD_PRIORITY_GUEST 0xc0
#define GICD_PRIORITY_ANY 0xf0

/** All interrupts of a bank in group 0 or in group 1. */
#define GICD_GROUP0 0u
#define GICD_GROUP1 0xffffffffu

/** SPIs of the distributor at `gicd`: all disabled, not pending, not active, in `group`. */
void gicd_reset_spis(uint64_t gicd, uint32_t group);

/** The bank of 32 private interrupts whose registers start at `base`: the same. */
void gicd_reset_bank(uint64_t base, uint32_t bank, uint32_t group);

/** Set the trigger of an SPI. */
void gicd_set_edge(uint64_t gicd, uint32_t intid, bool edge);

/** Make one interrupt of the bank of registers at `base` active or inactive. */
void gicd_set_active(uint64_t base, uint32_t intid, bool active);

/** Enable one interrupt of the bank of registers at `base`. */
void gicd_enable(uint64_t base, uint32_t intid);

#endif
