/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: of the boot CPU, from the boot loader, and of the others, from the
 * firmware (PSCI CPU_ON). Both arrive at EL2 with translation and caches off.
 */

#include "mmu.h"

/* Linux arm64 boot protocol, section 4: the header of an Image. */
    .section .head.text, "ax"
    .global _start
_start:
    b       start_boot_cpu
    .long   0
    .quad   0                       /* text_offset */
    .quad   0                       /* image_size: the tool writes it */
    .quad   0xa                     /* flags: little endian, 4 KiB pages, anywhere in memory */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

/* x0: device tree of the boot loader. */
start_boot_cpu:
    msr     daifset, #0xf
    mrs     x1, currentel
    cmp     x1, #(2 << 2)
    b.ne    start_hang
    adrp    x1, start_stack_top
    add     x1, x1, :lo12:start_stack_top
    mov     sp, x1
    /* Before anything moves: what the device tree says is kept in the kernel's own data. */
    adrp    x1, early_facts
    add     x1, x1, :lo12:early_facts
    bl      fdt_read
    adrp    x0, boot_params
    add     x0, x0, :lo12:boot_params
    adrp    x3, _start              /* where the image is */
    ldp     x4, x5, [x0, #8]        /* kernel_base: where it shall be; image_bytes */
    cmp     x3, x4
    b.eq    start_moved

/*
 * Move the image. Old and new place may overlap, and the new one may cover this code, so a copy of
 * the mover runs from a scratch page that neither place touches: behind the new place when the
 * image moves up, in the page below it when it moves down.
 */
    add     x6, x4, x5
    cmp     x4, x3
    b.hi    1f
    sub     x6, x4, #4096
1:  adr     x7, start_mover
    adr     x8, start_mover_end
    mov     x9, x6
2:  ldr     w10, [x7], #4
    str     w10, [x9], #4
    cmp     x7, x8
    b.lo    2b
    dsb     sy
    ic      iallu
    dsb     sy
    isb
    adrp    x7, start_moved
    add     x7, x7, :lo12:start_moved
    sub     x7, x7, x3
    add     x7, x7, x4              /* start_moved in the new place */
    br      x6

/* x3: from, x4: to, x5: bytes (a multiple of 16), x7: where to go then. Position independent. */
start_mover:
    /* Lines that the caches hold of the new place must not hide what is written past them. */
    add     x8, x4, x5
    mov     x9, x4
3:  dc      ivac, x9
    add     x9, x9, #16
    cmp     x9, x8
    b.lo    3b
    dsb     sy
    cmp     x4, x3
    b.hi    5f
    mov     x9, x4
4:  ldp     x10, x11, [x3], #16
    stp     x10, x11, [x9], #16
    cmp     x9, x8
    b.lo    4b
    b       6f
5:  add     x3, x3, x5
    mov     x9, x8
7:  ldp     x10, x11, [x3, #-16]!
    stp     x10, x11, [x9, #-16]!
    cmp     x9, x4
    b.hi    7b
6:  dsb     sy
    ic      iallu
    dsb     sy
    isb
    br      x7
start_mover_end:

start_moved:
    adrp    x1, start_stack_top
    add     x1, x1, :lo12:start_stack_top
    mov     sp, x1
    adrp    x0, _start
    bl      early_main              /* x0: root of the kernel's translation tables */
    mov     x19, x0
    bl      start_invalidate
    mov     x0, x19
    bl      start_mmu
    mov     x0, #0
    b       start_cpu

/* x0: number of the CPU. */
    .global start_secondary
start_secondary:
    msr     daifset, #0xf
    mov     x19, x0
    adrp    x1, early_root
    ldr     x0, [x1, :lo12:early_root]
    bl      start_mmu
    mov     x0, x19

/* x0: number of the CPU. From here on at the virtual address. */
start_cpu:
    ldr     x1, =main_cpu
    ldr     x2, =MMU_STACK_TOP
    lsl     x3, x0, #MMU_STACK_SHIFT
    add     x2, x2, x3
    mov     sp, x2
    mov     x29, #0
    mov     x30, #0
    br      x1

/* Drop what the caches hold of the memory that was written past them: kernel and heap. */
start_invalidate:
    adrp    x0, boot_params
    add     x0, x0, :lo12:boot_params
    ldp     x1, x2, [x0, #8]        /* kernel_base, image_bytes */
    ldr     x3, [x0, #24]           /* heap_bytes */
    adrp    x4, kernel_end
    mov     x5, x1
1:  dc      ivac, x5
    add     x5, x5, #64
    cmp     x5, x4
    b.lo    1b
    add     x5, x1, x2
    add     x4, x5, x3
2:  cmp     x5, x4
    b.hs    3f
    dc      ivac, x5
    add     x5, x5, #64
    b       2b
3:  dsb     sy
    ret

/* x0: root. Turns translation and caches on; the code here is mapped one to one as well. */
start_mmu:
    msr     ttbr0_el2, x0
    ldr     x1, =0x00000000000004ff /* MAIR: 0 normal write-back, 1 Device-nGnRE */
    msr     mair_el2, x1
    /* TCR: 39 bits, 4 KiB granule, tables write-back and inner shareable. */
    ldr     x1, =0x80803519
    mrs     x2, id_aa64mmfr0_el1
    and     x2, x2, #7              /* PARange fits PS as long as it is at most 48 bits */
    cmp     x2, #5
    mov     x3, #5
    csel    x2, x2, x3, lo
    bfi     x1, x2, #16, #3
    msr     tcr_el2, x1
    tlbi    alle2
    ic      iallu
    dsb     sy
    isb
    ldr     x1, =0x30cd183d         /* SCTLR: M, C, I, SA, WXN and the bits that are one */
    msr     sctlr_el2, x1
    isb
    ret

start_hang:
    wfe
    b       start_hang

    .section .bss.start
    .balign 16
    .space  8192
start_stack_top:
