/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications, interrupts and pokes: nothing is lost, many become one, nobody starves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake/world.h"
#include "irq.h"
#include "poke.h"
#include "receive.h"

static struct thread *sender, *receiver;

static void pair(uint32_t receiver_cpu)
{
    world_reset(2);
    sender = world_thread("sender", 0, 10);
    receiver = world_thread("receiver", receiver_cpu, 20);
    for (uint32_t id = 0; id < BH_MAX_CHANNELS; id++) {
        world_connect(sender, id, CHANNEL_NOTIFY, receiver, BH_MAX_CHANNELS - 1 - id, 0);
    }
    world_start(sender);
    world_start(receiver);
    (void)world_run(0);
    (void)world_run(1);
}

static void receive(void)
{
    world_args(receiver, 0, 0, 0);
    world_syscall(receiver, BH_SYS_RECV);
}

static void notify(uint64_t id)
{
    world_args(sender, id, 0, 0);
    world_syscall(sender, BH_SYS_NOTIFY);
}

static void test_every_channel(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        pair(cpu);
        receive();
        for (uint32_t id = 0; id < BH_MAX_CHANNELS; id++) {
            assert_int_equal(thread_state(receiver), THREAD_RECV);
            notify(id);
            assert_int_equal(sender->context.x[0], BH_OK);
            assert_true(world_settle());
            assert_ptr_equal(cpu_get(cpu)->current, receiver);
            assert_int_equal(receiver->context.x[0], 1UL << (BH_MAX_CHANNELS - 1 - id));
            receive();
        }
    }
}

static void test_many_become_one(void **state)
{
    (void)state;
    pair(1);
    notify(60);
    notify(61);
    notify(60);
    assert_int_equal(arch_fake.pokes[1], 1);
    assert_true(world_settle());
    receive();
    assert_int_equal(receiver->context.x[0], 3);
    receive();
    assert_int_equal(thread_state(receiver), THREAD_RECV);
}

static void test_rights(void **state)
{
    (void)state;
    static const uint64_t none[] = { BH_MAX_CHANNELS, 64, 1UL << 40, UINT64_MAX };
    pair(0);
    receive();
    for (uint32_t i = 0; i < 4; i++) {
        notify(none[i]);
        assert_int_equal(sender->context.x[0], BH_ERR_CHANNEL);
    }
    sender->channels[3].flags = CHANNEL_CALL;
    notify(3);
    assert_int_equal(sender->context.x[0], BH_ERR_RIGHT);
    assert_int_equal(receiver->notified, 0);
}

static void test_deferred_operations(void **state)
{
    (void)state;
    pair(1);
    receive();
    assert_true(irq_bind(90, sender, 7));
    assert_true(world_interrupt(0, 90));
    world_args(sender, 0, 0, 0);
    sender->context.x[6] = BH_DEFERRED_IRQ_ACK(7);
    world_syscall(sender, BH_SYS_RECV);
    assert_int_equal(sender->context.x[0], 1UL << 7);
    assert_int_equal(arch_fake.deactivations, 1);
    world_args(sender, 0, 0, 0);
    sender->context.x[6] = BH_DEFERRED_NOTIFY(0);
    world_syscall(sender, BH_SYS_RECV);
    assert_true(world_settle());
    assert_int_equal(receiver->context.x[0], 1UL << 61);
}

static void test_wrong_deferred_operations_do_nothing(void **state)
{
    (void)state;
    static const uint64_t wrong[] = { 1, 0x1ff, 0x13f, 0x2ff, 0x301, 0x10000000100, UINT64_MAX };
    pair(1);
    for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        sender->notified = 1;
        world_args(sender, 0, 0, 0);
        sender->context.x[6] = wrong[i];
        world_syscall(sender, BH_SYS_RECV);
        assert_int_equal(sender->context.x[0], 1);
    }
    assert_int_equal(receiver->notified, 0);
}

static void test_calls_and_notifications_take_turns(void **state)
{
    (void)state;
    world_reset(2);
    struct thread *server = world_thread("server", 0, 50);
    struct thread *callers[2];
    for (uint32_t i = 0; i < 2; i++) {
        callers[i] = world_thread("caller", 1, 10 + i);
        world_connect(callers[i], 0, CHANNEL_CALL, server, i, 0);
        world_start(callers[i]);
        (void)world_run(1);
        world_args(callers[i], 0, 0, 0);
        world_syscall(callers[i], BH_SYS_CALL);
    }
    world_start(server);
    (void)world_run(0);
    for (uint32_t i = 0; i < 2; i++) {
        server->notified |= 1UL << 40;
        world_args(server, 0, 0, 0);
        world_syscall(server, BH_SYS_REPLY_RECV);
        assert_int_equal(server->context.x[0], 1UL << 40);
        server->notified |= 1UL << 41;
        world_args(server, 0, 0, 0);
        world_syscall(server, BH_SYS_REPLY_RECV);
        assert_int_equal(server->context.x[0], BH_BADGE_CALL | i);
        server->notified = 0;
    }
}

static void test_interrupt(void **state)
{
    (void)state;
    pair(0);
    receive();
    assert_true(irq_bind(50, receiver, 9));
    assert_false(irq_bind(50, sender, 9));
    assert_false(irq_bind(31, sender, 9));
    assert_false(irq_bind(IRQ_COUNT, sender, 9));
    assert_false(world_interrupt(0, 51));
    assert_false(world_interrupt(0, IRQ_PPI_PHYS_TIMER));
    assert_false(world_interrupt(0, 5));
    assert_true(world_interrupt(0, 50));
    assert_ptr_equal(cpu_get(0)->current, receiver);
    assert_int_equal(receiver->context.x[0], 1UL << 9);
    assert_int_equal(arch_fake.deactivations, 0);
    world_args(receiver, 9, 0, 0);
    world_syscall(receiver, BH_SYS_IRQ_ACK);
    assert_int_equal(receiver->context.x[0], BH_OK);
    assert_int_equal(arch_fake.deactivated, 50);
    /* A second acknowledgement is nobody's. */
    world_args(receiver, 9, 0, 0);
    world_syscall(receiver, BH_SYS_IRQ_ACK);
    assert_int_equal(receiver->context.x[0], BH_OK);
    assert_int_equal(arch_fake.deactivations, 1);
    static const uint64_t none[] = { 8, BH_MAX_CHANNELS, UINT64_MAX };
    for (uint32_t i = 0; i < 3; i++) {
        world_args(receiver, none[i], 0, 0);
        world_syscall(receiver, BH_SYS_IRQ_ACK);
        assert_int_equal(receiver->context.x[0], BH_ERR_CHANNEL);
    }
}

static void test_timer_interrupts_are_a_cpu_s_own(void **state)
{
    (void)state;
    pair(1);
    assert_true(irq_bind(IRQ_PPI_PHYS_TIMER, sender, 1));
    assert_true(irq_bind(IRQ_PPI_PHYS_TIMER, receiver, 1));
    assert_true(world_interrupt(1, IRQ_PPI_PHYS_TIMER));
    assert_int_equal(sender->notified, 0);
    assert_int_equal(receiver->notified, 1UL << 1);
}

static void test_pokes_of_low_numbers_keep_no_other_waiting(void **state)
{
    (void)state;
    world_reset(2);
    for (uint32_t i = 0; i < 60; i++) {
        (void)world_thread("t", 1, 10);
    }
    struct thread *last = world_get(59);
    last->state = THREAD_RECV;
    last->notified = 1;
    poke_by_interrupt(last);
    arch_fake.cpu = 1;
    /* Others poke the first ones all the time. */
    for (uint32_t i = 0; i < 3 && thread_state(last) == THREAD_RECV; i++) {
        poke_by_interrupt(world_get(0));
        poke_by_interrupt(world_get(1));
        (void)world_poke(1);
    }
    assert_int_equal(thread_state(last), THREAD_READY);
}

static void test_all_pokes_are_handled(void **state)
{
    (void)state;
    world_reset(2);
    for (uint32_t i = 0; i < 60; i++) {
        struct thread *t = world_thread("t", 1, 10);
        t->state = THREAD_RECV;
        t->notified = 1;
        poke_by_interrupt(t);
    }
    /* One interrupt is for all; the CPU sends it to itself while there are more. */
    assert_int_equal(arch_fake.pokes[1], 1);
    assert_true(world_settle());
    assert_int_equal(arch_fake.pokes[1], 60);
    for (uint32_t i = 0; i < 60; i++) {
        assert_int_equal(thread_state(world_get(i)), THREAD_READY);
    }
}

static void test_small_calls(void **state)
{
    (void)state;
    pair(0);
    world_args(receiver, 9, 9, 9);
    world_syscall(receiver, BH_SYS_NULL);
    assert_int_equal(receiver->context.x[0], BH_OK);
    assert_int_equal(receiver->context.x[1], 9);
    world_args(receiver, 9, 9, 9);
    world_syscall(receiver, BH_SYS_SMC);
    assert_int_equal(receiver->context.x[0], UINT64_MAX);
    assert_int_equal(arch_fake.smcs, 0);
    receiver->flags |= THREAD_SMC;
    world_args(receiver, 9, 19, 29);
    world_syscall(receiver, BH_SYS_SMC);
    assert_int_equal(receiver->context.x[0], 10);
    assert_int_equal(receiver->context.x[2], 30);
    assert_int_equal(arch_fake.smcs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_channel),
        cmocka_unit_test(test_many_become_one),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_deferred_operations),
        cmocka_unit_test(test_wrong_deferred_operations_do_nothing),
        cmocka_unit_test(test_calls_and_notifications_take_turns),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_timer_interrupts_are_a_cpu_s_own),
        cmocka_unit_test(test_pokes_of_low_numbers_keep_no_other_waiting),
        cmocka_unit_test(test_all_pokes_are_handled),
        cmocka_unit_test(test_small_calls),
    };
    int failed = cmocka_run_group_tests_name("kernel_receive", tests, NULL, NULL);
    world_reset(1);
    return failed;
}
