/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI calls, by HVC or SMC as the device tree says. */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include "cpu.h"

#define PSCI_VERSION 0x84000000UL
#define PSCI_CPU_OFF 0x84000002UL
#define PSCI_CPU_ON 0xc4000003UL
#define PSCI_AFFINITY_INFO 0xc4000004UL
#define PSCI_MIGRATE_INFO_TYPE 0x84000006UL
#define PSCI_SYSTEM_OFF 0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL
#define PSCI_FEATURES 0x8400000aUL

#define PSCI_VERSION_1_1 0x10001

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)

/** AFFINITY_INFO's answers. */
#define PSCI_ON 0
#define PSCI_OFF 1

/** Make a call; returns x0. */
int64_t psci_call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

#endif
