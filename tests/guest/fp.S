/* SPDX-License-Identifier: BSD-2-Clause */
    .text
    .global fp_enable
fp_enable:
    mrs     x0, cpacr_el1
    orr     x0, x0, #(3 << 20)
    msr     cpacr_el1, x0
    isb
    ret

/* Register n gets seed + 2n + 1 below and seed + 2n + 2 above. */
    .global fp_fill
fp_fill:
    .set    number, 0
    .rept   32
    add     x0, x0, #1
    .inst   0x9e670000 | number         /* fmov d<n>, x0 */
    add     x0, x0, #1
    .inst   0x9eaf0000 | number         /* fmov v<n>.d[1], x0 */
    .set    number, number + 1
    .endr
    ret

/* sum = sum * 3 + each half. */
    .global fp_sum
fp_sum:
    mov     x0, #0
    .set    number, 0
    .rept   32
    .inst   0x9e660001 | number << 5    /* fmov x1, d<n> */
    add     x0, x0, x0, lsl #1
    add     x0, x0, x1
    .inst   0x9eae0001 | number << 5    /* fmov x1, v<n>.d[1] */
    add     x0, x0, x0, lsl #1
    add     x0, x0, x1
    .set    number, number + 1
    .endr
    ret

    .global fp_expected
fp_expected:
    mov     x1, x0
    mov     x0, #0
    mov     w2, #64
1:  add     x1, x1, #1
    add     x0, x0, x0, lsl #1
    add     x0, x0, x1
    subs    w2, w2, #1
    b.ne    1b
    ret
