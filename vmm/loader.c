/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader.h"

#include <bulkhead/libc.h>

#include "sys.h"

/* The header's fields, little-endian. */
#define LOADER_HEADER_BYTES 64
#define LOADER_TEXT_OFFSET 8
#define LOADER_IMAGE_SIZE 16
#define LOADER_FLAGS 24
#define LOADER_MAGIC_OFFSET 56
#define LOADER_MAGIC 0x644d5241u /* "ARM\x64" */
#define LOADER_FLAG_BIG_ENDIAN 1UL
/** Text offset of kernels from before the header said it (image_size 0). */
#define LOADER_OLD_TEXT_OFFSET 0x80000UL

static uint64_t loader_number(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

enum loader_error loader_check(const uint8_t *image, uint64_t bytes, struct loader_image *header)
{
    if (bytes < LOADER_HEADER_BYTES) {
        return LOADER_ERR_TRUNCATED;
    }
    if (loader_number(image + LOADER_MAGIC_OFFSET, 4) != LOADER_MAGIC) {
        return LOADER_ERR_MAGIC;
    }
    if ((loader_number(image + LOADER_FLAGS, 8) & LOADER_FLAG_BIG_ENDIAN) != 0) {
        return LOADER_ERR_ENDIAN;
    }
    header->text_offset = loader_number(image + LOADER_TEXT_OFFSET, 8);
    header->memory_bytes = loader_number(image + LOADER_IMAGE_SIZE, 8);
    if (header->memory_bytes == 0) {
        header->text_offset = LOADER_OLD_TEXT_OFFSET;
        header->memory_bytes = bytes;
    }
    /* A file that is longer than its image in memory has lost something, or is something else. */
    if (header->text_offset >= LOADER_ALIGN || header->text_offset % 8 != 0 ||
        bytes > header->memory_bytes) {
        return LOADER_ERR_HEADER;
    }
    return LOADER_OK;
}

enum loader_error loader_place(const struct loader_ram *ram, const struct loader_image *header,
                               uint64_t initrd_bytes, struct loader_layout *layout)
{
    uint64_t span;
    uint64_t dtb;

    if (ram->bytes == 0 || ram->gpa % LOADER_ALIGN != 0 || ram->bytes % LOADER_ALIGN != 0 ||
        ram->gpa + (ram->bytes - 1) < ram->gpa) {
        return LOADER_ERR_RAM;
    }
    if (header->text_offset >= ram->bytes ||
        header->memory_bytes > ram->bytes - header->text_offset) {
        return LOADER_ERR_SPACE;
    }
    /* RAM is a multiple of the alignment, so rounding up stays within it. */
    span = header->text_offset + header->memory_bytes;
    dtb = (span + LOADER_ALIGN - 1) / LOADER_ALIGN * LOADER_ALIGN;
    if (ram->bytes - dtb < LOADER_MAX_DTB || ram->bytes - dtb - LOADER_MAX_DTB < initrd_bytes) {
        return LOADER_ERR_SPACE;
    }
    layout->kernel = ram->gpa + header->text_offset;
    layout->kernel_end = ram->gpa + span;
    layout->dtb = ram->gpa + dtb;
    layout->initrd = initrd_bytes == 0 ? 0 : layout->dtb + LOADER_MAX_DTB;
    layout->initrd_end = layout->initrd + initrd_bytes;
    return LOADER_OK;
}

enum loader_error loader_copy(const struct loader_ram *ram, uint64_t gpa, const void *from,
                              uint64_t bytes)
{
    if (gpa < ram->gpa || gpa - ram->gpa > ram->bytes || bytes > ram->bytes - (gpa - ram->gpa)) {
        return LOADER_ERR_SPACE;
    }
    uint8_t *to = ram->base + (gpa - ram->gpa);
    if (bytes > 0) {
        memcpy(to, from, bytes);
        /* The guest starts with its caches off. */
        sys_clean(to, bytes);
    }
    return LOADER_OK;
}

const char *loader_says(enum loader_error error)
{
    switch (error) {
    case LOADER_OK:
        return "it fits";
    case LOADER_ERR_TRUNCATED:
        return "the kernel is shorter than an Image's header";
    case LOADER_ERR_MAGIC:
        return "the kernel is not an arm64 Image";
    case LOADER_ERR_ENDIAN:
        return "the kernel is big-endian";
    case LOADER_ERR_HEADER:
        return "the kernel's header contradicts its size";
    case LOADER_ERR_RAM:
        return "the guest's RAM does not start and end at a multiple of 2 MiB";
    case LOADER_ERR_SPACE:
        return "kernel, device tree and initial RAM disk do not fit into the guest's RAM";
    }
    return "unknown";
}
