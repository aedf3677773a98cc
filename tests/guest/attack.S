/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into code that may do anything, and the way back from whatever exception it takes. */
#include "attack.h"

    .macro  attack_vector number
    .balign 0x80
    msr     spsel, #1               /* it is, unless this was reached otherwise */
    msr     tpidr_el0, x0           /* nobody else uses it */
    mov     x1, #\number
    b       attack_return
    .endm

    .section .text.attack, "ax"
    .balign 0x800
attack_vectors:
    .set    number, 0
    .rept   16
    attack_vector number
    .set    number, number + 1
    .endr

/* x0: registers, x1: where to, x2: stack pointer there. Registers and stack pointers are the
 * attack's from the last instruction on; x30 has to be the address. */
    .global attack_enter
attack_enter:
    adrp    x3, attack_kept
    add     x3, x3, :lo12:attack_kept
    stp     x19, x20, [x3]
    stp     x21, x22, [x3, #16]
    stp     x23, x24, [x3, #32]
    stp     x25, x26, [x3, #48]
    stp     x27, x28, [x3, #64]
    stp     x29, x30, [x3, #80]
    mov     x4, sp
    mrs     x5, vbar_el1
    mrs     x6, daif
    stp     x4, x5, [x3, #96]
    mrs     x4, tpidr_el1
    stp     x6, x4, [x3, #112]
    msr     daifset, #0xf
    adrp    x4, attack_vectors
    add     x4, x4, :lo12:attack_vectors
    msr     vbar_el1, x4
    mov     x4, #(3 << 20)
    msr     cpacr_el1, x4
    msr     sp_el0, x2
    add     x4, x1, #4              /* an ERET goes on behind itself */
    msr     elr_el1, x4
    mov     x4, #0x3c5              /* EL1h, all masked */
    msr     spsr_el1, x4
    mov     sp, x2
    isb
    mov     x30, x1
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldp     x0, x1, [x0]
    ret

/* x1: number of the vector. Before anything is loaded, data must be little-endian again and
 * translation off. */
attack_return:
    movz    x0, #0x0800
    movk    x0, #0x30d0, lsl #16
    msr     sctlr_el1, x0
    isb
    adrp    x2, attack_end
    add     x2, x2, :lo12:attack_end
    mrs     x3, esr_el1
    stp     x1, x3, [x2, #ATTACK_KIND]
    mrs     x4, elr_el1
    mrs     x5, tpidr_el0
    stp     x4, x5, [x2, #ATTACK_ELR]
    adrp    x3, attack_kept
    add     x3, x3, :lo12:attack_kept
    ldp     x19, x20, [x3]
    ldp     x21, x22, [x3, #16]
    ldp     x23, x24, [x3, #32]
    ldp     x25, x26, [x3, #48]
    ldp     x27, x28, [x3, #64]
    ldp     x29, x30, [x3, #80]
    ldp     x4, x5, [x3, #96]
    ldp     x6, x7, [x3, #112]
    mov     sp, x4
    msr     vbar_el1, x5
    msr     tpidr_el1, x7
    msr     cpacr_el1, xzr
    msr     cntkctl_el1, xzr
    msr     contextidr_el1, xzr
    msr     tcr_el1, xzr
    tlbi    vmalle1
    dsb     sy
    isb
    msr     daif, x6
    isb
    ret

    .global attack_reset
attack_reset:
    movz    x0, #0x0009             /* PSCI's SYSTEM_RESET */
    movk    x0, #0x8400, lsl #16
    hvc     #0
1:  wfi
    b       1b

    .bss
    .balign 16
attack_kept:
    .skip   128
    .global attack_end
attack_end:
    .skip   32
