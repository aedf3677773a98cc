/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that loads and stores at addresses that nothing is mapped at, makes calls, and says what
 * came of each by storing it at `report`. access_vmm.c is its VMM. Linked at no address.
 */
    .equ device, 0x0a000000
    .equ device_fails, 0x200    /* its handler fails */
    .equ device_steps, 0x10     /* its handler steps over the instruction itself */
    .equ device_starts, 0x20    /* how often the guest was started */
    .equ device_restart, 0x28   /* a store restarts it */
    .equ device_report, 0x100
    .equ nothing, 0x0b000000
    .equ distributor, 0x08000000
    .equ distributor_again, 0x0c000000
    .equ typer, 4
    .equ marker_offset, 0x100000

    .macro report
    str     x0, [x20, #device_report]
    .endm

    .macro call function, conduit
    ldr     x0, =\function
    \conduit #0
    report
    .endm

    .section .rodata.guest, "a"
    .balign 0x1000
    .global guest_image, guest_image_end
guest_image:
    b       1f
    .word   0
    .quad   0                   /* offset of the text */
    .quad   0x200000            /* bytes in memory */
    .quad   0                   /* little-endian */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .word   0
1:
    ldr     x20, =device
    ldr     x21, =nothing
    adr     x0, vectors
    msr     vbar_el1, x0
    isb
    adr     x22, guest_image
    add     x22, x22, #marker_offset
    ldr     x19, [x20, #device_starts]
    cmp     x19, #1
    b.ne    later

    /* The word at the device's start, in all widths; the device has 0x8899aabb there. */
    mov     x0, #-1
    ldrb    w0, [x20, #1]
    report
    ldrsb   x0, [x20, #1]
    report
    ldrsb   w0, [x20, #1]
    report
    ldrh    w0, [x20, #2]
    report
    ldrsh   x0, [x20, #2]
    report
    mov     x0, #-1
    ldr     w0, [x20]
    report
    ldrsw   x0, [x20]
    report
    ldr     x0, [x20, #8]
    report
    mov     x0, #7
    ldr     xzr, [x20, #8]
    report
    /* Stores into its second word, of which it shows the result. */
    movz    x1, #0x1234
    movk    x1, #0x5678, lsl #16
    str     w1, [x20, #4]
    strb    w1, [x20, #7]
    ldr     w0, [x20, #4]
    report
    str     wzr, [x20, #4]
    ldr     w0, [x20, #4]
    report
    ldr     w0, [x20, #device_steps]
    report

    /* Aborts: the vector leaves the syndrome in x0. */
    mov     x0, #0
    ldr     w1, [x21]
    report
    mov     x0, #0
    str     w1, [x20, #device_fails]
    report

    /* The distributor's number of lines and CPUs, and the same at its second place. */
    ldr     x2, =distributor
    ldr     w0, [x2, #typer]
    ldr     x2, =distributor_again
    ldr     w1, [x2, #typer]
    sub     w0, w0, w1
    report

    /* Calls: PSCI's version both ways, one that nobody knows, and the silicon provider's. */
    call    0x84000000, hvc
    call    0x84000000, smc
    call    0x83000000, smc
    mov     x1, #30
    mov     x2, #12
    call    0xc2000001, smc
    call    0xc2000002, hvc

    mov     x0, #0x5a
    str     x0, [x22]
    ldr     x0, =0x84000009     /* SYSTEM_RESET: keeps memory */
    smc     #0
later:
    ldr     x0, [x22]
    report
    cmp     x19, #2
    b.ne    last
    str     wzr, [x20, #device_restart]
last:
    ldr     x0, =0x84000002     /* CPU_OFF */
    hvc     #0
    b       .

    .balign 0x800
vectors:
    .fill   0x200 / 4, 4, 0x14000000    /* to itself */
    mrs     x0, elr_el1
    add     x0, x0, #4
    msr     elr_el1, x0
    mrs     x0, esr_el1
    eret
    .balign 8
    .ltorg
    .balign 0x800
guest_image_end:
