/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest: puts what the VMM answers with into every register that governs EL0, or might, and
 * calls the VMM with them. It makes no access to memory, so that its own byte order, alignment
 * checks and caches may be anything; only translation stays off, for its instructions. What traps
 * is passed over.
 */
    .macro  set name
    msr     \name, x0
    .endm

    .section .rodata.guest, "a"
    .balign 0x800
    .global guest_code, guest_code_end
guest_code:
    .rept   16
    .balign 0x80
    mrs     x20, elr_el1
    add     x20, x20, #4
    msr     elr_el1, x20
    eret
    .endr
    .balign 0x80
    .org    guest_code + 0x800
    adr     x19, guest_code
    msr     vbar_el1, x19
1:  set     pmuserenr_el0
    set     pmcr_el0
    set     pmcntenset_el0
    set     pmselr_el0
    set     mdscr_el1
    set     dbgbvr0_el1
    set     dbgbcr0_el1
    set     dbgwvr0_el1
    set     dbgwcr0_el1
    set     oslar_el1
    set     osdlr_el1
    set     cntkctl_el1
    set     cntv_cval_el0
    set     cntv_ctl_el0
    set     tpidr_el0
    set     tpidrro_el0
    set     tpidr_el1
    set     sp_el0
    set     actlr_el1
    set     tcr_el1
    set     ttbr0_el1
    set     ttbr1_el1
    set     mair_el1
    set     amair_el1
    set     contextidr_el1
    set     afsr0_el1
    set     afsr1_el1
    set     csselr_el1
    set     par_el1
    mov     x2, #(3 << 20)
    msr     cpacr_el1, x2
    isb
    set     fpcr
    set     fpsr
    .set    number, 0
    .rept   32
    .inst   0x4e080c00 | number     /* dup v<n>.2d, x0 */
    .set    number, number + 1
    .endr
    set     cpacr_el1
    bic     x1, x0, #1
    msr     sctlr_el1, x1
    isb
    set     daif
    hvc     #0
    b       1b
guest_code_end:
