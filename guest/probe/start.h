/* SPDX-License-Identifier: BSD-2-Clause */
/* The first instructions of a program that has no C library. */
#ifndef PROBE_START_H
#define PROBE_START_H

/**
 * Starts the program with main_function(stack), which must not return. At the stack that Linux
 * gives it are the number of arguments, where they are, 0, where the environment is, 0.
 */
#define START_WITH(main_function) \
    __asm__(".globl _start\n"     \
            "_start:\n"           \
            "    mov x29, #0\n"   \
            "    mov x0, sp\n"    \
            "    b " #main_function "\n")

#endif
