/* SPDX-License-Identifier: BSD-2-Clause */
#include "arm_generic.h"

#define ARM_GENERIC_NS 1000000000UL

#define CNTP_CTL_ENABLE (1UL << 0)
#define CNTP_CTL_IMASK (1UL << 1)

uint64_t arm_generic_frequency(void)
{
    uint64_t hz;

    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

uint64_t arm_generic_ticks(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

/** value * to / from, without overflow in between as long as from * to fits 64 bits. */
static uint64_t arm_generic_scale(uint64_t value, uint64_t to, uint64_t from)
{
    return value / from * to + value % from * to / from;
}

uint64_t arm_generic_to_ns(uint64_t ticks)
{
    return arm_generic_scale(ticks, ARM_GENERIC_NS, arm_generic_frequency());
}

uint64_t arm_generic_to_ticks(uint64_t ns)
{
    return arm_generic_scale(ns, arm_generic_frequency(), ARM_GENERIC_NS);
}

void arm_generic_set(uint64_t ticks)
{
    __asm__ volatile("msr cntp_cval_el0, %0\n\t"
                     "msr cntp_ctl_el0, %1\n\t"
                     "isb"
                     :
                     : "r"(ticks), "r"(CNTP_CTL_ENABLE)
                     : "memory");
}

void arm_generic_stop(void)
{
    __asm__ volatile("msr cntp_ctl_el0, %0\n\t"
                     "isb"
                     :
                     : "r"(CNTP_CTL_IMASK)
                     : "memory");
}
