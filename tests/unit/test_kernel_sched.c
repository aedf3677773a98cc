/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling on one CPU: priorities, slices, budgets, donation, no needless ticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fake/world.h"
#include "sched.h"

static struct cpu *cpu;

static int setup(void **state)
{
    (void)state;
    world_reset(1);
    cpu = cpu_get(0);
    return 0;
}

static void test_idle(void **state)
{
    (void)state;
    assert_null(world_run(0));
    assert_int_equal(arch_fake.timer[0], UINT64_MAX);
}

static void test_highest_priority_runs(void **state)
{
    (void)state;
    static const uint32_t priorities[] = { 0, 63, 64, 127, 128, 191, 192, 254 };
    struct thread *threads[8];
    for (uint32_t i = 0; i < 8; i++) {
        threads[i] = world_thread("t", 0, priorities[i]);
        world_start(threads[i]);
        assert_ptr_equal(world_run(0), threads[i]);
    }
    for (uint32_t i = 8; i-- > 0;) {
        assert_ptr_equal(world_run(0), threads[i]);
        sched_block(cpu, threads[i], THREAD_RECV);
    }
    assert_null(world_run(0));
    assert_null(arch_fake.running[0]);
}

static void test_lower_priority_does_not_preempt(void **state)
{
    (void)state;
    struct thread *high = world_thread("high", 0, 20);
    struct thread *low = world_thread("low", 0, 10);
    world_start(high);
    assert_ptr_equal(world_run(0), high);
    world_start(low);
    assert_false(cpu->resched);
    world_advance(100000);
    assert_ptr_equal(cpu->current, high);
}

static void test_alone_has_no_tick(void **state)
{
    (void)state;
    struct thread *t = world_thread("alone", 0, 10);
    struct thread *low = world_thread("low", 0, 9);
    world_start(t);
    world_start(low);
    assert_ptr_equal(world_run(0), t);
    assert_int_equal(arch_fake.timer[0], UINT64_MAX);
    world_advance(1000000);
    assert_int_equal(arch_fake.timer[0], UINT64_MAX);
    assert_int_equal(arch_fake.switches, 1);
}

static void test_round_robin(void **state)
{
    (void)state;
    struct thread *threads[3];
    uint64_t ran[3] = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        threads[i] = world_limited("t", 0, 10, 500, 500);
        world_start(threads[i]);
    }
    assert_ptr_equal(world_run(0), threads[0]);
    assert_int_equal(arch_fake.timer[0], 500);
    for (uint32_t i = 0; i < 3000; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            ran[j] += cpu->current == threads[j] ? 10 : 0;
        }
        world_advance(10);
    }
    for (uint32_t j = 0; j < 3; j++) {
        assert_int_equal(ran[j], 10000);
    }
    assert_int_equal(arch_fake.switches, 61);
}

static void test_yield(void **state)
{
    (void)state;
    struct thread *a = world_thread("a", 0, 10);
    struct thread *b = world_thread("b", 0, 10);
    struct thread *low = world_thread("low", 0, 9);
    world_start(a);
    world_start(b);
    world_start(low);
    assert_ptr_equal(world_run(0), a);
    world_args(a, 1, 0, 0);
    world_syscall(a, BH_SYS_YIELD);
    assert_int_equal(a->context.x[0], BH_OK);
    assert_ptr_equal(cpu->current, b);
    world_syscall(b, BH_SYS_YIELD);
    assert_ptr_equal(cpu->current, a);
    sched_block(cpu, b, THREAD_RECV);
    world_syscall(a, BH_SYS_YIELD);
    assert_ptr_equal(cpu->current, a);
}

static void test_preempted_keeps_its_place(void **state)
{
    (void)state;
    struct thread *a = world_thread("a", 0, 10);
    struct thread *b = world_thread("b", 0, 10);
    struct thread *high = world_thread("high", 0, 11);
    world_start(a);
    world_start(b);
    assert_ptr_equal(world_run(0), a);
    world_advance(300);
    world_start(high);
    assert_ptr_equal(world_run(0), high);
    world_advance(5000);
    sched_block(cpu, high, THREAD_RECV);
    assert_ptr_equal(world_run(0), a);
    /* 300 of its slice of 1000 are gone. */
    assert_int_equal(arch_fake.timer[0], arch_fake.now + 700);
}

static void test_budget_is_enforced(void **state)
{
    (void)state;
    struct thread *t = world_limited("spinner", 0, 20, 200, 1000);
    struct thread *low = world_thread("low", 0, 10);
    world_start(t);
    world_start(low);
    (void)world_run(0);
    uint64_t ran = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        ran += cpu->current == t ? 10 : 0;
        assert_true(cpu->current == t || cpu->current == low);
        world_advance(10);
    }
    assert_int_equal(ran, 20000);
}

static void test_unused_budget_is_not_saved(void **state)
{
    (void)state;
    struct thread *t = world_limited("t", 0, 20, 200, 1000);
    arch_fake.now = 50000;
    world_start(t);
    assert_ptr_equal(world_run(0), t);
    world_advance(199);
    assert_ptr_equal(cpu->current, t);
    world_advance(1);
    assert_null(cpu->current);
    world_advance(799);
    assert_null(cpu->current);
    world_advance(1);
    assert_ptr_equal(cpu->current, t);
}

static void test_throttled_thread_wakes_only_when_due(void **state)
{
    (void)state;
    struct thread *t = world_limited("t", 0, 20, 100, 1000);
    world_start(t);
    (void)world_run(0);
    world_advance(100);
    assert_null(cpu->current);
    assert_true(t->own_sc.throttled);
    sched_block(cpu, t, THREAD_RECV);
    world_start(t);
    assert_null(world_run(0));
    world_advance(899);
    assert_null(cpu->current);
    world_advance(1);
    assert_ptr_equal(cpu->current, t);
    assert_false(t->own_sc.throttled);
}

static void test_wakes_on_an_idle_cpu_when_due(void **state)
{
    (void)state;
    struct thread *t = world_limited("t", 0, 20, 100, 1000);
    world_start(t);
    (void)world_run(0);
    /* It waits just when its budget ends, and is woken before the next: only a timer can help. */
    arch_fake.now = 100;
    sched_block(cpu, t, THREAD_RECV);
    assert_null(world_run(0));
    arch_fake.now = 500;
    world_start(t);
    assert_null(world_run(0));
    assert_int_equal(arch_fake.timer[0], 1000);
    world_advance(500);
    assert_ptr_equal(cpu->current, t);
}

static void test_late_timer_is_paid_back(void **state)
{
    (void)state;
    struct thread *t = world_limited("t", 0, 20, 200, 1000);
    world_start(t);
    (void)world_run(0);
    uint64_t ran = 0;
    /* Every interrupt comes 20 late; in 100 periods that must not add up. */
    while (arch_fake.now < 100000) {
        struct thread *before = cpu->current;
        uint64_t step = arch_fake.timer[0] + 20 - arch_fake.now;
        ran += before == t ? step : 0;
        arch_fake.now += step;
        assert_true(world_timer(0));
    }
    assert_in_range(ran, 19000, 20220);
}

/* In every window of a period a thread gets at most its budget. */

#define RUNS 4096

struct usage {
    struct thread *owner;
    uint32_t count;
    struct {
        uint64_t from;
        uint64_t to;
    } run[RUNS];
};

static void usage_add(struct usage *u, uint64_t from, uint64_t to)
{
    if (u->count > 0 && u->run[u->count - 1].to == from) {
        u->run[u->count - 1].to = to;
        return;
    }
    assert_true(u->count < RUNS);
    u->run[u->count].from = from;
    u->run[u->count].to = to;
    u->count++;
}

/** The most that a window of the period holds is found among those that begin where a run does. */
static void usage_expect_bounded(const struct usage *u)
{
    uint64_t period = u->owner->own_sc.period;
    for (uint32_t i = 0; i < u->count; i++) {
        uint64_t end = u->run[i].from + period;
        uint64_t used = 0;
        for (uint32_t j = i; j < u->count && u->run[j].from < end; j++) {
            used += (u->run[j].to < end ? u->run[j].to : end) - u->run[j].from;
        }
        if (used > u->owner->own_sc.budget) {
            fail_msg("%s: %lu used in [%lu, %lu)", u->owner->name, used, u->run[i].from, end);
        }
    }
}

static struct usage usages[4];

/** One step of the machine: to the next timer, or `step` ahead; whoever is charged used it. */
static void usage_advance(uint32_t users, uint64_t step)
{
    uint64_t next = arch_fake.now + step;
    next = arch_fake.timer[0] < next ? arch_fake.timer[0] : next;
    assert_true(next >= arch_fake.now);
    for (uint32_t i = 0; i < users; i++) {
        const struct thread *t = cpu->current;
        if (t != NULL && t->sc == &usages[i].owner->own_sc && next > arch_fake.now) {
            usage_add(&usages[i], arch_fake.now, next);
        }
    }
    arch_fake.now = next;
    (void)world_timer(0);
}

static void usage_run(uint32_t seed)
{
    static const uint32_t budgets[] = { 200, 50, 15, 300 };
    static const uint32_t periods[] = { 1000, 400, 700, 900 };
    world_reset(1);
    srand(seed);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t priority = 10 + (uint32_t)rand() % 3;
        usages[i].owner = world_limited("server", 0, priority, budgets[i], periods[i]);
        usages[i].count = 0;
    }
    struct thread *hog = world_thread("hog", 0, 12);
    for (uint32_t i = 0; i < 3000; i++) {
        struct thread *t = i % 7 == 0 ? hog : usages[(uint32_t)rand() % 4].owner;
        if (thread_state(t) == THREAD_STOPPED) {
            world_start(t);
        } else if (rand() % 2 == 0) {
            sched_halt(cpu, t, THREAD_STOPPED);
        }
        (void)world_run(0);
        uint64_t until = arch_fake.now + (uint64_t)rand() % 120;
        while (arch_fake.now < until) {
            usage_advance(4, until - arch_fake.now);
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(usages[i].count > 10);
        usage_expect_bounded(&usages[i]);
    }
}

static void test_budget_bounds_every_window(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 30; seed++) {
        usage_run(seed);
    }
}

static void test_preemption_does_not_multiply_a_budget(void **state)
{
    (void)state;
    world_reset(1);
    usages[0].owner = world_limited("server", 0, 10, 200, 1000);
    usages[0].count = 0;
    struct thread *high = world_thread("high", 0, 20);
    world_start(usages[0].owner);
    world_start(high);
    (void)world_run(0);
    /* Ready all the time, but it gets the CPU only just before its next refill is due. */
    world_advance(900);
    sched_block(cpu, high, THREAD_RECV);
    (void)world_run(0);
    for (uint32_t i = 0; i < 300; i++) {
        usage_advance(1, 10);
    }
    usage_expect_bounded(&usages[0]);
    assert_int_equal(usages[0].run[0].to - usages[0].run[0].from, 200);
}

/* Donation. */

static void test_donation_and_back(void **state)
{
    (void)state;
    struct thread *caller = world_limited("caller", 0, 10, 300, 1000);
    struct thread *passive = world_thread("passive", 0, 20);
    passive->flags |= THREAD_PASSIVE;
    world_start(caller);
    assert_ptr_equal(world_run(0), caller);
    world_advance(100);
    sched_donate(caller, passive);
    sched_block(cpu, caller, THREAD_CALL);
    sched_make_ready(cpu, passive);
    assert_ptr_equal(world_run(0), passive);
    assert_ptr_equal(cpu->charged, &caller->own_sc);
    assert_int_equal(arch_fake.timer[0], 300);
    world_advance(100);
    sched_undonate(cpu, caller, passive);
    sched_make_ready(cpu, caller);
    sched_block(cpu, passive, THREAD_RECV);
    assert_ptr_equal(world_run(0), caller);
    assert_ptr_equal(passive->sc, &passive->own_sc);
    assert_ptr_equal(caller->own_sc.user, caller);
    assert_int_equal(arch_fake.timer[0], 300);
    world_advance(100);
    assert_null(cpu->current);
}

static void test_donated_budget_ends_in_the_passive_thread(void **state)
{
    (void)state;
    struct thread *caller = world_limited("caller", 0, 10, 300, 1000);
    struct thread *passive = world_thread("passive", 0, 20);
    passive->flags |= THREAD_PASSIVE;
    world_start(caller);
    (void)world_run(0);
    sched_donate(caller, passive);
    sched_block(cpu, caller, THREAD_CALL);
    sched_make_ready(cpu, passive);
    assert_ptr_equal(world_run(0), passive);
    world_advance(300);
    assert_null(cpu->current);
    assert_int_equal(thread_state(passive), THREAD_READY);
    world_advance(699);
    assert_null(cpu->current);
    world_advance(1);
    assert_ptr_equal(cpu->current, passive);
}

static void test_undonate_without_donation(void **state)
{
    (void)state;
    struct thread *caller = world_thread("caller", 0, 10);
    struct thread *active = world_thread("active", 0, 20);
    world_start(active);
    (void)world_run(0);
    sched_undonate(cpu, caller, active);
    assert_ptr_equal(world_run(0), active);
    assert_ptr_equal(active->sc, &active->own_sc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_idle),
        TEST(test_highest_priority_runs),
        TEST(test_lower_priority_does_not_preempt),
        TEST(test_alone_has_no_tick),
        TEST(test_round_robin),
        TEST(test_yield),
        TEST(test_preempted_keeps_its_place),
        TEST(test_budget_is_enforced),
        TEST(test_unused_budget_is_not_saved),
        TEST(test_throttled_thread_wakes_only_when_due),
        TEST(test_wakes_on_an_idle_cpu_when_due),
        TEST(test_late_timer_is_paid_back),
        TEST(test_budget_bounds_every_window),
        TEST(test_preemption_does_not_multiply_a_budget),
        TEST(test_donation_and_back),
        TEST(test_donated_budget_ends_in_the_passive_thread),
        TEST(test_undonate_without_donation),
    };
    return cmocka_run_group_tests_name("kernel_sched", tests, NULL, NULL);
}
