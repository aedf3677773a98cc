/* SPDX-License-Identifier: BSD-2-Clause */
/* Exception vectors. The counter is read as early as can be, for the tests of latency. */
#include "cpu.h"

    .macro  vector kind
    .balign 0x80
    sub     sp, sp, #FRAME_BYTES
    stp     x0, x1, [sp]
    mrs     x0, cntvct_el0
    mov     x1, #\kind
    b       exception_entry
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global vectors
vectors:
    /* From this level on SP_EL0, which nobody uses. */
    vector  FRAME_UNEXPECTED
    vector  FRAME_UNEXPECTED
    vector  FRAME_UNEXPECTED
    vector  FRAME_UNEXPECTED
    /* From this level. */
    vector  FRAME_SYNC
    vector  FRAME_IRQ
    vector  FRAME_UNEXPECTED
    vector  FRAME_SERROR
    /* From EL0, where nothing runs. */
    .rept   8
    vector  FRAME_UNEXPECTED
    .endr

exception_entry:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #160]
    stp     x0, x1, [sp, #176]
    mov     x0, sp
    bl      exception
    ldp     x2, x3, [sp, #160]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    ldp     x0, x1, [sp]
    add     sp, sp, #FRAME_BYTES
    eret
