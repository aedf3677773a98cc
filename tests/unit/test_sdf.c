/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the description files of tests/sdf cannot see: the model that the parser builds, numbers at
 * their limits, sizes from files, and the facts of boards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "alloc.h"
#include "board.h"
#include "diag.h"
#include "sdf.h"
#include "sdf_attr.h"
#include "search.h"

/** A description, parsed and checked without a board. */
struct reading {
    struct diag diag;
    struct sdf sdf;
    enum sdf_status status;
};

static void reading_start(struct reading *reading, const char *text)
{
    diag_init(&reading->diag, "test.system");
    reading->status = sdf_parse_memory(text, strlen(text), &reading->diag, &reading->sdf);
    if (reading->status == SDF_OK) {
        sdf_check(&reading->sdf, NULL, &reading->diag);
    }
}

static void reading_end(struct reading *reading)
{
    diag_free(&reading->diag);
    sdf_free(&reading->sdf);
}

static void assert_pos(struct diag_pos pos, uint32_t line, uint32_t column, uint32_t length)
{
    assert_int_equal(pos.line, line);
    assert_int_equal(pos.column, column);
    assert_int_equal(pos.length, length);
}

static const char model_text[] =
    "<system>\n"
    "  <memory_region name='ram' size='0x20_0000' phys_addr='0x50000000'/>\n"
    "  <protection_domain name='a' priority='5' budget='20' cpu='2'>\n"
    "    <protection_domain name='b' id='7' setvar_id='kid'>\n"
    "      <program_image path='b.elf'/>\n"
    "      <protection_domain name='c' id='0' fpu='false' smc='true'>\n"
    "        <program_image path='c.elf' path_for_symbols='d.elf'/>\n"
    "      </protection_domain>\n"
    "    </protection_domain>\n"
    "    <program_image path='a.elf'/>\n"
    "    <map mr='ram' vaddr='0x600000' perms='rx' cached='false' setvar_size='s'/>\n"
    "    <irq irq='40' id='3' trigger='edge'/>\n"
    "    <setvar symbol='p' region_paddr='ram'/>\n"
    "    <virtual_machine name='v'>\n"
    "      <vcpu id='1'/><vcpu id='2' cpu='3'/>\n"
    "    </virtual_machine>\n"
    "  </protection_domain>\n"
    "  <protection_domain name='e' priority='6' passive='true' cpu='2'>\n"
    "    <program_image path='e.elf'/>\n"
    "    <reports vaddr='0x700000' id='9'/>\n"
    "  </protection_domain>\n"
    "  <channel><end pd='a' id='0' pp='true' notify='false'/><end pd='e' id='1'/></channel>\n"
    "  <trace size='0x8000'/>\n"
    "</system>\n";

static void test_model_pds(void **state)
{
    struct reading reading;
    const struct sdf_pd *pd;

    (void)state;
    reading_start(&reading, model_text);
    assert_int_equal(reading.status, SDF_OK);
    assert_int_equal(reading.diag.errors + reading.diag.warnings, 0);
    assert_int_equal(reading.sdf.pds_count, 4);
    pd = reading.sdf.pds;
    assert_string_equal(pd[0].name.text, "a");
    assert_int_equal(pd[0].parent, SDF_NONE);
    assert_int_equal(pd[0].priority.value, 5);
    assert_int_equal(pd[0].budget.value, 20);
    assert_int_equal(pd[0].period.value, 20);
    assert_false(pd[0].period.given);
    assert_int_equal(pd[0].stack_size.value, 0x2000);
    assert_true(pd[0].fpu);
    assert_false(pd[0].smc);
    assert_string_equal(pd[1].name.text, "b");
    assert_int_equal(pd[1].parent, 0);
    assert_int_equal(pd[1].id.value, 7);
    assert_string_equal(pd[1].setvar_id.text, "kid");
    assert_string_equal(pd[2].name.text, "c");
    assert_int_equal(pd[2].parent, 1);
    assert_false(pd[2].fpu);
    assert_true(pd[2].smc);
    assert_string_equal(pd[2].program_symbols.text, "d.elf");
    assert_true(pd[3].passive);
    assert_true(pd[3].reports.given);
    assert_int_equal(pd[3].reports.vaddr.value, 0x700000);
    reading_end(&reading);
}

static void test_model_content(void **state)
{
    struct reading reading;
    const struct sdf_pd *pd;
    const struct sdf_vm *vm;
    const struct sdf_channel *channel;

    (void)state;
    reading_start(&reading, model_text);
    pd = &reading.sdf.pds[0];
    assert_int_equal(pd->maps_count, 1);
    assert_int_equal(pd->maps[0].region, 0);
    assert_int_equal(pd->maps[0].perms, SDF_PERM_R | SDF_PERM_X);
    assert_false(pd->maps[0].cached);
    assert_string_equal(pd->maps[0].setvar_size.text, "s");
    assert_int_equal(pd->irqs[0].irq.value, 40);
    assert_true(pd->irqs[0].edge);
    assert_int_equal(pd->setvars[0].region, 0);
    assert_true(reading.sdf.regions[0].used);
    assert_int_equal(pd->vm, 0);
    vm = &reading.sdf.vms[0];
    assert_int_equal(vm->pd, 0);
    assert_int_equal(vm->vcpus_count, 2);
    assert_int_equal(vm->vcpus[0].cpu.value, 2);
    assert_int_equal(vm->vcpus[1].cpu.value, 3);
    channel = &reading.sdf.channels[0];
    assert_int_equal(channel->ends[0].pd, 0);
    assert_int_equal(channel->ends[1].pd, 3);
    assert_true(channel->ends[0].pp);
    assert_false(channel->ends[0].notify);
    assert_true(channel->ends[1].notify);
    assert_int_equal(reading.sdf.trace.size.value, 0x8000);
    reading_end(&reading);
}

static void test_model_places(void **state)
{
    struct reading reading;

    (void)state;
    reading_start(&reading, model_text);
    assert_pos(reading.sdf.regions[0].name.pos, 2, 24, 3);
    assert_pos(reading.sdf.regions[0].size.pos, 2, 35, 9);
    assert_pos(reading.sdf.pds[0].pos, 3, 4, 17);
    assert_pos(reading.sdf.pds[0].maps[0].vaddr.pos, 11, 26, 8);
    assert_pos(reading.sdf.vms[0].vcpus[1].pos, 15, 22, 4);
    assert_pos(reading.sdf.channels[0].ends[1].pos, 22, 58, 3);
    reading_end(&reading);
}

static void test_old_pp(void **state)
{
    struct reading reading;

    (void)state;
    reading_start(&reading,
                  "<system>"
                  "<protection_domain name='a' priority='1'><program_image path='a'/>"
                  "</protection_domain>"
                  "<protection_domain name='b' priority='2' pp='true'><program_image path='b'/>"
                  "</protection_domain>"
                  "<channel><end pd='b' id='0'/><end pd='a' id='0'/></channel></system>");
    assert_int_equal(reading.diag.errors, 0);
    assert_int_equal(reading.diag.warnings, 1);
    assert_false(reading.sdf.channels[0].ends[0].pp);
    assert_true(reading.sdf.channels[0].ends[1].pp);
    reading_end(&reading);
}

static void test_no_model(void **state)
{
    struct reading reading;

    (void)state;
    reading_start(&reading, "<system>");
    assert_int_equal(reading.status, SDF_ERR_DESCRIPTION);
    assert_int_equal(reading.diag.errors, 1);
    assert_int_equal(reading.sdf.pds_count, 0);
    reading_end(&reading);
    diag_init(&reading.diag, "/nowhere/test.system");
    assert_int_equal(sdf_parse("/nowhere/test.system", &reading.diag, &reading.sdf), SDF_ERR_READ);
    assert_int_equal(reading.diag.errors, 1);
    reading_end(&reading);
}

static void test_numbers(void **state)
{
    static const char *const wrong[] = { "",
                                         "_",
                                         "_1",
                                         "0x",
                                         "0x_",
                                         "0xg",
                                         "1a",
                                         "-1",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "0X1",
                                         "1.0",
                                         "18446744073709551616",
                                         "0x10000000000000000" };
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(sdf_attr_read_number(wrong[i], &value));
    }
    assert_true(sdf_attr_read_number("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
    assert_true(sdf_attr_read_number("0xffff_ffff_FFFF_FFFF", &value));
    assert_true(value == UINT64_MAX);
    assert_true(sdf_attr_read_number("0x_1_", &value));
    assert_int_equal(value, 1);
    assert_true(sdf_attr_read_number("0010", &value));
    assert_int_equal(value, 10);
}

static void test_region_bytes(void **state)
{
    struct sdf_region region = { .size = { .value = 0x1001, .given = true } };

    (void)state;
    assert_int_equal(sdf_region_bytes(&region), 0x2000);
    region.size.value = 0x1000;
    assert_int_equal(sdf_region_bytes(&region), 0x1000);
    region.size.value = 0;
    assert_int_equal(sdf_region_bytes(&region), 0);
}

static void test_board_ram(void **state)
{
    static const struct board board = {
        .ram = { { 0x40000000, 0x10000000 }, { 0x80000000, 0x1000 } },
        .ram_count = 2,
    };

    (void)state;
    assert_true(board_in_ram(&board, 0x40000000, 0x10000000));
    assert_true(board_in_ram(&board, 0x80000000, 0x1000));
    assert_false(board_in_ram(&board, 0x40000000, 0x10001000));
    assert_false(board_in_ram(&board, 0x3ffff000, 0x2000));
    assert_false(board_in_ram(&board, 0x40000000, 0));
    assert_false(board_in_ram(&board, 0x40001000, UINT64_MAX));
    assert_true(board_touches_ram(&board, 0x3ffff000, 0x1001));
    assert_false(board_touches_ram(&board, 0x3ffff000, 0x1000));
    assert_false(board_touches_ram(&board, 0x50000000, 0x1000));
    assert_true(board_touches_ram(&board, 0, UINT64_MAX));
    assert_true(board_touches_ram(&board, 0x80000fff, UINT64_MAX));
    assert_false(board_touches_ram(&board, 0x80001000, UINT64_MAX));
    assert_int_equal(board_ram_bytes(&board), 0x10001000);
}

static char *source_file(const char *name)
{
    const char *top = getenv("BULKHEAD_SOURCE");

    return alloc_format("%s/%s", top != NULL ? top : ".", name);
}

static void test_board_file(void **state)
{
    char *path = source_file("boards/qemu_virt_aarch64/board.xml");
    struct board board;
    struct diag diag;
    size_t arguments = 0;

    (void)state;
    diag_init(&diag, path);
    assert_int_equal(board_load(path, &diag, &board), BOARD_OK);
    assert_string_equal(board.name, "qemu_virt_aarch64");
    assert_int_equal(board.cpus, 8);
    assert_int_equal(board.mpidr[7], 7);
    assert_int_equal(board.ram_count, 1);
    assert_int_equal(board.ram[0].base, 0x40000000);
    assert_int_equal(board.ram[0].bytes, 0x80000000);
    assert_int_equal(board.gicr, 0x80a0000);
    assert_int_equal(board.gicr_bytes, 0xf60000);
    assert_int_equal(board.uart, 0x9000000);
    assert_int_equal(board.timer_ppi, 30);
    while (board.qemu_args[arguments] != NULL) {
        arguments++;
    }
    assert_true(arguments > 0);
    assert_string_equal(board.qemu, "qemu-system-aarch64");
    assert_false(board_set_ram(&board, 0));
    assert_false(board_set_ram(&board, 0x100000 + 0x1000));
    assert_false(board_set_ram(&board, SDF_PHYSICAL_END - 0x40000000 + 0x100000));
    assert_true(board_set_ram(&board, SDF_PHYSICAL_END - 0x40000000));
    assert_true(board_set_ram(&board, UINT64_C(4) << 30));
    assert_int_equal(board_ram_bytes(&board), UINT64_C(4) << 30);
    board.ram_count = 2;
    assert_false(board_set_ram(&board, UINT64_C(2) << 30));
    board_free(&board);
    diag_free(&diag);
    free(path);
}

static void test_prefill(void **state)
{
    static const char text[] = "<system><memory_region name='a' prefill_path='5000_bytes.bin'/>"
                               "<memory_region name='b' prefill_path='1_byte.bin' "
                               "page_size='0x200000'/></system>";
    char *folder = source_file("tests/sdf/files");
    struct search search = { 0 };
    struct diag diag;
    struct sdf sdf;

    (void)state;
    search_add(&search, "/nowhere");
    search_add(&search, folder);
    diag_init(&diag, "a");
    assert_int_equal(sdf_parse_memory(text, strlen(text), &diag, &sdf), SDF_OK);
    sdf_prefill(&sdf, &search, NULL, &diag);
    assert_int_equal(diag.errors, 0);
    assert_int_equal(sdf.regions[0].prefill_bytes, 5000);
    assert_int_equal(sdf.regions[0].size.value, 0x2000);
    assert_false(sdf.regions[0].size.given);
    assert_int_equal(access(sdf.regions[0].prefill_file, R_OK), 0);
    assert_int_equal(sdf.regions[1].prefill_bytes, 1);
    assert_int_equal(sdf.regions[1].size.value, 0x200000);
    sdf_free(&sdf);
    diag_free(&diag);
    search_free(&search);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_pds),    cmocka_unit_test(test_model_content),
        cmocka_unit_test(test_model_places), cmocka_unit_test(test_old_pp),
        cmocka_unit_test(test_no_model),     cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_region_bytes), cmocka_unit_test(test_board_ram),
        cmocka_unit_test(test_board_file),   cmocka_unit_test(test_prefill),
    };

    return cmocka_run_group_tests_name("sdf", tests, NULL, NULL);
}
