/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: register pages, WFI and what wakes it, and the VMM's answer that waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bootdesc.h"
#include "fake/machine.h"
#include "sched.h"

/* The description's register pages (describe.c). */
#define PAGES 0xb000000UL
#define FIRST_ID 20u
#define SECOND_ID 21u
#define FIRST_INTID 40u
#define SECOND_INTID 41u

static uint32_t *word(uint32_t page, uint64_t offset)
{
    const struct bd_device *device = bootdesc_device(page);
    return arch_phys(bootdesc_region(device->region)->base + device->region_off + offset);
}

static uint32_t *status(uint32_t page)
{
    return word(page, BH_DEVICE_INTERRUPT_STATUS);
}

static bool store(uint64_t gpa, uint32_t value)
{
    arch_fake.cpu = 0;
    return vcpu_store(cpu_get(0), &machine_vm, gpa, value);
}

static uint64_t device_raise(uint64_t id, uint64_t bits)
{
    return machine_call(BH_SYS_DEVICE_RAISE, id, bits, 0, 0, 0);
}

/** vCPU 0 runs in its CPU, the VMM waits. */
static void run_guest(void)
{
    world_start(&machine_vcpus[0].thread);
    machine_call(BH_SYS_RECV, 0, 0, 0, 0, 0);
    machine_load(&machine_vcpus[0]);
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
}

/** What vcpu_trap() does with a WFI. Returns whether the vCPU waits. */
static bool wait_for_interrupt(struct vcpu *v)
{
    uint32_t cpu = v->thread.cpu;
    arch_fake.cpu = cpu;
    if (!vgic_waiting(v)) {
        sched_block(cpu_get(cpu), &v->thread, THREAD_WFI);
    }
    (void)world_run(cpu);
    return thread_state(&v->thread) == THREAD_WFI;
}

static void test_queue_notify_is_a_notification(void **state)
{
    (void)state;
    run_guest();
    assert_true(store(PAGES + BH_DEVICE_QUEUE_NOTIFY, 1));
    assert_true(store(PAGES + BD_PAGE + BH_DEVICE_QUEUE_NOTIFY, 0xffffffff));
    assert_true(world_settle());
    (void)world_run(0);
    /* The VMM, whose priority is higher, runs; the guest has not waited for an answer. */
    assert_ptr_equal(cpu_get(0)->current, machine_vmm);
    assert_int_equal(thread_state(&machine_vcpus[0].thread), THREAD_READY);
    uint64_t got = machine_vmm->context.x[0];
    if (got != (1UL << FIRST_ID | 1UL << SECOND_ID)) {
        got |= machine_call(BH_SYS_RECV, 0, 0, 0, 0, 0);
    }
    assert_int_equal(got, 1UL << FIRST_ID | 1UL << SECOND_ID);
    assert_int_equal(*word(0, BH_DEVICE_QUEUE_NOTIFY), 0);
    assert_int_equal(*status(0), 0);
}

static void test_acknowledgement_clears_what_it_names(void **state)
{
    (void)state;
    *status(0) = 0x80000007;
    *status(1) = 3;
    assert_true(store(PAGES + BH_DEVICE_INTERRUPT_ACK, 0x80000002));
    assert_int_equal(*status(0), 5);
    assert_int_equal(*status(1), 3);
    assert_true(store(PAGES + BH_DEVICE_INTERRUPT_ACK, 0));
    assert_int_equal(*status(0), 5);
    /* Bits that are not set do no harm; the other page is another word. */
    assert_true(store(PAGES + BD_PAGE + BH_DEVICE_INTERRUPT_ACK, ~0u));
    assert_int_equal(*status(1), 0);
    assert_int_equal(*status(0), 5);
    assert_int_equal(*word(0, BH_DEVICE_INTERRUPT_ACK), 0);
    assert_int_equal(machine_vmm->notified, 0);
}

static void test_all_other_stores_are_the_vmms(void **state)
{
    (void)state;
    for (uint64_t offset = 0; offset < 2 * BD_PAGE; offset += 4) {
        uint64_t in_page = offset % BD_PAGE;
        if (in_page != BH_DEVICE_QUEUE_NOTIFY && in_page != BH_DEVICE_INTERRUPT_ACK) {
            assert_false(store(PAGES + offset, ~0u));
        }
    }
    /* Nearly the registers, and unaligned. */
    for (uint64_t off = 1; off < 4; off++) {
        assert_false(store(PAGES + BH_DEVICE_QUEUE_NOTIFY + off, ~0u));
        assert_false(store(PAGES + BH_DEVICE_INTERRUPT_ACK - off, ~0u));
    }
    for (uint32_t page = 0; page < 2; page++) {
        for (uint64_t offset = 0; offset < BD_PAGE; offset += 4) {
            assert_int_equal(*word(page, offset), 0);
        }
    }
    assert_int_equal(machine_vmm->notified, 0);
}

static void test_stores_outside_of_the_pages(void **state)
{
    (void)state;
    static const uint64_t outside[] = { 0,
                                        PAGES - BD_PAGE,
                                        PAGES + 2 * BD_PAGE,
                                        PAGES + (1UL << 32),
                                        PAGES + (1UL << 44),
                                        ~0UL - BD_PAGE + 1 };
    for (uint32_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_false(store(outside[i] + BH_DEVICE_QUEUE_NOTIFY, 1));
        assert_false(store(outside[i] + BH_DEVICE_INTERRUPT_ACK, 1));
    }
    /* A VM without pages has none at any address. */
    machine_vm.devices_count = 0;
    assert_false(store(PAGES + BH_DEVICE_QUEUE_NOTIFY, 1));
    assert_false(store(BH_DEVICE_QUEUE_NOTIFY, 1));
    assert_int_equal(machine_vmm->notified, 0);
}

static void test_device_raise_sets_bits_and_raises(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(FIRST_INTID, 0x80, true);
    machine_enable(SECOND_INTID, 0x80, true);
    assert_int_equal(device_raise(SECOND_ID, 2), BH_OK);
    assert_int_equal(*status(0), 0);
    assert_int_equal(*status(1), 2);
    assert_null(machine_lr(FIRST_INTID));
    assert_true(machine_take(SECOND_INTID));
    /* While the guest is at it: the bit is added, the interrupt comes again. */
    assert_int_equal(device_raise(SECOND_ID, 1), BH_OK);
    assert_int_equal(*status(1), 3);
    assert_true(store(PAGES + BD_PAGE + BH_DEVICE_INTERRUPT_ACK, 2));
    assert_int_equal(*status(1), 1);
    machine_end(SECOND_INTID);
    assert_true(machine_take(SECOND_INTID));
    assert_int_equal(device_raise(FIRST_ID, 0xffffffff00000001), BH_OK);
    assert_int_equal(*status(0), 1);
    assert_true(machine_take(FIRST_INTID));
}

static void test_device_raise_needs_a_register_page(void **state)
{
    (void)state;
    machine_vmm->channels[3] = (struct channel){ .intid = 33, .peer_id = 1, .flags = CHANNEL_IRQ };
    struct thread *peer = world_thread("peer", 0, 5);
    world_connect(machine_vmm, 4, CHANNEL_NOTIFY | CHANNEL_CALL, peer, 1, CHANNEL_NOTIFY);
    static const uint64_t wrong[] = { 0, 3, 4, FIRST_ID - 1, BH_MAX_CHANNELS, ~0UL };
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(device_raise(wrong[i], 3), BH_ERR_CHANNEL);
    }
    assert_int_equal(*status(0), 0);
    assert_int_equal(*status(1), 0);
    assert_int_equal(machine_get_bit(BH_VIRQ_PENDING, FIRST_INTID), false);
    assert_int_equal(machine_get_bit(BH_VIRQ_PENDING, SECOND_INTID), false);
    /* The page's channel is for this alone. */
    assert_int_equal(machine_call(BH_SYS_NOTIFY, FIRST_ID, 0, 0, 0, 0), BH_ERR_CHANNEL);
    assert_int_equal(machine_call(BH_SYS_IRQ_ACK, FIRST_ID, 0, 0, 0, 0), BH_ERR_CHANNEL);
}

static void test_wfi_waits_for_an_interrupt(void **state)
{
    (void)state;
    machine_enable(FIRST_INTID, 0x80, true);
    run_guest();
    assert_true(wait_for_interrupt(&machine_vcpus[0]));
    assert_null(cpu_get(0)->current);
    arch_fake.cpu = 0;
    vgic_raise(cpu_get(0), &machine_vcpus[0], FIRST_INTID);
    (void)world_run(0);
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
    /* Not taken yet: the next one does not wait at all. */
    assert_false(wait_for_interrupt(&machine_vcpus[0]));
    assert_true(machine_take(FIRST_INTID));
    machine_end(FIRST_INTID);
    assert_true(wait_for_interrupt(&machine_vcpus[0]));
}

static void test_wfi_goes_on_for_what_is_enabled_only(void **state)
{
    (void)state;
    machine_set_bit(BH_VIRQ_EDGE, FIRST_INTID, true);
    run_guest();
    assert_true(wait_for_interrupt(&machine_vcpus[0]));
    arch_fake.cpu = 0;
    vgic_raise(cpu_get(0), &machine_vcpus[0], FIRST_INTID);
    assert_int_equal(thread_state(&machine_vcpus[0].thread), THREAD_WFI);
    uint64_t bit = 1UL << FIRST_INTID % 32;
    assert_int_equal(vgic_set(cpu_get(0), &machine_vcpus[0], BH_VIRQ_ENABLED, 32, bit, bit), BH_OK);
    assert_true(world_settle());
    assert_int_equal(thread_state(&machine_vcpus[0].thread), THREAD_READY);
}

static void test_wfi_of_a_guest_whose_cpu_does_other_work(void **state)
{
    (void)state;
    machine_enable(FIRST_INTID, 0x80, true);
    run_guest();
    assert_true(wait_for_interrupt(&machine_vcpus[0]));
    machine_load(NULL);
    arch_fake.cpu = 0;
    vgic_raise(cpu_get(0), &machine_vcpus[0], FIRST_INTID);
    assert_int_equal(thread_state(&machine_vcpus[0].thread), THREAD_READY);
    machine_load(&machine_vcpus[0]);
    assert_true(machine_take(FIRST_INTID));
}

static void test_wfi_is_ended_from_another_cpu(void **state)
{
    (void)state;
    struct vcpu *v = &machine_vcpus[1];
    world_start(&v->thread);
    assert_ptr_equal(world_run(1), &v->thread);
    machine_load(v);
    assert_true(wait_for_interrupt(v));
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(1), 5, 0, 0, 0), BH_OK);
    assert_int_equal(thread_state(&v->thread), THREAD_WFI);
    assert_true(world_poke(1));
    assert_ptr_equal(cpu_get(1)->current, &v->thread);
    assert_true(machine_take(5));
    /* An interrupt of the other vCPU is nothing to this one. */
    machine_end(5);
    assert_true(wait_for_interrupt(v));
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(0), 5, 0, 0, 0), BH_OK);
    assert_true(world_settle());
    assert_int_equal(thread_state(&v->thread), THREAD_WFI);
}

/** An SGI that comes after the end of the last one with its number, before the WFI. */
static void test_wfi_after_an_sgi_that_came_again(void **state)
{
    (void)state;
    struct vcpu *v = &machine_vcpus[1];
    world_start(&v->thread);
    assert_ptr_equal(world_run(1), &v->thread);
    machine_load(v);
    for (int i = 0; i < 3; i++) {
        arch_fake.cpu = 0;
        vgic_send(cpu_get(0), v, 5, true);
        assert_int_equal(v->vgic.sgis, 1u << 5);
        assert_false(wait_for_interrupt(v));
        assert_true(world_settle());
        assert_true(machine_take(5));
        machine_end(5);
    }
    assert_true(wait_for_interrupt(v));
}

/** vCPU 0 made a hypercall and the VMM has it. */
static void call_vmm(void)
{
    struct thread *t = &machine_vcpus[0].thread;
    run_guest();
    t->fault.label = BH_FAULT_VCPU;
    t->fault.count = 5;
    arch_fake.cpu = 0;
    fault_send(cpu_get(0), t);
    (void)world_run(0);
    assert_ptr_equal(cpu_get(0)->current, machine_vmm);
    assert_int_equal(machine_vmm->context.x[0], BH_BADGE_FAULT | MACHINE_CHILD(0));
}

static void answer(uint64_t reply, uint64_t value)
{
    machine_call(BH_SYS_REPLY_RECV, 0, BH_MSGINFO(reply, 1), value, 0, 0);
    assert_true(world_settle());
    (void)world_run(0);
}

/** A guest whose slice always ends on its way to the VMM does not get one after the other. */
static void test_slice_that_ends_in_an_exit(void **state)
{
    (void)state;
    struct thread *t = &machine_vcpus[0].thread;
    struct thread *neighbour = world_thread("neighbour", 0, t->priority);
    run_guest();
    world_start(neighbour);
    (void)world_run(0);
    assert_ptr_equal(cpu_get(0)->current, t);
    arch_fake.now += t->sc->budget;
    t->fault.label = BH_FAULT_VCPU;
    t->fault.count = 5;
    fault_send(cpu_get(0), t);
    (void)world_run(0);
    assert_ptr_equal(cpu_get(0)->current, machine_vmm);
    answer(BH_VCPU_DONE, 0);
    assert_ptr_equal(cpu_get(0)->current, neighbour);
    world_advance(neighbour->sc->budget);
    assert_ptr_equal(cpu_get(0)->current, t);
}

static void test_answer_that_waits(void **state)
{
    (void)state;
    struct thread *t = &machine_vcpus[0].thread;
    machine_enable(FIRST_INTID, 0x80, true);
    call_vmm();
    answer(BH_VCPU_WAIT, 77);
    assert_int_equal(t->context.x[0], 77);
    assert_int_equal(thread_state(t), THREAD_WFI);
    arch_fake.cpu = 0;
    vgic_raise(cpu_get(0), &machine_vcpus[0], FIRST_INTID);
    (void)world_run(0);
    assert_ptr_equal(cpu_get(0)->current, t);
}

static void test_answer_that_waits_for_what_is_there(void **state)
{
    (void)state;
    struct thread *t = &machine_vcpus[0].thread;
    machine_enable(FIRST_INTID, 0x80, true);
    call_vmm();
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(0), FIRST_INTID, 0, 0, 0),
                     BH_OK);
    answer(BH_VCPU_WAIT, 78);
    assert_int_equal(t->context.x[0], 78);
    assert_ptr_equal(cpu_get(0)->current, t);
}

static void test_answer_that_does_not_wait(void **state)
{
    (void)state;
    call_vmm();
    answer(BH_VCPU_DONE, 79);
    assert_int_equal(machine_vcpus[0].thread.context.x[0], 79);
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, machine_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queue_notify_is_a_notification),
        TEST(test_acknowledgement_clears_what_it_names),
        TEST(test_all_other_stores_are_the_vmms),
        TEST(test_stores_outside_of_the_pages),
        TEST(test_device_raise_sets_bits_and_raises),
        TEST(test_device_raise_needs_a_register_page),
        TEST(test_wfi_waits_for_an_interrupt),
        TEST(test_wfi_goes_on_for_what_is_enabled_only),
        TEST(test_wfi_of_a_guest_whose_cpu_does_other_work),
        TEST(test_wfi_is_ended_from_another_cpu),
        TEST(test_wfi_after_an_sgi_that_came_again),
        TEST(test_slice_that_ends_in_an_exit),
        TEST(test_answer_that_waits),
        TEST(test_answer_that_waits_for_what_is_there),
        TEST(test_answer_that_does_not_wait),
    };
    return cmocka_run_group_tests_name("kernel_vcpu", tests, NULL, NULL);
}
