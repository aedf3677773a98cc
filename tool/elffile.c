/* SPDX-License-Identifier: BSD-2-Clause */
#include "elffile.h"

#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "file.h"

static enum elffile_error elffile_fail(struct elffile_problem *problem, enum elffile_error error,
                                       const char *sentence)
{
    snprintf(problem->text, sizeof(problem->text), "%s", sentence);
    return error;
}

static bool elffile_in_file(const struct elffile *elf, uint64_t off, uint64_t bytes)
{
    return off <= elf->size && bytes <= elf->size - off;
}

static int elffile_compare_segments(const void *a, const void *b)
{
    const struct elffile_segment *left = a;
    const struct elffile_segment *right = b;

    return left->addr < right->addr ? -1 : left->addr > right->addr;
}

static enum elffile_error elffile_read_segments(struct elffile *elf,
                                                struct elffile_problem *problem)
{
    size_t count;

    if (elf_getphdrnum(elf->library, &count) != 0) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its program headers lie outside the file");
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr phdr;
        struct elffile_segment *segment;

        if (i >= UINT16_MAX || gelf_getphdr(elf->library, (int)i, &phdr) == NULL) {
            return elffile_fail(problem, ELF_ERR_FORMAT,
                                "its program headers lie outside the file");
        }
        if (phdr.p_type != PT_LOAD || phdr.p_memsz == 0) {
            continue;
        }
        if (elf->segments_count == ELF_MAX_SEGMENTS) {
            return elffile_fail(problem, ELF_ERR_SEGMENT, "it has too many loadable segments");
        }
        if (!elffile_in_file(elf, phdr.p_offset, phdr.p_filesz)) {
            snprintf(problem->text, sizeof(problem->text),
                     "its segment at 0x%" PRIx64 " lies outside the file", phdr.p_vaddr);
            return ELF_ERR_SEGMENT;
        }
        if (phdr.p_filesz > phdr.p_memsz) {
            snprintf(problem->text, sizeof(problem->text),
                     "its segment at 0x%" PRIx64 " is larger in the file than in memory",
                     phdr.p_vaddr);
            return ELF_ERR_SEGMENT;
        }
        if (phdr.p_vaddr + phdr.p_memsz < phdr.p_vaddr) {
            snprintf(problem->text, sizeof(problem->text),
                     "its segment at 0x%" PRIx64 " wraps around the end of memory", phdr.p_vaddr);
            return ELF_ERR_SEGMENT;
        }
        segment = &elf->segments[elf->segments_count++];
        segment->addr = phdr.p_vaddr;
        segment->bytes = phdr.p_memsz;
        segment->file_bytes = phdr.p_filesz;
        segment->file_off = phdr.p_offset;
        segment->perms = ((phdr.p_flags & PF_R) != 0 ? ELF_READ : 0u) |
                         ((phdr.p_flags & PF_W) != 0 ? ELF_WRITE : 0u) |
                         ((phdr.p_flags & PF_X) != 0 ? ELF_EXEC : 0u);
    }
    qsort(elf->segments, elf->segments_count, sizeof(elf->segments[0]), elffile_compare_segments);
    return ELF_OK;
}

static enum elffile_error elffile_read_symbols(struct elffile *elf, Elf_Scn *section,
                                               const GElf_Shdr *shdr,
                                               struct elffile_problem *problem)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count;

    if (data == NULL || shdr->sh_entsize != sizeof(Elf64_Sym) ||
        !elffile_in_file(elf, shdr->sh_offset, shdr->sh_size)) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its symbol table is damaged");
    }
    count = data->d_size / sizeof(Elf64_Sym);
    if (count > INT32_MAX) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its symbol table is damaged");
    }
    free(elf->symbols);
    elf->symbols_count = 0;
    elf->symbols = alloc_array(count, sizeof(elf->symbols[0]));
    for (size_t i = 0; i < count; i++) {
        struct elffile_symbol *symbol = &elf->symbols[elf->symbols_count];
        unsigned char type;
        GElf_Sym sym;
        const char *name;

        if (gelf_getsym(data, (int)i, &sym) == NULL || sym.st_shndx == SHN_UNDEF) {
            continue;
        }
        type = GELF_ST_TYPE(sym.st_info);
        if (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE) {
            continue;
        }
        name = elf_strptr(elf->library, shdr->sh_link, sym.st_name);
        if (name == NULL || name[0] == '\0') {
            continue;
        }
        symbol->name = name;
        symbol->addr = sym.st_value;
        symbol->bytes = sym.st_size;
        symbol->section = sym.st_shndx;
        symbol->function = type == STT_FUNC;
        symbol->global = GELF_ST_BIND(sym.st_info) != STB_LOCAL;
        symbol->absolute = sym.st_shndx >= SHN_LORESERVE;
        elf->symbols_count++;
    }
    return ELF_OK;
}

static enum elffile_error elffile_read_sections(struct elffile *elf,
                                                struct elffile_problem *problem)
{
    Elf_Scn *section = NULL;
    size_t count;

    if (elf_getshdrnum(elf->library, &count) != 0) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its section headers lie outside the file");
    }
    elf->code = alloc_array(count + 1, sizeof(elf->code[0]));
    while ((section = elf_nextscn(elf->library, section)) != NULL) {
        GElf_Shdr shdr;

        if (gelf_getshdr(section, &shdr) == NULL) {
            return elffile_fail(problem, ELF_ERR_FORMAT,
                                "its section headers lie outside the file");
        }
        if (shdr.sh_type == SHT_SYMTAB) {
            enum elffile_error error = elffile_read_symbols(elf, section, &shdr, problem);

            if (error != ELF_OK) {
                return error;
            }
        }
        if (shdr.sh_type == SHT_PROGBITS && (shdr.sh_flags & SHF_EXECINSTR) != 0 &&
            (shdr.sh_flags & SHF_ALLOC) != 0 && shdr.sh_size > 0) {
            struct elffile_code *code = &elf->code[elf->code_count];

            if (elf->code_count == count || !elffile_in_file(elf, shdr.sh_offset, shdr.sh_size)) {
                return elffile_fail(problem, ELF_ERR_FORMAT,
                                    "a code section lies outside the file");
            }
            code->addr = shdr.sh_addr;
            code->bytes = shdr.sh_size;
            code->file_off = shdr.sh_offset;
            code->section = (unsigned)elf_ndxscn(section);
            elf->code_count++;
        }
    }
    return ELF_OK;
}

static enum elffile_error elffile_parse(struct elffile *elf, struct elffile_problem *problem)
{
    enum elffile_error error;
    GElf_Ehdr ehdr;

    if (elf_version(EV_CURRENT) == EV_NONE) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "libelf is too old");
    }
    if (elf->size < EI_NIDENT || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "it is not an ELF file");
    }
    if (elf->bytes[EI_CLASS] != ELFCLASS64) {
        return elffile_fail(problem, ELF_ERR_MACHINE,
                            "it is not a 64-bit ELF file; build it for AArch64");
    }
    if (elf->bytes[EI_DATA] != ELFDATA2LSB) {
        return elffile_fail(problem, ELF_ERR_MACHINE,
                            "it is not little endian; build it for little-endian AArch64");
    }
    elf->library = elf_memory((char *)elf->bytes, elf->size);
    if (elf->library == NULL || elf_kind(elf->library) != ELF_K_ELF ||
        gelf_getehdr(elf->library, &ehdr) == NULL) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "it is not a complete ELF file");
    }
    if (ehdr.e_machine != EM_AARCH64) {
        snprintf(problem->text, sizeof(problem->text),
                 "it is for another processor (ELF machine %u); build it for AArch64",
                 (unsigned)ehdr.e_machine);
        return ELF_ERR_MACHINE;
    }
    /* libelf takes tables that lie outside the file for absent ones. */
    if (ehdr.e_phnum > 0 &&
        (ehdr.e_phentsize != sizeof(Elf64_Phdr) ||
         !elffile_in_file(elf, ehdr.e_phoff, (uint64_t)ehdr.e_phnum * sizeof(Elf64_Phdr)))) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its program headers lie outside the file");
    }
    if (ehdr.e_shnum > 0 &&
        (ehdr.e_shentsize != sizeof(Elf64_Shdr) ||
         !elffile_in_file(elf, ehdr.e_shoff, (uint64_t)ehdr.e_shnum * sizeof(Elf64_Shdr)))) {
        return elffile_fail(problem, ELF_ERR_FORMAT, "its section headers lie outside the file");
    }
    elf->entry = ehdr.e_entry;
    error = elffile_read_segments(elf, problem);
    if (error != ELF_OK) {
        return error;
    }
    return elffile_read_sections(elf, problem);
}

/* Takes `bytes` over, also when it fails. */
static enum elffile_error elffile_adopt(const char *path, uint8_t *bytes, size_t size,
                                        struct elffile **out, struct elffile_problem *problem)
{
    struct elffile *elf = alloc_array(1, sizeof(*elf));
    enum elffile_error error;

    elf->path = alloc_copy(path, strlen(path));
    elf->bytes = bytes;
    elf->size = size;
    error = elffile_parse(elf, problem);
    if (error != ELF_OK) {
        elffile_close(elf);
        return error;
    }
    *out = elf;
    return ELF_OK;
}

enum elffile_error elffile_open(const char *path, struct elffile **out,
                                struct elffile_problem *problem)
{
    uint8_t *bytes;
    size_t size;
    int error = file_read(path, ELF_MAX_FILE, &bytes, &size);

    if (error != 0) {
        snprintf(problem->text, sizeof(problem->text), "it cannot be read: %s", strerror(error));
        return ELF_ERR_READ;
    }
    return elffile_adopt(path, bytes, size, out, problem);
}

enum elffile_error elffile_open_bytes(const char *path, const uint8_t *bytes, size_t size,
                                      struct elffile **out, struct elffile_problem *problem)
{
    uint8_t *copy = alloc_array(1, size + 1);

    memcpy(copy, bytes, size);
    return elffile_adopt(path, copy, size, out, problem);
}

void elffile_close(struct elffile *elf)
{
    if (elf == NULL) {
        return;
    }
    if (elf->library != NULL) {
        elf_end(elf->library);
    }
    free(elf->code);
    free(elf->symbols);
    free(elf->bytes);
    free(elf->path);
    free(elf);
}

const struct elffile_symbol *elffile_symbol(const struct elffile *elf, const char *name)
{
    const struct elffile_symbol *local = NULL;

    for (size_t i = 0; i < elf->symbols_count; i++) {
        const struct elffile_symbol *symbol = &elf->symbols[i];

        if (strcmp(symbol->name, name) != 0) {
            continue;
        }
        if (symbol->global) {
            return symbol;
        }
        if (local == NULL) {
            local = symbol;
        }
    }
    return local;
}

/* Mapping symbols ($x, $d) and the like are no functions even where they are at a function. */
static bool elffile_names_code(const struct elffile_symbol *symbol)
{
    return symbol->name[0] != '$' && (symbol->function || symbol->bytes == 0) && !symbol->absolute;
}

static const struct elffile_code *elffile_code_at(const struct elffile *elf, uint64_t addr)
{
    for (size_t i = 0; i < elf->code_count; i++) {
        if (addr >= elf->code[i].addr && addr - elf->code[i].addr < elf->code[i].bytes) {
            return &elf->code[i];
        }
    }
    return NULL;
}

const struct elffile_symbol *elffile_function_at(const struct elffile *elf, uint64_t addr)
{
    const struct elffile_code *code = elffile_code_at(elf, addr);
    const struct elffile_symbol *best = NULL;

    if (code == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < elf->symbols_count; i++) {
        const struct elffile_symbol *symbol = &elf->symbols[i];

        if (!elffile_names_code(symbol) || symbol->section != code->section ||
            symbol->addr > addr || (symbol->bytes > 0 && addr - symbol->addr >= symbol->bytes)) {
            continue;
        }
        if (best == NULL || symbol->addr > best->addr ||
            (symbol->addr == best->addr && symbol->function && !best->function)) {
            best = symbol;
        }
    }
    return best;
}
