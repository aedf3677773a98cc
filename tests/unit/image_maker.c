/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/bootdesc.h>

#include "file.h"
#include "lower.h"

const char image_maker_system[] =
    "<system>\n"
    "  <memory_region name='big' size='0x600000'/>\n"
    "  <memory_region name='uart' size='0x1000' phys_addr='0x9000000'/>\n"
    "  <memory_region name='low' size='0x1000' phys_addr='0x40000000'/>\n"
    "  <memory_region name='filled' size='0x2000' prefill_path='filled.bin'/>\n"
    "  <trace size='0x8000'/>\n"
    "  <protection_domain name='one' priority='10' budget='200' period='1000' fpu='false'>\n"
    "    <program_image path='program.elf'/>\n"
    "    <map mr='big' vaddr='0x10001000' setvar_vaddr='v_addr' setvar_size='v_size'/>\n"
    "    <map mr='uart' vaddr='0x9000000' cached='false'/>\n"
    "    <map mr='filled' vaddr='0x8000000' perms='r' setvar_prefill_size='v_prefill'/>\n"
    "    <irq irq='33' id='5' trigger='edge'/>\n"
    "    <setvar symbol='v_paddr' region_paddr='big'/>\n"
    "    <reports vaddr='0x7000000' id='7'/>\n"
    "    <protection_domain name='child' priority='5' id='3' cpu='1'>\n"
    "      <program_image path='program.elf'/>\n"
    "    </protection_domain>\n"
    "  </protection_domain>\n"
    "  <protection_domain name='two' priority='20' passive='true'>\n"
    "    <program_image path='program.elf'/>\n"
    "    <map mr='big' vaddr='0x20000000' perms='r'/>\n"
    "    <map mr='low' vaddr='0x30000000'/>\n"
    "  </protection_domain>\n"
    "  <channel><end pd='one' id='1' pp='true'/><end pd='two' id='2' notify='false'/></channel>\n"
    "</system>\n";

static void image_maker_write_file(const struct image_maker *build, const char *name,
                                   const void *bytes, size_t size)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", build->dir, name);
    assert_int_equal(file_write(path, bytes, size), 0);
}

static void image_maker_remove_file(const struct image_maker *build, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", build->dir, name);
    unlink(path);
}

void image_maker_program(struct elf_maker *maker)
{
    elf_maker_init(maker);
    elf_maker_symbol(maker, "v_addr", ELF_MAKER_DATA + 0x80, 8, ELF_MAKER_DATA_SECTION, STT_OBJECT);
    elf_maker_symbol(maker, "v_size", ELF_MAKER_DATA + 0x88, 8, ELF_MAKER_DATA_SECTION, STT_OBJECT);
    elf_maker_symbol(maker, "v_prefill", ELF_MAKER_DATA + 0x90, 8, ELF_MAKER_DATA_SECTION,
                     STT_OBJECT);
    /* Beyond the bytes of the file. */
    elf_maker_symbol(maker, "v_paddr", ELF_MAKER_BSS + 0x1008, 8, ELF_MAKER_BSS_SECTION,
                     STT_OBJECT);
}

void image_maker_kernel(struct elf_maker *maker)
{
    elf_maker_init(maker);
    memcpy(&maker->text[56 / 4], "ARM\x64", 4);
    elf_maker_symbol(maker, "boot_params", ELF_MAKER_DATA + 0x40, sizeof(struct bd_params),
                     ELF_MAKER_DATA_SECTION, STT_OBJECT);
}

static void image_maker_load_kernel(struct image_maker *build)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    image_maker_kernel(&maker);
    assert_int_equal(
        elffile_open_bytes("kernel.elf", (const uint8_t *)&maker, sizeof(maker), &elf, &problem),
        ELF_OK);
    assert_int_equal(image_kernel_load(&build->kernel, elf), IMAGE_OK);
    elffile_close(elf);
}

static void image_maker_set_board(struct board *board)
{
    memset(board, 0, sizeof(*board));
    board->name = (char *)"test";
    board->cpus = 4;
    for (unsigned i = 0; i < 8; i++) {
        board->mpidr[i] = i;
    }
    board->ram[0].base = IMAGE_MAKER_RAM_BASE;
    board->ram[0].bytes = IMAGE_MAKER_RAM_BYTES;
    board->ram_count = 1;
    board->gicd = 0x8000000;
    board->spis = 288;
    board->timer_ppi = 30;
}

void image_maker_start(struct image_maker *build, const char *system,
                       const struct elf_maker *program)
{
    const struct lower_world world = { &build->board, &build->search, NULL };
    static const uint8_t filled[5000] = { 1, 2, 3 };
    struct elf_maker maker;

    memset(build, 0, sizeof(*build));
    strcpy(build->dir, "/tmp/test_image.XXXXXX");
    assert_non_null(mkdtemp(build->dir));
    if (program == NULL) {
        image_maker_program(&maker);
        program = &maker;
    }
    image_maker_write_file(build, "program.elf", program, sizeof(*program));
    image_maker_write_file(build, "filled.bin", filled, sizeof(filled));
    search_add(&build->search, build->dir);
    image_maker_set_board(&build->board);
    image_maker_load_kernel(build);
    diag_init(&build->diag, "test.system");
    assert_int_equal(sdf_parse_memory(system, strlen(system), &build->diag, &build->sdf), SDF_OK);
    lower_guests(&build->sdf, &world, &build->diag);
    sdf_prefill(&build->sdf, &build->search, &build->board, &build->diag);
    sdf_check(&build->sdf, &build->board, &build->diag);
    if (build->diag.errors > 0) {
        diag_print(&build->diag, stderr);
    }
    assert_int_equal(build->diag.errors, 0);
    plan_init(&build->plan, &build->sdf, &build->board, &build->search, &build->diag);
    plan_patch(&build->plan, &build->diag);
}

void image_maker_finish(struct image_maker *build)
{
    assert_int_equal(build->diag.errors, 0);
    plan_place(&build->plan, build->kernel.size, image_bootdesc_bytes(&build->plan, true),
               &build->diag);
    assert_int_equal(build->diag.errors, 0);
    build->image = image_make(&build->plan, &build->kernel, true);
}

void image_maker_end(struct image_maker *build)
{
    free(build->image);
    image_kernel_free(&build->kernel);
    plan_free(&build->plan);
    sdf_free(&build->sdf);
    diag_free(&build->diag);
    search_free(&build->search);
    image_maker_remove_file(build, "program.elf");
    image_maker_remove_file(build, "filled.bin");
    rmdir(build->dir);
}

void image_maker_says(const struct image_maker *build, const char *words)
{
    assert_int_equal(build->diag.errors, 1);
    assert_non_null(strstr(build->diag.messages[0].text, words));
    assert_int_not_equal(build->diag.messages[0].pos.line, 0);
}
