/* SPDX-License-Identifier: BSD-2-Clause */
/* Parents and children: stop, resume, restart, registers, on one CPU and across two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bootdesc.h"
#include "control.h"
#include "fake/describe.h"
#include "fake/world.h"
#include "irq.h"
#include "poke.h"
#include "report.h"

#include <bulkhead/report.h>

#define CHILD 5
#define SEGMENT_BYTES 0x1000UL
#define SOURCE_BYTES 0x305UL

static struct thread *parent, *child;
static struct describe description;
static struct bh_report_ring ring;
static struct bd_region segments[2];
static char image[0x2000] __attribute__((aligned(4096)));

/** The parent, of the higher priority, runs on CPU 0; the child wherever. */
static void family(uint32_t child_cpu)
{
    world_reset(2);
    /* The console looks for symbols there. */
    describe_right(&description);
    assert_null(bootdesc_check(&description, sizeof(description)));
    memset(&ring, 0, sizeof(ring));
    report_init(&ring, NULL, 0);
    parent = world_thread("parent", 0, 20);
    child = world_thread("child", child_cpu, 10);
    world_adopt(parent, CHILD, child);
    world_start(parent);
    world_start(child);
    (void)world_run(0);
    (void)world_run(1);
}

static void ask(uint64_t number, uint64_t x1)
{
    world_args(parent, CHILD, x1, 0);
    world_syscall(parent, number);
    assert_true(world_settle());
}

static void expect_done(void)
{
    assert_int_equal(thread_state(parent), THREAD_READY);
    assert_int_equal(parent->context.x[0], BH_OK);
    assert_int_equal(parent->context.pc, WORLD_SVC + 4);
}

static void test_no_such_child(void **state)
{
    (void)state;
    static const uint64_t none[] = { 0, CHILD + 1, BH_MAX_CHILDREN, UINT64_MAX };
    static const uint64_t calls[] = { BH_SYS_PD_STOP, BH_SYS_PD_RESUME, BH_SYS_PD_RESTART,
                                      BH_SYS_PD_READ, BH_SYS_PD_WRITE };
    family(0);
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t j = 0; j < 5; j++) {
            world_args(parent, none[i], 1, 0);
            world_syscall(parent, calls[j]);
            assert_int_equal(parent->context.x[0], BH_ERR_CHILD);
        }
    }
    assert_int_equal(thread_state(child), THREAD_READY);
}

static void test_stop_and_resume(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        family(cpu);
        ask(BH_SYS_PD_STOP, 0);
        expect_done();
        assert_int_equal(thread_state(child), THREAD_STOPPED);
        assert_int_equal(child->context.pc, WORLD_ENTRY);
        ask(BH_SYS_PD_STOP, 0);
        expect_done();
        ask(BH_SYS_PD_RESUME, 0);
        expect_done();
        assert_int_equal(thread_state(child), THREAD_READY);
        ask(BH_SYS_PD_RESUME, 0);
        expect_done();
    }
}

static void test_stop_has_happened_when_the_call_returns(void **state)
{
    (void)state;
    family(1);
    world_args(parent, CHILD, 0, 0);
    world_syscall(parent, BH_SYS_PD_STOP);
    assert_int_equal(thread_state(parent), THREAD_CONTROL);
    assert_null(cpu_get(0)->current);
    assert_true(world_poke(1));
    assert_int_equal(thread_state(child), THREAD_STOPPED);
    assert_int_equal(thread_state(parent), THREAD_CONTROL);
    assert_true(world_poke(0));
    expect_done();
}

static void test_stopped_receiver_waits_again(void **state)
{
    (void)state;
    family(1);
    world_args(child, 0, 0, 0);
    child->context.x[6] = BH_DEFERRED_NOTIFY(3);
    world_syscall(child, BH_SYS_REPLY_RECV);
    assert_int_equal(thread_state(child), THREAD_RECV);
    ask(BH_SYS_PD_STOP, 0);
    assert_int_equal(child->context.pc, WORLD_SVC);
    assert_int_equal(child->context.x[8], BH_SYS_RECV);
    assert_int_equal(child->context.x[6], BH_DEFERRED_NONE);
    child->notified = 4;
    ask(BH_SYS_PD_RESUME, 0);
    assert_ptr_equal(cpu_get(1)->current, child);
    world_again(child);
    assert_int_equal(child->context.x[0], 4);
}

static void test_stopped_while_faulted(void **state)
{
    (void)state;
    family(1);
    world_fault(child, BH_FAULT_MEMORY, 0x1234);
    assert_int_equal(parent->faults, 1UL << CHILD);
    ask(BH_SYS_PD_STOP, 0);
    assert_int_equal(thread_state(child), THREAD_STOPPED);
    assert_int_equal(parent->faults, 0);
}

/** Two segments: one with contents, one that is all zeros. */
static void give_segments(void)
{
    arch_fake_ram(0x10000);
    segments[0] =
        (struct bd_region){ ARCH_FAKE_RAM + 0x1000, SEGMENT_BYTES, 0x1000, SOURCE_BYTES, 0, 0 };
    segments[1] =
        (struct bd_region){ ARCH_FAKE_RAM + 0x3000, SEGMENT_BYTES, BD_NO_SOURCE, 0, 0, 0 };
    memset(image + 0x1000, 0, 0x1000);
    memset(image + 0x1000, 0x42, SOURCE_BYTES);
    child->restore.image = image;
    child->restore.segments = segments;
    child->restore.count = 2;
    memset(arch_phys(ARCH_FAKE_RAM), 0xee, 0x10000);
}

/** Makes the restart call as often as the kernel wants; says how often that was. */
static uint32_t restart(void)
{
    uint32_t calls = 1;
    ask(BH_SYS_PD_RESTART, WORLD_ENTRY);
    while (parent->context.pc == WORLD_SVC) {
        world_again(parent);
        assert_true(world_settle());
        calls++;
        assert_true(calls < 100);
    }
    return calls;
}

static void expect_restored(void)
{
    const uint8_t *ram = arch_phys(ARCH_FAKE_RAM);
    for (uint32_t i = 0; i < 0x10000; i++) {
        uint8_t expected = 0xee;
        if (i >= 0x1000 && i < 0x2000) {
            expected = i - 0x1000 < SOURCE_BYTES ? 0x42 : 0;
        } else if (i >= 0x3000 && i < 0x4000) {
            expected = 0;
        }
        assert_int_equal(ram[i], expected);
    }
}

static void test_restart(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        family(cpu);
        give_segments();
        child->context.x[7] = 99;
        child->notified = 5;
        assert_in_range(restart(), 17, 25);
        expect_done();
        expect_restored();
        assert_int_equal(thread_state(child), THREAD_READY);
        assert_int_equal(child->context.pc, WORLD_ENTRY);
        assert_int_equal(child->context.sp, WORLD_STACK_TOP);
        assert_int_equal(child->context.x[7], 0);
        assert_int_equal(child->notified, 0);
        assert_int_equal(ring.written, 1);
        assert_int_equal(ring.slots[0].kind, BH_REPORT_RESTART);
        /* And once more: the next one begins at the first segment again. */
        memset(arch_phys(ARCH_FAKE_RAM), 0xee, 0x10000);
        (void)restart();
        expect_restored();
    }
}

static void test_interrupts_come_again_after_a_restart(void **state)
{
    (void)state;
    family(1);
    assert_true(irq_bind(77, child, 4));
    assert_true(world_interrupt(1, 77));
    assert_int_equal(arch_fake.deactivations, 0);
    (void)restart();
    assert_int_equal(arch_fake.deactivations, 1);
    assert_int_equal(arch_fake.deactivated, 77);
    assert_true(world_interrupt(1, 77));
    assert_int_equal(child->notified, 1UL << 4);
}

static void test_registers(void **state)
{
    (void)state;
    family(1);
    ask(BH_SYS_PD_READ, 0);
    assert_int_equal(parent->context.x[0], BH_ERR_STATE);
    ask(BH_SYS_PD_STOP, 0);
    for (uint64_t i = 0; i < 36; i++) {
        parent->msg->msg[i] = 0xf00000f0 + i;
    }
    world_args(parent, CHILD, 36, 0);
    world_syscall(parent, BH_SYS_PD_WRITE);
    expect_done();
    assert_int_equal(child->context.pc, 0xf00000f0);
    assert_int_equal(child->context.sp, 0xf00000f1);
    /* No other exception level, no masks: the flags alone. */
    assert_int_equal(child->context.spsr, 0xf0000000);
    assert_int_equal(child->context.x[0], 0xf00000f3);
    assert_int_equal(child->context.x[30], 0xf00000f0 + 33);
    assert_int_equal(child->context.tpidr, 0xf00000f0 + 34);
    memset(parent->msg, 0, sizeof(*parent->msg));
    ask(BH_SYS_PD_READ, 0);
    for (uint64_t i = 0; i < 36; i++) {
        assert_int_equal(parent->msg->msg[i], i == 2 ? 0xf0000000 : 0xf00000f0 + i);
    }
    ask(BH_SYS_PD_WRITE, 0);
    assert_int_equal(parent->context.x[0], BH_ERR_ARGUMENT);
    ask(BH_SYS_PD_WRITE, 37);
    assert_int_equal(parent->context.x[0], BH_ERR_ARGUMENT);
}

static void test_stopped_child_has_its_registers_in_memory(void **state)
{
    (void)state;
    family(1);
    arch_fake.tpidr[1] = 5;
    world_args(parent, CHILD, 0, 0);
    world_syscall(parent, BH_SYS_PD_STOP);
    /* CPU 1 has stopped the child and told so, and not yet gone to another thread. */
    arch_fake.poke_pending[1][0] = false;
    arch_fake.cpu = 1;
    poke_handle(cpu_get(1), false);
    assert_true(world_poke(0));
    ask(BH_SYS_PD_READ, 0);
    assert_int_equal(parent->msg->msg[34], 5);
    parent->msg->msg[34] = 7;
    ask(BH_SYS_PD_WRITE, 36);
    assert_null(world_run(1));
    ask(BH_SYS_PD_RESUME, 0);
    assert_ptr_equal(cpu_get(1)->current, child);
    assert_int_equal(arch_fake.tpidr[1], 7);
}

static void stop_parent(void)
{
    arch_fake.cpu = 0;
    control_stop(cpu_get(0), parent);
    (void)world_run(0);
}

static void test_request_of_a_stopped_parent_is_withdrawn(void **state)
{
    (void)state;
    family(1);
    world_args(parent, CHILD, 0, 0);
    world_syscall(parent, BH_SYS_PD_STOP);
    stop_parent();
    assert_true(world_settle());
    assert_int_equal(thread_state(child), THREAD_READY);
    /* Resumed, it makes the call again, with its argument. */
    arch_fake.cpu = 0;
    control_resume(cpu_get(0), parent);
    (void)world_run(0);
    assert_int_equal(parent->context.pc, WORLD_SVC);
    world_again(parent);
    assert_true(world_settle());
    expect_done();
    assert_int_equal(thread_state(child), THREAD_STOPPED);
}

static void test_request_that_was_carried_out_is_not_repeated(void **state)
{
    (void)state;
    family(1);
    world_args(parent, CHILD, 0, 0);
    world_syscall(parent, BH_SYS_PD_STOP);
    assert_true(world_poke(1));
    stop_parent();
    arch_fake.cpu = 0;
    control_resume(cpu_get(0), parent);
    (void)world_run(0);
    assert_true(world_settle());
    expect_done();
    assert_int_equal(thread_state(child), THREAD_STOPPED);
}

static void test_parent_stopped_in_a_restart_repeats_it_once(void **state)
{
    (void)state;
    family(1);
    give_segments();
    world_args(parent, CHILD, WORLD_ENTRY, 0);
    world_syscall(parent, BH_SYS_PD_RESTART);
    assert_int_equal(thread_state(parent), THREAD_CONTROL);
    stop_parent();
    arch_fake.cpu = 0;
    control_resume(cpu_get(0), parent);
    (void)world_run(0);
    assert_int_equal(parent->context.pc, WORLD_SVC);
    assert_int_equal(parent->context.x[0], CHILD);
    while (parent->context.pc == WORLD_SVC) {
        world_again(parent);
        assert_true(world_settle());
    }
    expect_done();
    expect_restored();
}

static void test_fault_goes_to_the_parent_and_back(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        family(cpu);
        world_args(parent, 0, 0, 0);
        world_syscall(parent, BH_SYS_RECV);
        assert_ptr_equal(cpu_get(cpu)->current, child);
        world_fault(child, BH_FAULT_MEMORY, 0xabcd);
        assert_true(world_settle());
        assert_int_equal(parent->context.x[0], BH_BADGE_FAULT | CHILD);
        assert_int_equal(parent->context.x[1], BH_MSGINFO(BH_FAULT_MEMORY, 4));
        assert_int_equal(parent->context.x[3], 0xabcd);
        assert_int_equal(thread_state(child), THREAD_FAULT);
        world_args(parent, 0, 0, 0);
        world_syscall(parent, BH_SYS_REPLY_RECV);
        assert_true(world_settle());
        assert_int_equal(thread_state(child), THREAD_READY);
        assert_int_equal(ring.written, 0);
    }
}

static void test_unknown_call_is_a_fault_of_thirteen_words(void **state)
{
    (void)state;
    family(0);
    world_args(parent, 0, 0, 0);
    world_syscall(parent, BH_SYS_RECV);
    world_args(child, 11, 12, 13);
    world_syscall(child, 9999);
    assert_true(world_settle());
    assert_int_equal(parent->context.x[1], BH_MSGINFO(BH_FAULT_SYSCALL, 13));
    assert_int_equal(parent->context.x[2], 11);
    assert_int_equal(parent->context.x[4], 13);
    assert_int_equal(parent->msg->msg[8], WORLD_SVC + 4);
    assert_int_equal(parent->msg->msg[12], 9999);
}

static void test_stale_fault_hides_no_other(void **state)
{
    (void)state;
    family(0);
    struct thread *other = world_thread("other", 1, 10);
    world_adopt(parent, CHILD + 1, other);
    world_start(other);
    (void)world_run(1);
    parent->faults = 1UL << CHILD;
    world_fault(other, BH_FAULT_MEMORY, 1);
    world_args(parent, 0, 0, 0);
    world_syscall(parent, BH_SYS_RECV);
    assert_int_equal(parent->context.x[0], BH_BADGE_FAULT | (CHILD + 1));
}

static void test_fault_without_a_parent_is_reported(void **state)
{
    (void)state;
    family(0);
    parent->context.x[3] = 33;
    world_fault(parent, BH_FAULT_MEMORY, 0x77);
    assert_int_equal(thread_state(parent), THREAD_STOPPED);
    assert_true(world_settle());
    assert_int_equal(ring.written, 1);
    assert_int_equal(ring.slots[0].number, 1);
    assert_int_equal(ring.slots[0].kind, BH_REPORT_FAULT);
    assert_int_equal(ring.slots[0].addr, 0x77);
    assert_int_equal(ring.slots[0].x[3], 33);
    assert_string_equal(ring.slots[0].name, "parent");
    assert_ptr_equal(cpu_get(0)->current, child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_such_child),
        cmocka_unit_test(test_stop_and_resume),
        cmocka_unit_test(test_stop_has_happened_when_the_call_returns),
        cmocka_unit_test(test_stopped_receiver_waits_again),
        cmocka_unit_test(test_stopped_while_faulted),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_interrupts_come_again_after_a_restart),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_stopped_child_has_its_registers_in_memory),
        cmocka_unit_test(test_request_of_a_stopped_parent_is_withdrawn),
        cmocka_unit_test(test_request_that_was_carried_out_is_not_repeated),
        cmocka_unit_test(test_parent_stopped_in_a_restart_repeats_it_once),
        cmocka_unit_test(test_fault_goes_to_the_parent_and_back),
        cmocka_unit_test(test_unknown_call_is_a_fault_of_thirteen_words),
        cmocka_unit_test(test_stale_fault_hides_no_other),
        cmocka_unit_test(test_fault_without_a_parent_is_reported),
    };
    int failed = cmocka_run_group_tests_name("kernel_control", tests, NULL, NULL);
    world_reset(1);
    return failed;
}
