/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the workers busy for a round, lets them come to rest, and looks whether everything that was
 * begun has ended: every notification was heard, every call answered, every fault decided, every
 * child is running. Nothing is sent while they come to rest, so what the kernel lost stays lost.
 */
#include <bulkhead/libc.h>
#include <bulkhead/report.h>
#include <drivers/timer/arm_generic.h>
#include <microkit.h>

#include "parent.h"
#include "torture.h"

#define JUDGE_WORKERS ((1UL << TORTURE_WORKERS) - 1)

/** Time between two things that the judge does, at most; length of a round, at most. */
#define JUDGE_TICK_US 400
#define JUDGE_ROUND_US 30000
/** After this time without rest something is lost. */
#define JUDGE_REST_US 20000000

#define NS_PER_US 1000

/* Set in the ELF file by the tool. */
uint64_t reports_vaddr = 1;

static uint64_t round_end;
static uint64_t rest_end;
static uint64_t torture_end;
static uint64_t rounds;
static bool over;

static uint64_t judge_ticks(uint64_t us)
{
    return arm_generic_to_ticks(us * NS_PER_US);
}

static void judge_sleep(uint64_t us)
{
    arm_generic_set(arm_generic_ticks() + judge_ticks(us));
}

static void judge_run(bool run)
{
    torture_set(&((struct torture_board *)board_vaddr)->running, run ? 1 : 0);
}

static void judge_begin_round(void)
{
    round_end = arm_generic_ticks() + judge_ticks(torture_random(JUDGE_ROUND_US));
    judge_run(true);
}

/** The channel on which something that `pd` sent is not heard yet, TORTURE_PDS if there is none. */
static unsigned int judge_unheard(unsigned int pd)
{
    for (unsigned int to = 0; to < TORTURE_PDS; to++) {
        if (torture_get(&torture_cell(pd)->sent[to]) != torture_get(&torture_cell(to)->seen[pd])) {
            return to;
        }
    }
    return TORTURE_PDS;
}

static bool judge_calls_ended(const struct torture_cell *cell)
{
    return torture_get(&cell->calls) ==
           torture_get(&cell->answers) + torture_get(&cell->failures) + torture_get(&cell->cuts);
}

static bool judge_at_rest(unsigned int pd)
{
    const struct torture_cell *cell = torture_cell(pd);

    return torture_get(&cell->starts) != 0 && judge_unheard(pd) == TORTURE_PDS &&
           judge_calls_ended(cell) && torture_get(&cell->faulting) == TORTURE_NO_FAULT &&
           torture_get(&cell->touch_begin) == torture_get(&cell->touch_end);
}

static void judge_end(bool pass)
{
    struct torture_cell sum = { 0 };
    uint64_t notifications = 0;

    for (unsigned int pd = 0; pd < TORTURE_PDS; pd++) {
        const struct torture_cell *cell = torture_cell(pd);
        for (unsigned int to = 0; to < TORTURE_PDS; to++) {
            notifications += cell->sent[to];
        }
        sum.calls += cell->calls;
        sum.failures += cell->failures;
        sum.cuts += cell->cuts;
        sum.faults += cell->faults;
        sum.restarts += cell->restarts;
        sum.pauses += cell->pauses;
        sum.repairs += cell->repairs;
    }
    over = true;
    arm_generic_stop();
    printf("TORTURE %s rounds=%lu notifications=%lu calls=%lu failed=%lu cut=%lu faults=%lu "
           "repairs=%lu restarts=%lu pauses=%lu\n",
           pass ? "PASS" : "FAIL", rounds, notifications, sum.calls, sum.failures, sum.cuts,
           sum.faults, sum.repairs, sum.restarts, sum.pauses);
}

static void judge_show_restless(unsigned int pd)
{
    const struct torture_cell *cell = torture_cell(pd);

    printf("torture: PD %u: starts %lu, unheard by %u, calls %lu answered %lu failed %lu cut %lu, "
           "callee %lu, fault kind %lu, touched %lu of %lu times\n",
           pd, cell->starts, judge_unheard(pd), cell->calls, cell->answers, cell->failures,
           cell->cuts, cell->callee, cell->faulting, cell->touch_end, cell->touch_begin);
}

/** Ends the test if a PD found an error. */
static bool judge_found_error(void)
{
    static const char *const names[TORTURE_ERRORS] = {
        [TORTURE_PHANTOM] = "notification that nobody sent",
        [TORTURE_SERVED_TWICE] = "call delivered twice",
        [TORTURE_MESSAGE] = "message changed",
        [TORTURE_ANSWER] = "answer of another call",
        [TORTURE_FAILED] = "call failed without a reason",
        [TORTURE_FAULT] = "fault that the child did not commit",
        [TORTURE_REGISTERS] = "register changed over a fault",
        [TORTURE_CONTROL] = "operation on a child refused",
        [TORTURE_NOTIFY] = "notification refused",
        [TORTURE_STALE_DATA] = "variable not restored",
        [TORTURE_REPORT] = "fault reported that a parent should have got",
    };
    bool found = false;

    for (unsigned int pd = 0; pd < TORTURE_PDS; pd++) {
        const struct torture_cell *cell = torture_cell(pd);
        uint64_t error = torture_get(&cell->error);
        if (error != TORTURE_OK && error < TORTURE_ERRORS) {
            printf("torture: PD %u: %s (%lu, %lu, %lu)\n", pd, names[error], cell->detail[0],
                   cell->detail[1], cell->detail[2]);
            found = true;
        }
    }
    return found;
}

static void judge_disturb(void)
{
    for (uint64_t kicks = torture_random(4); kicks > 0; kicks--) {
        torture_notify(torture_choose(JUDGE_WORKERS));
    }
    if (torture_random(10) == 0) {
        parent_torment();
    }
    if (arm_generic_ticks() >= round_end) {
        judge_run(false);
        rest_end = arm_generic_ticks() + judge_ticks(JUDGE_REST_US);
    }
}

static void judge_await_rest(void)
{
    unsigned int restless = 0;

    while (restless < TORTURE_PDS && judge_at_rest(restless)) {
        restless++;
    }
    if (restless == TORTURE_PDS) {
        rounds++;
        if (arm_generic_ticks() >= torture_end) {
            judge_end(true);
        } else {
            judge_begin_round();
        }
    } else if (arm_generic_ticks() >= rest_end) {
        for (unsigned int pd = 0; pd < TORTURE_PDS; pd++) {
            if (!judge_at_rest(pd)) {
                judge_show_restless(pd);
            }
        }
        judge_end(false);
    }
}

static void judge_tick(void)
{
    if (judge_found_error()) {
        judge_end(false);
        return;
    }
    if (torture_running()) {
        judge_disturb();
    } else {
        judge_await_rest();
    }
    if (!over) {
        judge_sleep(1 + torture_random(JUDGE_TICK_US));
    }
}

/** Reads the report ring: restarts are usual here, faults must all have gone to a parent. */
static void judge_read_reports(void)
{
    struct bh_report_ring *ring = (struct bh_report_ring *)reports_vaddr;

    for (;;) {
        uint64_t next = ring->read + 1;
        const struct bh_report *slot = &ring->slots[(next - 1) % BH_REPORT_SLOTS];
        if (torture_get(&slot->number) != next) {
            return;
        }
        if (slot->kind != BH_REPORT_RESTART) {
            torture_fail(TORTURE_REPORT, slot->kind, 0, 0);
        }
        torture_set(&ring->read, next);
    }
}

void init(void)
{
    torture_start(TORTURE_JUDGE);
    torture_end = arm_generic_ticks() + judge_ticks(torture_config()->duration_us);
    judge_begin_round();
    judge_sleep(JUDGE_TICK_US);
}

void notified(microkit_channel ch)
{
    if (ch == TORTURE_REPORTS) {
        judge_read_reports();
    } else if (ch == TORTURE_TIMER) {
        arm_generic_stop();
        if (!over) {
            judge_tick();
        }
        microkit_irq_ack(ch);
    } else {
        torture_heard(ch);
    }
}
