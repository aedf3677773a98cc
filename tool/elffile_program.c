/* SPDX-License-Identifier: BSD-2-Clause */
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>

#include "elffile.h"

#define ELF_PAGE 4096UL

static enum elffile_error elffile_check_static(const struct elffile *elf,
                                               struct elffile_problem *problem)
{
    const char *what = NULL;
    GElf_Ehdr ehdr;
    size_t count;

    if (gelf_getehdr(elf->library, &ehdr) == NULL || elf_getphdrnum(elf->library, &count) != 0) {
        snprintf(problem->text, sizeof(problem->text), "its headers cannot be read");
        return ELF_ERR_FORMAT;
    }
    if (ehdr.e_type == ET_REL) {
        what = "it is an object file; link it into an executable";
    } else if (ehdr.e_type == ET_DYN) {
        what = "it is position-independent or a shared object; link it with -static -no-pie";
    } else if (ehdr.e_type != ET_EXEC) {
        what = "it is not an executable";
    }
    for (size_t i = 0; i < count && what == NULL; i++) {
        GElf_Phdr phdr;

        if (gelf_getphdr(elf->library, (int)i, &phdr) == NULL) {
            continue; /* elffile_open() has read them all */
        }
        if (phdr.p_type == PT_INTERP) {
            what = "it needs a program interpreter; link it with -static";
        } else if (phdr.p_type == PT_DYNAMIC) {
            what = "it is dynamically linked; link it with -static";
        }
    }
    if (what != NULL) {
        snprintf(problem->text, sizeof(problem->text), "%s", what);
        return ELF_ERR_TYPE;
    }
    return ELF_OK;
}

static enum elffile_error elffile_check_segment(const struct elffile_segment *segment,
                                                uint64_t limit, struct elffile_problem *problem)
{
    if (segment->addr >= limit || segment->bytes > limit - segment->addr) {
        snprintf(problem->text, sizeof(problem->text),
                 "its segment at 0x%" PRIx64 " (0x%" PRIx64 " bytes) reaches above 0x%" PRIx64
                 ", the highest address of a program",
                 segment->addr, segment->bytes, limit);
        return ELF_ERR_SEGMENT;
    }
    if ((segment->perms & ELF_WRITE) != 0 && (segment->perms & ELF_EXEC) != 0) {
        snprintf(problem->text, sizeof(problem->text),
                 "its segment at 0x%" PRIx64
                 " is writable and executable; link code and data into different segments",
                 segment->addr);
        return ELF_ERR_WX;
    }
    return ELF_OK;
}

static enum elffile_error elffile_check_neighbours(const struct elffile_segment *low,
                                                   const struct elffile_segment *high,
                                                   struct elffile_problem *problem)
{
    uint64_t low_end = low->addr + low->bytes;

    if (low_end > high->addr) {
        snprintf(problem->text, sizeof(problem->text),
                 "its segments at 0x%" PRIx64 " and 0x%" PRIx64 " overlap", low->addr, high->addr);
        return ELF_ERR_OVERLAP;
    }
    if ((low_end - 1) / ELF_PAGE == high->addr / ELF_PAGE) {
        snprintf(problem->text, sizeof(problem->text),
                 "its segments at 0x%" PRIx64 " and 0x%" PRIx64
                 " share a page; align segments to 0x1000 as microkit.ld does",
                 low->addr, high->addr);
        return ELF_ERR_OVERLAP;
    }
    return ELF_OK;
}

enum elffile_error elffile_check_program(const struct elffile *elf, uint64_t limit,
                                         struct elffile_problem *problem)
{
    enum elffile_error error = elffile_check_static(elf, problem);
    bool entry = false;

    if (error != ELF_OK) {
        return error;
    }
    if (elf->segments_count == 0) {
        snprintf(problem->text, sizeof(problem->text), "it has no loadable segment");
        return ELF_ERR_SEGMENT;
    }
    for (size_t i = 0; i < elf->segments_count; i++) {
        const struct elffile_segment *segment = &elf->segments[i];

        error = elffile_check_segment(segment, limit, problem);
        if (error != ELF_OK) {
            return error;
        }
        if (i > 0) {
            error = elffile_check_neighbours(segment - 1, segment, problem);
            if (error != ELF_OK) {
                return error;
            }
        }
        if ((segment->perms & ELF_EXEC) != 0 && elf->entry >= segment->addr &&
            elf->entry - segment->addr < segment->bytes) {
            entry = true;
        }
    }
    if (!entry || (elf->entry & 3) != 0) {
        snprintf(problem->text, sizeof(problem->text),
                 "its entry point 0x%" PRIx64 " is not an instruction of an executable segment",
                 elf->entry);
        return ELF_ERR_ENTRY;
    }
    return ELF_OK;
}
