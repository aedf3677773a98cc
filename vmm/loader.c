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
#define LOADER_FLAG_PAGES(flags) ((flags) >> 1 & 3)
#define LOADER_PAGES_4K 1
#define LOADER_PAGES_16K 2
#define LOADER_PAGES_64K 3
/* ID_AA64MMFR0_EL1 (Arm ARM, D19.2.64): what 4 bits say of each size. */
#define LOADER_TGRAN4(mmfr0) ((mmfr0) >> 28 & 15)
#define LOADER_TGRAN64(mmfr0) ((mmfr0) >> 24 & 15)
#define LOADER_TGRAN16(mmfr0) ((mmfr0) >> 20 & 15)
#define LOADER_TGRAN_NONE 15
#define LOADER_TGRAN16_NONE 0
/** The kernel's own pages are at least that large. */
#define LOADER_PAGE 0x1000UL

/* A kernel that EFI can start is a PE file, too (PE format, 3.3 to 4): "MZ" and where the rest is.
 */
#define LOADER_PE_MZ 0x5a4du
#define LOADER_PE_OFFSET 60
#define LOADER_PE_MAGIC 0x4550u
#define LOADER_PE_HEADER_BYTES 24
#define LOADER_PE_SECTIONS 6
#define LOADER_PE_OPTIONAL_BYTES 20
#define LOADER_SECTION_BYTES 40
#define LOADER_SECTION_FILE_BYTES 16
#define LOADER_SECTION_FILE_OFFSET 20

/* What a compressed kernel starts with: gzip, zstd; EFI's has "zimg" at 4. */
#define LOADER_GZIP 0x8b1fu
#define LOADER_ZSTD 0xfd2fb528u
#define LOADER_ZIMG_OFFSET 4
#define LOADER_ZIMG 0x676d697au

static uint64_t loader_number(const uint8_t *from, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static bool loader_is_compressed(const uint8_t *image)
{
    return loader_number(image, 2) == LOADER_GZIP || loader_number(image, 4) == LOADER_ZSTD ||
           (loader_number(image, 2) == LOADER_PE_MZ &&
            loader_number(image + LOADER_ZIMG_OFFSET, 4) == LOADER_ZIMG);
}

/** Whether the file has what its PE header, if it has one, says of it. */
static bool loader_is_whole(const uint8_t *image, uint64_t bytes)
{
    uint64_t at = loader_number(image + LOADER_PE_OFFSET, 4);
    uint64_t sections;

    if (loader_number(image, 2) != LOADER_PE_MZ || at == 0) {
        return true;
    }
    if (at > bytes || bytes - at < LOADER_PE_HEADER_BYTES) {
        return false;
    }
    if (loader_number(image + at, 4) != LOADER_PE_MAGIC) {
        return true;
    }
    sections = loader_number(image + at + LOADER_PE_SECTIONS, 2);
    at += LOADER_PE_HEADER_BYTES + loader_number(image + at + LOADER_PE_OPTIONAL_BYTES, 2);
    if (at > bytes || bytes - at < sections * LOADER_SECTION_BYTES) {
        return false;
    }
    for (uint64_t i = 0; i < sections; i++) {
        const uint8_t *section = image + at + i * LOADER_SECTION_BYTES;
        /* Each has 32 bits: the sum does not wrap. */
        uint64_t end = loader_number(section + LOADER_SECTION_FILE_BYTES, 4) +
                       loader_number(section + LOADER_SECTION_FILE_OFFSET, 4);

        if (end > bytes) {
            return false;
        }
    }
    return true;
}

enum loader_error loader_check(const uint8_t *image, uint64_t bytes, struct loader_image *header)
{
    uint64_t flags;

    if (bytes < LOADER_HEADER_BYTES) {
        return LOADER_ERR_TRUNCATED;
    }
    if (loader_number(image + LOADER_MAGIC_OFFSET, 4) != LOADER_MAGIC) {
        return loader_is_compressed(image) ? LOADER_ERR_COMPRESSED : LOADER_ERR_MAGIC;
    }
    flags = loader_number(image + LOADER_FLAGS, 8);
    if ((flags & LOADER_FLAG_BIG_ENDIAN) != 0) {
        return LOADER_ERR_ENDIAN;
    }
    header->pages = (uint32_t)LOADER_FLAG_PAGES(flags);
    header->text_offset = loader_number(image + LOADER_TEXT_OFFSET, 8);
    header->memory_bytes = loader_number(image + LOADER_IMAGE_SIZE, 8);
    /*
     * A size of 0 is that of a kernel older than Linux 3.17, of which nobody knows what it clears
     * behind its image. A file that is longer than its image in memory is something else.
     */
    if (header->text_offset >= LOADER_ALIGN || header->text_offset % LOADER_PAGE != 0 ||
        header->memory_bytes == 0 || bytes > header->memory_bytes) {
        return LOADER_ERR_HEADER;
    }
    return loader_is_whole(image, bytes) ? LOADER_OK : LOADER_ERR_TRUNCATED;
}

enum loader_error loader_check_pages(const struct loader_image *header, uint64_t mmfr0)
{
    bool has = true;

    switch (header->pages) {
    case LOADER_PAGES_4K:
        has = LOADER_TGRAN4(mmfr0) != LOADER_TGRAN_NONE;
        break;
    case LOADER_PAGES_16K:
        has = LOADER_TGRAN16(mmfr0) != LOADER_TGRAN16_NONE;
        break;
    case LOADER_PAGES_64K:
        has = LOADER_TGRAN64(mmfr0) != LOADER_TGRAN_NONE;
        break;
    default:
        break;
    }
    return has ? LOADER_OK : LOADER_ERR_PAGES;
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
        return LOADER_ERR_KERNEL;
    }
    /* RAM is a multiple of the alignment, so rounding up stays within it. */
    span = header->text_offset + header->memory_bytes;
    dtb = (span + LOADER_ALIGN - 1) / LOADER_ALIGN * LOADER_ALIGN;
    if (ram->bytes - dtb < LOADER_MAX_DTB) {
        return LOADER_ERR_KERNEL;
    }
    if (ram->bytes - dtb - LOADER_MAX_DTB < initrd_bytes) {
        return LOADER_ERR_INITRD;
    }
    layout->kernel = ram->gpa + header->text_offset;
    layout->kernel_end = ram->gpa + span;
    layout->dtb = ram->gpa + dtb;
    layout->initrd = initrd_bytes == 0 ? 0 : layout->dtb + LOADER_MAX_DTB;
    layout->initrd_end = layout->initrd + initrd_bytes;
    return LOADER_OK;
}

bool loader_overlaps(const struct loader_ram *ram, const void *start, uint64_t bytes)
{
    uintptr_t ram_first = (uintptr_t)ram->base;
    uintptr_t first = (uintptr_t)start;

    return bytes > 0 && ram->bytes > 0 && first + (bytes - 1) >= ram_first &&
           first <= ram_first + (ram->bytes - 1);
}

enum loader_error loader_copy(const struct loader_ram *ram, uint64_t gpa, const void *from,
                              uint64_t bytes)
{
    if (gpa < ram->gpa || gpa - ram->gpa > ram->bytes || bytes > ram->bytes - (gpa - ram->gpa)) {
        return LOADER_ERR_KERNEL;
    }
    if (loader_overlaps(ram, from, bytes)) {
        return LOADER_ERR_OVERLAP;
    }
    if (bytes > 0) {
        uint8_t *to = ram->base + (gpa - ram->gpa);

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
        return "the kernel is shorter than its header says: it is truncated";
    case LOADER_ERR_MAGIC:
        return "the kernel is not an arm64 Image";
    case LOADER_ERR_COMPRESSED:
        return "the kernel is compressed: an uncompressed arm64 Image is needed";
    case LOADER_ERR_ENDIAN:
        return "the kernel is big-endian";
    case LOADER_ERR_PAGES:
        return "the kernel has pages of a size that the CPU does not have";
    case LOADER_ERR_HEADER:
        return "the kernel's header contradicts its size";
    case LOADER_ERR_RAM:
        return "the guest's RAM does not start and end at a multiple of 2 MiB";
    case LOADER_ERR_KERNEL:
        return "the kernel and its device tree do not fit into the guest's RAM";
    case LOADER_ERR_INITRD:
        return "the initial RAM disk does not fit into the guest's RAM behind the kernel";
    case LOADER_ERR_OVERLAP:
        return "a file of the guest lies in the guest's RAM";
    }
    return "unknown";
}
