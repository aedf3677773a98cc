/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf_maker.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static void elf_maker_segment(Elf64_Phdr *phdr, uint32_t flags, uint64_t offset, uint64_t addr,
                              uint64_t file_bytes, uint64_t bytes)
{
    phdr->p_type = PT_LOAD;
    phdr->p_flags = flags;
    phdr->p_offset = offset;
    phdr->p_vaddr = addr;
    phdr->p_paddr = addr;
    phdr->p_filesz = file_bytes;
    phdr->p_memsz = bytes;
    phdr->p_align = 4;
}

static void elf_maker_section(Elf64_Shdr *shdr, uint32_t type, uint64_t flags, uint64_t addr,
                              uint64_t offset, uint64_t bytes)
{
    shdr->sh_type = type;
    shdr->sh_flags = flags;
    shdr->sh_addr = addr;
    shdr->sh_offset = offset;
    shdr->sh_size = bytes;
    shdr->sh_addralign = 1;
}

static void elf_maker_headers(struct elf_maker *maker)
{
    Elf64_Ehdr *ehdr = &maker->ehdr;

    memcpy(ehdr->e_ident, ELFMAG, SELFMAG);
    ehdr->e_ident[EI_CLASS] = ELFCLASS64;
    ehdr->e_ident[EI_DATA] = ELFDATA2LSB;
    ehdr->e_ident[EI_VERSION] = EV_CURRENT;
    ehdr->e_type = ET_EXEC;
    ehdr->e_machine = EM_AARCH64;
    ehdr->e_version = EV_CURRENT;
    ehdr->e_entry = ELF_MAKER_TEXT;
    ehdr->e_phoff = offsetof(struct elf_maker, phdrs);
    ehdr->e_shoff = offsetof(struct elf_maker, shdrs);
    ehdr->e_ehsize = sizeof(Elf64_Ehdr);
    ehdr->e_phentsize = sizeof(Elf64_Phdr);
    ehdr->e_phnum = 3;
    ehdr->e_shentsize = sizeof(Elf64_Shdr);
    ehdr->e_shnum = ELF_MAKER_SECTIONS;
    ehdr->e_shstrndx = ELF_MAKER_STRTAB;
}

static void elf_maker_variables(struct elf_maker *maker)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } variables[] = {
        { "__sel4_ipc_buffer", 8 }, { "microkit_name", 64 }, { "microkit_passive", 1 },
        { "microkit_irqs", 8 },     { "microkit_pps", 8 },   { "microkit_notifications", 8 },
    };
    uint64_t addr = ELF_MAKER_DATA;

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        elf_maker_symbol(maker, variables[i].name, addr, variables[i].bytes, ELF_MAKER_DATA_SECTION,
                         STT_OBJECT);
        addr += (variables[i].bytes + 7) & ~7UL;
    }
}

void elf_maker_init(struct elf_maker *maker)
{
    Elf64_Shdr *shdrs = maker->shdrs;
    const uint64_t text = offsetof(struct elf_maker, text);
    const uint64_t data = offsetof(struct elf_maker, data);

    memset(maker, 0, sizeof(*maker));
    elf_maker_headers(maker);
    elf_maker_segment(&maker->phdrs[0], PF_R | PF_X, text, ELF_MAKER_TEXT, sizeof(maker->text),
                      sizeof(maker->text));
    elf_maker_segment(&maker->phdrs[1], PF_R | PF_W, data, ELF_MAKER_DATA, sizeof(maker->data),
                      sizeof(maker->data) + ELF_MAKER_BSS_BYTES);
    elf_maker_section(&shdrs[ELF_MAKER_TEXT_SECTION], SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
                      ELF_MAKER_TEXT, text, sizeof(maker->text));
    elf_maker_section(&shdrs[ELF_MAKER_DATA_SECTION], SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
                      ELF_MAKER_DATA, data, sizeof(maker->data));
    elf_maker_section(&shdrs[ELF_MAKER_BSS_SECTION], SHT_NOBITS, SHF_ALLOC | SHF_WRITE,
                      ELF_MAKER_BSS, 0, ELF_MAKER_BSS_BYTES);
    elf_maker_section(&shdrs[ELF_MAKER_SYMTAB], SHT_SYMTAB, 0, 0,
                      offsetof(struct elf_maker, symbols), sizeof(Elf64_Sym));
    shdrs[ELF_MAKER_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
    shdrs[ELF_MAKER_SYMTAB].sh_link = ELF_MAKER_STRTAB;
    shdrs[ELF_MAKER_SYMTAB].sh_addralign = 8;
    elf_maker_section(&shdrs[ELF_MAKER_STRTAB], SHT_STRTAB, 0, 0,
                      offsetof(struct elf_maker, strings), sizeof(maker->strings));
    for (size_t i = 0; i < sizeof(maker->text) / sizeof(maker->text[0]); i++) {
        maker->text[i] = 0xd503201f; /* NOP */
    }
    memset(maker->data, 0xa5, sizeof(maker->data));
    maker->symbols_count = 1;
    maker->strings_bytes = 1;
    elf_maker_symbol(maker, "_start", ELF_MAKER_TEXT, 0x40, ELF_MAKER_TEXT_SECTION, STT_FUNC);
    elf_maker_symbol(maker, "function", ELF_MAKER_TEXT + 0x40, 0x40, ELF_MAKER_TEXT_SECTION,
                     STT_FUNC);
    elf_maker_symbol(maker, "$x", ELF_MAKER_TEXT, 0, ELF_MAKER_TEXT_SECTION, STT_NOTYPE);
    elf_maker_variables(maker);
}

void elf_maker_symbol(struct elf_maker *maker, const char *name, uint64_t addr, uint64_t bytes,
                      enum elf_maker_section section, unsigned char type)
{
    Elf64_Sym *symbol = &maker->symbols[maker->symbols_count++];
    size_t length = strlen(name) + 1;

    assert(maker->symbols_count <= ELF_MAKER_SYMBOLS);
    assert(maker->strings_bytes + length <= sizeof(maker->strings));
    symbol->st_name = maker->strings_bytes;
    symbol->st_info =
        (unsigned char)ELF64_ST_INFO(type == STT_NOTYPE ? STB_LOCAL : STB_GLOBAL, type);
    symbol->st_shndx = (Elf64_Half)section;
    symbol->st_value = addr;
    symbol->st_size = bytes;
    memcpy(maker->strings + maker->strings_bytes, name, length);
    maker->strings_bytes += (uint32_t)length;
    maker->shdrs[ELF_MAKER_SYMTAB].sh_size = maker->symbols_count * sizeof(Elf64_Sym);
}
