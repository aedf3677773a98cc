/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a guest's kernel, device tree and initial RAM disk go in its RAM, and their copying there.
 * The kernel is an arm64 `Image` (Linux: Documentation/arm64/booting.rst).
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include <stddef.h>
#include <stdint.h>

/** The kernel is placed relative to a boundary of this, and so is RAM. */
#define LOADER_ALIGN 0x200000UL
/** Most bytes of a device tree that Linux maps. */
#define LOADER_MAX_DTB 0x200000UL

enum loader_error {
    LOADER_OK = 0,
    /** The kernel is shorter than its header. */
    LOADER_ERR_TRUNCATED,
    /** The kernel has no arm64 Image header. */
    LOADER_ERR_MAGIC,
    /** The kernel is big-endian. */
    LOADER_ERR_ENDIAN,
    /** The header's numbers contradict the file's size or each other. */
    LOADER_ERR_HEADER,
    /** The guest's RAM is empty, or does not start and end at a multiple of 2 MiB. */
    LOADER_ERR_RAM,
    /** Kernel, device tree and initial RAM disk do not fit into RAM. */
    LOADER_ERR_SPACE,
};

/** The guest's RAM: `bytes` at guest-physical `gpa`, mapped here at `base`. */
struct loader_ram {
    uint8_t *base;
    uint64_t gpa;
    uint64_t bytes;
};

/** Guest-physical addresses. */
struct loader_layout {
    uint64_t kernel;
    uint64_t kernel_end; /* with what the kernel clears behind its image */
    uint64_t dtb;        /* LOADER_MAX_DTB bytes */
    uint64_t initrd;     /* 0: none */
    uint64_t initrd_end;
};

/** What the header says. */
struct loader_image {
    uint64_t text_offset;
    uint64_t memory_bytes; /* of the image in memory, at least the file's */
};

/** Check the header of the kernel `image` of `bytes` bytes. */
enum loader_error loader_check(const uint8_t *image, uint64_t bytes, struct loader_image *header);

/** Find places. `initrd_bytes` 0: there is none. */
enum loader_error loader_place(const struct loader_ram *ram, const struct loader_image *header,
                               uint64_t initrd_bytes, struct loader_layout *layout);

/**
 * Copy `bytes` to guest-physical `gpa` and clean them to the point of coherency.
 * LOADER_ERR_SPACE: they would leave the RAM.
 */
enum loader_error loader_copy(const struct loader_ram *ram, uint64_t gpa, const void *from,
                              uint64_t bytes);

/** A sentence about an error, without a full stop. */
const char *loader_says(enum loader_error error);

#endif
