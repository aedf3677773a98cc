/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF files: what is read from a good one, and that each kind of bad one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "elf_maker.h"
#include "elffile.h"

#define LIMIT (1UL << 39)

/* Open what the maker has. */
static enum elffile_error test_open(const struct elf_maker *maker, struct elffile **elf,
                                    struct elffile_problem *problem)
{
    memset(problem, 0, sizeof(*problem));
    *elf = NULL;
    return elffile_open_bytes("test.elf", (const uint8_t *)maker, sizeof(*maker), elf, problem);
}

/* The first error of opening and checking, whose sentence must contain `words`. */
static void test_refused(const struct elf_maker *maker, enum elffile_error expected,
                         const char *words)
{
    struct elffile_problem problem;
    struct elffile *elf;
    enum elffile_error error = test_open(maker, &elf, &problem);

    if (error == ELF_OK) {
        error = elffile_check_program(elf, LIMIT, &problem);
    }
    assert_int_equal(error, expected);
    assert_non_null(strstr(problem.text, words));
    elffile_close(elf);
}

static void test_good(void **state)
{
    struct elffile_problem problem;
    const struct elffile_symbol *symbol;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_program(elf, LIMIT, &problem), ELF_OK);
    assert_int_equal(elffile_check_no_fp(elf, &problem), ELF_OK);
    assert_int_equal(elf->entry, ELF_MAKER_TEXT);
    assert_int_equal(elf->segments_count, 2);
    assert_int_equal(elf->segments[0].addr, ELF_MAKER_TEXT);
    assert_int_equal(elf->segments[0].perms, ELF_READ | ELF_EXEC);
    assert_int_equal(elf->segments[1].perms, ELF_READ | ELF_WRITE);
    assert_int_equal(elf->segments[1].bytes, 256 + ELF_MAKER_BSS_BYTES);
    assert_int_equal(elf->segments[1].file_bytes, 256);
    symbol = elffile_symbol(elf, "microkit_name");
    assert_non_null(symbol);
    assert_int_equal(symbol->bytes, 64);
    assert_null(elffile_symbol(elf, "microkit_nam"));
    assert_string_equal(elffile_function_at(elf, ELF_MAKER_TEXT + 0x7c)->name, "function");
    assert_null(elffile_function_at(elf, ELF_MAKER_TEXT + 0x80));
    assert_null(elffile_function_at(elf, ELF_MAKER_DATA));
    elffile_close(elf);
}

static void test_segments_are_sorted(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;
    Elf64_Phdr swap;

    (void)state;
    elf_maker_init(&maker);
    swap = maker.phdrs[0];
    maker.phdrs[0] = maker.phdrs[1];
    maker.phdrs[1] = swap;
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elf->segments[0].addr, ELF_MAKER_TEXT);
    elffile_close(elf);
}

static void test_global_symbol_wins(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    elf_maker_symbol(&maker, "twice", ELF_MAKER_DATA + 8, 8, ELF_MAKER_DATA_SECTION, STT_NOTYPE);
    elf_maker_symbol(&maker, "twice", ELF_MAKER_DATA + 16, 8, ELF_MAKER_DATA_SECTION, STT_OBJECT);
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_symbol(elf, "twice")->addr, ELF_MAKER_DATA + 16);
    elffile_close(elf);
}

static void test_missing_file(void **state)
{
    struct elffile_problem problem;
    struct elffile *elf = NULL;

    (void)state;
    assert_int_equal(elffile_open("/nonexistent/program.elf", &elf, &problem), ELF_ERR_READ);
    assert_int_equal(elffile_open("/", &elf, &problem), ELF_ERR_READ);
    assert_null(elf);
}

static void test_not_elf(void **state)
{
    struct elffile_problem problem;
    struct elffile *elf = NULL;
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_ident[0] = 'M';
    test_refused(&maker, ELF_ERR_FORMAT, "not an ELF file");
    assert_int_equal(elffile_open_bytes("empty", (const uint8_t *)"", 0, &elf, &problem),
                     ELF_ERR_FORMAT);
}

/* Every prefix of a good file is refused or opened, never read beyond its end. */
static void test_truncated(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    size_t refused = 0;

    (void)state;
    elf_maker_init(&maker);
    for (size_t size = 0; size < sizeof(maker); size++) {
        struct elffile *elf = NULL;

        if (elffile_open_bytes("cut", (const uint8_t *)&maker, size, &elf, &problem) != ELF_OK) {
            refused++;
        }
        elffile_close(elf);
    }
    /* All that lack a byte of text or data are refused. */
    assert_true(refused >= offsetof(struct elf_maker, data) + sizeof(maker.data));
}

static void test_class_and_machine(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_ident[EI_CLASS] = ELFCLASS32;
    test_refused(&maker, ELF_ERR_MACHINE, "64-bit");
    elf_maker_init(&maker);
    maker.ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
    test_refused(&maker, ELF_ERR_MACHINE, "little endian");
    elf_maker_init(&maker);
    maker.ehdr.e_machine = EM_X86_64;
    test_refused(&maker, ELF_ERR_MACHINE, "another processor");
}

static void test_type(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_type = ET_REL;
    test_refused(&maker, ELF_ERR_TYPE, "object file");
    maker.ehdr.e_type = ET_DYN;
    test_refused(&maker, ELF_ERR_TYPE, "position-independent");
    maker.ehdr.e_type = ET_CORE;
    test_refused(&maker, ELF_ERR_TYPE, "not an executable");
    elf_maker_init(&maker);
    maker.phdrs[2].p_type = PT_INTERP;
    test_refused(&maker, ELF_ERR_TYPE, "interpreter");
    maker.phdrs[2].p_type = PT_DYNAMIC;
    test_refused(&maker, ELF_ERR_TYPE, "dynamically linked");
}

static void test_no_segment(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_phnum = 0;
    test_refused(&maker, ELF_ERR_SEGMENT, "no loadable segment");
}

static void test_segment_outside_file(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.phdrs[0].p_offset = sizeof(maker) - 1;
    test_refused(&maker, ELF_ERR_SEGMENT, "outside the file");
    elf_maker_init(&maker);
    maker.phdrs[0].p_offset = UINT64_MAX - 1;
    test_refused(&maker, ELF_ERR_SEGMENT, "outside the file");
    elf_maker_init(&maker);
    maker.phdrs[1].p_filesz = UINT64_MAX;
    test_refused(&maker, ELF_ERR_SEGMENT, "outside the file");
}

static void test_segment_sizes(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.phdrs[1].p_memsz = maker.phdrs[1].p_filesz - 1;
    test_refused(&maker, ELF_ERR_SEGMENT, "larger in the file");
    elf_maker_init(&maker);
    maker.phdrs[1].p_memsz = UINT64_MAX;
    test_refused(&maker, ELF_ERR_SEGMENT, "wraps around");
    elf_maker_init(&maker);
    maker.phdrs[1].p_memsz = LIMIT - ELF_MAKER_DATA + 1;
    test_refused(&maker, ELF_ERR_SEGMENT, "reaches above");
    maker.phdrs[1].p_vaddr = LIMIT;
    maker.phdrs[1].p_memsz = maker.phdrs[1].p_filesz;
    test_refused(&maker, ELF_ERR_SEGMENT, "reaches above");
}

static void test_program_headers_outside_file(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_phoff = sizeof(maker) - 8;
    test_refused(&maker, ELF_ERR_FORMAT, "program headers");
    elf_maker_init(&maker);
    maker.ehdr.e_phnum = 1000;
    test_refused(&maker, ELF_ERR_FORMAT, "program headers");
}

static void test_overlap(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.phdrs[1].p_vaddr = ELF_MAKER_TEXT + 0x10;
    test_refused(&maker, ELF_ERR_OVERLAP, "overlap");
    /* The same segment twice. */
    elf_maker_init(&maker);
    maker.phdrs[2] = maker.phdrs[1];
    test_refused(&maker, ELF_ERR_OVERLAP, "overlap");
    /* One byte into the page of the other. */
    elf_maker_init(&maker);
    maker.phdrs[0].p_memsz = ELF_MAKER_DATA - ELF_MAKER_TEXT + 1;
    maker.phdrs[1].p_vaddr = ELF_MAKER_DATA + 0x800;
    test_refused(&maker, ELF_ERR_OVERLAP, "share a page");
}

static void test_touching_pages_are_good(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    maker.phdrs[0].p_memsz = ELF_MAKER_DATA - ELF_MAKER_TEXT;
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_program(elf, LIMIT, &problem), ELF_OK);
    elffile_close(elf);
}

static void test_wx(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.phdrs[0].p_flags |= PF_W;
    test_refused(&maker, ELF_ERR_WX, "writable and executable");
}

static void test_entry(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_entry = ELF_MAKER_DATA;
    test_refused(&maker, ELF_ERR_ENTRY, "entry point");
    maker.ehdr.e_entry = ELF_MAKER_TEXT + sizeof(maker.text);
    test_refused(&maker, ELF_ERR_ENTRY, "entry point");
    maker.ehdr.e_entry = ELF_MAKER_TEXT + 2;
    test_refused(&maker, ELF_ERR_ENTRY, "entry point");
    maker.ehdr.e_entry = 0;
    test_refused(&maker, ELF_ERR_ENTRY, "entry point");
}

static void test_damaged_symbols(void **state)
{
    struct elf_maker maker;

    (void)state;
    elf_maker_init(&maker);
    maker.shdrs[ELF_MAKER_SYMTAB].sh_entsize = 8;
    test_refused(&maker, ELF_ERR_FORMAT, "symbol table");
    elf_maker_init(&maker);
    maker.shdrs[ELF_MAKER_TEXT_SECTION].sh_size = UINT64_MAX;
    test_refused(&maker, ELF_ERR_FORMAT, "code section");
}

/* Names outside the string table are no names. */
static void test_symbol_name_outside(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    for (size_t i = 0; i < ELF_MAKER_SYMBOLS; i++) {
        maker.symbols[i].st_name = 0xffffff00u;
    }
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elf->symbols_count, 0);
    elffile_close(elf);
}

static void test_fp_encodings(void **state)
{
    static const uint32_t fp[] = {
        0x1e620800, /* fmul d0, d0, d2 */
        0x9e670000, /* fmov d0, x0 */
        0x9e660000, /* fmov x0, d0 */
        0x1e260000, /* fmov w0, s0 */
        0x4e080c00, /* dup v0.2d, x0 */
        0x6e201c00, /* eor v0.16b, v0.16b, v0.16b */
        0x3dc00000, /* ldr q0, [x0] */
        0x3d800000, /* str q0, [x0] */
        0xfd400000, /* ldr d0, [x0] */
        0xbd000000, /* str s0, [x0] */
        0x3c810400, /* str q0, [x0], #16 */
        0x3ce16800, /* ldr q0, [x0, x1] */
        0xad000400, /* stp q0, q1, [x0] */
        0x6cc10400, /* ldp d0, d1, [x0], #16 */
        0x5c000040, /* ldr d0, . + 8 */
        0x9c000040, /* ldr q0, . + 8 */
        0x4c007000, /* st1 {v0.16b}, [x0] */
        0x4c407000, /* ld1 {v0.16b}, [x0] */
        0x0d400000, /* ld1 {v0.b}[0], [x0] */
        0xd53b4400, /* mrs x0, fpcr */
        0xd51b4400, /* msr fpcr, x0 */
        0xd53b4420, /* mrs x0, fpsr */
        0xd51b4423, /* msr fpsr, x3 */
        0x4e284800, /* aese v0.16b, v0.16b */
        0x04e00400, /* SVE: add */
    };
    static const uint32_t integer[] = {
        0xd503201f, /* nop */
        0x8b020020, /* add x0, x1, x2 */
        0x9b027c20, /* mul x0, x1, x2 */
        0xf9400000, /* ldr x0, [x0] */
        0x39000001, /* strb w1, [x0] */
        0xa9bf7bfd, /* stp x29, x30, [sp, #-16]! */
        0xa8c17bfd, /* ldp x29, x30, [sp], #16 */
        0x58000040, /* ldr x0, . + 8 */
        0xf8616800, /* ldr x0, [x0, x1] */
        0x885ffc01, /* ldaxr w1, [x0] */
        0xc85f7c01, /* ldxr x1, [x0] */
        0xf9800000, /* prfm pldl1keep, [x0] */
        0x94000000, /* bl . */
        0xd65f03c0, /* ret */
        0xd4000001, /* svc #0 */
        0xd53bd040, /* mrs x0, tpidr_el0 */
        0xd53be040, /* mrs x0, cntvct_el0 */
        0xd53b4200, /* mrs x0, nzcv */
        0x00000000, /* udf #0 */
        0x9ac24020, /* crc32b family: data processing, two sources */
        0xb8e00000, /* ldaddal w0, w0, [x0] */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(fp) / sizeof(fp[0]); i++) {
        assert_true(elffile_is_fp(fp[i]));
    }
    for (size_t i = 0; i < sizeof(integer) / sizeof(integer[0]); i++) {
        assert_false(elffile_is_fp(integer[i]));
    }
}

static void test_fp_program(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    maker.text[0x48 / 4] = 0x9e670000;
    maker.text[0x4c / 4] = 0x9e670000;
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_no_fp(elf, &problem), ELF_ERR_FP);
    assert_non_null(strstr(problem.text, "0x200048 in function()"));
    elffile_close(elf);
}

/* What mapping symbols say is data is not looked at; what follows is. */
static void test_fp_in_data(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    maker.text[8] = 0x9e670000;
    elf_maker_symbol(&maker, "$d.1", ELF_MAKER_TEXT + 32, 0, ELF_MAKER_TEXT_SECTION, STT_NOTYPE);
    elf_maker_symbol(&maker, "$x.2", ELF_MAKER_TEXT + 40, 0, ELF_MAKER_TEXT_SECTION, STT_NOTYPE);
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_no_fp(elf, &problem), ELF_OK);
    elffile_close(elf);

    maker.text[10] = 0x9e670000;
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_no_fp(elf, &problem), ELF_ERR_FP);
    assert_non_null(strstr(problem.text, "0x200028"));
    elffile_close(elf);
}

/* Without sections the executable segments are searched. */
static void test_fp_without_sections(void **state)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    (void)state;
    elf_maker_init(&maker);
    maker.ehdr.e_shoff = 0;
    maker.ehdr.e_shnum = 0;
    maker.ehdr.e_shstrndx = 0;
    maker.text[63] = 0x9e670000;
    assert_int_equal(test_open(&maker, &elf, &problem), ELF_OK);
    assert_int_equal(elffile_check_no_fp(elf, &problem), ELF_ERR_FP);
    assert_non_null(strstr(problem.text, "0x2000fc"));
    elffile_close(elf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_segments_are_sorted),
        cmocka_unit_test(test_global_symbol_wins),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_not_elf),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_class_and_machine),
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_no_segment),
        cmocka_unit_test(test_segment_outside_file),
        cmocka_unit_test(test_segment_sizes),
        cmocka_unit_test(test_program_headers_outside_file),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_touching_pages_are_good),
        cmocka_unit_test(test_wx),
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_damaged_symbols),
        cmocka_unit_test(test_symbol_name_outside),
        cmocka_unit_test(test_fp_encodings),
        cmocka_unit_test(test_fp_program),
        cmocka_unit_test(test_fp_in_data),
        cmocka_unit_test(test_fp_without_sections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
