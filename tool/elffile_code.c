/* SPDX-License-Identifier: BSD-2-Clause */
/* Which instructions of a program use the FP/SIMD registers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "elffile.h"

/*
 * The A64 main encoding table (Arm ARM, C4.1): bits 28 to 25 choose the group.
 *   x111  data processing, scalar floating-point and Advanced SIMD
 *   x1x0  loads and stores; bit 26 says that the registers are SIMD&FP ones
 *   0010  SVE; 0000 with bit 31 set: SME
 *   101x  system: MRS and MSR of FPCR and FPSR, and of nothing else, belong to FP
 */
bool elffile_is_fp(uint32_t instruction)
{
    uint32_t group = (instruction >> 25) & 0xfu;
    bool simd = (instruction & (1u << 26)) != 0;

    if ((group & 0x7u) == 0x7u || group == 0x2u) {
        return true;
    }
    if (group == 0 && (instruction >> 31) != 0) {
        return true;
    }
    if ((group & 0x5u) == 0x4u && simd) {
        return true;
    }
    /* MSR/MRS S3_3_C4_C4_{0,1}: FPCR and FPSR. Bit 21 is the direction, bit 5 the register. */
    return (instruction & 0xffdfffc0u) == 0xd51b4400u;
}

/* A place in a code section where instructions start ($x) or end ($d). */
struct elffile_mark {
    uint64_t addr;
    size_t order; /* the later of two symbols at one address counts */
    bool code;
};

static int elffile_compare_marks(const void *a, const void *b)
{
    const struct elffile_mark *left = a;
    const struct elffile_mark *right = b;

    if (left->addr != right->addr) {
        return left->addr < right->addr ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

/* $x, $d, $x.anything, $d.anything */
static bool elffile_is_mark(const char *name)
{
    return name[0] == '$' && (name[1] == 'x' || name[1] == 'd') &&
           (name[2] == '\0' || name[2] == '.');
}

static size_t elffile_collect_marks(const struct elffile *elf, const struct elffile_code *code,
                                    struct elffile_mark *marks)
{
    size_t count = 0;

    for (size_t i = 0; i < elf->symbols_count; i++) {
        const struct elffile_symbol *symbol = &elf->symbols[i];

        if (symbol->section == code->section && elffile_is_mark(symbol->name)) {
            marks[count].addr = symbol->addr;
            marks[count].order = i;
            marks[count].code = symbol->name[1] == 'x';
            count++;
        }
    }
    qsort(marks, count, sizeof(marks[0]), elffile_compare_marks);
    return count;
}

static uint32_t elffile_word(const struct elffile *elf, uint64_t off)
{
    const uint8_t *at = elf->bytes + off;

    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The first FP instruction of a section; false if there is none. */
static bool elffile_find_fp(const struct elffile *elf, const struct elffile_code *code,
                            const struct elffile_mark *marks, size_t marks_count, uint64_t *addr)
{
    bool in_code = marks_count == 0; /* no mapping symbols: everything is taken for code */
    size_t mark = 0;

    for (uint64_t off = 0; code->bytes - off >= 4; off += 4) {
        while (mark < marks_count && marks[mark].addr <= code->addr + off) {
            in_code = marks[mark].code;
            mark++;
        }
        if (in_code && elffile_is_fp(elffile_word(elf, code->file_off + off))) {
            *addr = code->addr + off;
            return true;
        }
    }
    return false;
}

static enum elffile_error elffile_report_fp(const struct elffile *elf, uint64_t addr,
                                            struct elffile_problem *problem)
{
    const struct elffile_symbol *function = elffile_function_at(elf, addr);
    char where[160] = "";

    if (function != NULL) {
        snprintf(where, sizeof(where), " in %.100s()", function->name);
    }
    snprintf(problem->text, sizeof(problem->text),
             "its instruction at 0x%" PRIx64 "%s uses floating-point or SIMD registers, which "
             "fpu=\"false\" forbids; build with -mgeneral-regs-only or allow fpu",
             addr, where);
    return ELF_ERR_FP;
}

/* Without section headers the executable segments are all there is to look at. */
static enum elffile_error elffile_check_segments_no_fp(const struct elffile *elf,
                                                       struct elffile_problem *problem)
{
    for (size_t i = 0; i < elf->segments_count; i++) {
        const struct elffile_segment *segment = &elf->segments[i];
        struct elffile_code code = { segment->addr, segment->file_bytes, segment->file_off, 0 };
        uint64_t addr;

        if ((segment->perms & ELF_EXEC) != 0 && elffile_find_fp(elf, &code, NULL, 0, &addr)) {
            return elffile_report_fp(elf, addr, problem);
        }
    }
    return ELF_OK;
}

enum elffile_error elffile_check_no_fp(const struct elffile *elf, struct elffile_problem *problem)
{
    struct elffile_mark *marks;
    enum elffile_error error = ELF_OK;

    if (elf->code_count == 0) {
        return elffile_check_segments_no_fp(elf, problem);
    }
    marks = alloc_array(elf->symbols_count, sizeof(marks[0]));
    for (size_t i = 0; i < elf->code_count && error == ELF_OK; i++) {
        const struct elffile_code *code = &elf->code[i];
        size_t count = elffile_collect_marks(elf, code, marks);
        uint64_t addr;

        if (elffile_find_fp(elf, code, marks, count, &addr)) {
            error = elffile_report_fp(elf, addr, problem);
        }
    }
    free(marks);
    return error;
}
