/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only program of a Linux that is measured: prints the virtual counter when it starts, and
 * what fixed amounts of work take, then switches the machine off. Without a C library: its own
 * start is two instructions.
 *
 *     probe: NAME TICKS
 *
 * With QEMU's `-icount shift=0,sleep=off` a tick of the counter (62.5 MHz) is 16 instructions of
 * whoever ran, and time that the CPU slept.
 */
#include <stddef.h>
#include <stdint.h>

/** Of Linux's ABI for arm64 (include/uapi/asm-generic/unistd.h, include/uapi/linux/reboot.h). */
#define PROBE_WRITE 64
#define PROBE_REBOOT 142
#define PROBE_GETPPID 173
#define PROBE_REBOOT_MAGIC 0xfee1dead
#define PROBE_REBOOT_MAGIC2 672274793
#define PROBE_REBOOT_POWER_OFF 0x4321fedc

#define PROBE_COMPUTE_ROUNDS 20000000
#define PROBE_CALLS 300000
/** Work before a measurement, so that its pages are there. */
#define PROBE_WARM_UP 1000
#define PROBE_WORDS 32768

void probe_main(void);

static uint64_t probe_memory[PROBE_WORDS];

static long probe_call(long number, long x0, long x1, long x2)
{
    register long r0 __asm__("x0") = x0;
    register long r1 __asm__("x1") = x1;
    register long r2 __asm__("x2") = x2;
    register long r8 __asm__("x8") = number;

    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r8) : "memory");
    return r0;
}

static uint64_t probe_now(void)
{
    uint64_t now;

    __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(now) : : "memory");
    return now;
}

static void probe_print(const char *name, uint64_t number)
{
    char line[80] = "probe: ";
    char digits[20];
    size_t at = sizeof("probe: ") - 1;
    size_t count = 0;

    while (*name != '\0' && at < sizeof(line) - sizeof(digits) - 2) {
        line[at++] = *name++;
    }
    line[at++] = ' ';
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) {
        line[at++] = digits[--count];
    }
    line[at++] = '\n';
    (void)probe_call(PROBE_WRITE, 1, (long)line, (long)at);
}

/** Arithmetic, loads and stores over 256 KiB. Returns what keeps the compiler from dropping it. */
static uint64_t probe_compute(uint32_t rounds)
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
        sum += probe_call(PROBE_GETPPID, 0, 0, 0);
    }
    return sum;
}

void probe_main(void)
{
    uint64_t started = probe_now();
    uint64_t used = 0;

    for (size_t i = 0; i < PROBE_WORDS; i += 512) {
        probe_memory[i] = i;
    }
    used += probe_compute(PROBE_WARM_UP);
    uint64_t before = probe_now();
    used += probe_compute(PROBE_COMPUTE_ROUNDS);
    uint64_t computed = probe_now() - before;
    used += (uint64_t)probe_getppid(PROBE_WARM_UP);
    before = probe_now();
    used += (uint64_t)probe_getppid(PROBE_CALLS);
    uint64_t called = probe_now() - before;

    probe_print("init", started);
    probe_print("compute", computed);
    probe_print("getppid", called);
    probe_print("result", used);
    (void)probe_call(PROBE_REBOOT, (long)PROBE_REBOOT_MAGIC, PROBE_REBOOT_MAGIC2,
                     PROBE_REBOOT_POWER_OFF);
    for (;;) {
    }
}

__asm__(".globl _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    b probe_main\n");
