/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image that boots: kernel, boot description, payload (include/bulkhead/bootdesc.h). The same
 * plan and kernel give the same bytes.
 */
#ifndef TOOL_IMAGE_H
#define TOOL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "elffile.h"
#include "plan.h"

/** The kernel's bytes as they lie in memory, .bss included. */
struct image_kernel {
    uint8_t *bytes;
    uint64_t size;
    uint64_t params_off; /* of struct bd_params */
};

enum image_error {
    IMAGE_OK = 0,
    /** The kernel has no segments, ones that are not contiguous, or is too large. */
    IMAGE_ERR_SEGMENTS,
    /** The kernel does not start with an arm64 Image header. */
    IMAGE_ERR_HEADER,
    /** The kernel has no symbol boot_params, or one of another size or outside its data. */
    IMAGE_ERR_PARAMS,
};

enum image_type {
    IMAGE_BINARY, /* with the arm64 Image header */
    IMAGE_ELF,    /* one segment at the physical address where the kernel runs */
    IMAGE_UIMAGE, /* U-Boot's legacy header before the binary */
};

/** Lay out a kernel's segments in memory. image_kernel_free() releases it, unless it failed. */
enum image_error image_kernel_load(struct image_kernel *kernel, const struct elffile *elf);

/** Release a kernel. */
void image_kernel_free(struct image_kernel *kernel);

/** A sentence for an error, without the file's name. */
const char *image_error_text(enum image_error error);

/**
 * Bytes of the boot description of a plan, before or after plan_place().
 * symbols: whether it holds the functions of the programs (debug configuration).
 */
uint64_t image_bootdesc_bytes(const struct plan *plan, bool symbols);

/**
 * Write the image of a plan that has been placed, with boot parameters and header filled in.
 * Returns plan->image_bytes bytes that the caller frees.
 */
uint8_t *image_make(const struct plan *plan, const struct image_kernel *kernel, bool symbols);

/**
 * Put an image into a container. Takes the image and returns what the caller frees, with its size
 * in *size; NULL when IMAGE_UIMAGE is asked for and the kernel's address does not fit its 32 bits.
 */
uint8_t *image_wrap(enum image_type type, const struct plan *plan, uint8_t *image, uint64_t *size);

/**
 * Write the boot description; image_describe.c. Returns its bytes, which the caller frees, and
 * their number, a multiple of 8.
 */
uint8_t *image_describe(const struct plan *plan, bool symbols, uint64_t *size);

#endif
