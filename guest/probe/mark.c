/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Becomes another program, `mark PROGRAM ARGUMENT...`, behind a label at which a debugger outside
 * the machine can stop: probe_mark_0. That is where a VMM starts, whose own first instruction is at
 * an address that others have, too. Ends with 127 if it cannot. Without a C library.
 */
#include <stdint.h>

/** Of Linux's ABI for arm64. */
#define MARK_EXIT 93
#define MARK_EXECVE 221

__attribute__((used)) void mark_main(const uint64_t *stack);

static long mark_call(long number, long x0, long x1, long x2)
{
    register long r0 __asm__("x0") = x0;
    register long r1 __asm__("x1") = x1;
    register long r2 __asm__("x2") = x2;
    register long r8 __asm__("x8") = number;

    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r8) : "memory");
    return r0;
}

/** The stack that Linux starts a program with: the number of arguments, the arguments, 0, the
 *  environment, 0. */
void mark_main(const uint64_t *stack)
{
    uint64_t count = stack[0];

    __asm__ volatile(".globl probe_mark_0\nprobe_mark_0: nop" : : : "memory");
    if (count > 1) {
        (void)mark_call(MARK_EXECVE, (long)stack[2], (long)&stack[2], (long)&stack[count + 2]);
    }
    for (;;) {
        (void)mark_call(MARK_EXIT, 127, 0, 0);
    }
}

__asm__(".globl _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    mov x0, sp\n"
        "    b mark_main\n");
