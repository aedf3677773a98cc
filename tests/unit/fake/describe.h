/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot description that is right, with everything that a description can have, for tests that
 * then change a part of it: three PDs on two CPUs in one MiB of RAM,
 * the last of them the VMM of a VM with one vCPU and two register pages.
 */
#ifndef FAKE_DESCRIBE_H
#define FAKE_DESCRIBE_H

#include <bulkhead/bootdesc.h>

#define DESCRIBE_RAM_BYTES 0x100000UL
#define DESCRIBE_IMAGE_BYTES 0x10000UL
#define DESCRIBE_HEAP_BYTES 0x40000UL
#define DESCRIBE_KERNEL_BASE 0x40001000UL

enum describe_region {
    DESCRIBE_REPORT,
    DESCRIBE_TEXT,
    DESCRIBE_DATA,
    DESCRIBE_STACK, /* of PD 0, 1, 2, each followed by its message buffer */
    DESCRIBE_STACK_1 = DESCRIBE_STACK + 2,
    DESCRIBE_STACK_2 = DESCRIBE_STACK_1 + 2,
    DESCRIBE_DEVICE = DESCRIBE_STACK_2 + 2,
    DESCRIBE_TRACE,
    DESCRIBE_INPLACE,
    DESCRIBE_SHARED,
    DESCRIBE_REGIONS
};

enum describe_map {
    DESCRIBE_MAP_TEXT, /* those of PD 0 */
    DESCRIBE_MAP_DATA,
    DESCRIBE_MAP_INPLACE,
    DESCRIBE_MAP_SHARED,
    DESCRIBE_MAP_DEVICE, /* those of PD 1 */
    DESCRIBE_MAP_PEER,
    DESCRIBE_MAPS
};

#define DESCRIBE_PDS 3
#define DESCRIBE_CHANNELS 4
#define DESCRIBE_DEVICES 2
#define DESCRIBE_IRQS 2
#define DESCRIBE_SYMBOLS 2
#define DESCRIBE_STRINGS 32

struct describe {
    struct bd_header header;
    struct bd_memory memory[1];
    struct bd_region regions[DESCRIBE_REGIONS];
    struct bd_map maps[DESCRIBE_MAPS];
    struct bd_pd pds[DESCRIBE_PDS];
    struct bd_vm vms[1];
    struct bd_vcpu vcpus[1];
    struct bd_device devices[DESCRIBE_DEVICES];
    struct bd_channel channels[DESCRIBE_CHANNELS];
    struct bd_irq irqs[DESCRIBE_IRQS];
    struct bd_symbol symbols[DESCRIBE_SYMBOLS];
    char strings[DESCRIBE_STRINGS];
};

/** Fill `d` with the description that is right. */
void describe_right(struct describe *d);

#endif
