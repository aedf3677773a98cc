/* SPDX-License-Identifier: BSD-2-Clause */
/* Images are walked as the kernel walks them, every offset checked; bad kernels; containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <bulkhead/bootdesc.h>

#include "image_maker.h"

static struct bd_header test_header(const struct image_maker *build)
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

static const char *test_string(const struct image_maker *build, const struct bd_header *header,
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
    struct image_maker build;
    struct bd_header h;
    struct bd_params params;
    uint64_t image_size;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    assert_int_equal(h.kernel_base, IMAGE_MAKER_RAM_BASE + 0x200000);
    image_maker_end(&build);
}

static bool test_apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a + a_bytes <= b || b + b_bytes <= a;
}

static void test_region(const struct image_maker *build, const struct bd_header *h,
                        struct bd_region region)
{
    uint64_t kernel = h->kernel_base - BD_PAGE;
    uint64_t kernel_bytes = BD_PAGE + h->image_bytes + h->heap_bytes;

    assert_true(region.bytes > 0);
    assert_int_equal((region.base | region.bytes) % BD_PAGE, 0);
    assert_true(strlen(test_string(build, h, region.name_off)) > 0);
    if ((region.flags & BD_REGION_DEVICE) != 0) {
        assert_true(
            test_apart(region.base, region.bytes, IMAGE_MAKER_RAM_BASE, IMAGE_MAKER_RAM_BYTES));
        assert_true(region.src_off == BD_NO_SOURCE);
        return;
    }
    assert_true(region.base >= IMAGE_MAKER_RAM_BASE &&
                region.base + region.bytes <= IMAGE_MAKER_RAM_BASE + IMAGE_MAKER_RAM_BYTES);
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
    struct image_maker build;
    struct bd_header h;
    unsigned in_place = 0;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    image_maker_end(&build);
}

/* Each map in bounds of its region and apart from the others of its PD; nothing writable and
 * executable; nothing in place writable; no page in two PDs but what the description shares. */
static void test_maps(void **state)
{
    struct image_maker build;
    struct bd_header h;
    size_t shared = 0;
    size_t seen[64] = { 0 };

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    image_maker_end(&build);
}

static void test_pds(void **state)
{
    struct image_maker build;
    struct bd_header h;
    struct bd_pd one;
    struct bd_pd child;
    struct bd_pd two;
    struct bd_channel channel;
    struct bd_irq irq;
    struct bd_map stack;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    image_maker_end(&build);
}

static void test_symbols(void **state)
{
    struct image_maker build;
    struct bd_header h;
    struct bd_pd pd;
    uint64_t size;
    uint8_t *bytes;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    image_maker_end(&build);
}

static void test_reproducible(void **state)
{
    struct image_maker first;
    struct image_maker second;

    (void)state;
    image_maker_start(&first, image_maker_system, NULL);
    image_maker_finish(&first);
    image_maker_start(&second, image_maker_system, NULL);
    image_maker_finish(&second);
    assert_int_equal(first.plan.image_bytes, second.plan.image_bytes);
    assert_memory_equal(first.image, second.image, first.plan.image_bytes);
    image_maker_end(&first);
    image_maker_end(&second);
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
    image_maker_kernel(&maker);
    assert_int_equal(test_kernel(&maker), IMAGE_OK);
    maker.text[56 / 4] = 0;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_HEADER);
    image_maker_kernel(&maker);
    maker.phdrs[1].p_vaddr += 0x100000;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    image_maker_kernel(&maker);
    maker.phdrs[1].p_memsz = 1UL << 30;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    image_maker_kernel(&maker);
    maker.ehdr.e_phnum = 0;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_SEGMENTS);
    image_maker_kernel(&maker);
    maker.symbols[maker.symbols_count - 1].st_size--;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_PARAMS);
    image_maker_kernel(&maker);
    maker.symbols[maker.symbols_count - 1].st_value = UINT64_MAX - 8;
    assert_int_equal(test_kernel(&maker), IMAGE_ERR_PARAMS);
}

static void test_containers(void **state)
{
    struct image_maker build;
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr;
    uint64_t size;
    uint8_t *copy;
    uint8_t *wrapped;

    (void)state;
    image_maker_start(&build, image_maker_system, NULL);
    image_maker_finish(&build);
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
    image_maker_end(&build);
}

static const char test_guest_system[] =
    "<system>\n"
    "  <memory_region name='pad' size='0x1000'/>\n"
    "  <memory_region name='text'><line text='a = 1'/><line text='b'/></memory_region>\n"
    "  <memory_region name='page' size='0x2000'/>\n"
    "  <protection_domain name='plain'>\n"
    "    <program_image path='program.elf'/>\n"
    "    <map mr='pad' vaddr='0x10000000'/>\n"
    "    <virtual_machine name='none'><vcpu id='0'/></virtual_machine>\n"
    "  </protection_domain>\n"
    "  <protection_domain name='vmm' priority='9'>\n"
    "    <program_image path='program.elf'/>\n"
    "    <map mr='text' vaddr='0x10000000' perms='r' setvar_prefill_size='v_prefill'/>\n"
    "    <map mr='page' vaddr='0x11000000'/>\n"
    "    <virtual_machine name='guest'>\n"
    "      <vcpu id='0'/>\n"
    "      <register_page mr='page' vaddr='0xb000000' irq='40' id='6'/>\n"
    "      <register_page mr='page' vaddr='0xb001000' irq='41' id='7'/>\n"
    "    </virtual_machine>\n"
    "  </protection_domain>\n"
    "</system>\n";

/** Register pages: each has an entry, and a map that the guest cannot write. */
static void test_register_pages(void **state)
{
    struct image_maker build;
    struct bd_header h;
    struct bd_vm vm;

    (void)state;
    image_maker_start(&build, test_guest_system, NULL);
    image_maker_finish(&build);
    h = test_header(&build);
    test_table(&h, h.devices, sizeof(struct bd_device));
    assert_int_equal(h.devices.count, 2);
    vm = ENTRY(&build, h.vms, struct bd_vm, 0);
    assert_int_equal(vm.devices_count, 0);
    vm = ENTRY(&build, h.vms, struct bd_vm, 1);
    assert_int_equal(vm.devices_first, 0);
    assert_int_equal(vm.devices_count, 2);
    assert_int_equal(vm.maps_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        struct bd_device device = ENTRY(&build, h.devices, struct bd_device, i);
        struct bd_map map = ENTRY(&build, h.maps, struct bd_map, vm.maps_first + i);
        struct bd_region region = ENTRY(&build, h.regions, struct bd_region, device.region);

        assert_string_equal(test_string(&build, &h, region.name_off), "page");
        assert_int_equal(device.gpa, 0xb000000 + i * BD_PAGE);
        assert_int_equal(device.region_off, 0);
        assert_int_equal(device.intid, 40 + i);
        assert_int_equal(device.id, 6 + i);
        assert_int_equal(map.addr, device.gpa);
        assert_int_equal(map.bytes, BD_PAGE);
        assert_int_equal(map.region, device.region);
        assert_int_equal(map.flags, BD_MAP_READ);
    }
    image_maker_end(&build);
}

/** What a region's lines say is what it begins with. */
static void test_lines(void **state)
{
    static const char text[] = "a = 1\nb\n";
    struct image_maker build;
    struct bd_header h;
    struct bd_region region;

    (void)state;
    image_maker_start(&build, test_guest_system, NULL);
    image_maker_finish(&build);
    h = test_header(&build);
    region = ENTRY(&build, h.regions, struct bd_region, 1);
    assert_string_equal(test_string(&build, &h, region.name_off), "text");
    assert_int_equal(region.bytes, BD_PAGE);
    assert_int_equal(region.src_bytes, sizeof(text) - 1);
    assert_memory_equal(build.image + region.src_off, text, sizeof(text) - 1);
    image_maker_end(&build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),         cmocka_unit_test(test_regions),
        cmocka_unit_test(test_maps),           cmocka_unit_test(test_pds),
        cmocka_unit_test(test_symbols),        cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_bad_kernels),    cmocka_unit_test(test_containers),
        cmocka_unit_test(test_register_pages), cmocka_unit_test(test_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
