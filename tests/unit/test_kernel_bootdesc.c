/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot description: a right one is accepted and built; one changed field is refused, and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bootdesc.h"
#include "fake/describe.h"
#include "fake/world.h"
#include "heap.h"
#include "objects.h"
#include "pgtable.h"
#include "symbols.h"

static struct describe description;
static const uint32_t no_seed[SEED_WORDS];

static int setup(void **state)
{
    (void)state;
    world_reset(2);
    describe_right(&description);
    return 0;
}

static const char *check(void)
{
    return bootdesc_check(&description, sizeof(description));
}

/** One field, and the sentence that its wrong value gives. */
struct wrong {
    const char *sentence;
    size_t off;
    size_t bytes;
    uint64_t value;
};

#define FIELD(member, wrong_value)                                             \
    offsetof(struct describe, member), sizeof(((struct describe *)0)->member), \
        (uint64_t)(wrong_value)

#define NOT_OURS "there is no boot description of this kernel's version"
#define TABLES "a table of the boot description lies outside it"
#define MEMORY "a range of memory is empty, not page aligned or too high"
#define KERNEL "the kernel's own region does not lie in the board's memory"
#define BOARD "a device of the board is not page aligned, too high or lies in memory"
#define REGION "a region is empty, not page aligned or too high"
#define SOURCE "the contents of a region lie outside the image"
#define INPLACE "a region in place lies outside the image"
#define MAP "a mapping is empty, not page aligned or too high"
#define MAP_SIZE "a mapping is larger than its region"
#define CHANNEL "a channel has a wrong number"
#define NO_END "a channel has no other end"
#define PD_TABLES "the tables of a PD lie outside those of the boot description"
#define PD_TIMES "a PD has a wrong priority, budget or period"
#define PD_STACK "a PD has no stack or no message buffer"
#define IRQ_ID "an interrupt has a wrong channel number"
#define IRQ "an interrupt cannot be given to a PD"
#define VM_TABLES "the tables of a virtual machine lie outside those of the boot description"
#define PAGE "a register page has a wrong place or interrupt"
#define PAGE_ID "a register page has a wrong channel number"
#define SEGMENTS "the writable segments of a PD lie outside their table"

static const struct wrong wrongs[] = {
    { NOT_OURS, FIELD(header.magic, 0) },
    { NOT_OURS, FIELD(header.version, BD_VERSION + 1) },
    { NOT_OURS, FIELD(header.bytes, sizeof(struct describe) + 1) },
    { NOT_OURS, FIELD(header.bytes, sizeof(struct bd_header) - 1) },
    { TABLES, FIELD(header.memory.off, sizeof(struct bd_header) - 8) },
    { TABLES, FIELD(header.memory.off, sizeof(struct bd_header) + 4) },
    { TABLES, FIELD(header.regions.count, 0x10000000) },
    { TABLES, FIELD(header.maps.off, sizeof(struct describe)) },
    { TABLES, FIELD(header.pds.off, 0xfffffff8) },
    { TABLES, FIELD(header.vms.count, 0xffffffff) },
    { TABLES, FIELD(header.vcpus.off, 0) },
    { TABLES, FIELD(header.devices.count, 0x8000000) },
    { TABLES, FIELD(header.channels.count, 0xffffffff) },
    { TABLES, FIELD(header.irqs.count, 1000) },
    { TABLES, FIELD(header.symbols.count, 1000) },
    { TABLES, FIELD(header.strings.count, DESCRIBE_STRINGS + 1) },
    { "the strings of the boot description do not end", FIELD(header.strings.count, 0) },
    { "the strings of the boot description do not end", FIELD(strings[DESCRIBE_STRINGS - 1], 'x') },
    { "the number of CPUs is not 1 to 8", FIELD(header.board.cpus, 0) },
    { "the number of CPUs is not 1 to 8", FIELD(header.board.cpus, 9) },
    { MEMORY, FIELD(memory[0].bytes, 0) },
    { MEMORY, FIELD(memory[0].bytes, 0x100001) },
    { MEMORY, FIELD(memory[0].base, 0x40000008) },
    { MEMORY, FIELD(memory[0].base, 480UL << 30) },
    { MEMORY, FIELD(memory[0].bytes, ~0xfffUL) },
    { KERNEL, FIELD(header.kernel_base, 0) },
    { KERNEL, FIELD(header.kernel_base, 0x40000000) },
    { KERNEL, FIELD(header.kernel_base, 0x40001001) },
    { KERNEL, FIELD(header.image_bytes, 0x100000) },
    { KERNEL, FIELD(header.image_bytes, ~0xfffUL) },
    { KERNEL, FIELD(header.heap_bytes, 0x40001) },
    { KERNEL, FIELD(header.heap_bytes, ~0xfffUL) },
    { KERNEL, FIELD(memory[0].base, 0x40001000) },
    { BOARD, FIELD(header.board.gicd, 0x08000800) },
    { BOARD, FIELD(header.board.gicd, 0x40000000) },
    { BOARD, FIELD(header.board.gicc, ~0xfffUL) },
    { BOARD, FIELD(header.board.gich, 1UL << 40) },
    { BOARD, FIELD(header.board.gicr_bytes, 0x40001) },
    { BOARD, FIELD(header.board.gicr_bytes, ~0xfffUL) },
    { BOARD, FIELD(header.board.uart, 0x09000004) },
    { REGION, FIELD(regions[DESCRIBE_SHARED].base, 0x40080001) },
    { REGION, FIELD(regions[DESCRIBE_SHARED].bytes, 0) },
    { REGION, FIELD(regions[DESCRIBE_SHARED].bytes, 0x800) },
    { REGION, FIELD(regions[DESCRIBE_SHARED].base, ~0xfffUL) },
    { "a region has no name", FIELD(regions[DESCRIBE_SHARED].name_off, DESCRIBE_STRINGS) },
    { SOURCE, FIELD(regions[DESCRIBE_TEXT].src_off, DESCRIBE_IMAGE_BYTES) },
    { SOURCE, FIELD(regions[DESCRIBE_TEXT].src_off, 0x8008) },
    { SOURCE, FIELD(regions[DESCRIBE_TEXT].src_off, ~0xfffUL) },
    { SOURCE, FIELD(regions[DESCRIBE_TEXT].src_bytes, 0x1001) },
    { SOURCE, FIELD(regions[DESCRIBE_TEXT].src_bytes, ~0UL) },
    { SOURCE, FIELD(regions[DESCRIBE_SHARED].src_bytes, 8) },
    { INPLACE, FIELD(regions[DESCRIBE_INPLACE].base, DESCRIBE_KERNEL_BASE - 0x1000) },
    { INPLACE, FIELD(regions[DESCRIBE_INPLACE].bytes, 0x7000) },
    { INPLACE, FIELD(regions[DESCRIBE_INPLACE].bytes, 0x11000) },
    { "a device region lies in memory", FIELD(regions[DESCRIBE_DEVICE].base, 0x400ff000) },
    { "a region lies outside the board's memory",
      FIELD(regions[DESCRIBE_SHARED].base, 0x400ff000) },
    { "a region overlaps the kernel's", FIELD(regions[DESCRIBE_SHARED].base, 0x40000000) },
    { "a region overlaps the kernel's", FIELD(regions[DESCRIBE_SHARED].base, 0x40050000) },
    { "two regions overlap", FIELD(regions[DESCRIBE_SHARED].base, 0x4006f000) },
    { "the number of PDs is not 1 to 63", FIELD(header.pds.count, 0) },
    { "a PD has no name", FIELD(pds[2].name_off, DESCRIBE_STRINGS) },
    { "a PD is on a CPU that the system does not use", FIELD(pds[2].cpu, 2) },
    { PD_TIMES, FIELD(pds[2].priority, 255) },
    { PD_TIMES, FIELD(pds[2].budget_us, 0) },
    { PD_TIMES, FIELD(pds[2].budget_us, 1001) },
    { PD_TABLES, FIELD(pds[0].maps_first, DESCRIBE_MAPS + 1) },
    { PD_TABLES, FIELD(pds[0].maps_count, DESCRIBE_MAPS + 1) },
    { PD_TABLES, FIELD(pds[0].channels_count, 0xffffffff) },
    { PD_TABLES, FIELD(pds[1].irqs_first, 2) },
    { PD_TABLES, FIELD(pds[0].symbols_count, 3) },
    { "a PD has a wrong parent", FIELD(pds[1].parent, 1) },
    { "a PD has a wrong parent", FIELD(pds[1].child_id, 62) },
    { PD_STACK, FIELD(pds[0].stack_region, DESCRIBE_REGIONS) },
    { PD_STACK, FIELD(pds[0].msg_region, DESCRIBE_DEVICE) },
    { PD_STACK, FIELD(pds[0].msg_region, DESCRIBE_INPLACE) },
    { PD_STACK, FIELD(pds[0].stack_top, 0x8000001000) },
    { PD_STACK, FIELD(pds[0].stack_top, 0x7ffffffff8) },
    { PD_STACK, FIELD(pds[0].stack_top, 0) },
    { SEGMENTS, FIELD(pds[0].segments_count, DESCRIBE_REGIONS) },
    { "a writable segment of a PD is not memory", FIELD(pds[0].segments_first, DESCRIBE_DEVICE) },
    { MAP, FIELD(maps[DESCRIBE_MAP_TEXT].addr, 0x200800) },
    { MAP, FIELD(maps[DESCRIBE_MAP_TEXT].addr, 0x8000000000) },
    { MAP, FIELD(maps[DESCRIBE_MAP_TEXT].bytes, 0) },
    { "a mapping has no region", FIELD(maps[DESCRIBE_MAP_TEXT].region, DESCRIBE_REGIONS) },
    { MAP_SIZE, FIELD(maps[DESCRIBE_MAP_TEXT].bytes, 0x2000) },
    { MAP_SIZE, FIELD(maps[DESCRIBE_MAP_TEXT].region_off, 0x1000) },
    { MAP_SIZE, FIELD(maps[DESCRIBE_MAP_TEXT].region_off, 0x10) },
    { MAP_SIZE, FIELD(maps[DESCRIBE_MAP_TEXT].region_off, ~0xfffUL) },
    { "a mapping has no permissions", FIELD(maps[DESCRIBE_MAP_TEXT].flags, BD_MAP_UNCACHED) },
    { "a region in place is mapped writable",
      FIELD(maps[DESCRIBE_MAP_INPLACE].flags, BD_MAP_READ | BD_MAP_WRITE) },
    { "two mappings of one address space overlap", FIELD(maps[DESCRIBE_MAP_DATA].addr, 0x1ff000) },
    { CHANNEL, FIELD(channels[0].id, 62) },
    { CHANNEL, FIELD(channels[0].peer_id, 62) },
    { CHANNEL, FIELD(channels[0].peer, 3) },
    { CHANNEL, FIELD(channels[0].peer, 0) },
    { "a channel has a wrong right", FIELD(channels[0].flags, BD_CHANNEL_NOTIFY | 4) },
    { "a channel number is used twice", FIELD(channels[1].id, 0) },
    { "a PD may call one that has no higher priority", FIELD(pds[0].priority, 20) },
    { "a PD may call a passive one of another CPU", FIELD(pds[2].cpu, 1) },
    { NO_END, FIELD(channels[2].peer_id, 9) },
    { NO_END, FIELD(channels[2].id, 9) },
    { NO_END, FIELD(channels[2].peer, 2) },
    { IRQ_ID, FIELD(irqs[0].id, 62) },
    { IRQ_ID, FIELD(irqs[0].id, 1) },
    { IRQ, FIELD(irqs[0].intid, 31) },
    { IRQ, FIELD(irqs[0].intid, 1020) },
    { "the report ring has a wrong channel number", FIELD(header.report_id, 62) },
    { "the report ring has a wrong channel number", FIELD(header.report_id, 8) },
    { "a virtual machine has no name or no VMM", FIELD(vms[0].pd, 1) },
    { "a virtual machine has no vCPU, or more than 8", FIELD(vms[0].vcpus_count, 0) },
    { "a vCPU has a wrong number, CPU, priority, budget or period", FIELD(vcpus[0].cpu, 2) },
    { VM_TABLES, FIELD(vms[0].devices_count, 3) },
    { VM_TABLES, FIELD(vms[0].devices_first, 1) },
    { VM_TABLES, FIELD(vms[0].vcpus_first, 0xffffffff) },
    { PAGE, FIELD(devices[0].region, DESCRIBE_DEVICE) },
    { PAGE, FIELD(devices[0].region, DESCRIBE_REGIONS) },
    { PAGE, FIELD(devices[1].region_off, 0x2000) },
    { PAGE, FIELD(devices[1].region_off, 0x1004) },
    { PAGE, FIELD(devices[1].gpa, 0xb002000) },
    { PAGE, FIELD(devices[0].gpa, 0xb000001) },
    { PAGE, FIELD(devices[0].intid, 31) },
    { PAGE, FIELD(devices[1].intid, 256) },
    { PAGE_ID, FIELD(devices[0].id, 62) },
    { PAGE_ID, FIELD(devices[0].id, 21) },
    { PAGE_ID, FIELD(devices[0].id, 4) },
    { PAGE_ID, FIELD(devices[1].id, 8) },
    { PAGE_ID, FIELD(devices[1].id, 5) },
    { "a symbol has no name", FIELD(symbols[1].name_off, 0x80000000) },
    { "the report ring has no page", FIELD(header.report_region, BD_NONE) },
    { "the report ring has no page", FIELD(header.report_region, DESCRIBE_SHARED) },
    { "the report ring has no reader", FIELD(header.report_pd, 3) },
    { "the switch trace has no memory", FIELD(header.trace_region, DESCRIBE_DEVICE) },
};

static void test_right_one_is_accepted(void **state)
{
    (void)state;
    assert_null(check());
    assert_ptr_equal(bootdesc_header(), &description.header);
    assert_ptr_equal(bootdesc_pd(1), &description.pds[1]);
    assert_string_equal(bootdesc_string(bootdesc_pd(1)->name_off), "B");
}

static void test_each_wrong_field_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        const struct wrong *w = &wrongs[i];
        describe_right(&description);
        /* Little endian: the low bytes come first. */
        memcpy((char *)&description + w->off, &w->value, w->bytes);
        const char *said = check();
        if (said == NULL || strcmp(said, w->sentence) != 0) {
            fail_msg("case %zu: said '%s' instead of '%s'", i, said != NULL ? said : "nothing",
                     w->sentence);
        }
    }
}

static void test_too_short_for_a_header(void **state)
{
    (void)state;
    assert_string_equal(bootdesc_check(&description, sizeof(struct bd_header) - 1), NOT_OURS);
}

static void test_without_what_may_be_left_out(void **state)
{
    (void)state;
    description.header.trace_region = BD_NONE;
    description.header.report_pd = BD_NONE;
    description.header.report_id = 99;
    description.header.symbols.count = 0;
    description.pds[0].symbols_count = 0;
    assert_null(check());
}

/** RFC 8439, A.1, test vectors 1 and 2: the key and the nonce are zero. */
static void test_seeds_are_chacha20(void **state)
{
    (void)state;
    static const uint8_t expected[2][4 * SEED_WORDS] = {
        { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a,
          0xe5, 0x53, 0x86, 0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d,
          0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7 },
        { 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97,
          0x7c, 0x73, 0x2d, 0x08, 0x0d, 0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3,
          0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed },
    };
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t out[SEED_WORDS];
        seed_derive(no_seed, i, out);
        assert_memory_equal(out, expected[i], sizeof(out));
    }
}

/* Building. */

static uint64_t leaf(const struct thread *t, uint64_t va)
{
    uint64_t bytes;
    return arch_fake_lookup(t->context.root, va, &bytes);
}

static char *build(void)
{
    arch_fake_ram(DESCRIBE_RAM_BYTES);
    memset(arch_phys(ARCH_FAKE_RAM), 0xa5, DESCRIBE_RAM_BYTES);
    char *image = arch_phys(DESCRIBE_KERNEL_BASE);
    /* A source of 0x201 bytes, padded with zeros to a page. */
    memset(image + 0x9000, 0, 0x1000);
    memset(image + 0x9000, 0x77, 0x201);
    heap_init(image + DESCRIBE_IMAGE_BYTES, DESCRIBE_HEAP_BYTES);
    return image;
}

static void test_objects_are_built(void **state)
{
    (void)state;
    char *image = build();
    assert_null(check());
    assert_null(objects_build(image, no_seed));
    struct thread *a = objects_pd_thread(0);
    struct thread *b = objects_pd_thread(1);
    struct thread *c = objects_pd_thread(2);
    assert_string_equal(a->name, "A");
    assert_ptr_equal(a->channels[0].peer, b);
    assert_int_equal(a->channels[0].peer_id, 1);
    assert_int_equal(a->channels[0].flags, CHANNEL_NOTIFY | CHANNEL_CALL);
    assert_null(a->channels[1].peer);
    assert_ptr_equal(b->parent, a);
    assert_ptr_equal(a->children[3], b);
    assert_int_equal(b->flags, THREAD_FPU | THREAD_SMC);
    assert_int_equal(c->flags & (THREAD_PASSIVE | THREAD_TIMER), THREAD_PASSIVE | THREAD_TIMER);
    assert_int_equal(b->channels[7].flags, CHANNEL_IRQ);
    assert_int_equal(arch_fake.edge[0] >> 33 & 1, 1);
    for (uint32_t i = 0; i < DESCRIBE_PDS; i++) {
        assert_in_range(objects_pd_thread(i)->context.vmid, 1, 255);
        for (uint32_t j = 0; j < i; j++) {
            const struct arch_context *other = &objects_pd_thread(j)->context;
            assert_int_not_equal(objects_pd_thread(i)->context.vmid, other->vmid);
            assert_ptr_not_equal(objects_pd_thread(i)->context.root, other->root);
        }
    }
    assert_int_equal(a->context.pc, 0x200000);
    assert_int_equal(a->context.sp, 0x8000000000);
    assert_ptr_equal(a->msg, arch_phys(0x40065000));
    /* Contents, and what is behind them. */
    const uint8_t *data = arch_phys(0x40062000);
    for (uint32_t i = 0; i < 0x2000; i++) {
        assert_int_equal(data[i], i < 0x201 ? 0x77 : 0);
    }
    const uint8_t *shared = arch_phys(0x40080000);
    assert_int_equal(shared[0] | shared[0x1fff], 0);
    /* Mappings: what each may do, and nothing else is there. */
    assert_int_equal(leaf(a, 0x200000),
                     0x40061000 | PGTABLE_S2_NORMAL | PGTABLE_S2_READ | 1UL << 10 | 3);
    assert_int_equal(leaf(a, 0x201000), 0x40062000 | PGTABLE_S2_NORMAL | PGTABLE_S2_READ |
                                            PGTABLE_S2_WRITE | PGTABLE_S2_NOEXEC | 1UL << 10 | 3);
    assert_int_equal(leaf(a, 0x401000), 0x40081000 | PGTABLE_S2_UNCACHED | PGTABLE_S2_READ |
                                            PGTABLE_S2_NOEXEC | 1UL << 10 | 3);
    assert_int_equal(leaf(b, 0x400000), 0x40081000 | PGTABLE_S2_NORMAL | PGTABLE_S2_READ |
                                            PGTABLE_S2_WRITE | PGTABLE_S2_NOEXEC | 1UL << 10 | 3);
    assert_int_equal(leaf(b, 0x500000), 0x0a000000 | PGTABLE_S2_DEVICE | PGTABLE_S2_READ |
                                            PGTABLE_S2_WRITE | PGTABLE_S2_NOEXEC | 1UL << 10 | 3);
    assert_int_equal(leaf(b, 0x200000), 0);
    assert_int_equal(leaf(a, 0x1ff000), 0);
    assert_int_equal(arch_fake.synced, 0x1000);
    assert_int_equal(arch_fake.flushed, 0x2000);
}

static void test_start(void **state)
{
    (void)state;
    /* PDs of CPU 0 start there; the other's are not touched. Without interrupts: those of the last
     * build stay with their threads. */
    description.pds[1].irqs_count = 0;
    description.pds[2].irqs_count = 0;
    char *image = build();
    assert_null(check());
    assert_null(objects_build(image, no_seed));
    arch_fake.cpu = 0;
    objects_start(cpu_get(0));
    assert_ptr_equal(world_run(0), objects_pd_thread(2));
    assert_int_equal(thread_state(objects_pd_thread(0)), THREAD_READY);
    assert_int_equal(thread_state(objects_pd_thread(1)), THREAD_STOPPED);
}

static void test_interrupt_of_two_is_refused(void **state)
{
    (void)state;
    description.irqs[0].intid = 40;
    description.irqs[1].intid = 40;
    char *image = build();
    assert_null(check());
    assert_string_equal(objects_build(image, no_seed), "an interrupt is given to two PDs");
}

static void test_two_children_of_one_number_are_refused(void **state)
{
    (void)state;
    description.pds[1].irqs_count = 0;
    description.pds[2].irqs_count = 0;
    description.pds[2].parent = 0;
    description.pds[2].child_id = 3;
    char *image = build();
    assert_null(check());
    assert_string_equal(objects_build(image, no_seed), "two children have one number");
}

static void test_every_small_heap_is_refused(void **state)
{
    (void)state;
    description.pds[1].irqs_count = 0;
    description.pds[2].irqs_count = 0;
    char *image = build();
    assert_null(check());
    uint64_t enough = DESCRIBE_HEAP_BYTES;
    for (uint64_t bytes = 0; bytes < DESCRIBE_HEAP_BYTES; bytes += 1024) {
        heap_init(image + DESCRIBE_IMAGE_BYTES, bytes);
        const char *wrong = objects_build(image, no_seed);
        if (wrong == NULL) {
            enough = bytes;
            break;
        }
        assert_non_null(strstr(wrong, "the image gives the kernel too little memory"));
    }
    assert_in_range(enough, 7 * 4096, DESCRIBE_HEAP_BYTES - 1);
}

static void test_heap(void **state)
{
    (void)state;
    arch_fake_ram(8192);
    char *base = arch_phys(ARCH_FAKE_RAM);
    memset(base, 0xff, 8192);
    heap_init(base + 8, 8192 - 8);
    char *first = heap_alloc(1, 8);
    assert_ptr_equal(first, base + 8);
    assert_int_equal(*(uint64_t *)(void *)first, 0);
    assert_ptr_equal(heap_alloc(24, 64), base + 64);
    assert_null(heap_alloc(4097, 4096));
    assert_null(heap_alloc(UINT64_MAX - 64, 8));
    assert_ptr_equal(heap_alloc(4096, 4096), base + 4096);
    assert_null(heap_alloc(1, 8));
    heap_init(base, 4096);
    heap_close();
    assert_null(heap_alloc(8, 8));
}

static void test_symbols(void **state)
{
    (void)state;
    assert_null(check());
    const struct bd_pd *pd = bootdesc_pd(0);
    uint64_t off = 99;
    assert_null(symbols_find(pd, 0x1fffff, &off));
    assert_string_equal(symbols_find(pd, 0x200000, &off), "main");
    assert_int_equal(off, 0);
    assert_string_equal(symbols_find(pd, 0x20000f, &off), "main");
    assert_int_equal(off, 15);
    assert_string_equal(symbols_find(pd, 0x20002f, &off), "loop");
    assert_int_equal(off, 31);
    assert_null(symbols_find(pd, 0x200030, &off));
    assert_null(symbols_find(pd, UINT64_MAX, &off));
    assert_null(symbols_find(bootdesc_pd(1), 0x200000, &off));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds_are_chacha20),
        cmocka_unit_test_setup(test_right_one_is_accepted, setup),
        cmocka_unit_test_setup(test_each_wrong_field_is_refused, setup),
        cmocka_unit_test_setup(test_too_short_for_a_header, setup),
        cmocka_unit_test_setup(test_without_what_may_be_left_out, setup),
        cmocka_unit_test_setup(test_objects_are_built, setup),
        cmocka_unit_test_setup(test_start, setup),
        cmocka_unit_test_setup(test_interrupt_of_two_is_refused, setup),
        cmocka_unit_test_setup(test_two_children_of_one_number_are_refused, setup),
        cmocka_unit_test_setup(test_every_small_heap_is_refused, setup),
        cmocka_unit_test_setup(test_heap, setup),
        cmocka_unit_test_setup(test_symbols, setup),
    };
    int failed = cmocka_run_group_tests_name("kernel_bootdesc", tests, NULL, NULL);
    world_reset(1);
    return failed;
}
