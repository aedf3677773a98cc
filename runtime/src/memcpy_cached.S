/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy() for programs all of whose memory is mapped cached, so that unaligned accesses are right;
 * they name this file, and the runtime's own one is left out. That one copies by bytes when both
 * ends cannot be aligned, and the payload of a guest's frames lies two bytes beside what is.
 *
 * Up to 64 bytes are loaded from both ends before anything is stored. Of more, the stores of the
 * loop are aligned to 16 bytes, and the last 64 bytes are copied as seen from the end.
 */
    .text
    .balign 64
    .globl memcpy
    .type memcpy, %function
memcpy:
    add     x4, x1, x2
    add     x5, x0, x2
    cmp     x2, #16
    b.lo    3f
    ldp     x6, x7, [x1]
    cmp     x2, #64
    b.hi    1f
    ldp     x12, x13, [x4, #-16]
    cmp     x2, #32
    b.ls    0f
    ldp     x8, x9, [x1, #16]
    ldp     x10, x11, [x4, #-32]
    stp     x8, x9, [x0, #16]
    stp     x10, x11, [x5, #-32]
0:  stp     x6, x7, [x0]
    stp     x12, x13, [x5, #-16]
    ret

1:  stp     x6, x7, [x0]
    and     x8, x0, #15
    sub     x1, x1, x8
    sub     x3, x0, x8
    sub     x2, x5, x3
    subs    x2, x2, #144
    b.ls    9f
2:
    ldp     x6, x7, [x1, #16]
    ldp     x8, x9, [x1, #32]
    ldp     x10, x11, [x1, #48]
    ldp     x12, x13, [x1, #64]!
    stp     x6, x7, [x3, #16]
    stp     x8, x9, [x3, #32]
    stp     x10, x11, [x3, #48]
    stp     x12, x13, [x3, #64]!
    ldp     x6, x7, [x1, #16]
    ldp     x8, x9, [x1, #32]
    ldp     x10, x11, [x1, #48]
    ldp     x12, x13, [x1, #64]!
    stp     x6, x7, [x3, #16]
    stp     x8, x9, [x3, #32]
    stp     x10, x11, [x3, #48]
    stp     x12, x13, [x3, #64]!
    subs    x2, x2, #128
    b.hi    2b
9:  adds    x2, x2, #64
    b.le    5f
    ldp     x6, x7, [x1, #16]
    ldp     x8, x9, [x1, #32]
    ldp     x10, x11, [x1, #48]
    ldp     x12, x13, [x1, #64]!
    stp     x6, x7, [x3, #16]
    stp     x8, x9, [x3, #32]
    stp     x10, x11, [x3, #48]
    stp     x12, x13, [x3, #64]!
5:  ldp     x6, x7, [x4, #-64]
    ldp     x8, x9, [x4, #-48]
    ldp     x10, x11, [x4, #-32]
    ldp     x12, x13, [x4, #-16]
    stp     x6, x7, [x5, #-64]
    stp     x8, x9, [x5, #-48]
    stp     x10, x11, [x5, #-32]
    stp     x12, x13, [x5, #-16]
    ret

3:  tbz     x2, #3, 4f
    ldr     x6, [x1]
    ldr     x7, [x4, #-8]
    str     x6, [x0]
    str     x7, [x5, #-8]
    ret
4:  tbz     x2, #2, 6f
    ldr     w6, [x1]
    ldr     w7, [x4, #-4]
    str     w6, [x0]
    str     w7, [x5, #-4]
    ret
6:  cbz     x2, 8f
    ldrb    w6, [x1]
    tbz     x2, #1, 7f
    ldrh    w7, [x4, #-2]
    strh    w7, [x5, #-2]
7:  strb    w6, [x0]
8:  ret
    .size memcpy, . - memcpy
