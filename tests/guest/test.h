/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test framework. A run prints lines that a program can read:
 *     guest: ...                       what was found; not a result
 *     ok NAME / FAIL NAME (value N)    a check
 *     count NAME MEAN WORST            instructions; only where CNTFRQ_EL0 says how many a tick is
 *     done: N passed, N failed         the end; then PSCI's SYSTEM_OFF
 * The boot argument `test=a,b` runs the groups of these names only. With `share=ADDRESS` all this
 * goes into the page of share.h that is there, instead of to the UART.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include "cpu.h"

struct test_group {
    const char *name;
    void (*run)(void);
    bool named; /* runs only where the boot argument names it */
};

extern const struct test_group psci_tests;
extern const struct test_group gic_tests;
extern const struct test_group timer_tests;
extern const struct test_group trap_tests;
extern const struct test_group smp_tests;
extern const struct test_group edges_tests;
extern const struct test_group pages_tests;
extern const struct test_group code_tests;
extern const struct test_group registers_tests;
extern const struct test_group calls_tests;
extern const struct test_group devices_tests;
extern const struct test_group beat_tests;
extern const struct test_group broadcast_tests;
extern const struct test_group firmware_tests;
extern const struct test_group uart_tests;
extern const struct test_group panic_tests;
extern const struct test_group cpu_tests;
extern const struct test_group spin_tests;
extern const struct test_group ask_tests;
extern const struct test_group sleep_tests;
extern const struct test_group costs_tests;
extern const struct test_group spi_tests;
extern const struct test_group exits_tests;
extern const struct test_group faults_tests;
extern const struct test_group features_tests;
extern const struct test_group irqs_tests;
extern const struct test_group reads_tests;
extern const struct test_group reboot_tests;
extern const struct test_group ticks_tests;
extern const struct test_group virtio_tests;
extern const struct test_group worst_tests;
extern const struct test_group switch_tests;
extern const struct test_group switched_tests;

/** Print with %s, %lu and %lx; nothing else. On the boot CPU only. */
void test_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A check: counted, and printed with the value that was seen. Returns `ok`. */
bool test_check(bool ok, const char *name, uint64_t value);

/** Times that are added up; start with all fields zero. */
struct test_times {
    uint64_t sum; /* ticks of the counter */
    uint64_t worst;
    uint64_t count;
};

/** Add a time in ticks. */
void test_time(struct test_times *times, uint64_t ticks);

/**
 * Print a count in instructions, with 1 ns of virtual time an instruction as `-icount shift=0`
 * has it. A tick of the counter is several, so the mean of many is exact and the worst is not.
 * `less` ticks are taken off each: what measuring itself costs. `each` is how many operations one
 * time was.
 */
void test_count(const char *name, const struct test_times *times, uint64_t less, uint64_t each);

/** Wait until a word is no longer `old`, at most a second of the counter. Returns whether it is. */
bool test_wait_change(const volatile uint64_t *word, uint64_t old);

/** What a secondary CPU does when it is up: set by the tests of several CPUs. Null: switch off. */
typedef void test_secondary(unsigned cpu);
extern test_secondary *volatile test_on_secondary;

/** Value of the boot argument `name=number` (decimal or 0x), or `otherwise`. */
uint64_t test_argument(const char *name, uint64_t otherwise);

/**
 * @{ What the watcher of share.h sees; without one they are kept here. `progress` counts beats or
 * steps; `resume` is where a work goes on after a reboot that it caused itself, which
 * `go_on_with` sets, and counts as a step.
 */
void test_progress(void);
uint64_t test_resume(void);
void test_go_on_with(uint64_t next);
void test_count_reset(void);
uint64_t test_resets(void);
void test_count_wrong(uint64_t checks);
uint64_t test_wrong(void);
void test_set_checksum(uint64_t checksum);
bool test_shall_stop(void);
/** @} */

/** Print the sums and switch the machine off. */
void test_finish(void) __attribute__((noreturn));

/** The same after something that no test expected. */
void test_abort(void) __attribute__((noreturn));

#endif
