/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual interrupts: what the guest's list registers say after what the VMM asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake/machine.h"
#include "sched.h"

#define EDGE 40u
#define LEVEL 44u

static void raise(uint32_t intid)
{
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(0), intid, 0, 0, 0), BH_OK);
}

static uint64_t set(uint64_t child, uint64_t field, uint64_t intid, uint64_t mask, uint64_t value)
{
    return machine_call(BH_SYS_VIRQ_SET, child, field, intid, mask, value);
}

static uint64_t get(uint64_t child, uint64_t field, uint64_t intid)
{
    return machine_call(BH_SYS_VIRQ_GET, child, field, intid, 0, 0);
}

static void test_edge_is_presented_once(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    assert_null(machine_lr(EDGE));
    raise(EDGE);
    assert_non_null(machine_lr(EDGE));
    assert_int_equal(machine_lr(EDGE)->priority, 0x80);
    assert_int_equal(machine_lr(EDGE)->link, 0);
    assert_true(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    assert_false(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
    /* Two edges before the guest looks are one interrupt. */
    raise(EDGE);
    assert_true(machine_take(EDGE));
    assert_false(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    assert_true(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
    machine_end(EDGE);
    assert_false(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
    assert_null(machine_lr(EDGE));
}

static void test_edge_while_active_comes_again(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    raise(EDGE);
    assert_true(machine_take(EDGE));
    raise(EDGE);
    raise(EDGE);
    /* Not in the middle of itself. */
    assert_false(machine_take(EDGE));
    machine_end(EDGE);
    assert_true(machine_take(EDGE));
    machine_end(EDGE);
    assert_false(machine_take(EDGE));
}

static void test_pending_and_active_reads_as_both(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    raise(EDGE);
    assert_true(machine_take(EDGE));
    raise(EDGE);
    assert_true(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
    assert_true(machine_get_bit(BH_VIRQ_PENDING, EDGE));
}

/** vCPU `index` gets SGI 3 from the other CPU. */
static void send_from_the_other_cpu(uint32_t index)
{
    vgic_send(cpu_get(1 - index), &machine_vcpus[index], 3, true);
}

static void test_sgi_of_another_cpu_while_active_comes_again(void **state)
{
    (void)state;
    for (uint32_t index = 0; index < 2; index++) {
        machine_load(&machine_vcpus[index]);
        send_from_the_other_cpu(index);
        vgic_update(cpu_get(index), &machine_vcpus[index]);
        assert_true(machine_take(3));
        send_from_the_other_cpu(index);
        if (index == 1) {
            /* The VMM, on CPU 0, looks before CPU 1 has seen it. */
            assert_int_equal(get(MACHINE_CHILD(1), BH_VIRQ_PENDING, 0), BH_OK);
            assert_true((machine_vmm->context.x[1] & 1u << 3) != 0);
        }
        vgic_update(cpu_get(index), &machine_vcpus[index]);
        assert_false(machine_take(3));
        machine_end(3);
        assert_true(machine_take(3));
        machine_end(3);
        assert_false(machine_take(3));
    }
}

static void test_raised_right_after_its_end(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    for (uint32_t i = 0; i < 3 * FAKE_LRS; i++) {
        raise(EDGE);
        assert_true(machine_take(EDGE));
        machine_end(EDGE);
    }
    assert_false(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    assert_false(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
}

static void test_raised_while_disabled_stays_pending(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_set_bit(BH_VIRQ_EDGE, EDGE, true);
    raise(EDGE);
    assert_null(machine_lr(EDGE));
    assert_true(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    machine_set_bit(BH_VIRQ_ENABLED, EDGE, true);
    assert_true(machine_take(EDGE));
    /* Disabling takes back what was not taken, and forgets nothing. */
    raise(EDGE);
    machine_end(EDGE);
    machine_set_bit(BH_VIRQ_ENABLED, EDGE, false);
    assert_null(machine_lr(EDGE));
    assert_true(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    machine_set_bit(BH_VIRQ_ENABLED, EDGE, true);
    assert_true(machine_take(EDGE));
}

static void test_pending_can_be_cleared(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    raise(EDGE);
    machine_set_bit(BH_VIRQ_PENDING, EDGE, false);
    assert_null(machine_lr(EDGE));
    assert_false(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    /* And set, as the guest's own store does. */
    machine_set_bit(BH_VIRQ_PENDING, EDGE, true);
    assert_true(machine_take(EDGE));
}

static void test_best_priorities_get_the_list_registers(void **state)
{
    (void)state;
    /* Raised while the guest is not there, in an order that is none of priority. */
    for (uint32_t i = 0; i < 3 * FAKE_LRS; i++) {
        machine_enable(64 + i, (uint8_t)(8 * (5 * i % (3 * FAKE_LRS))), true);
        raise(64 + i);
    }
    machine_load(&machine_vcpus[0]);
    for (uint32_t rank = 0; rank < 3 * FAKE_LRS; rank++) {
        /* What the processor takes: the best of those that it is shown. */
        uint32_t best = FAKE_LRS;
        for (uint32_t i = 0; i < FAKE_LRS; i++) {
            if (fake_lr(i)->pending &&
                (best == FAKE_LRS || fake_lr(i)->priority < fake_lr(best)->priority)) {
                best = i;
            }
        }
        assert_in_range(best, 0, FAKE_LRS - 1);
        assert_int_equal(fake_lr(best)->priority, 8 * rank);
        assert_int_equal(fake_underflow(), rank < 2 * FAKE_LRS);
        uint32_t intid = fake_lr(best)->intid;
        assert_true(machine_take(intid));
        machine_end(intid);
    }
    assert_int_equal(arch_lr_empty(), (1u << FAKE_LRS) - 1);
}

static void test_nothing_is_lost_over_a_switch(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    raise(EDGE);
    assert_true(machine_take(EDGE));
    machine_load(NULL);
    assert_true(machine_get_bit(BH_VIRQ_ACTIVE, EDGE));
    raise(EDGE);
    machine_load(&machine_vcpus[0]);
    assert_non_null(machine_lr(EDGE));
    assert_true(machine_lr(EDGE)->active);
    machine_end(EDGE);
    assert_true(machine_take(EDGE));
}

static void test_nothing_is_lost_of_what_is_all_listed(void **state)
{
    (void)state;
    machine_enable(64, 0x80, true);
    machine_enable(96, 0x90, true);
    raise(64);
    raise(96);
    /* While the second one gets its list register, the bank of the first has no other. */
    for (int i = 0; i < 3; i++) {
        machine_load(&machine_vcpus[0]);
        assert_non_null(machine_lr(64));
        assert_non_null(machine_lr(96));
        machine_load(NULL);
    }
}

static void test_level_follows_its_line(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(LEVEL, 0x80, false);
    machine_set_bit(BH_VIRQ_LINE, LEVEL, true);
    assert_true(machine_get_bit(BH_VIRQ_PENDING, LEVEL));
    assert_true(machine_take(LEVEL));
    machine_end(LEVEL);
    /* Still high: again. */
    assert_true(machine_take(LEVEL));
    machine_set_bit(BH_VIRQ_LINE, LEVEL, false);
    machine_end(LEVEL);
    assert_false(machine_take(LEVEL));
    assert_false(machine_get_bit(BH_VIRQ_PENDING, LEVEL));
}

static void test_line_that_drops_before_it_is_taken(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(LEVEL, 0x80, false);
    machine_set_bit(BH_VIRQ_LINE, LEVEL, true);
    assert_non_null(machine_lr(LEVEL));
    machine_set_bit(BH_VIRQ_LINE, LEVEL, false);
    assert_false(machine_get_bit(BH_VIRQ_PENDING, LEVEL));
    assert_null(machine_lr(LEVEL));
}

static void test_line_of_an_edge_counts_for_nothing(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    machine_set_bit(BH_VIRQ_LINE, EDGE, true);
    assert_false(machine_get_bit(BH_VIRQ_PENDING, EDGE));
    assert_null(machine_lr(EDGE));
}

/** The VMM is told that vCPU 0 ended an interrupt. */
static void expect_end(uint32_t intid)
{
    assert_true(world_settle());
    (void)world_run(0);
    assert_int_equal(thread_state(&machine_vcpus[0].thread), THREAD_FAULT);
    assert_int_equal(machine_vmm->context.x[0], BH_BADGE_FAULT | MACHINE_CHILD(0));
    assert_int_equal(machine_vmm->context.x[1], BH_MSGINFO(BH_FAULT_VIRQ_END, 1));
    assert_int_equal(machine_vmm->context.x[2], intid);
}

static void test_notice_of_an_end(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    machine_set_bit(BH_VIRQ_NOTICE, EDGE, true);
    raise(EDGE);
    world_start(&machine_vcpus[0].thread);
    machine_call(BH_SYS_RECV, 0, 0, 0, 0, 0);
    assert_ptr_equal(cpu_get(0)->current, &machine_vcpus[0].thread);
    assert_true(machine_take(EDGE));
    machine_end(EDGE);
    expect_end(EDGE);
}

/* The exit for another reason is there before the maintenance interrupt, which then goes: what it
 * would have said is said nevertheless, of each interrupt. */
static void test_notice_of_ends_that_are_seen_earlier(void **state)
{
    struct vcpu *v = &machine_vcpus[0];
    (void)state;
    machine_load(v);
    for (uint32_t intid = EDGE; intid < EDGE + 3; intid++) {
        machine_enable(intid, 0x80, true);
        machine_set_bit(BH_VIRQ_NOTICE, intid, intid < EDGE + 2);
        raise(intid);
    }
    world_start(&v->thread);
    machine_call(BH_SYS_RECV, 0, 0, 0, 0, 0);
    for (uint32_t intid = EDGE; intid < EDGE + 3; intid++) {
        assert_true(machine_take(intid));
        machine_end_late(intid);
    }
    assert_false(vgic_waiting(v));
    sched_block(cpu_get(0), &v->thread, THREAD_WFI);
    expect_end(EDGE);
    machine_call(BH_SYS_REPLY_RECV, BH_MSGINFO(BH_VCPU_DONE, 0), 0, 0, 0, 0);
    expect_end(EDGE + 1);
    machine_call(BH_SYS_REPLY_RECV, BH_MSGINFO(BH_VCPU_DONE, 0), 0, 0, 0, 0);
    assert_int_equal(thread_state(&v->thread), THREAD_READY);
    /* All list registers are free again. */
    assert_int_equal(v->vgic.used | v->vgic.ended, 0);
}

static void test_private_ones_are_each_vcpus_own(void **state)
{
    (void)state;
    /* SGIs are enabled and edges from the start. */
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, MACHINE_CHILD(1), 3, 0, 0, 0), BH_OK);
    machine_load(&machine_vcpus[0]);
    assert_null(machine_lr(3));
    machine_load(&machine_vcpus[1]);
    assert_true(machine_take(3));
    machine_set_bit(BH_VIRQ_ENABLED, 20, true);
    assert_int_equal(get(MACHINE_CHILD(1), BH_VIRQ_ENABLED, 0), BH_OK);
    assert_int_equal(machine_vmm->context.x[1] & 1UL << 20, 0);
}

static void test_target_moves_an_interrupt(void **state)
{
    (void)state;
    machine_load(&machine_vcpus[0]);
    machine_enable(EDGE, 0x80, true);
    raise(EDGE);
    assert_non_null(machine_lr(EDGE));
    assert_int_equal(set(MACHINE_CHILD(0), BH_VIRQ_TARGET, EDGE, 0, MACHINE_CHILD(1)), BH_OK);
    assert_int_equal(get(MACHINE_CHILD(0), BH_VIRQ_TARGET, EDGE), BH_OK);
    assert_int_equal(machine_vmm->context.x[1], MACHINE_CHILD(1));
    assert_null(machine_lr(EDGE));
    /* CPU 1 is told, and its vCPU gets what was pending. */
    assert_true(arch_fake.poke_pending[1][1]);
    assert_true(world_settle());
    machine_load(&machine_vcpus[1]);
    assert_true(machine_take(EDGE));
    machine_end(EDGE);
    machine_load(&machine_vcpus[0]);
    raise(EDGE);
    assert_null(machine_lr(EDGE));
    machine_load(&machine_vcpus[1]);
    assert_true(machine_take(EDGE));
}

static void test_raised_for_a_new_target_while_the_old_one_has_it(void **state)
{
    (void)state;
    assert_int_equal(set(MACHINE_CHILD(0), BH_VIRQ_TARGET, EDGE, 0, MACHINE_CHILD(1)), BH_OK);
    machine_enable(EDGE, 0x80, true);
    assert_true(world_settle());
    machine_load(&machine_vcpus[1]);
    raise(EDGE);
    assert_true(world_settle());
    assert_non_null(machine_lr(EDGE));
    /* vCPU 1 stays in its CPU, which has not taken the poke when the next edge comes. */
    struct fake_lr held = *machine_lr(EDGE);
    fake_load_vcpu(&machine_vcpus[0]);
    assert_int_equal(set(MACHINE_CHILD(0), BH_VIRQ_TARGET, EDGE, 0, MACHINE_CHILD(0)), BH_OK);
    raise(EDGE);
    fake_load_vcpu(&machine_vcpus[1]);
    *fake_lr(0) = held;
    assert_true(world_settle());
    assert_null(machine_lr(EDGE));
    machine_load(&machine_vcpus[0]);
    assert_true(machine_take(EDGE));
}

static void test_every_field_is_read_as_it_was_set(void **state)
{
    (void)state;
    static const uint64_t fields[] = { BH_VIRQ_ENABLED, BH_VIRQ_PENDING, BH_VIRQ_ACTIVE,
                                       BH_VIRQ_EDGE,    BH_VIRQ_GROUP,   BH_VIRQ_NOTICE };
    for (uint32_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        machine_reset();
        assert_int_equal(set(MACHINE_CHILD(0), fields[i], 96, ~0UL, 0xa5a5), BH_OK);
        /* The mask says which; what is beyond 32 bits is nothing. */
        assert_int_equal(set(MACHINE_CHILD(0), fields[i], 96, 0xffffffff000000f0, ~0UL), BH_OK);
        assert_int_equal(get(MACHINE_CHILD(0), fields[i], 96), BH_OK);
        assert_int_equal(machine_vmm->context.x[1], 0xa5f5);
        assert_int_equal(get(MACHINE_CHILD(0), fields[i], 128), BH_OK);
        assert_int_equal(machine_vmm->context.x[1], 0);
    }
    assert_int_equal(set(MACHINE_CHILD(0), BH_VIRQ_PRIORITY, 252, 0, 0x10305070), BH_OK);
    assert_int_equal(get(MACHINE_CHILD(0), BH_VIRQ_PRIORITY, 252), BH_OK);
    assert_int_equal(machine_vmm->context.x[1], 0x10305070);
}

static void test_wrong_arguments_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t error, child, field, intid, value;
        bool set_only;
    } wrong[] = {
        { BH_ERR_CHILD, 0, BH_VIRQ_ENABLED, 32, 0, false },
        { BH_ERR_CHILD, 63, BH_VIRQ_ENABLED, 32, 0, false },
        { BH_ERR_CHILD, BH_MAX_CHILDREN, BH_VIRQ_ENABLED, 32, 0, false },
        { BH_ERR_CHILD, ~0UL, BH_VIRQ_ENABLED, 32, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_ENABLED, 33, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_ENABLED, BH_VIRQ_COUNT, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_ENABLED, 1UL << 32 | 32, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_PRIORITY, 34, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_PRIORITY, BH_VIRQ_COUNT, 0, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_TARGET, 31, 1, false },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_TARGET, BH_VIRQ_COUNT, 1, false },
        { BH_ERR_CHILD, 1, BH_VIRQ_TARGET, 32, 0, true },
        { BH_ERR_CHILD, 1, BH_VIRQ_TARGET, 32, BH_MAX_CHILDREN, true },
        { BH_ERR_CHILD, 1, BH_VIRQ_TARGET, 32, ~0UL, true },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_LINK, 31, ~0UL, true },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_LINK, BH_VIRQ_COUNT, ~0UL, true },
        { BH_ERR_CHANNEL, 1, BH_VIRQ_LINK, 32, 5, true },
        { BH_ERR_CHANNEL, 1, BH_VIRQ_LINK, 32, BH_MAX_CHANNELS, true },
        { BH_ERR_ARGUMENT, 1, BH_VIRQ_LINK + 1, 32, 0, false },
        { BH_ERR_ARGUMENT, 1, ~0UL, 32, 0, false },
    };
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t got = set(wrong[i].child, wrong[i].field, wrong[i].intid, ~0UL, wrong[i].value);
        assert_int_equal(got, wrong[i].error);
        if (!wrong[i].set_only) {
            assert_int_equal(get(wrong[i].child, wrong[i].field, wrong[i].intid), wrong[i].error);
        }
    }
    /* A child that is no vCPU. */
    world_adopt(machine_vmm, 7, world_thread("child", 0, 5));
    assert_int_equal(set(7, BH_VIRQ_ENABLED, 32, 1, 1), BH_ERR_CHILD);
    assert_int_equal(set(1, BH_VIRQ_TARGET, 32, 0, 7), BH_ERR_CHILD);
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, 7, 32, 0, 0, 0), BH_ERR_CHILD);
    assert_int_equal(machine_call(BH_SYS_VIRQ_RAISE, 1, BH_VIRQ_COUNT, 0, 0, 0), BH_ERR_ARGUMENT);
    assert_int_equal(get(MACHINE_CHILD(0), BH_VIRQ_LINK, 32), BH_ERR_ARGUMENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, machine_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_edge_is_presented_once),
        TEST(test_edge_while_active_comes_again),
        TEST(test_pending_and_active_reads_as_both),
        TEST(test_sgi_of_another_cpu_while_active_comes_again),
        TEST(test_raised_right_after_its_end),
        TEST(test_raised_while_disabled_stays_pending),
        TEST(test_pending_can_be_cleared),
        TEST(test_best_priorities_get_the_list_registers),
        TEST(test_nothing_is_lost_over_a_switch),
        TEST(test_nothing_is_lost_of_what_is_all_listed),
        TEST(test_level_follows_its_line),
        TEST(test_line_that_drops_before_it_is_taken),
        TEST(test_line_of_an_edge_counts_for_nothing),
        TEST(test_notice_of_an_end),
        TEST(test_notice_of_ends_that_are_seen_earlier),
        TEST(test_private_ones_are_each_vcpus_own),
        TEST(test_target_moves_an_interrupt),
        TEST(test_raised_for_a_new_target_while_the_old_one_has_it),
        TEST(test_every_field_is_read_as_it_was_set),
        TEST(test_wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("kernel_vgic", tests, NULL, NULL);
}
