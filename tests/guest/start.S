/* SPDX-License-Identifier: BSD-2-Clause */
/* Image header, and the way of each CPU from its first instruction to C. */
#include "cpu.h"

    .section .text.head, "ax"
    .global image_head
image_head:
    b       start
    .long   0
    .quad   0                       /* text_offset: any multiple of 2 MiB will do */
    .quad   image_end - . + 16      /* image_size, counted from image_head */
    .quad   0xa                     /* little-endian, 4 KiB pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    .text
start:
    mov     x19, x0                 /* device tree */
    /* The program is linked at 0: what it was loaded at is what every pointer in data lacks. */
    adrp    x20, image_head
    adrp    x1, rela_start
    add     x1, x1, :lo12:rela_start
    adrp    x2, rela_end
    add     x2, x2, :lo12:rela_end
1:  cmp     x1, x2
    b.hs    2f
    ldp     x3, x4, [x1], #16       /* place, kind: R_AARCH64_RELATIVE, as nothing is imported */
    ldr     x5, [x1], #8
    add     x5, x5, x20
    str     x5, [x20, x3]
    b       1b
2:  adrp    x1, bss_start
    add     x1, x1, :lo12:bss_start
    adrp    x2, bss_end
    add     x2, x2, :lo12:bss_end
3:  cmp     x1, x2
    b.hs    4f
    stp     xzr, xzr, [x1], #16
    b       3b
4:  mov     x0, #0
    bl      cpu_set_up
    mov     x0, x19
    bl      main
5:  wfi
    b       5b

/* Where PSCI's CPU_ON starts a CPU; x0 is its index. */
    .global secondary_start
secondary_start:
    mov     x19, x0
    bl      cpu_set_up
    mov     x0, x19
    bl      secondary_main
6:  wfi
    b       6b

/* x0: index of this CPU. Stack, vectors and index; nothing but x0 to x2 changes. */
cpu_set_up:
    msr     tpidr_el1, x0
    adrp    x1, stacks
    add     x1, x1, :lo12:stacks
    add     x0, x0, #1
    mov     x2, #CPU_STACK_BYTES
    madd    x1, x0, x2, x1
    mov     sp, x1
    adrp    x1, vectors
    add     x1, x1, :lo12:vectors
    msr     vbar_el1, x1
    isb
    ret

    .bss
    .balign 16
stacks:
    .skip   CPU_STACK_BYTES * CPU_MAX
