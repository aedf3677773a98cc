/* SPDX-License-Identifier: BSD-2-Clause */
#include "linuximage.h"

#include <stdbool.h>
#include <string.h>

/* The arm64 header: offsets of its fields. */
#define LINUXIMAGE_HEADER 64
#define LINUXIMAGE_TEXT_OFFSET 8
#define LINUXIMAGE_SIZE 16
#define LINUXIMAGE_FLAGS 24
#define LINUXIMAGE_MAGIC 56
#define LINUXIMAGE_PE 60 /* offset of the PE header, or 0 */
#define LINUXIMAGE_BIG_ENDIAN 1u
/** The kernel is placed relative to a multiple of this. */
#define LINUXIMAGE_ALIGN 0x200000u
/** Text offset of kernels from before the header told the size. */
#define LINUXIMAGE_OLD_OFFSET 0x80000u

/* The PE/COFF header, counted from its signature, and one section's. */
#define LINUXIMAGE_PE_SECTIONS 6
#define LINUXIMAGE_PE_OPTIONAL 20
#define LINUXIMAGE_PE_BYTES 24
#define LINUXIMAGE_SECTION_SIZE 16
#define LINUXIMAGE_SECTION_OFFSET 20
#define LINUXIMAGE_SECTION_BYTES 40

static uint64_t linuximage_number(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

/** End of the last section that the PE header has, as far as the head shows; 0 without one. */
static uint64_t linuximage_pe_end(const uint8_t *head, uint64_t bytes)
{
    uint64_t pe = linuximage_number(head + LINUXIMAGE_PE, 4);
    uint64_t end = 0;
    uint64_t sections;
    uint64_t at;

    if (head[0] != 'M' || head[1] != 'Z' || pe > bytes || bytes - pe < LINUXIMAGE_PE_BYTES ||
        memcmp(head + pe, "PE\0\0", 4) != 0) {
        return 0;
    }
    sections = linuximage_number(head + pe + LINUXIMAGE_PE_SECTIONS, 2);
    at = pe + LINUXIMAGE_PE_BYTES + linuximage_number(head + pe + LINUXIMAGE_PE_OPTIONAL, 2);
    for (uint64_t i = 0; i < sections && at + LINUXIMAGE_SECTION_BYTES <= bytes; i++) {
        uint64_t last = linuximage_number(head + at + LINUXIMAGE_SECTION_OFFSET, 4) +
                        linuximage_number(head + at + LINUXIMAGE_SECTION_SIZE, 4);

        end = last > end ? last : end;
        at += LINUXIMAGE_SECTION_BYTES;
    }
    return end;
}

const char *linuximage_check(const uint8_t *head, uint64_t file_bytes, struct linuximage *image)
{
    static const uint8_t gzip[] = { 0x1f, 0x8b };
    uint64_t head_bytes = file_bytes < LINUXIMAGE_HEAD ? file_bytes : LINUXIMAGE_HEAD;

    if (head_bytes >= sizeof(gzip) && memcmp(head, gzip, sizeof(gzip)) == 0) {
        return "is compressed; unpack it (gunzip) to get the arm64 Image";
    }
    if (head_bytes < LINUXIMAGE_HEADER) {
        return "is shorter than the header of an arm64 Image";
    }
    if (memcmp(head + LINUXIMAGE_MAGIC, "ARM\x64", 4) != 0) {
        return "is not an arm64 Image: its header lacks the magic number";
    }
    if ((linuximage_number(head + LINUXIMAGE_FLAGS, 8) & LINUXIMAGE_BIG_ENDIAN) != 0) {
        return "is a big-endian kernel";
    }
    image->text_offset = linuximage_number(head + LINUXIMAGE_TEXT_OFFSET, 8);
    image->memory_bytes = linuximage_number(head + LINUXIMAGE_SIZE, 8);
    if (image->memory_bytes == 0) {
        image->text_offset = LINUXIMAGE_OLD_OFFSET;
        image->memory_bytes = file_bytes;
    }
    if (image->text_offset >= LINUXIMAGE_ALIGN || image->text_offset % 8 != 0 ||
        image->memory_bytes > UINT64_MAX / 2) {
        return "has a header with an impossible text offset or size";
    }
    if (file_bytes > image->memory_bytes) {
        return "is longer than its header says";
    }
    if (file_bytes < linuximage_pe_end(head, head_bytes)) {
        return "is cut off: its header says that it is longer";
    }
    return NULL;
}
