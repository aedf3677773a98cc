/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of this system share. */
#ifndef SYSTEMS_BENCH_KERNEL_BENCH_H
#define SYSTEMS_BENCH_KERNEL_BENCH_H

#include <stdint.h>

#define BENCH_ROUNDS 65536u

/** Channels of the partners: on the second one the answer is a deferred notification. */
#define BENCH_CH_PLAIN 0
#define BENCH_CH_DEFERRED 1

/** The page that the interrupt's PD and the one that raises it share. */
struct bench_irq {
    /** Counter just before the store that raises the interrupt. Written by the raiser. */
    volatile uint64_t raised;
    /** Ticks from there to notified(), and how often. Written by the interrupt's PD. */
    volatile uint64_t ticks;
    volatile uint64_t count;
};

/* PL031 real-time clock: its raw interrupt stays, once raised, and is let through by its mask. */
#define RTC_DR 0x00
#define RTC_MR 0x04
#define RTC_IMSC 0x10
#define RTC_RIS 0x14
#define RTC_ICR 0x1c

static inline volatile uint32_t *bench_rtc(uint64_t base, uint64_t offset)
{
    return (volatile uint32_t *)(base + offset);
}

/**
 * Takes a number of instructions that runs through all remainders of 16, the instructions of one
 * tick, so that sums of many short intervals are right although a single one is not.
 */
static inline void bench_dither(uint32_t round)
{
    uint32_t left = (round & 15) + 1;

    __asm__ volatile("1: nop\n\tsubs %w0, %w0, #1\n\tb.ne 1b" : "+r"(left) : : "cc");
}

#endif
