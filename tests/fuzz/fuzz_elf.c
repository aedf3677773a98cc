/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files that are hostile. Beyond what the sanitizers see: what is accepted as a program keeps
 * the promises that the image is built on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elffile.h"
#include "image.h"

#define FUZZ_LIMIT (1UL << 39)
#define FUZZ_PAGE 4096UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_demand(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fuzz_elf: %s\n", what);
        abort();
    }
}

static void fuzz_check_segments(const struct elffile *elf, size_t size)
{
    bool entry = false;

    fuzz_demand(elf->segments_count > 0, "a program without segments");
    for (size_t i = 0; i < elf->segments_count; i++) {
        const struct elffile_segment *segment = &elf->segments[i];
        uint64_t end = segment->addr + segment->bytes;

        fuzz_demand(segment->bytes > 0 && end > segment->addr && end <= FUZZ_LIMIT,
                    "a segment outside the address space");
        fuzz_demand(segment->file_bytes <= segment->bytes, "a segment larger than its memory");
        fuzz_demand(segment->file_off <= size && segment->file_bytes <= size - segment->file_off,
                    "a segment outside the file");
        fuzz_demand((segment->perms & (ELF_WRITE | ELF_EXEC)) != (ELF_WRITE | ELF_EXEC),
                    "a writable and executable segment");
        fuzz_demand(i == 0 || (segment[-1].addr + segment[-1].bytes - 1) / FUZZ_PAGE <
                                  segment->addr / FUZZ_PAGE,
                    "two segments in a page");
        entry = entry || ((segment->perms & ELF_EXEC) != 0 && elf->entry >= segment->addr &&
                          elf->entry < end);
    }
    fuzz_demand(entry, "an entry point outside the program");
}

static void fuzz_use_symbols(const struct elffile *elf)
{
    for (size_t i = 0; i < elf->symbols_count && i < 64; i++) {
        const struct elffile_symbol *symbol = &elf->symbols[i];
        const struct elffile_symbol *function = elffile_function_at(elf, symbol->addr);

        fuzz_demand(elffile_symbol(elf, symbol->name) != NULL, "a symbol that is not found");
        fuzz_demand(function == NULL || function->addr <= symbol->addr,
                    "an address before its function");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elffile_problem problem = { "" };
    struct image_kernel kernel;
    struct elffile *elf = NULL;

    if (elffile_open_bytes("fuzz.elf", data, size, &elf, &problem) != ELF_OK) {
        fuzz_demand(elf == NULL && problem.text[0] != '\0', "a refusal without a reason");
        return 0;
    }
    fuzz_use_symbols(elf);
    if (elffile_check_program(elf, FUZZ_LIMIT, &problem) == ELF_OK) {
        fuzz_check_segments(elf, size);
    }
    elffile_check_no_fp(elf, &problem);
    if (image_kernel_load(&kernel, elf) == IMAGE_OK) {
        fuzz_demand(kernel.params_off <= kernel.size && kernel.size - kernel.params_off >= 40,
                    "boot parameters outside the kernel");
        image_kernel_free(&kernel);
    }
    elffile_close(elf);
    return 0;
}
