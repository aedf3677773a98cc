/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's files, linked into the VMM. */
    .macro image name, file
    .balign 8
    .global \name, \name\()_end
\name:
    .incbin "\file"
\name\()_end:
    .endm

    .section .rodata.images, "a"
    image kernel_image, "kernel.img"
    image dtb_image, "guest.dtb"
    image initrd_image, "initrd.img"
