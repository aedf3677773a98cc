/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvmm/arch/aarch64/linux.h>
#include <libvmm/dtb.h>
#include <libvmm/util/util.h>

#include "loader.h"
#include "machine.h"

#define DTB_MAGIC 0xd00dfeedu

bool dtb_check_magic(struct dtb_header *header)
{
    return __builtin_bswap32(header->magic) == DTB_MAGIC;
}

/** Bytes of RAM from an address on. */
struct linux_range {
    const char *what;
    uint64_t start;
    uint64_t bytes;
};

/** Whether the places are in RAM, as far as can be seen, and apart from each other. */
static bool linux_check_places(uintptr_t ram_start, const struct linux_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct linux_range *a = &ranges[i];

        if (a->start < ram_start || a->start + a->bytes < a->start) {
            LOG_VMM_ERR("linux_setup_images: the %s is placed outside of RAM\n", a->what);
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            const struct linux_range *b = &ranges[j];

            if (ranges_overlap(a->start, a->start + a->bytes, b->start, b->start + b->bytes)) {
                LOG_VMM_ERR("linux_setup_images: %s and %s overlap\n", b->what, a->what);
                return false;
            }
        }
    }
    return true;
}

static bool linux_check_dtb(uintptr_t dtb, size_t bytes)
{
    struct dtb_header *header = (struct dtb_header *)dtb;

    if (bytes < sizeof(*header) || !dtb_check_magic(header) ||
        __builtin_bswap32(header->totalsize) > bytes) {
        LOG_VMM_ERR("linux_setup_images: this is no device tree\n");
        return false;
    }
    if (bytes > LOADER_MAX_DTB) {
        LOG_VMM_ERR("linux_setup_images: the device tree is larger than 2 MiB\n");
        return false;
    }
    return true;
}

uintptr_t linux_setup_images(uintptr_t ram_start, uintptr_t kernel, size_t kernel_size,
                             uintptr_t dtb_src, uintptr_t dtb_dest, size_t dtb_size,
                             uintptr_t initrd_src, uintptr_t initrd_dest, size_t initrd_size)
{
    struct loader_image image;
    enum loader_error error = loader_check((const uint8_t *)kernel, kernel_size, &image);

    if (error == LOADER_OK && ram_start % LOADER_ALIGN != 0) {
        error = LOADER_ERR_RAM;
    }
    if (error != LOADER_OK) {
        LOG_VMM_ERR("linux_setup_images: %s\n", loader_says(error));
        return 0;
    }
    uintptr_t entry = ram_start + image.text_offset;
    const struct linux_range ranges[MACHINE_FILES] = {
        { "kernel", entry, image.memory_bytes },
        { "device tree", dtb_dest, dtb_size },
        { "initial RAM disk", initrd_dest, initrd_size },
    };
    machine.files_count = initrd_size == 0 ? 2 : 3;
    if (!linux_check_dtb(dtb_src, dtb_size) ||
        !linux_check_places(ram_start, ranges, machine.files_count)) {
        machine.files_count = 0;
        return 0;
    }
    machine.files[0] = (struct machine_file){ (const void *)kernel, entry, kernel_size };
    machine.files[1] = (struct machine_file){ (const void *)dtb_src, dtb_dest, dtb_size };
    machine.files[2] = (struct machine_file){ (const void *)initrd_src, initrd_dest, initrd_size };
    machine_load_files();
    return entry;
}
