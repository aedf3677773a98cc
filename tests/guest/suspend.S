/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving the CPU to the firmware and coming back, either behind the call or at an entry point. */
#include "firmware.h"

    .text
/* x0: function, x1: first argument, x2: where registers are kept, x3: entry is x2 instead of x1. */
    .global firmware_suspend
firmware_suspend:
    stp     x19, x20, [x2, #0]
    stp     x21, x22, [x2, #16]
    stp     x23, x24, [x2, #32]
    stp     x25, x26, [x2, #48]
    stp     x27, x28, [x2, #64]
    stp     x29, x30, [x2, #80]
    mov     x9, sp
    mrs     x10, vbar_el1
    stp     x9, x10, [x2, #96]
    adr     x9, resumed
    cbnz    x3, 1f
    mov     x3, x2                  /* CPU_SUSPEND: state, entry, context */
    mov     x2, x9
    hvc     #0
    ret
1:  mov     x1, x9                  /* SYSTEM_SUSPEND: entry, context */
    hvc     #0
    ret

/* x0: the context. Nothing else is known, as after a reset. */
resumed:
    ldp     x19, x20, [x0, #0]
    ldp     x21, x22, [x0, #16]
    ldp     x23, x24, [x0, #32]
    ldp     x25, x26, [x0, #48]
    ldp     x27, x28, [x0, #64]
    ldp     x29, x30, [x0, #80]
    ldp     x9, x10, [x0, #96]
    mov     sp, x9
    msr     vbar_el1, x10
    isb
    mov     x0, #FIRMWARE_RESUMED
    ret
