/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF file made in memory, for tests: a good program, whose fields a test then changes. It has
 * the segments text (0x200000, r-x) and data (0x202000, rw-, with some .bss), and symbols for the
 * variables that the tool patches.
 */
#ifndef TEST_ELF_MAKER_H
#define TEST_ELF_MAKER_H

#include <elf.h>
#include <stdint.h>

#define ELF_MAKER_TEXT 0x200000UL
#define ELF_MAKER_DATA 0x202000UL
#define ELF_MAKER_BSS (ELF_MAKER_DATA + 0x100UL)
#define ELF_MAKER_BSS_BYTES 0x1800UL
#define ELF_MAKER_SYMBOLS 20

enum elf_maker_section {
    ELF_MAKER_NULL,
    ELF_MAKER_TEXT_SECTION,
    ELF_MAKER_DATA_SECTION,
    ELF_MAKER_BSS_SECTION,
    ELF_MAKER_SYMTAB,
    ELF_MAKER_STRTAB,
    ELF_MAKER_SECTIONS
};

struct elf_maker {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdrs[3]; /* text, data, and a PT_NULL to be used by tests */
    Elf64_Shdr shdrs[ELF_MAKER_SECTIONS];
    Elf64_Sym symbols[ELF_MAKER_SYMBOLS];
    char strings[1024];
    uint32_t text[64];      /* NOPs */
    uint8_t data[256];      /* 0xa5 */
    uint32_t symbols_count; /* the maker's own; in the file, but nothing points at it */
    uint32_t strings_bytes;
};

/** Make the good program. Symbols: _start, function, $x, and the variables of libmicrokit. */
void elf_maker_init(struct elf_maker *maker);

/** Add a symbol. type: STT_FUNC, STT_OBJECT or STT_NOTYPE (which is made local). */
void elf_maker_symbol(struct elf_maker *maker, const char *name, uint64_t addr, uint64_t bytes,
                      enum elf_maker_section section, unsigned char type);

#endif
