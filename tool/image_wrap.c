/* SPDX-License-Identifier: BSD-2-Clause */
/* Containers around an image: ELF, and the legacy header of U-Boot. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "image.h"

#define IMAGE_PAGE 4096UL

static uint8_t *image_wrap_elf(const struct plan *plan, const uint8_t *image, uint64_t *size)
{
    Elf64_Ehdr ehdr = { 0 };
    Elf64_Phdr phdr = { 0 };
    uint8_t *bytes = alloc_array(IMAGE_PAGE + plan->image_bytes, 1);

    memcpy(ehdr.e_ident, ELFMAG, SELFMAG);
    ehdr.e_ident[EI_CLASS] = ELFCLASS64;
    ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    ehdr.e_ident[EI_VERSION] = EV_CURRENT;
    ehdr.e_type = ET_EXEC;
    ehdr.e_machine = EM_AARCH64;
    ehdr.e_version = EV_CURRENT;
    ehdr.e_entry = plan->kernel_base;
    ehdr.e_phoff = sizeof(ehdr);
    ehdr.e_ehsize = sizeof(ehdr);
    ehdr.e_phentsize = sizeof(phdr);
    ehdr.e_phnum = 1;
    phdr.p_type = PT_LOAD;
    phdr.p_flags = PF_R | PF_W | PF_X;
    phdr.p_offset = IMAGE_PAGE;
    phdr.p_vaddr = plan->kernel_base;
    phdr.p_paddr = plan->kernel_base;
    phdr.p_filesz = plan->image_bytes;
    phdr.p_memsz = plan->image_bytes + plan->heap_bytes;
    phdr.p_align = IMAGE_PAGE;
    memcpy(bytes, &ehdr, sizeof(ehdr));
    memcpy(bytes + sizeof(ehdr), &phdr, sizeof(phdr));
    memcpy(bytes + IMAGE_PAGE, image, plan->image_bytes);
    *size = IMAGE_PAGE + plan->image_bytes;
    return bytes;
}

/* CRC-32 of IEEE 802.3, bit by bit: an image takes a blink. */
static uint32_t image_crc(const uint8_t *bytes, uint64_t size)
{
    uint32_t crc = 0xffffffffu;

    for (uint64_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static void image_store_big(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* U-Boot's legacy image header: seven big-endian words, four bytes, and a name. */
#define UIMAGE_BYTES 64
#define UIMAGE_MAGIC 0x27051956u
#define UIMAGE_OS_LINUX 5
#define UIMAGE_ARCH_ARM64 22
#define UIMAGE_TYPE_KERNEL 2

static uint8_t *image_wrap_uimage(const struct plan *plan, const uint8_t *image, uint64_t *size)
{
    uint8_t *bytes;

    if (plan->kernel_base > UINT32_MAX || plan->image_bytes > UINT32_MAX) {
        return NULL;
    }
    bytes = alloc_array(UIMAGE_BYTES + plan->image_bytes, 1);
    memcpy(bytes + UIMAGE_BYTES, image, plan->image_bytes);
    image_store_big(bytes, UIMAGE_MAGIC);
    /* The time stamp at offset 8 stays 0: the same plan gives the same bytes. */
    image_store_big(bytes + 12, (uint32_t)plan->image_bytes);
    image_store_big(bytes + 16, (uint32_t)plan->kernel_base);
    image_store_big(bytes + 20, (uint32_t)plan->kernel_base);
    image_store_big(bytes + 24, image_crc(image, plan->image_bytes));
    bytes[28] = UIMAGE_OS_LINUX;
    bytes[29] = UIMAGE_ARCH_ARM64;
    bytes[30] = UIMAGE_TYPE_KERNEL;
    snprintf((char *)bytes + 32, 32, "bulkhead");
    image_store_big(bytes + 4, image_crc(bytes, UIMAGE_BYTES));
    *size = UIMAGE_BYTES + plan->image_bytes;
    return bytes;
}

uint8_t *image_wrap(enum image_type type, const struct plan *plan, uint8_t *image, uint64_t *size)
{
    uint8_t *wrapped;

    if (type == IMAGE_BINARY) {
        *size = plan->image_bytes;
        return image;
    }
    wrapped = type == IMAGE_ELF ? image_wrap_elf(plan, image, size)
                                : image_wrap_uimage(plan, image, size);
    free(image);
    return wrapped;
}
