/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels for guests: the arm64 `Image` (Linux: Documentation/arm64/booting.rst). */
#ifndef TOOL_LINUXIMAGE_H
#define TOOL_LINUXIMAGE_H

#include <stdint.h>

/** What the header says of the memory that the kernel takes. */
struct linuximage {
    uint64_t text_offset;  /* from a multiple of 2 MiB */
    uint64_t memory_bytes; /* from there, with what the kernel clears behind its file */
};

/** Bytes at the file's start that linuximage_check() looks at. */
#define LINUXIMAGE_HEAD 4096u

/**
 * Check the kernel whose first bytes are `head`, LINUXIMAGE_HEAD of them or, of a shorter file,
 * all. Where the kernel also has the header of an EFI program, that says how long the file must be.
 *
 * file_bytes: size of the file.
 * Returns NULL, or what is wrong: the rest of a sentence that begins with the file's name.
 */
const char *linuximage_check(const uint8_t *head, uint64_t file_bytes, struct linuximage *image);

#endif
