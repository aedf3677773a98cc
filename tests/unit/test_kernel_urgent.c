/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps the wait of a PD above every guest for its interrupt short: what only guests wait for
 * does not disturb it, and long work on list registers stops for an interrupt and is made again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake/machine.h"
#include "irq.h"
#include "sched.h"

#define URGENT_INTID 77
#define URGENT_ID 5
#define VIRTUAL 64
/** List registers that are taken back between two looks whether an interrupt waits. */
#define STEP 2

static struct thread *urgent;
/** A vCPU of CPU 0 that is not in the CPU: the kernel keeps its timer. */
static struct vcpu absent;

static int setup(void **state)
{
    (void)state;
    machine_reset();
    cpu_get(0)->guest_priority = machine_vcpus[0].thread.priority;
    memset(&absent, 0, sizeof(absent));
    absent.vm = &machine_vm;
    return 0;
}

/** A PD of that priority waits for its interrupt, vCPU 0 runs. */
static void run_guest_below(uint32_t priority, uint32_t intid, uint32_t budget)
{
    urgent = world_limited("urgent", 0, priority, budget, 1000);
    assert_true(irq_bind(intid, urgent, URGENT_ID));
    world_start(urgent);
    world_start(&machine_vcpus[0].thread);
    for (int i = 0; i < 2; i++) {
        struct thread *t = world_run(0);
        world_args(t, 0, 0, 0);
        world_syscall(t, BH_SYS_RECV);
    }
    assert_ptr_equal(world_run(0), &machine_vcpus[0].thread);
    machine_load(&machine_vcpus[0]);
    cpu_get(0)->loaded = &machine_vcpus[0];
    timerq_set(&cpu_get(0)->guest_timers, &absent.timer, 501);
    cpu_get(0)->resched = true;
    assert_ptr_equal(world_run(0), &machine_vcpus[0].thread);
    assert_int_equal(arch_fake.timer[0], 501);
}

static void wait_again(void)
{
    world_args(urgent, 0, 0, 0);
    world_syscall(urgent, BH_SYS_RECV);
}

static void test_guests_timers_do_not_disturb(void **state)
{
    (void)state;
    run_guest_below(50, URGENT_INTID, 1000);
    assert_true(world_interrupt(0, URGENT_INTID));
    assert_ptr_equal(cpu_get(0)->current, urgent);
    assert_true(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], UINT64_MAX);
    wait_again();
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
    assert_false(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], 501);
    /* And so each time. */
    (void)irq_ack(urgent, URGENT_ID);
    assert_true(world_interrupt(0, URGENT_INTID));
    assert_true(arch_fake.mute[0]);
}

static void test_its_own_budget_does(void **state)
{
    (void)state;
    run_guest_below(50, URGENT_INTID + 1, 300);
    assert_true(world_interrupt(0, URGENT_INTID + 1));
    assert_true(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], 300);
    world_advance(300);
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
    assert_false(arch_fake.mute[0]);
}

static void test_a_refill_does(void **state)
{
    (void)state;
    struct timerq_entry refill = { 0 };
    run_guest_below(50, URGENT_INTID + 2, 1000);
    timerq_set(&cpu_get(0)->timers, &refill, 700);
    assert_true(world_interrupt(0, URGENT_INTID + 2));
    assert_true(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], 700);
    timerq_cancel(&cpu_get(0)->timers, &refill);
}

static void test_another_pd_is_disturbed(void **state)
{
    (void)state;
    run_guest_below(50, URGENT_INTID + 3, 1000);
    assert_true(world_interrupt(0, URGENT_INTID + 3));
    assert_true(arch_fake.mute[0]);
    /* It makes the VMM run, for which no interrupt came. */
    __atomic_fetch_or(&machine_vmm->notified, 1, __ATOMIC_RELEASE);
    sched_make_ready(cpu_get(0), machine_vmm);
    wait_again();
    assert_ptr_equal(cpu_get(0)->current, machine_vmm);
    assert_false(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], 501);
}

static void test_below_a_guest_it_is_disturbed(void **state)
{
    (void)state;
    run_guest_below(11, URGENT_INTID + 4, 1000);
    cpu_get(0)->guest_priority = 12;
    assert_true(world_interrupt(0, URGENT_INTID + 4));
    assert_ptr_equal(cpu_get(0)->current, urgent);
    assert_false(arch_fake.mute[0]);
    assert_int_equal(arch_fake.timer[0], 501);
}

static void test_due_timers_are_taken_one_by_one(void **state)
{
    (void)state;
    run_guest_below(50, URGENT_INTID + 5, 1000);
    timerq_set(&cpu_get(0)->guest_timers, &machine_vcpus[0].timer, 502);
    arch_fake.now = 600;
    assert_true(world_timer(0));
    assert_int_equal(absent.timer.slot, 0);
    assert_int_not_equal(machine_vcpus[0].timer.slot, 0);
    assert_true(world_timer(0));
    assert_int_equal(cpu_get(0)->guest_timers.count, 0);
    assert_false(world_timer(0));
}

static void test_a_guests_timer_waits_for_an_interrupt(void **state)
{
    (void)state;
    run_guest_below(50, URGENT_INTID + 6, 1000);
    arch_fake.now = 600;
    arch_fake.interrupted = true;
    assert_true(world_timer(0));
    assert_int_not_equal(absent.timer.slot, 0);
    arch_fake.interrupted = false;
    (void)world_run(0);
    assert_true(world_timer(0));
    assert_int_equal(absent.timer.slot, 0);
}

/** `count` interrupts, of two banks, wait for vCPU 0. */
static void raise_many(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t intid = VIRTUAL + 4 * i + (i % 2 != 0 ? 64 : 0);
        machine_enable(intid, (uint8_t)(0xf0 - 8 * i), true);
        assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(0), intid, 0, 0, 0), BH_OK);
    }
}

static uint64_t enabled(void)
{
    assert_int_equal(machine_call(BH_SYS_VIRQ_GET, MACHINE_CHILD(0), BH_VIRQ_ENABLED, 32, 0, 0),
                     BH_OK);
    return machine_vmm->context.x[1];
}

/** List registers that vCPU 0 uses. */
static int used(void)
{
    return __builtin_popcount(machine_vcpus[0].vgic.used);
}

static void test_setting_stops_for_an_interrupt(void **state)
{
    (void)state;
    raise_many(FAKE_LRS);
    machine_load(&machine_vcpus[0]);
    assert_int_equal(used(), FAKE_LRS);
    uint64_t before = machine_vmm->context.pc;
    arch_fake.interrupted = true;
    (void)machine_call(BH_SYS_VIRQ_SET, MACHINE_CHILD(0), BH_VIRQ_ENABLED, 32, 6, 6);
    assert_int_equal(machine_vmm->context.pc, before - 4);
    assert_int_equal(machine_vmm->context.x[0], MACHINE_CHILD(0));
    assert_int_equal(used(), FAKE_LRS - STEP);
    /* So does reading. */
    (void)machine_call(BH_SYS_VIRQ_GET, MACHINE_CHILD(0), BH_VIRQ_ENABLED, 32, 0, 0);
    assert_int_equal(machine_vmm->context.pc, before - 4);
    assert_int_equal(used(), FAKE_LRS - 2 * STEP);
    /* Made again they come to their ends. */
    machine_vmm->context.pc = before;
    arch_fake.interrupted = false;
    assert_int_equal(enabled() & 6, 0);
    assert_int_equal(machine_call(BH_SYS_VIRQ_SET, MACHINE_CHILD(0), BH_VIRQ_ENABLED, 32, 6, 6),
                     BH_OK);
    assert_int_equal(machine_vmm->context.pc, before);
    assert_int_equal(enabled() & 6, 6);
}

static void test_stopping_stops_for_an_interrupt(void **state)
{
    (void)state;
    struct thread *t = &machine_vcpus[0].thread;
    raise_many(FAKE_LRS);
    world_start(t);
    machine_load(&machine_vcpus[0]);
    arch_fake.interrupted = true;
    (void)machine_call(BH_SYS_PD_STOP, MACHINE_CHILD(0), 0, 0, 0, 0);
    assert_int_equal(thread_state(t), THREAD_READY);
    assert_int_equal(used(), FAKE_LRS - STEP);
    arch_fake.interrupted = false;
    assert_int_equal(machine_call(BH_SYS_PD_STOP, MACHINE_CHILD(0), 0, 0, 0, 0), BH_OK);
    assert_int_equal(thread_state(t), THREAD_STOPPED);
    assert_int_equal(used(), 0);
}

static void test_a_switch_stops_for_an_interrupt(void **state)
{
    (void)state;
    struct thread *t = &machine_vcpus[0].thread;
    world_start(t);
    arch_fake.interrupted = true;
    world_args(machine_vmm, 0, 0, 0);
    world_syscall(machine_vmm, BH_SYS_RECV);
    assert_null(world_run(0));
    assert_true(cpu_get(0)->resched);
    assert_null(cpu_get(0)->current);
    arch_fake.interrupted = false;
    assert_ptr_equal(world_run(0), t);
    /* What runs on is not delayed. */
    arch_fake.interrupted = true;
    assert_ptr_equal(world_run(0), t);
}

static void test_the_search_stops_for_an_interrupt(void **state)
{
    (void)state;
    struct vcpu *v = &machine_vcpus[0];
    raise_many(FAKE_LRS);
    machine_load(v);
    assert_true(vgic_take_back(cpu_get(0), v));
    arch_fake.interrupted = true;
    vgic_follow(v);
    assert_int_equal(v->vgic.used, 0);
    assert_int_not_equal(v->vgic.follow, 0);
    arch_fake.interrupted = false;
    for (uint32_t i = 0; i < FAKE_LRS; i++) {
        assert_int_not_equal(v->vgic.follow, 0);
        vgic_follow(v);
    }
    assert_int_equal(v->vgic.follow, 0);
    /* The best came first. */
    assert_int_equal(fake_lr(0)->priority, 0xf0 - 8 * (FAKE_LRS - 1));
    assert_int_equal(fake_lr(FAKE_LRS - 1)->priority, 0xf0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_guests_timers_do_not_disturb, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_switch_stops_for_an_interrupt, setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_its_own_budget_does, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_refill_does, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_another_pd_is_disturbed, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_below_a_guest_it_is_disturbed, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_due_timers_are_taken_one_by_one, setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_a_guests_timer_waits_for_an_interrupt, setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_setting_stops_for_an_interrupt, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_stopping_stops_for_an_interrupt, setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_the_search_stops_for_an_interrupt, setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("kernel_urgent", tests, NULL, NULL);
}
