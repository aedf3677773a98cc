/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include <bulkhead/bootdesc.h>

#include "alloc.h"

/* The arm64 Image header (Linux, Documentation/arm64/booting): offsets of what is used of it. */
#define IMAGE_HEADER_BYTES 64
#define IMAGE_HEADER_SIZE 16
#define IMAGE_HEADER_MAGIC 56

#define IMAGE_MAX_KERNEL (16UL << 20)

const char *image_error_text(enum image_error error)
{
    switch (error) {
    case IMAGE_OK:
        return "it is right";
    case IMAGE_ERR_SEGMENTS:
        return "its segments are not contiguous, or larger than 16 MiB";
    case IMAGE_ERR_HEADER:
        return "it does not start with an arm64 Image header";
    case IMAGE_ERR_PARAMS:
        return "it has no symbol boot_params of the right size in its data";
    }
    return "it is wrong";
}

static enum image_error image_find_params(struct image_kernel *kernel, const struct elffile *elf,
                                          uint64_t start)
{
    const struct elffile_symbol *symbol = elffile_symbol(elf, "boot_params");

    if (symbol == NULL || symbol->bytes != sizeof(struct bd_params) || symbol->addr < start ||
        symbol->addr - start > kernel->size ||
        kernel->size - (symbol->addr - start) < sizeof(struct bd_params)) {
        return IMAGE_ERR_PARAMS;
    }
    kernel->params_off = symbol->addr - start;
    return IMAGE_OK;
}

static enum image_error image_check_header(const struct image_kernel *kernel)
{
    if (kernel->size < IMAGE_HEADER_BYTES ||
        memcmp(kernel->bytes + IMAGE_HEADER_MAGIC, "ARM\x64", 4) != 0) {
        return IMAGE_ERR_HEADER;
    }
    return IMAGE_OK;
}

enum image_error image_kernel_load(struct image_kernel *kernel, const struct elffile *elf)
{
    enum image_error error;
    uint64_t start;
    uint64_t end;

    memset(kernel, 0, sizeof(*kernel));
    if (elf->segments_count == 0) {
        return IMAGE_ERR_SEGMENTS;
    }
    start = elf->segments[0].addr;
    end = start;
    for (size_t i = 0; i < elf->segments_count; i++) {
        const struct elffile_segment *segment = &elf->segments[i];

        /* Between segments there may be alignment, up to 64 KiB, but no overlap. */
        if (segment->addr < end || segment->addr - end >= 0x10000 ||
            segment->bytes > IMAGE_MAX_KERNEL ||
            segment->addr + segment->bytes - start > IMAGE_MAX_KERNEL) {
            return IMAGE_ERR_SEGMENTS;
        }
        end = segment->addr + segment->bytes;
    }
    kernel->size = end - start;
    kernel->bytes = alloc_array(kernel->size, 1);
    for (size_t i = 0; i < elf->segments_count; i++) {
        const struct elffile_segment *segment = &elf->segments[i];

        memcpy(kernel->bytes + (segment->addr - start), elf->bytes + segment->file_off,
               segment->file_bytes);
    }
    error = image_check_header(kernel);
    if (error == IMAGE_OK) {
        error = image_find_params(kernel, elf, start);
    }
    if (error != IMAGE_OK) {
        image_kernel_free(kernel);
    }
    return error;
}

void image_kernel_free(struct image_kernel *kernel)
{
    free(kernel->bytes);
    kernel->bytes = NULL;
}

uint64_t image_bootdesc_bytes(const struct plan *plan, bool symbols)
{
    uint64_t size;

    free(image_describe(plan, symbols, &size));
    return size;
}

static void image_fill_params(const struct plan *plan, uint8_t *at)
{
    const uint64_t words[] = { BD_MAGIC, plan->kernel_base, plan->image_bytes, plan->heap_bytes,
                               plan->bootdesc_off };

    _Static_assert(sizeof(words) == sizeof(struct bd_params), "one word a field");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        plan_store(at + 8 * i, words[i], sizeof(words[i]));
    }
}

uint8_t *image_make(const struct plan *plan, const struct image_kernel *kernel, bool symbols)
{
    uint8_t *image = alloc_array(plan->image_bytes, 1);
    uint64_t bootdesc_bytes;
    uint8_t *bootdesc = image_describe(plan, symbols, &bootdesc_bytes);

    memcpy(image, kernel->bytes, kernel->size);
    plan_store(image + IMAGE_HEADER_SIZE, plan->image_bytes + plan->heap_bytes, sizeof(uint64_t));
    image_fill_params(plan, image + kernel->params_off);
    memcpy(image + plan->bootdesc_off, bootdesc, bootdesc_bytes);
    free(bootdesc);
    for (size_t i = 0; i < plan->regions_count; i++) {
        const struct plan_region *region = &plan->regions[i];

        if (region->data_bytes > 0) {
            memcpy(image + region->src_off, region->data, region->data_bytes);
        }
    }
    return image;
}
