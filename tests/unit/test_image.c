/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: a description and programs made in memory are built, and the image is walked as the
 * kernel walks it, every offset checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/bootdesc.h>

#include "elf_maker.h"
#include "file.h"
#include "image.h"
#include "layout.h"
#include "plan.h"

#define RAM_BASE 0x40000000UL
#define RAM_BYTES 0x10000000UL

static const char test_system[] =
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

struct test_build {
    char dir[32];
    struct board board;
    struct search search;
    struct diag diag;
    struct sdf sdf;
    struct plan plan;
    struct image_kernel kernel;
    uint8_t *image;
};

static void test_write_file(const struct test_build *build, const char *name, const void *bytes,
                            size_t size)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", build->dir, name);
    assert_int_equal(file_write(path, bytes, size), 0);
}

static void test_remove_file(const struct test_build *build, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", build->dir, name);
    unlink(path);
}

static void test_make_program(struct elf_maker *maker)
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

static void test_make_kernel(struct elf_maker *maker)
{
    elf_maker_init(maker);
    memcpy(&maker->text[56 / 4], "ARM\x64", 4);
    elf_maker_symbol(maker, "boot_params", ELF_MAKER_DATA + 0x40, sizeof(struct bd_params),
                     ELF_MAKER_DATA_SECTION, STT_OBJECT);
}

static void test_load_kernel(struct test_build *build)
{
    struct elffile_problem problem;
    struct elf_maker maker;
    struct elffile *elf;

    test_make_kernel(&maker);
    assert_int_equal(
        elffile_open_bytes("kernel.elf", (const uint8_t *)&maker, sizeof(maker), &elf, &problem),
        ELF_OK);
    assert_int_equal(image_kernel_load(&build->kernel, elf), IMAGE_OK);
    elffile_close(elf);
}

static void test_set_board(struct board *board)
{
    memset(board, 0, sizeof(*board));
    board->name = (char *)"test";
    board->cpus = 4;
    for (unsigned i = 0; i < 8; i++) {
        board->mpidr[i] = i;
    }
    board->ram[0].base = RAM_BASE;
    board->ram[0].bytes = RAM_BYTES;
    board->ram_count = 1;
    board->gicd = 0x8000000;
    board->spis = 288;
    board->timer_ppi = 30;
}

/* Everything but the image. `program` NULL: the good one. */
static void test_start(struct test_build *build, const char *system,
                       const struct elf_maker *program)
{
    static const uint8_t filled[5000] = { 1, 2, 3 };
    struct elf_maker maker;

    memset(build, 0, sizeof(*build));
    strcpy(build->dir, "/tmp/test_image.XXXXXX");
    assert_non_null(mkdtemp(build->dir));
    if (program == NULL) {
        test_make_program(&maker);
        program = &maker;
    }
    test_write_file(build, "program.elf", program, sizeof(*program));
    test_write_file(build, "filled.bin", filled, sizeof(filled));
    search_add(&build->search, build->dir);
    test_set_board(&build->board);
    test_load_kernel(build);
    diag_init(&build->diag, "test.system");
    assert_int_equal(sdf_parse_memory(system, strlen(system), &build->diag, &build->sdf), SDF_OK);
    sdf_prefill(&build->sdf, &build->search, &build->diag);
    sdf_check(&build->sdf, &build->board, &build->diag);
    if (build->diag.errors > 0) {
        diag_print(&build->diag, stderr);
    }
    assert_int_equal(build->diag.errors, 0);
    plan_init(&build->plan, &build->sdf, &build->board, &build->search, &build->diag);
    plan_patch(&build->plan, &build->diag);
}

static void test_finish(struct test_build *build)
{
    assert_int_equal(build->diag.errors, 0);
    plan_place(&build->plan, build->kernel.size, image_bootdesc_bytes(&build->plan, true),
               &build->diag);
    assert_int_equal(build->diag.errors, 0);
    build->image = image_make(&build->plan, &build->kernel, true);
}

static void test_end(struct test_build *build)
{
    free(build->image);
    image_kernel_free(&build->kernel);
    plan_free(&build->plan);
    sdf_free(&build->sdf);
    diag_free(&build->diag);
    search_free(&build->search);
    test_remove_file(build, "program.elf");
    test_remove_file(build, "filled.bin");
    rmdir(build->dir);
}

/* That exactly one error was reported, and what it says. */
static void test_says(struct test_build *build, const char *words)
{
    assert_int_equal(build->diag.errors, 1);
    assert_non_null(strstr(build->diag.messages[0].text, words));
    assert_int_not_equal(build->diag.messages[0].pos.line, 0);
}

static struct bd_header test_header(const struct test_build *build)
{
    struct bd_header header;

    memcpy(&header, build->image + build->plan.bootdesc_off, sizeof(header));
    return header;
}

/* An entry of a table, copied: nothing is taken to be aligned. */
#define ENTRY(build, table, type, index)                                                           \
    ({                                                                                             \
        type entry_;                                                                               \
                                                                                                   \
        assert_true((index) < (table).count);                                                      \
        memcpy(&entry_,                                                                            \
               (build)->image + (build)->plan.bootdesc_off + (table).off + (index) * sizeof(type), \
               sizeof(type));                                                                      \
        entry_;                                                                                    \
    })

static const char *test_string(const struct test_build *build, const struct bd_header *header,
                               uint32_t off)
{
    assert_true(off < header->strings.count);
    return (const char *)build->image + build->plan.bootdesc_off + header->strings.off + off;
}

static void test_table(const struct bd_header *header, struct bd_table table, uint64_t entry)
{
    assert_int_equal(table.off % 8, 0);
    assert_true(table.off >= sizeof(struct bd_header));
    assert_true(table.off + table.count * entry <= header->bytes);
}

static void test_tables(void **state)
{
    struct test_build build;
    struct bd_header h;
    struct bd_params params;
    uint64_t image_size;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    h = test_header(&build);
    assert_int_equal(h.magic, BD_MAGIC);
    assert_int_equal(h.version, BD_VERSION);
    assert_int_equal(h.image_bytes, build.plan.image_bytes);
    assert_int_equal(h.board.cpus, 2);
    assert_int_equal(h.board.gicd, 0x8000000);
    test_table(&h, h.memory, sizeof(struct bd_memory));
    test_table(&h, h.regions, sizeof(struct bd_region));
    test_table(&h, h.maps, sizeof(struct bd_map));
    test_table(&h, h.pds, sizeof(struct bd_pd));
    test_table(&h, h.vms, sizeof(struct bd_vm));
    test_table(&h, h.vcpus, sizeof(struct bd_vcpu));
    test_table(&h, h.channels, sizeof(struct bd_channel));
    test_table(&h, h.irqs, sizeof(struct bd_irq));
    test_table(&h, h.symbols, sizeof(struct bd_symbol));
    test_table(&h, h.strings, 1);
    assert_int_equal(*(test_string(&build, &h, h.strings.count - 1)), '\0');
    assert_true(build.plan.bootdesc_off + h.bytes <= build.plan.payload_off);
    assert_int_equal(build.plan.bootdesc_off % BD_PAGE, 0);
    assert_int_equal(build.plan.payload_off % BD_PAGE, 0);
    assert_int_equal(h.image_bytes % BD_PAGE, 0);

    memcpy(&params, build.image + (ELF_MAKER_DATA - ELF_MAKER_TEXT) + 0x40, sizeof(params));
    assert_int_equal(params.magic, BD_MAGIC);
    assert_int_equal(params.kernel_base, h.kernel_base);
    assert_int_equal(params.image_bytes, h.image_bytes);
    assert_int_equal(params.heap_bytes, h.heap_bytes);
    assert_int_equal(params.bootdesc_off, build.plan.bootdesc_off);
    memcpy(&image_size, build.image + 16, sizeof(image_size));
    assert_int_equal(image_size, h.image_bytes + h.heap_bytes);
    assert_int_equal(h.kernel_base, RAM_BASE + 0x200000);
    test_end(&build);
}

static bool test_apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

static void test_region(const struct test_build *build, const struct bd_header *h,
                        struct bd_region region)
{
    uint64_t kernel = h->kernel_base - BD_PAGE;
    uint64_t kernel_bytes = BD_PAGE + h->image_bytes + h->heap_bytes;

    assert_true(region.bytes > 0);
    assert_int_equal((region.base | region.bytes) % BD_PAGE, 0);
    assert_true(strlen(test_string(build, h, region.name_off)) > 0);
    if ((region.flags & BD_REGION_DEVICE) != 0) {
        assert_true(test_apart(region.base, region.bytes, RAM_BASE, RAM_BYTES));
        assert_true(region.src_off == BD_NO_SOURCE);
        return;
    }
    assert_true(region.base >= RAM_BASE && region.base + region.bytes <= RAM_BASE + RAM_BYTES);
    if (region.src_off != BD_NO_SOURCE) {
        assert_int_equal(region.src_off % BD_PAGE, 0);
        assert_true(region.src_off >= build->plan.payload_off);
        assert_true(region.src_bytes <= region.bytes);
        assert_true(region.src_off + region.src_bytes <= h->image_bytes);
    }
    if ((region.flags & BD_REGION_INPLACE) != 0) {
        assert_int_equal(region.base, h->kernel_base + region.src_off);
        assert_true(region.src_off + region.bytes <= h->image_bytes);
    } else {
        assert_true(test_apart(region.base, region.bytes, kernel, kernel_bytes));
    }
}

static void test_regions(void **state)
{
    struct test_build build;
    struct bd_header h;
    unsigned in_place = 0;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    h = test_header(&build);
    for (uint32_t i = 0; i < h.regions.count; i++) {
        struct bd_region region = ENTRY(&build, h.regions, struct bd_region, i);

        test_region(&build, &h, region);
        in_place += (region.flags & BD_REGION_INPLACE) != 0;
        for (uint32_t j = 0; j < i; j++) {
            struct bd_region other = ENTRY(&build, h.regions, struct bd_region, j);

            assert_true(test_apart(region.base, region.bytes, other.base, other.bytes));
        }
    }
    /* Three texts, and the prefilled region that is only read. */
    assert_int_equal(in_place, 4);
    test_end(&build);
}

/* Each map in bounds of its region and apart from the others of its PD; nothing writable and
 * executable; nothing in place writable; no page in two PDs but what the description shares. */
static void test_maps(void **state)
{
    struct test_build build;
    struct bd_header h;
    size_t shared = 0;
    size_t seen[64] = { 0 };

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    h = test_header(&build);
    assert_int_equal(h.pds.count, 3);
    for (uint32_t p = 0; p < h.pds.count; p++) {
        struct bd_pd pd = ENTRY(&build, h.pds, struct bd_pd, p);

        for (uint32_t i = 0; i < pd.maps_count; i++) {
            struct bd_map map = ENTRY(&build, h.maps, struct bd_map, pd.maps_first + i);
            struct bd_region region = ENTRY(&build, h.regions, struct bd_region, map.region);

            assert_int_equal((map.addr | map.bytes | map.region_off) % BD_PAGE, 0);
            assert_true(map.region_off + map.bytes <= region.bytes);
            assert_true((map.flags & (BD_MAP_WRITE | BD_MAP_EXEC)) != (BD_MAP_WRITE | BD_MAP_EXEC));
            assert_false((region.flags & BD_REGION_INPLACE) != 0 &&
                         (map.flags & BD_MAP_WRITE) != 0);
            seen[map.region]++;
            if (i > 0) {
                struct bd_map low = ENTRY(&build, h.maps, struct bd_map, pd.maps_first + i - 1);

                assert_true(low.addr + low.bytes <= map.addr);
            }
        }
    }
    for (size_t i = 0; i < h.regions.count; i++) {
        shared += seen[i] > 1;
    }
    assert_int_equal(shared, 1); /* 'big' */
    test_end(&build);
}

static void test_pds(void **state)
{
    struct test_build build;
    struct bd_header h;
    struct bd_pd one;
    struct bd_pd child;
    struct bd_pd two;
    struct bd_channel channel;
    struct bd_irq irq;
    struct bd_map stack;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    h = test_header(&build);
    one = ENTRY(&build, h.pds, struct bd_pd, 0);
    child = ENTRY(&build, h.pds, struct bd_pd, 1);
    two = ENTRY(&build, h.pds, struct bd_pd, 2);
    assert_string_equal(test_string(&build, &h, one.name_off), "one");
    assert_int_equal(one.priority, 10);
    assert_int_equal(one.budget_us, 200);
    assert_int_equal(one.period_us, 1000);
    assert_int_equal(one.flags, 0);
    assert_int_equal(two.flags, BD_PD_PASSIVE | BD_PD_FPU);
    assert_int_equal(child.cpu, 1);
    assert_int_equal(one.parent, BD_NONE);
    assert_int_equal(child.parent, 0);
    assert_int_equal(child.child_id, 3);
    assert_int_equal(one.vm, BD_NONE);
    assert_int_equal(one.entry, ELF_MAKER_TEXT);
    assert_int_equal(one.stack_top, 1UL << 39);
    assert_int_equal(one.msg_addr, (1UL << 39) - 0x2000 - 2 * BD_PAGE);
    stack = ENTRY(&build, h.maps, struct bd_map, one.maps_first + one.maps_count - 1);
    assert_int_equal(stack.addr, (1UL << 39) - 0x2000);
    assert_int_equal(stack.region, one.stack_region);
    assert_int_equal(one.segments_count, 1);
    assert_int_equal(one.irqs_count, 1);
    irq = ENTRY(&build, h.irqs, struct bd_irq, one.irqs_first);
    assert_int_equal(irq.intid, 33);
    assert_int_equal(irq.id, 5);
    assert_int_equal(irq.flags, BD_IRQ_EDGE);
    channel = ENTRY(&build, h.channels, struct bd_channel, one.channels_first);
    assert_int_equal(channel.peer, 2);
    assert_int_equal(channel.id, 1);
    assert_int_equal(channel.peer_id, 2);
    assert_int_equal(channel.flags, BD_CHANNEL_NOTIFY | BD_CHANNEL_CALL);
    channel = ENTRY(&build, h.channels, struct bd_channel, two.channels_first);
    assert_int_equal(channel.flags, 0);
    assert_int_equal(h.report_pd, 0);
    assert_int_equal(h.report_id, 7);
    assert_string_equal(
        test_string(&build, &h,
                    ENTRY(&build, h.regions, struct bd_region, h.trace_region).name_off),
        "trace");
    test_end(&build);
}

static void test_symbols(void **state)
{
    struct test_build build;
    struct bd_header h;
    struct bd_pd pd;
    uint64_t size;
    uint8_t *bytes;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    h = test_header(&build);
    pd = ENTRY(&build, h.pds, struct bd_pd, 2);
    assert_int_equal(pd.symbols_count, 2); /* _start and function: no variable, no $x */
    for (uint32_t i = 0; i < pd.symbols_count; i++) {
        struct bd_symbol symbol = ENTRY(&build, h.symbols, struct bd_symbol, pd.symbols_first + i);

        assert_int_equal(symbol.addr, ELF_MAKER_TEXT + 0x40UL * i);
        assert_string_equal(test_string(&build, &h, symbol.name_off),
                            i == 0 ? "_start" : "function");
    }
    /* None outside the debug configuration. */
    bytes = image_describe(&build.plan, false, &size);
    memcpy(&h, bytes, sizeof(h));
    assert_int_equal(h.symbols.count, 0);
    free(bytes);
    test_end(&build);
}

/* The word at an address of a PD, as the image has it. */
static uint64_t test_word(const struct test_build *build, size_t pd, uint64_t addr)
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
    struct test_build build;
    uint64_t first = ELF_MAKER_DATA;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
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
    test_end(&build);
}

static void test_reproducible(void **state)
{
    struct test_build first;
    struct test_build second;

    (void)state;
    test_start(&first, test_system, NULL);
    test_finish(&first);
    test_start(&second, test_system, NULL);
    test_finish(&second);
    assert_int_equal(first.plan.image_bytes, second.plan.image_bytes);
    assert_memory_equal(first.image, second.image, first.plan.image_bytes);
    test_end(&first);
    test_end(&second);
}

/* 'big' is mapped at an odd page: its middle still gets blocks of 2 MiB. */
static void test_blocks(void **state)
{
    struct test_build build;
    const struct plan_pd *pd;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    assert_int_equal(build.plan.regions[0].base % LAYOUT_BLOCK, 0x1000);
    pd = &build.plan.pds[0];
    for (size_t i = pd->maps_first; i < pd->maps_first + pd->maps_count; i++) {
        if (build.plan.maps[i].region == 0) {
            assert_int_equal(plan_map_block(&build.plan, &build.plan.maps[i]), LAYOUT_BLOCK);
        }
    }
    test_end(&build);
}

/* A region with phys_addr where the kernel would be: the kernel goes elsewhere. */
static void test_kernel_moves(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x200000' phys_addr='0x40200000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40000000'/></protection_domain></system>";
    struct test_build build;

    (void)state;
    test_start(&build, system, NULL);
    test_finish(&build);
    /* Not at 0x40400000: the scratch page before it is not free. */
    assert_int_equal(build.plan.kernel_base, 0x40600000);
    test_end(&build);
}

/* Where blocks do not fit, pages do. */
static void test_relaxes(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0xd08000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40100000'/></protection_domain></system>";
    struct test_build build;

    (void)state;
    test_start(&build, system, NULL);
    build.board.ram[0].bytes = 0x1000000;
    test_finish(&build);
    assert_int_equal(build.plan.regions[0].align, LAYOUT_PAGE);
    test_end(&build);
}

static void test_too_little_memory(void **state)
{
    struct test_build build;

    (void)state;
    test_start(&build, test_system, NULL);
    build.board.ram[0].bytes = 0x700000;
    plan_place(&build.plan, build.kernel.size, image_bootdesc_bytes(&build.plan, true),
               &build.diag);
    test_says(&build, "too little memory for 'big'");
    test_end(&build);
}

static void test_program_errors(void **state)
{
    static const char missing[] =
        "<system><protection_domain name='p' priority='1'><program_image path='none.elf'/>"
        "</protection_domain></system>";
    struct test_build build;
    struct elf_maker maker;

    (void)state;
    test_start(&build, missing, NULL);
    test_says(&build, "'none.elf' is not found");
    test_end(&build);

    test_make_program(&maker);
    maker.phdrs[0].p_flags |= PF_W;
    test_start(&build, test_system, &maker);
    assert_int_equal(build.diag.errors, 3); /* each PD that uses it */
    assert_non_null(strstr(build.diag.messages[0].text, "writable and executable"));
    test_end(&build);

    /* FP where fpu="false": PD 'one' only. */
    test_make_program(&maker);
    maker.text[20] = 0x9e670000;
    test_start(&build, test_system, &maker);
    test_says(&build, "0x200050 in function()");
    test_end(&build);
}

static void test_variable_errors(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x1000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x40000000' setvar_vaddr='%s'/></protection_domain></system>";
    struct test_build build;
    struct elf_maker maker;
    char text[512];

    (void)state;
    snprintf(text, sizeof(text), system, "nowhere");
    test_start(&build, text, NULL);
    test_says(&build, "has no symbol 'nowhere'");
    test_end(&build);

    test_make_program(&maker);
    elf_maker_symbol(&maker, "small", ELF_MAKER_DATA + 0xa0, 1, ELF_MAKER_DATA_SECTION, STT_OBJECT);
    snprintf(text, sizeof(text), system, "small");
    test_start(&build, text, &maker);
    test_says(&build, "has 1 bytes, not 8");
    test_end(&build);

    snprintf(text, sizeof(text), system, "function");
    test_start(&build, text, NULL);
    test_says(&build, "has 64 bytes, not 8");
    test_end(&build);

    test_make_program(&maker);
    elf_maker_symbol(&maker, "outside", ELF_MAKER_DATA + 0x100 + ELF_MAKER_BSS_BYTES - 7, 8,
                     ELF_MAKER_BSS_SECTION, STT_OBJECT);
    snprintf(text, sizeof(text), system, "outside");
    test_start(&build, text, &maker);
    test_says(&build, "not in a loaded segment");
    test_end(&build);

    /* Without libmicrokit. */
    test_make_program(&maker);
    maker.strings[maker.symbols[4].st_name] = 'x';
    snprintf(text, sizeof(text), system, "v_addr");
    test_start(&build, text, &maker);
    test_says(&build, "no symbol '__sel4_ipc_buffer'");
    test_end(&build);
}

static void test_map_over_program(void **state)
{
    static const char system[] =
        "<system><memory_region name='r' size='0x1000'/>"
        "<protection_domain name='p' priority='1'><program_image path='program.elf'/>"
        "<map mr='r' vaddr='0x203000'/></protection_domain></system>";
    struct test_build build;

    (void)state;
    test_start(&build, system, NULL);
    test_says(&build, "'r' at 0x203000 overlaps 'p: data' at 0x202000");
    test_end(&build);
}

static enum image_error test_kernel(const struct elf_maker *maker)
{
    struct elffile_problem problem;
    struct image_kernel kernel;
    enum image_error error;
    struct elffile *elf;

    assert_int_equal(
        elffile_open_bytes("kernel.elf", (const uint8_t *)maker, sizeof(*maker), &elf, &problem),
        ELF_OK);
    error = image_kernel_load(&kernel, elf);
    if (error == IMAGE_OK) {
        image_kernel_free(&kernel);
    }
    elffile_close(elf);
    return error;
}

static void test_bad_kernels(void **state)
{
    struct elf_maker maker;

    (void)state;
    test_make_kernel(&maker);
    assert_int_equal(test_kernel(&maker), IMAGE_OK);
    maker.text[56 / 4] = 0;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_HEADER);
    test_make_kernel(&maker);
    maker.phdrs[1].p_vaddr += 0x100000;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    test_make_kernel(&maker);
    maker.phdrs[1].p_memsz = 1UL << 30;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    test_make_kernel(&maker);
    maker.ehdr.e_phnum = 0;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    test_make_kernel(&maker);
    maker.symbols[maker.symbols_count - 1].st_size--;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_PARAMS);
    test_make_kernel(&maker);
    maker.symbols[maker.symbols_count - 1].st_value = UINT64_MAX - 8;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_PARAMS);
}

static void test_containers(void **state)
{
    struct test_build build;
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr;
    uint64_t size;
    uint8_t *copy;
    uint8_t *wrapped;

    (void)state;
    test_start(&build, test_system, NULL);
    test_finish(&build);
    copy = malloc(build.plan.image_bytes);
    assert_non_null(copy);
    memcpy(copy, build.image, build.plan.image_bytes);
    wrapped = image_wrap(IMAGE_ELF, &build.plan, copy, &size);
    memcpy(&ehdr, wrapped, sizeof(ehdr));
    memcpy(&phdr, wrapped + ehdr.e_phoff, sizeof(phdr));
    assert_int_equal(ehdr.e_entry, build.plan.kernel_base);
    assert_int_equal(phdr.p_paddr, build.plan.kernel_base);
    assert_int_equal(phdr.p_offset + phdr.p_filesz, size);
    assert_memory_equal(wrapped + phdr.p_offset, build.image, build.plan.image_bytes);
    free(wrapped);

    copy = malloc(build.plan.image_bytes);
    assert_non_null(copy);
    memcpy(copy, build.image, build.plan.image_bytes);
    wrapped = image_wrap(IMAGE_UIMAGE, &build.plan, copy, &size);
    assert_int_equal(size, build.plan.image_bytes + 64);
    assert_memory_equal(wrapped, "\x27\x05\x19\x56", 4);
    assert_memory_equal(wrapped + 16, "\x40\x20\x00\x00\x40\x20\x00\x00", 8);
    assert_memory_equal(wrapped + 64, build.image, build.plan.image_bytes);
    free(wrapped);

    copy = malloc(build.plan.image_bytes);
    assert_non_null(copy);
    build.plan.kernel_base = 0x100200000UL;
    assert_null(image_wrap(IMAGE_UIMAGE, &build.plan, copy, &size));
    test_end(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_pds),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_kernel_moves),
        cmocka_unit_test(test_relaxes),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_program_errors),
        cmocka_unit_test(test_variable_errors),
        cmocka_unit_test(test_map_over_program),
        cmocka_unit_test(test_bad_kernels),
        cmocka_unit_test(test_containers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
