/* SPDX-License-Identifier: BSD-2-Clause */
#include "figure.h"

#include "test.h"

#define WARM_UP 4U
/* Instructions of a turn of the loop in figure_time(). */
#define TURN 4UL

static uint64_t samples[FIGURE_SAMPLES];
static unsigned count;
static uint64_t tick; /* instructions */
static uint64_t timing;

uint64_t figure_tick(void)
{
    return tick;
}

uint64_t figure_time(void)
{
    uint64_t first, now, turns = 0;

    __asm__ volatile("mrs %0, cntvct_el0\n"
                     "1: mrs %1, cntvct_el0\n\t"
                     "add %2, %2, #1\n\t"
                     "cmp %0, %1\n\t"
                     "b.eq 1b"
                     : "=&r"(first), "=&r"(now), "+&r"(turns)
                     :
                     : "cc", "memory");
    return now * tick - turns * TURN;
}

uint64_t figure_start(void)
{
    uint64_t first, now;

    __asm__ volatile("mrs %0, cntvct_el0\n"
                     "1: mrs %1, cntvct_el0\n\t"
                     "cmp %0, %1\n\t"
                     "b.eq 1b"
                     : "=&r"(first), "=&r"(now)
                     :
                     : "cc", "memory");
    return now * tick;
}

void figure_calibrate(void)
{
    tick = 1000000000UL / READ_SYSREG("cntfrq_el0");
    for (unsigned i = 0; i < WARM_UP; i++) {
        uint64_t start = figure_start();

        timing = figure_time() - start;
    }
}

uint64_t figure_timing(void)
{
    return timing;
}

void figure_sample(uint64_t instructions)
{
    if (count < FIGURE_SAMPLES) {
        samples[count++] = instructions > timing ? instructions - timing : 0;
    }
}

void figure_print(const char *name)
{
    for (unsigned i = WARM_UP + 1; i < count; i++) {
        uint64_t value = samples[i];
        unsigned at = i;

        for (; at > WARM_UP && samples[at - 1] > value; at--) {
            samples[at] = samples[at - 1];
        }
        samples[at] = value;
    }
    if (test_check(count == FIGURE_SAMPLES, name, count)) {
        test_print("figure %s median %lu worst %lu\n", name,
                   samples[(WARM_UP + FIGURE_SAMPLES) / 2], samples[FIGURE_SAMPLES - 1]);
    }
    count = 0;
}
