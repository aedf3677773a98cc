/* SPDX-License-Identifier: BSD-2-Clause */
/* The report ring: full, read on, and with a reader and a program that write what they like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <bulkhead/report.h>

#include "fake/world.h"
#include "report.h"

static struct thread *culprit, *reader;
static struct bh_report_ring ring;

static int setup(void **state)
{
    (void)state;
    world_reset(2);
    memset(&ring, 0, sizeof(ring));
    culprit = world_thread("culprit", 0, 10);
    reader = world_thread("reader", 1, 20);
    report_init(&ring, reader, 11);
    world_start(culprit);
    world_start(reader);
    (void)world_run(0);
    (void)world_run(1);
    world_args(reader, 0, 0, 0);
    world_syscall(reader, BH_SYS_RECV);
    return 0;
}

static void report(uint64_t addr)
{
    struct fault_cause cause = { .label = BH_FAULT_MEMORY, .addr = addr, .esr = 7 };
    arch_fake.cpu = 0;
    report_later(culprit, BH_REPORT_FAULT, &cause);
    while (report_waiting(culprit)) {
    }
}

static void test_record(void **state)
{
    (void)state;
    arch_fake.now = 1234;
    culprit->context.x[30] = 30;
    culprit->context.sp = 99;
    report(0x1000);
    const struct bh_report *r = &ring.slots[0];
    assert_int_equal(ring.written, 1);
    assert_int_equal(r->number, 1);
    assert_int_equal(r->time, 1234);
    assert_int_equal(r->kind, BH_REPORT_FAULT);
    assert_int_equal(r->fault, BH_FAULT_MEMORY);
    assert_int_equal(r->addr, 0x1000);
    assert_int_equal(r->esr, 7);
    assert_int_equal(r->x[30], 30);
    assert_int_equal(r->sp, 99);
    assert_string_equal(r->name, "culprit");
    assert_true(world_settle());
    assert_int_equal(reader->context.x[0], 1UL << 11);
}

static void test_full_ring_counts_what_is_lost(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= BH_REPORT_SLOTS + 3; i++) {
        report(i);
    }
    assert_int_equal(ring.written, BH_REPORT_SLOTS);
    assert_int_equal(ring.lost, 3);
    for (uint64_t i = 0; i < BH_REPORT_SLOTS; i++) {
        assert_int_equal(ring.slots[i].number, i + 1);
        assert_int_equal(ring.slots[i].addr, i + 1);
    }
    ring.read = 2;
    report(100);
    report(101);
    report(102);
    assert_int_equal(ring.lost, 4);
    assert_int_equal(ring.slots[0].number, BH_REPORT_SLOTS + 1);
    assert_int_equal(ring.slots[1].addr, 101);
    assert_int_equal(ring.slots[2].addr, 3);
}

static void test_wrong_reader_index_harms_nobody(void **state)
{
    (void)state;
    static const uint64_t wrong[] = { UINT64_MAX, 1, 100, 1UL << 63 };
    for (uint32_t i = 0; i < 4; i++) {
        ring.read = wrong[i];
        ring.written = wrong[i];
        report(i);
    }
    /* The kernel's own count goes on from where it was. */
    ring.read = 0;
    uint64_t lost = ring.lost;
    for (uint32_t i = 0; i < BH_REPORT_SLOTS; i++) {
        report(i);
    }
    assert_true(ring.lost > lost);
    for (uint32_t i = 0; i < BH_REPORT_SLOTS; i++) {
        assert_in_range(ring.slots[i].number, 1, BH_REPORT_SLOTS);
    }
}

static void put(uint64_t addr, uint64_t value)
{
    uint8_t *stack = (uint8_t *)(uintptr_t)culprit->stack;
    memcpy(stack + (addr - culprit->stack_base), &value, sizeof(value));
}

static void test_backtrace(void **state)
{
    (void)state;
    uint64_t base = culprit->stack_base;
    for (uint64_t i = 0; i < 3; i++) {
        put(base + 64 * i, base + 64 * (i + 1));
        put(base + 64 * i + 8, 0x200000 + i);
    }
    culprit->context.x[29] = base;
    report(0);
    assert_int_equal(ring.slots[0].frames[0], 0x200000);
    assert_int_equal(ring.slots[0].frames[2], 0x200002);
    assert_int_equal(ring.slots[0].frames[3], 0);
}

static void test_wrong_frame_pointers_are_not_followed(void **state)
{
    (void)state;
    uint64_t base = culprit->stack_base;
    const uint64_t wrong[] = {
        0, base - 8, base + 4, WORLD_STACK_TOP - 8, WORLD_STACK_TOP, UINT64_MAX & ~7UL, 1UL << 63
    };
    for (uint64_t i = 0; i < WORLD_STACK_BYTES; i += 8) {
        put(base + i, 0x4444);
    }
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ring.read = i;
        culprit->context.x[29] = wrong[i];
        report(0);
        assert_int_equal(ring.slots[i].frames[0], 0);
    }
}

static void test_backtrace_in_a_circle_ends(void **state)
{
    (void)state;
    uint64_t base = culprit->stack_base;
    put(base, base + 16);
    put(base + 8, 0x200000);
    put(base + 16, base);
    put(base + 24, 0x200004);
    culprit->context.x[29] = base;
    report(0);
    assert_int_equal(ring.slots[0].frames[1], 0x200004);
    assert_int_equal(ring.slots[0].frames[2], 0);
    /* The last frame that a stack can have. */
    put(WORLD_STACK_TOP - 8, 0x200008);
    culprit->context.x[29] = WORLD_STACK_TOP - 16;
    report(0);
    assert_int_equal(ring.slots[1].frames[0], 0x200008);
    assert_int_equal(ring.slots[1].frames[1], 0);
}

/** BH_SYS_REPORT by `culprit`, a VMM here. Returns x0. */
static uint64_t vmm_reports(uint64_t child, uint64_t kind, uint64_t number)
{
    world_args(culprit, child, kind, number);
    world_syscall(culprit, BH_SYS_REPORT);
    return culprit->context.x[0];
}

static void test_report_of_a_vmm(void **state)
{
    (void)state;
    struct thread *guest = world_thread("guest", 1, 5);
    world_adopt(culprit, 4, guest);
    guest->context.pc = 0x8000;
    guest->context.x[0] = 17;
    culprit->context.x[29] = culprit->stack_base;
    arch_fake.now = 99;
    assert_int_equal(vmm_reports(4, BH_REPORT_GUEST_CRASH, 3), BH_OK);
    /* Written in stays of its own, not in the call. */
    assert_int_equal(ring.written, 0);
    assert_true(world_settle());
    const struct bh_report *r = &ring.slots[0];
    assert_int_equal(ring.written, 1);
    assert_int_equal(r->number, 1);
    assert_int_equal(r->kind, BH_REPORT_GUEST_CRASH);
    assert_int_equal(r->addr, 3);
    assert_int_equal(r->time, 99);
    /* Of the guest, who has no frames to follow. */
    assert_string_equal(r->name, "guest");
    assert_int_equal(r->pc, 0x8000);
    assert_int_equal(r->x[0], 17);
    assert_int_equal(r->frames[0], 0);
    assert_int_equal(reader->context.x[0], 1UL << 11);
    assert_ptr_equal(cpu_get(0)->current, culprit);
}

static void test_report_of_a_vmm_with_wrong_arguments(void **state)
{
    (void)state;
    struct thread *guest = world_thread("guest", 1, 5);
    world_adopt(culprit, 4, guest);
    world_adopt(reader, 5, world_thread("other's", 1, 5));
    static const uint64_t strangers[] = { 0, 3, 5, BH_MAX_CHILDREN, BH_MAX_CHILDREN + 4, ~0UL };
    for (uint32_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        assert_int_equal(vmm_reports(strangers[i], BH_REPORT_GUEST_OFF, 0), BH_ERR_CHILD);
    }
    static const uint64_t kinds[] = { BH_REPORT_NONE,
                                      BH_REPORT_FAULT,
                                      BH_REPORT_RESTART,
                                      BH_REPORT_SERROR,
                                      BH_REPORT_GUEST_STOPPED + 1,
                                      1UL << 32 | BH_REPORT_GUEST_OFF,
                                      ~0UL };
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(vmm_reports(4, kinds[i], 0), BH_ERR_ARGUMENT);
    }
    assert_true(world_settle());
    assert_int_equal(ring.written, 0);
    assert_int_equal(ring.lost, 0);
}

static void test_reports_of_a_vmm_wait_for_each_other(void **state)
{
    (void)state;
    struct thread *first = world_thread("first", 1, 5);
    struct thread *second = world_thread("second", 1, 5);
    world_adopt(culprit, 4, first);
    world_adopt(culprit, 5, second);
    assert_int_equal(vmm_reports(4, BH_REPORT_GUEST_OFF, 1), BH_OK);
    /* The other one is being written: the call is made again until it is, arguments and all. */
    assert_int_equal(vmm_reports(5, BH_REPORT_GUEST_RESET, 2), 5);
    assert_int_equal(culprit->context.pc, WORLD_SVC);
    assert_int_equal(culprit->context.x[1], BH_REPORT_GUEST_RESET);
    for (uint32_t i = 0; i < 10 && culprit->context.pc == WORLD_SVC; i++) {
        (void)world_poke(0);
        world_again(culprit);
    }
    assert_int_equal(culprit->context.pc, WORLD_SVC + 4);
    assert_int_equal(culprit->context.x[0], BH_OK);
    assert_true(world_settle());
    assert_int_equal(ring.written, 2);
    assert_string_equal(ring.slots[0].name, "first");
    assert_int_equal(ring.slots[0].kind, BH_REPORT_GUEST_OFF);
    assert_int_equal(ring.slots[0].addr, 1);
    assert_string_equal(ring.slots[1].name, "second");
    assert_int_equal(ring.slots[1].kind, BH_REPORT_GUEST_RESET);
    assert_int_equal(ring.slots[1].addr, 2);
}

static void test_report_of_a_vmm_into_a_full_ring(void **state)
{
    (void)state;
    world_adopt(culprit, 4, world_thread("guest", 1, 5));
    for (uint64_t i = 1; i <= BH_REPORT_SLOTS; i++) {
        report(i);
    }
    assert_int_equal(vmm_reports(4, BH_REPORT_GUEST_OFF, 0), BH_OK);
    assert_true(world_settle());
    assert_int_equal(ring.lost, 1);
    /* It is over with that one. */
    ring.read = 1;
    assert_int_equal(vmm_reports(4, BH_REPORT_GUEST_STOPPED, 8), BH_OK);
    assert_true(world_settle());
    assert_int_equal(ring.slots[0].kind, BH_REPORT_GUEST_STOPPED);
    assert_int_equal(ring.lost, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_record),
        TEST(test_full_ring_counts_what_is_lost),
        TEST(test_wrong_reader_index_harms_nobody),
        TEST(test_backtrace),
        TEST(test_wrong_frame_pointers_are_not_followed),
        TEST(test_backtrace_in_a_circle_ends),
        TEST(test_report_of_a_vmm),
        TEST(test_report_of_a_vmm_with_wrong_arguments),
        TEST(test_reports_of_a_vmm_wait_for_each_other),
        TEST(test_report_of_a_vmm_into_a_full_ring),
    };
    return cmocka_run_group_tests_name("kernel_report", tests, NULL, NULL);
}
