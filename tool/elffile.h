/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files: programs of protection domains, the kernel, and files that are read for their symbols
 * only. Every number of the file is checked before it is used; a file of any content is safe to
 * open.
 *
 * Nothing here knows the system description: functions that can fail return an enum elffile_error
 * and a sentence, which the caller prints at the position that named the file.
 */
#ifndef TOOL_ELFFILE_H
#define TOOL_ELFFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Largest file that is read. */
#define ELF_MAX_FILE (1UL << 30)
/** Most program headers. */
#define ELF_MAX_SEGMENTS 64

enum elffile_error {
    ELF_OK = 0,
    /** The file cannot be opened or read. */
    ELF_ERR_READ,
    /** Not an ELF file, or one whose tables lie outside it. */
    ELF_ERR_FORMAT,
    /** Not 64-bit little-endian AArch64. */
    ELF_ERR_MACHINE,
    /** Not a static executable: object file, shared object, PIE, dynamic section, interpreter. */
    ELF_ERR_TYPE,
    /** A segment lies outside the file, outside the address space, is larger in the file than in
     * memory, or there is none. */
    ELF_ERR_SEGMENT,
    /** Two segments overlap or share a page. */
    ELF_ERR_OVERLAP,
    /** A segment is writable and executable. */
    ELF_ERR_WX,
    /** The entry point is not in an executable segment. */
    ELF_ERR_ENTRY,
    /** An instruction uses FP/SIMD registers. */
    ELF_ERR_FP,
};

/** What is wrong, as a sentence without the file's name that starts in lower case. */
struct elffile_problem {
    char text[320];
};

#define ELF_READ 1u
#define ELF_WRITE 2u
#define ELF_EXEC 4u

/** A loadable segment with contents in memory (memory size > 0). Sorted by address. */
struct elffile_segment {
    uint64_t addr;
    uint64_t bytes;      /* in memory */
    uint64_t file_bytes; /* <= bytes; the rest is zero */
    uint64_t file_off;
    unsigned perms; /* ELF_READ, ELF_WRITE, ELF_EXEC */
};

struct elffile_symbol {
    const char *name; /* owned by the struct elffile */
    uint64_t addr;
    uint64_t bytes;
    unsigned section;
    bool function;
    bool global;
    bool absolute;
};

/** A section that contains instructions. */
struct elffile_code {
    uint64_t addr;
    uint64_t bytes;
    uint64_t file_off;
    unsigned section;
};

struct elffile {
    char *path;
    uint8_t *bytes;
    size_t size;
    void *library; /* libelf's handle */
    uint64_t entry;
    struct elffile_segment segments[ELF_MAX_SEGMENTS];
    size_t segments_count;
    struct elffile_symbol *symbols; /* defined ones, in the file's order */
    size_t symbols_count;
    struct elffile_code *code;
    size_t code_count;
};

/**
 * Open an ELF file and read its segments, symbols and code sections.
 *
 * path: the file; also kept for messages.
 * out: receives the file, to be closed with elffile_close(), when ELF_OK is returned.
 * Errors: ELF_ERR_READ, ELF_ERR_FORMAT, ELF_ERR_MACHINE, ELF_ERR_SEGMENT, each with *problem set.
 */
enum elffile_error elffile_open(const char *path, struct elffile **out,
                                struct elffile_problem *problem);

/**
 * The same for bytes in memory, which are copied. Errors: as elffile_open() but ELF_ERR_READ.
 */
enum elffile_error elffile_open_bytes(const char *path, const uint8_t *bytes, size_t size,
                                      struct elffile **out, struct elffile_problem *problem);

/** Close a file; NULL is allowed. */
void elffile_close(struct elffile *elf);

/**
 * Check that an open file can be the program of a PD: a static executable whose segments lie below
 * `limit`, don't overlap, share no page, are not writable and executable at once, and one of whose
 * executable segments contains the entry point.
 *
 * Errors: ELF_ERR_TYPE, ELF_ERR_SEGMENT, ELF_ERR_OVERLAP, ELF_ERR_WX, ELF_ERR_ENTRY.
 */
enum elffile_error elffile_check_program(const struct elffile *elf, uint64_t limit,
                                         struct elffile_problem *problem);

/**
 * Check that no instruction of a program uses the FP/SIMD registers. Data inside code sections is
 * skipped where the file has mapping symbols ($x, $d). Errors: ELF_ERR_FP, naming the first such
 * instruction's address and function.
 */
enum elffile_error elffile_check_no_fp(const struct elffile *elf, struct elffile_problem *problem);

/** A defined symbol by name, a global one before a local one; NULL if there is none. */
const struct elffile_symbol *elffile_symbol(const struct elffile *elf, const char *name);

/**
 * The function that contains an address, or, where symbols have no size, the nearest one before it
 * in the same section; NULL if there is none.
 */
const struct elffile_symbol *elffile_function_at(const struct elffile *elf, uint64_t addr);

/** Whether an instruction of A64 reads or writes FP/SIMD (or SVE, SME) state. */
bool elffile_is_fp(uint32_t instruction);

#endif
