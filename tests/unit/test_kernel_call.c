/* SPDX-License-Identifier: BSD-2-Clause */
/* Protected calls: on one CPU, across CPUs, cancelled and aborted at every state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control.h"
#include "fake/world.h"

/** Calls go from `low` to `high`, on the same CPU or on CPU 1. */
static struct thread *low, *high;

static void pair(uint32_t high_cpu, uint8_t high_flags)
{
    world_reset(2);
    low = world_thread("low", 0, 10);
    high = world_thread("high", high_cpu, 20);
    high->flags = high_flags;
    world_connect(low, 1, CHANNEL_CALL, high, 2, CHANNEL_NOTIFY);
    world_start(low);
    world_start(high);
    (void)world_run(0);
    (void)world_run(1);
}

static void receive(struct thread *t)
{
    world_args(t, 0, 0, 0);
    world_syscall(t, BH_SYS_RECV);
}

static void call(uint64_t label, uint64_t count)
{
    world_args(low, 1, BH_MSGINFO(label, count), 100);
    low->context.x[5] = 103;
    world_syscall(low, BH_SYS_CALL);
}

static void reply(uint64_t label, uint64_t count)
{
    world_args(high, 0, BH_MSGINFO(label, count), 200);
    world_syscall(high, BH_SYS_REPLY_RECV);
}

/** `low` is where its call left it, unanswered. */
static void expect_waiting(void)
{
    assert_int_equal(thread_state(low), THREAD_CALL);
}

/** `low` goes on after a call that nobody answered. */
static void expect_aborted(void)
{
    assert_int_equal(thread_state(low), THREAD_READY);
    assert_int_equal(low->context.x[0], BH_ERR_ABORTED);
    assert_int_equal(low->context.x[1], BH_MSGINFO(BH_LABEL_FAILED, 0));
    assert_int_equal(low->context.pc, WORLD_SVC + 4);
}

static void stop(struct thread *t)
{
    arch_fake.cpu = t->cpu;
    control_stop(cpu_get(t->cpu), t);
    (void)world_run(t->cpu);
}

static void resume(struct thread *t)
{
    arch_fake.cpu = t->cpu;
    control_resume(cpu_get(t->cpu), t);
    (void)world_run(t->cpu);
}

static void test_local(void **state)
{
    (void)state;
    pair(0, 0);
    receive(high);
    assert_ptr_equal(cpu_get(0)->current, low);
    call(7, 3);
    assert_ptr_equal(cpu_get(0)->current, high);
    assert_int_equal(high->context.x[0], BH_BADGE_CALL | 2);
    assert_int_equal(high->context.x[1], BH_MSGINFO(7, 3));
    assert_int_equal(high->context.x[2], 100);
    assert_int_equal(high->context.x[5], 103);
    expect_waiting();
    reply(8, 1);
    assert_ptr_equal(cpu_get(0)->current, low);
    assert_int_equal(low->context.x[0], BH_OK);
    assert_int_equal(low->context.x[1], BH_MSGINFO(8, 1));
    assert_int_equal(low->context.x[2], 200);
    assert_int_equal(thread_state(high), THREAD_RECV);
}

static void test_every_length(void **state)
{
    (void)state;
    pair(0, 0);
    receive(high);
    for (uint64_t count = 0; count <= BH_MSG_WORDS; count++) {
        for (uint64_t i = 0; i < BH_MSG_WORDS; i++) {
            low->msg->msg[i] = 1000 + i;
            high->msg->msg[i] = 0;
        }
        call(count, count);
        for (uint64_t i = 0; i < BH_MSG_WORDS; i++) {
            bool copied = i >= BH_MSG_REGS && i < count;
            assert_int_equal(high->msg->msg[i], copied ? 1000 + i : 0);
            high->msg->msg[i] = 2000 + i;
        }
        reply(count, count);
        assert_int_equal(low->context.x[1], BH_MSGINFO(count, count));
        for (uint64_t i = 0; i < BH_MSG_WORDS; i++) {
            bool copied = i >= BH_MSG_REGS && i < count;
            assert_int_equal(low->msg->msg[i], copied ? 2000 + i : 1000 + i);
        }
    }
}

static void test_too_long(void **state)
{
    (void)state;
    pair(0, 0);
    receive(high);
    call(0, BH_MSG_WORDS + 1);
    assert_int_equal(low->context.x[0], BH_ERR_ARGUMENT);
    assert_ptr_equal(cpu_get(0)->current, low);
    call(0, 0);
    reply(5, 127);
    assert_int_equal(low->context.x[1], BH_MSGINFO(5, BH_MSG_WORDS));
}

static void test_rights(void **state)
{
    (void)state;
    pair(0, 0);
    static const uint64_t none[] = { 0, 2, BH_MAX_CHANNELS, 1UL << 32, UINT64_MAX };
    receive(high);
    for (uint32_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        world_args(low, none[i], 0, 0);
        world_syscall(low, BH_SYS_CALL);
        assert_int_equal(low->context.x[0], BH_ERR_CHANNEL);
    }
    low->channels[1].flags = CHANNEL_NOTIFY;
    call(0, 0);
    assert_int_equal(low->context.x[0], BH_ERR_RIGHT);
    assert_int_equal(thread_state(high), THREAD_RECV);
}

static void test_busy_callee_takes_it_later(void **state)
{
    (void)state;
    pair(1, 0);
    call(3, 0);
    expect_waiting();
    assert_true(world_poke(1));
    assert_int_equal(high->context.x[0], 0);
    receive(high);
    assert_int_equal(high->context.x[0], BH_BADGE_CALL | 2);
    assert_ptr_equal(cpu_get(1)->current, high);
}

static void test_remote(void **state)
{
    (void)state;
    pair(1, 0);
    receive(high);
    assert_null(cpu_get(1)->current);
    call(9, 1);
    assert_null(cpu_get(0)->current);
    assert_int_equal(thread_state(high), THREAD_RECV);
    assert_true(world_poke(1));
    assert_ptr_equal(cpu_get(1)->current, high);
    assert_int_equal(high->context.x[1], BH_MSGINFO(9, 1));
    reply(4, 0);
    expect_waiting();
    assert_true(world_poke(0));
    assert_ptr_equal(cpu_get(0)->current, low);
    assert_int_equal(low->context.x[1], BH_MSGINFO(4, 0));
}

static void test_stopped_callee(void **state)
{
    (void)state;
    pair(0, 0);
    stop(high);
    call(0, 0);
    expect_aborted();
}

static void test_stopped_remote_callee(void **state)
{
    (void)state;
    pair(1, 0);
    stop(high);
    call(0, 0);
    expect_waiting();
    assert_true(world_settle());
    expect_aborted();
}

static void test_callee_is_stopped_while_it_serves(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        pair(cpu, 0);
        receive(high);
        call(0, 0);
        assert_true(world_settle());
        stop(high);
        assert_true(world_settle());
        expect_aborted();
        assert_null(high->serving);
    }
}

static void test_callee_is_stopped_before_it_takes_it(void **state)
{
    (void)state;
    pair(1, 0);
    call(0, 0);
    stop(high);
    assert_true(world_settle());
    expect_aborted();
    assert_int_equal(high->callers, 0);
}

static void test_many_callers_of_a_stopped_callee(void **state)
{
    (void)state;
    world_reset(8);
    struct thread *callee = world_thread("callee", 7, 200);
    struct thread *callers[20];
    world_start(callee);
    (void)world_run(7);
    for (uint32_t i = 0; i < 20; i++) {
        callers[i] = world_thread("caller", i % 7, 10 + i);
        world_connect(callers[i], 0, CHANNEL_CALL, callee, i, 0);
        world_start(callers[i]);
        (void)world_run(i % 7);
        world_args(callers[i], 0, 0, 0);
        world_syscall(callers[i], BH_SYS_CALL);
    }
    stop(callee);
    assert_true(world_settle());
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(thread_state(callers[i]), THREAD_READY);
        assert_int_equal(callers[i]->context.x[0], BH_ERR_ABORTED);
    }
}

static void test_caller_is_stopped_before_it_is_taken(void **state)
{
    (void)state;
    pair(1, 0);
    receive(high);
    call(0, 0);
    stop(low);
    assert_int_equal(thread_state(low), THREAD_STOPPED);
    assert_true(world_settle());
    assert_int_equal(thread_state(high), THREAD_RECV);
    resume(low);
    expect_aborted();
}

static void test_caller_is_stopped_while_it_is_served(void **state)
{
    (void)state;
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        pair(cpu, 0);
        receive(high);
        call(0, 0);
        assert_true(world_settle());
        stop(low);
        low->context.x[2] = 55;
        reply(1, 1);
        assert_true(world_settle());
        assert_int_equal(thread_state(low), THREAD_STOPPED);
        assert_int_equal(low->context.x[2], 55);
        resume(low);
        expect_aborted();
        /* The next call is a new one. */
        call(2, 0);
        assert_true(world_settle());
        assert_int_equal(high->context.x[1], BH_MSGINFO(2, 0));
        reply(3, 0);
        assert_true(world_settle());
        assert_int_equal(low->context.x[1], BH_MSGINFO(3, 0));
    }
}

static void test_caller_is_stopped_when_answered(void **state)
{
    (void)state;
    pair(1, 0);
    receive(high);
    call(0, 0);
    assert_true(world_poke(1));
    reply(6, 0);
    stop(low);
    resume(low);
    /* The answer had been given. */
    assert_int_equal(low->context.x[0], BH_OK);
    assert_int_equal(low->context.x[1], BH_MSGINFO(6, 0));
    assert_int_equal(low->context.pc, WORLD_SVC + 4);
}

/** The callee's CPU is between two steps of its kernel: it does the last one while another waits.
 */
static void finish_reply(void)
{
    __atomic_store_n(&low->call, low->call_seq << 3 | 5, __ATOMIC_RELEASE);
}

static void test_cancel_waits_for_a_reply_that_is_being_written(void **state)
{
    (void)state;
    pair(1, 0);
    receive(high);
    call(0, 0);
    assert_true(world_poke(1));
    low->context.x[0] = BH_OK;
    low->call = low->call_seq << 3 | 4;
    arch_fake.relax = finish_reply;
    stop(low);
    assert_int_equal(low->call & 7, 0);
    assert_int_equal(low->context.x[0], BH_OK);
}

static void test_recv_without_answer_aborts(void **state)
{
    (void)state;
    pair(0, 0);
    receive(high);
    call(0, 0);
    receive(high);
    expect_aborted();
}

static void test_answer_to_nobody(void **state)
{
    (void)state;
    pair(0, 0);
    reply(1, 64);
    assert_int_equal(thread_state(high), THREAD_RECV);
    assert_int_equal(low->context.x[1], 0);
}

static void test_callers_go_round(void **state)
{
    (void)state;
    world_reset(1);
    struct thread *callee = world_thread("callee", 0, 50);
    struct thread *callers[3];
    for (uint32_t i = 0; i < 3; i++) {
        callers[i] = world_thread("caller", 0, 10);
        world_connect(callers[i], 0, CHANNEL_CALL, callee, 5 * i, 0);
        callers[i]->callee = callee;
        callers[i]->callee_channel = (uint8_t)(5 * i);
        callers[i]->state = THREAD_CALL;
        callers[i]->call = callers[i]->call_seq << 3 | 1;
    }
    callee->callers = 1UL << 0 | 1UL << 5 | 1UL << 10;
    world_start(callee);
    (void)world_run(0);
    receive(callee);
    assert_int_equal(callee->context.x[0], BH_BADGE_CALL | 0);
    /* The first one would call again; the others come before it. */
    callee->callers |= 1UL << 0;
    for (uint32_t i = 1; i < 3; i++) {
        world_args(callee, 0, 0, 0);
        world_syscall(callee, BH_SYS_REPLY_RECV);
        assert_int_equal(callee->context.x[0], BH_BADGE_CALL | 5UL * i);
    }
}

static void test_passive_runs_on_its_caller(void **state)
{
    (void)state;
    pair(0, THREAD_PASSIVE);
    receive(high);
    call(0, 0);
    assert_ptr_equal(cpu_get(0)->current, high);
    assert_ptr_equal(high->sc, &low->own_sc);
    reply(0, 0);
    assert_ptr_equal(high->sc, &high->own_sc);
    assert_ptr_equal(low->own_sc.user, low);
}

static void test_stopped_caller_of_a_chain_gets_its_budget_back(void **state)
{
    (void)state;
    pair(0, THREAD_PASSIVE);
    struct thread *top = world_thread("top", 0, 30);
    top->flags = THREAD_PASSIVE;
    world_connect(high, 9, CHANNEL_CALL, top, 9, 0);
    world_start(top);
    (void)world_run(0);
    receive(top);
    receive(high);
    call(0, 0);
    world_args(high, 9, 0, 0);
    world_syscall(high, BH_SYS_CALL);
    assert_ptr_equal(top->sc, &low->own_sc);
    stop(low);
    assert_ptr_equal(low->own_sc.user, low);
    assert_ptr_equal(top->sc, &high->own_sc);
    assert_ptr_equal(high->own_sc.user, top);
    assert_ptr_equal(cpu_get(0)->charged, &high->own_sc);
    world_args(top, 0, 0, 0);
    world_syscall(top, BH_SYS_REPLY_RECV);
    assert_ptr_equal(cpu_get(0)->current, high);
    assert_ptr_equal(high->own_sc.user, high);
    assert_ptr_equal(top->sc, &top->own_sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_busy_callee_takes_it_later),
        cmocka_unit_test(test_remote),
        cmocka_unit_test(test_stopped_callee),
        cmocka_unit_test(test_stopped_remote_callee),
        cmocka_unit_test(test_callee_is_stopped_while_it_serves),
        cmocka_unit_test(test_callee_is_stopped_before_it_takes_it),
        cmocka_unit_test(test_many_callers_of_a_stopped_callee),
        cmocka_unit_test(test_caller_is_stopped_before_it_is_taken),
        cmocka_unit_test(test_caller_is_stopped_while_it_is_served),
        cmocka_unit_test(test_caller_is_stopped_when_answered),
        cmocka_unit_test(test_cancel_waits_for_a_reply_that_is_being_written),
        cmocka_unit_test(test_recv_without_answer_aborts),
        cmocka_unit_test(test_answer_to_nobody),
        cmocka_unit_test(test_callers_go_round),
        cmocka_unit_test(test_passive_runs_on_its_caller),
        cmocka_unit_test(test_stopped_caller_of_a_chain_gets_its_budget_back),
    };
    int failed = cmocka_run_group_tests_name("kernel_call", tests, NULL, NULL);
    world_reset(1);
    return failed;
}
