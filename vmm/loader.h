/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a guest's kernel, device tree and initial RAM disk go in its RAM, and their copying there.
 * The kernel is an arm64 `Image` (Linux: Documentation/arm64/booting.rst).
 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The kernel is placed relative to a boundary of this, and so is RAM. */
#define LOADER_ALIGN 0x200000UL
/** Most bytes of a device tree that Linux maps. */
#define LOADER_MAX_DTB 0x200000UL

enum loader_error {
    LOADER_OK = 0,
    /** The kernel is shorter than its header, or than its header says the file is. */
    LOADER_ERR_TRUNCATED,
    /** The kernel has no arm64 Image header. */
    LOADER_ERR_MAGIC,
    /** The kernel is compressed. */
    LOADER_ERR_COMPRESSED,
    /** The kernel is big-endian. */
    LOADER_ERR_ENDIAN,
    /** The kernel wants pages of a size that the CPU does not have. */
    LOADER_ERR_PAGES,
    /** The header's numbers contradict the file's size or each other. */
    LOADER_ERR_HEADER,
    /** The guest's RAM is empty, wraps, or does not start and end at a multiple of 2 MiB. */
    LOADER_ERR_RAM,
    /** The kernel, with what it clears behind its image, and its device tree do not fit into RAM.
     */
    LOADER_ERR_KERNEL,
    /** The initial RAM disk does not fit into what they leave. */
    LOADER_ERR_INITRD,
    /** A file lies in the guest's RAM, where the guest would change it. */
    LOADER_ERR_OVERLAP,
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
    uint32_t pages;        /* size of its pages: 0 unknown, 1 4 KiB, 2 16 KiB, 3 64 KiB */
};

/**
 * Check the kernel `image` of `bytes` bytes: all that its header says, and where that is also a PE
 * header (a kernel that EFI can start), whether the file has all that it lists. Any bytes may be
 * given.
 */
enum loader_error loader_check(const uint8_t *image, uint64_t bytes, struct loader_image *header);

/** Whether a CPU whose ID_AA64MMFR0_EL1 is `mmfr0` has the kernel's pages; LOADER_ERR_PAGES. */
enum loader_error loader_check_pages(const struct loader_image *header, uint64_t mmfr0);

/**
 * Find places: the kernel as near to the start of RAM as it allows, then, each at a multiple of
 * 2 MiB, the device tree and the initial RAM disk. `initrd_bytes` 0: there is none.
 */
enum loader_error loader_place(const struct loader_ram *ram, const struct loader_image *header,
                               uint64_t initrd_bytes, struct loader_layout *layout);

/**
 * Copy the file `from` of `bytes` bytes to guest-physical `gpa` and clean the copy to the point of
 * coherency. LOADER_ERR_KERNEL: the copy would leave the RAM. LOADER_ERR_OVERLAP.
 */
enum loader_error loader_copy(const struct loader_ram *ram, uint64_t gpa, const void *from,
                              uint64_t bytes);

/** Whether some of the `bytes` bytes at `start` are of the guest's RAM as it is mapped here. */
bool loader_overlaps(const struct loader_ram *ram, const void *start, uint64_t bytes);

/** A sentence about an error, without a full stop. */
const char *loader_says(enum loader_error error);

#endif
