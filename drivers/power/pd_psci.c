/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches the board off when everybody who has a channel to this PD has notified it: the monitors
 * of guests, of which each does when its guest is off and stays so. It calls the firmware, so it
 * has smc="true", and the lowest priority: what has still to be done or printed comes first.
 */
#include <microkit.h>

/** PSCI (Arm DEN 0022), 5.9. */
#define PSCI_SYSTEM_OFF 0x84000008u

/** For what is in queues and FIFOs of a UART of 115,200 bits a second: some 1,000 characters. */
#define REST_MS 100U
#define MS_A_SECOND 1000U

/** Channels whose guests are on, bit for bit. */
static uint64_t on;

static uint64_t ticks(void)
{
    uint64_t now;

    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now));
    return now;
}

static void rest(void)
{
    uint64_t frequency;
    uint64_t begin = ticks();

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    while (ticks() - begin < frequency * REST_MS / MS_A_SECOND) {
        __asm__ volatile("yield");
    }
}

void init(void)
{
    on = microkit_notifications;
}

void notified(microkit_channel ch)
{
    seL4_ARM_SMCContext call = { .x0 = PSCI_SYSTEM_OFF };
    seL4_ARM_SMCContext answer;

    on &= ~(1ULL << ch);
    if (on == 0) {
        rest();
        /* Comes back only if the firmware cannot. */
        microkit_arm_smc_call(&call, &answer);
        microkit_dbg_puts("power: the firmware does not switch the board off\n");
    }
}
