/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the firmware for the version of its PSCI. */
#include <bulkhead/libc.h>
#include <microkit.h>

/** PSCI (Arm DEN 0022), 5.1.1: a 32-bit call without arguments. */
#define PSCI_VERSION 0x84000000u

void init(void)
{
    seL4_ARM_SMCContext asked = { .x0 = PSCI_VERSION }, answer;

    microkit_arm_smc_call(&asked, &answer);
    printf("%s: PSCI_VERSION 0x%lx\n", microkit_name, answer.x0);
}

void notified(microkit_channel ch)
{
    (void)ch;
}
