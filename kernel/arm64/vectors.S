/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions. While a thread runs, SP_EL2 points at its `struct thread`, whose first words take
 * its registers; TPIDR_EL2 always points at the CPU's `struct cpu`, whose first word is the top of
 * the kernel's stack. The kernel runs with interrupts masked and takes no exceptions itself: one
 * that comes all the same is a defect of the kernel (trap_broken).
 */

    .macro save_registers
    stp     x0, x1, [sp, #0]
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, sp_el0
    mrs     x3, elr_el2
    mrs     x4, spsr_el2
    stp     x30, x2, [sp, #240]
    stp     x3, x4, [sp, #256]
    mrs     x0, tpidr_el2
    mov     x1, sp
    ldr     x2, [x0]
    mov     sp, x2
    mov     x29, #0
    mov     x30, #0
    .endm

    .macro lower handler
    .balign 128
    save_registers
    bl      \handler
    b       vectors_leave
    .endm

    .macro broken
    .balign 128
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    b       trap_broken
    .endm

    .text
    .balign 2048
    .global vectors
vectors:
    .rept 8                         /* from EL2 itself, with either stack pointer */
    broken
    .endr
    lower   trap_sync
    lower   trap_irq
    broken                          /* FIQ: nothing is configured to be one */
    lower   trap_serror
    lower   trap_sync               /* AArch32 */
    lower   trap_irq
    broken
    lower   trap_serror

/* x0: the thread to run. */
    .global vectors_leave
vectors_leave:
    mov     sp, x0
    ldp     x3, x4, [sp, #256]
    ldp     x30, x2, [sp, #240]
    msr     elr_el2, x3
    msr     spsr_el2, x4
    msr     sp_el0, x2
    ldp     x0, x1, [sp, #0]
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    eret
    /* No speculation past the return. */
    dsb     nsh
    isb
