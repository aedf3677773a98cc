/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a PD starts: sp is the top of its stack, every other register zero. The kernel has cleared
 * .bss. There is one thread, so thread-local variables (picolibc's errno) live where the linker
 * put them, and the thread pointer is set once.
 */
    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    mov     x29, xzr
    mov     x30, xzr
    adrp    x0, __tls_pointer
    add     x0, x0, :lo12:__tls_pointer
    msr     tpidr_el0, x0
    b       microkit_main
    .size _start, . - _start

    .section .note.GNU-stack, "", %progbits
