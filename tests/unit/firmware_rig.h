/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that calls its firmware, and what the monitor then does and says. */
#ifndef TESTS_FIRMWARE_RIG_H
#define TESTS_FIRMWARE_RIG_H

#include <bulkhead/report.h>

#include "guest.h"
#include "vmm_fake.h"

#define FIRMWARE_RIG_RAM_GPA 0x40000000UL
#define FIRMWARE_RIG_RAM_BYTES 0x800000UL
#define FIRMWARE_RIG_KERNEL_BYTES 4096
#define FIRMWARE_RIG_ESR_HVC (0x16UL << 26)
/* The description of the guest, to which more can be added. */
#define FIRMWARE_RIG_CONFIG                                                         \
    "name left\nbootargs x\ngic 2 0x8000000 0x8010000\ngic 3 0x8000000 0x80a0000\n" \
    "uart 0x8100000 70\n"

/* Functions of PSCI. */
#define PSCI_VERSION 0x84000000UL
#define PSCI_CPU_SUSPEND 0xc4000001UL
#define PSCI_CPU_OFF 0x84000002UL
#define PSCI_CPU_ON 0xc4000003UL
#define PSCI_AFFINITY_INFO 0xc4000004UL
#define PSCI_MIGRATE_INFO_TYPE 0x84000006UL
#define PSCI_SYSTEM_OFF 0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL
#define PSCI_FEATURES 0x8400000aUL
#define PSCI_SYSTEM_SUSPEND 0xc400000eUL
#define PSCI_SYSTEM_RESET2 0xc4000012UL
/* What a function of 32-bit and one of 64-bit parameters differ in. */
#define FIRMWARE_RIG_BIT64 0x40000000UL

/* What they return. */
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_INVALID_ADDRESS (-9)

/* The guest, its memory and the kernel that it starts: apart, so that a sanitizer sees each end. */
extern struct guest firmware_rig_guest;
extern uint8_t firmware_rig_ram[FIRMWARE_RIG_RAM_BYTES];
extern uint8_t firmware_rig_kernel[FIRMWARE_RIG_KERNEL_BYTES];

/* A guest of so many vCPUs starts, on a machine with a seed of entropy or without. */
void firmware_rig_boot(const char *config, uint32_t vcpus, bool seed);

/* A vCPU traps with these in its registers 0 to 3, or makes the call by HVC. */
struct guest_answer firmware_rig_trap(uint32_t vcpu, uint64_t esr, uint64_t function,
                                      uint64_t first, uint64_t second, uint64_t third);
struct guest_answer firmware_rig_call(uint32_t vcpu, uint64_t function, uint64_t first,
                                      uint64_t second, uint64_t third);

/* What a call of vCPU 0 that comes back at once returns. */
int64_t firmware_rig_result(uint64_t function, uint64_t first, uint64_t second, uint64_t third);

/* The monitor has printed that. */
void firmware_rig_printed(const char *text);

/* How many reports there were, and the last of them. */
void firmware_rig_reported(uint32_t count, enum bh_report_kind kind, uint64_t number);

#endif
