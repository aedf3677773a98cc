/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs get to see, where things go in memory, and what is wrong with programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_maker.h"
#include "layout.h"

/* The word at an address of a PD, as the image has it. */
static uint64_t test_word(const struct image_maker *build, size_t pd, uint64_t addr)
{
    const struct plan_pd *from = &build->plan.pds[pd];

    for (size_t i = from->maps_first; i < from->maps_first + from->maps_count; i++) {
        const struct plan_map *map = &build->plan.maps[i];
        const struct plan_region *region = &build->plan.regions[map->region];
        uint64_t word;

        if (addr >= map->addr && addr + 8 <= map->addr + region->data_bytes) {
            memcpy(&word, build->image + region->src_off + (addr - map->addr), sizeof(word));
            return word;
        }
    }
    fail_msg("no contents at 0x%lx", (unsigned long)addr);
    return 0;
}

static void test_variables(void **state)
{
    struct image_maker build;
    uint64_t first = ELF_MAKER_DATA;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
    assert_int_equal(test_word(&build, 0, first), (1UL << 39) - 0x4000);
    assert_memory_equal(&(uint64_t){ test_word(&build, 1, first + 8) }, "child\0\0", 8);
    assert_int_equal(test_word(&build, 0, first + 72) & 0xff, 0); /* microkit_passive */
    assert_int_equal(test_word(&build, 2, first + 72) & 0xff, 1);
    assert_int_equal(test_word(&build, 0, first + 80), 1UL << 5); /* microkit_irqs */
    assert_int_equal(test_word(&build, 0, first + 88), 1UL << 1); /* microkit_pps */
    assert_int_equal(test_word(&build, 0, first + 96), 1UL << 1); /* microkit_notifications */
    assert_int_equal(test_word(&build, 2, first + 88), 0);
    assert_int_equal(test_word(&build, 2, first + 96), 0);
    assert_int_equal(test_word(&build, 0, first + 0x80), 0x10001000);
    assert_int_equal(test_word(&build, 0, first + 0x88), 0x600000);
    assert_int_equal(test_word(&build, 0, first + 0x90), 5000);
    assert_int_equal(test_word(&build, 0, ELF_MAKER_BSS + 0x1008), build.plan.regions[0].base);
    /* What is between stays as it was: the file's bytes, zeros of .bss. */
    assert_int_equal(test_word(&build, 0, first + 0xa0), 0xa5a5a5a5a5a5a5a5UL);
    assert_int_equal(test_word(&build, 0, ELF_MAKER_BSS + 0x1000), 0);
    image_maker_end(&build);
}

/* 'big' is mapped at an odd page: its middle still gets blocks of 2 MiB. */
static void test_blocks(void **state)
{
    struct image_maker build;
    const struct plan_pd *pd;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
    assert_int_equal(build.plan.regions[0].base % LAYOUT_BLOCK, 0x1000);
    pd = &build.plan.pds[0];
    for (size_t i = pd->maps_first; i < pd->maps_first + pd->maps_count; i++) {
        if (build.plan.maps[i].region == 0) {
            assert_int_equal(plan_map_block(&build.plan, &build.plan.maps[i]), LAYOUT_BLOCK);
        }
    }
    image_maker_end(&build);
}

/* A region with phys_addr where the kernel would be: the kernel goes elsewhere. */
static void test_kernel_moves(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x200000' phys_addr='0x40200000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40000000'/></protection_domain></system>";
    struct image_maker build;

    (void)state;
    image_maker_start(&build, system, NULL);
    image_maker_finish(&build);
    /* Not at 0x40400000: the scratch page before it is not free. */
    assert_int_equal(build.plan.kernel_base, 0x40600000);
    image_maker_end(&build);
}

/* Where blocks do not fit, pages do. */
static void test_relaxes(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0xd08000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40100000'/></protection_domain></system>";
    struct image_maker build;

    (void)state;
    image_maker_start(&build, system, NULL);
    build.board.ram[0].bytes = 0x1000000;
    image_maker_finish(&build);
    assert_int_equal(build.plan.regions[0].align, LAYOUT_PAGE);
    image_maker_end(&build);
}

static void test_too_little_memory(void **state)
{
    struct image_maker build;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    build.board.ram[0].bytes = 0x700000;
    plan_place(&build.plan, build.kernel.size, image_bootdesc_bytes(&build.plan, true),
               &build.diag);
    image_maker_says(&build, "too little memory for 'big'");
    image_maker_end(&build);
}

static void test_program_errors(void **state)
{
    static const char missing[] =
        "<system><protection_domain name='p' priority='1'><program_image path='none.elf'/>"
        "</protection_domain></system>";
    struct image_maker build;
    struct elf_maker maker;

    (void)state;
    image_maker_start(&build, missing, NULL);
    image_maker_says(&build, "'none.elf' is not found");
    image_maker_end(&build);

    image_maker_program(&maker);
    maker.phdrs[0].p_flags |= PF_W;
    image_maker_start(&build, image_maker_system, &maker);
    assert_int_equal(build.diag.errors, 3); /* each PD that uses it */
    assert_non_null(strstr(build.diag.messages[0].text, "writable and executable"));
    image_maker_end(&build);

    /* FP where fpu="false": PD 'one' only. */
    image_maker_program(&maker);
    maker.text[20] = 0x9e670000;
    image_maker_start(&build, image_maker_system, &maker);
    image_maker_says(&build, "0x200050 in function()");
    image_maker_end(&build);
}

static void test_variable_errors(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x1000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40000000' setvar_vaddr='%s'/></protection_domain></system>";
    struct image_maker build;
    struct elf_maker maker;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text), system, "nowhere");
    image_maker_start(&build, text, NULL);
    image_maker_says(&build, "has no symbol 'nowhere'");
    image_maker_end(&build);

    image_maker_program(&maker);
    elf_maker_symbol(&maker, "small", ELF_MAKER_DATA + 0xa0, 1, ELF_MAKER_DATA_SECTION, STT_OBJECT);
    snprintf(text, sizeof(text), system, "small");
    image_maker_start(&build, text, &maker);
    image_maker_says(&build, "has 1 bytes, not 8");
    image_maker_end(&build);

    snprintf(text, sizeof(text), system, "function");
    image_maker_start(&build, text, NULL);
    image_maker_says(&build, "has 64 bytes, not 8");
    image_maker_end(&build);

    image_maker_program(&maker);
    elf_maker_symbol(&maker, "outside", ELF_MAKER_DATA + 0x100 + ELF_MAKER_BSS_BYTES - 7, 8,
                     ELF_MAKER_BSS_SECTION, STT_OBJECT);
    snprintf(text, sizeof(text), system, "outside");
    image_maker_start(&build, text, &maker);
    image_maker_says(&build, "not in a loaded segment");
    image_maker_end(&build);

    /* Without libmicrokit. */
    image_maker_program(&maker);
    maker.strings[maker.symbols[4].st_name] = 'x';
    snprintf(text, sizeof(text), system, "v_addr");
    image_maker_start(&build, text, &maker);
    image_maker_says(&build, "no symbol '__sel4_ipc_buffer'");
    image_maker_end(&build);
}

static void test_map_over_program(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x1000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x203000'/></protection_domain></system>";
    struct image_maker build;

    (void)state;
    image_maker_start(&build, system, NULL);
    image_maker_says(&build, "'r' at 0x203000 overlaps 'p: data' at 0x202000");
    image_maker_end(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variables),         cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_kernel_moves),      cmocka_unit_test(test_relaxes),
        cmocka_unit_test(test_too_little_memory), cmocka_unit_test(test_program_errors),
        cmocka_unit_test(test_variable_errors),   cmocka_unit_test(test_map_over_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
