/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only program of a Linux that is measured: prints the virtual counter when it starts, and
 * what fixed amounts of work take, then switches the machine off. Without a C library: its own
 * start is three instructions.
 *
 *     probe: NAME TICKS
 *
 * With the argument `busy` it works for some time, however much of the CPU others take, and prints
 * what it got done meanwhile:
 *
 *     probe: busy ROUNDS TICKS
 *
 * With QEMU's `-icount shift=0,sleep=off` a tick of the counter (62.5 MHz) is 16 instructions of
 * whoever ran, and time that the CPU slept.
 */
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "line.h"
#include "start.h"

/** Of Linux's ABI for arm64 (include/uapi/asm-generic/unistd.h). */
#define PROBE_GETPPID 173

#define PROBE_COMPUTE_ROUNDS 20000000
#define PROBE_CALLS 300000
/** Work before a measurement, so that its pages are there. */
#define PROBE_WARM_UP 1000
#define PROBE_WORDS 32768
/** Work between two looks at the counter, and a part of the time that is looked at. */
#define PROBE_BUSY_ROUNDS 1000
#define PROBE_BUSY_TICKS 20000000UL

void probe_main(const uint64_t *stack);

static uint64_t probe_memory[PROBE_WORDS];

static void probe_print(const char *name, uint64_t number, uint64_t other)
{
    char line[LINE_BYTES];
    size_t at = line_text(line, 0, "probe: ");

    at = line_text(line, at, name);
    at = line_number(line, at, number);
    if (other != 0) {
        at = line_number(line, at, other);
    }
    at = line_text(line, at, "\n");
    (void)call_3(CALL_WRITE, 1, (long)line, (long)at);
}

/** Arithmetic, loads and stores over 256 KiB. Returns what keeps the compiler from dropping it. */
static __attribute__((noinline)) uint64_t probe_compute(uint32_t rounds)
{
    uint64_t state = 0x9e3779b97f4a7c15;

    for (uint32_t i = 0; i < rounds; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        probe_memory[state % PROBE_WORDS] += state;
    }
    return state;
}

static long probe_getppid(uint32_t rounds)
{
    long sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        sum += call_3(PROBE_GETPPID, 0, 0, 0);
    }
    return sum;
}

static void probe_end(void)
{
    (void)call_3(CALL_REBOOT, (long)CALL_REBOOT_MAGIC, CALL_REBOOT_MAGIC2, CALL_REBOOT_POWER_OFF);
    for (;;) {
    }
}

/** Rounds that are done until the counter is there, and where it is then. */
static uint64_t probe_until(uint64_t *counter, uint64_t end)
{
    uint64_t rounds = 0;

    while (*counter < end) {
        (void)probe_compute(PROBE_BUSY_ROUNDS);
        rounds += PROBE_BUSY_ROUNDS;
        *counter = line_ticks();
    }
    return rounds;
}

/** Works without an end; says how much was done in a time in the middle, while others work, too. */
static void probe_busy(void)
{
    uint64_t counter = line_ticks();

    (void)probe_until(&counter, counter + PROBE_BUSY_TICKS);
    uint64_t begun = counter;
    uint64_t rounds = probe_until(&counter, begun + 2 * PROBE_BUSY_TICKS);
    uint64_t ticks = counter - begun;
    (void)probe_until(&counter, counter + PROBE_BUSY_TICKS);
    probe_print("busy", rounds, ticks);
    probe_end();
}

void probe_main(const uint64_t *stack)
{
    uint64_t started = line_ticks();
    uint64_t used = 0;

    for (size_t i = 0; i < PROBE_WORDS; i += 512) {
        probe_memory[i] = i;
    }
    used += probe_compute(PROBE_WARM_UP);
    if (stack[0] > 1 && *(const char *)stack[2] == 'b') {
        probe_busy();
    }
    uint64_t before = line_ticks();
    used += probe_compute(PROBE_COMPUTE_ROUNDS);
    uint64_t computed = line_ticks() - before;
    used += (uint64_t)probe_getppid(PROBE_WARM_UP);
    before = line_ticks();
    used += (uint64_t)probe_getppid(PROBE_CALLS);
    uint64_t called = line_ticks() - before;

    probe_print("init", started, 0);
    probe_print("compute", computed, 0);
    probe_print("getppid", called, 0);
    probe_print("result", used, 0);
    probe_end();
}

START_WITH(probe_main);
