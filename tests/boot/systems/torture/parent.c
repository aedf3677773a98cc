/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a parent does to its children. `touch_begin` and `touch_end` of a child's cell stand around
 * each operation that may make calls fail; they differ when this PD was itself restarted between.
 */
#include <microkit.h>

#include "parent.h"
#include "torture.h"

/** Faults of children that are left alone when the test asks for it: one of so many. */
#define SABOTAGE_EVERY 20

enum parent_operation {
    PARENT_STOP,
    PARENT_RESUME,
    PARENT_RESTART,
    PARENT_READ,
    PARENT_WRITE,
};

static void parent_check(unsigned int child, enum parent_operation operation, enum bh_error error)
{
    if (error != BH_OK) {
        torture_fail(TORTURE_CONTROL, child, operation, error);
    }
}

static uint64_t parent_children(void)
{
    uint64_t children = 0;

    for (unsigned int pd = 0; pd < TORTURE_WORKERS; pd++) {
        if (torture_config()->parent[pd] == torture_self) {
            children |= 1UL << pd;
        }
    }
    return children;
}

static void parent_begin(unsigned int child)
{
    torture_add(&torture_cell(child)->touch_begin);
}

static void parent_end(unsigned int child)
{
    torture_set(&torture_cell(child)->touch_end, torture_cell(child)->touch_begin);
}

static void parent_restart(unsigned int child)
{
    parent_begin(child);
    torture_set(&torture_cell(child)->restarting, 1);
    parent_check(child, PARENT_RESTART, bh_pd_restart(child, TORTURE_ENTRY));
    torture_set(&torture_cell(child)->restarting, 0);
    parent_end(child);
    torture_add(&torture_cell(torture_self)->restarts);
}

static void parent_pause(unsigned int child)
{
    parent_begin(child);
    parent_check(child, PARENT_STOP, bh_pd_stop(child));
    torture_spin(torture_random(20000));
    parent_check(child, PARENT_RESUME, bh_pd_resume(child));
    parent_end(child);
    torture_add(&torture_cell(torture_self)->pauses);
}

void parent_torment(void)
{
    uint64_t children = parent_children();

    if (children == 0) {
        return;
    }
    if (torture_random(2) == 0) {
        parent_restart(torture_choose(children));
    } else {
        parent_pause(torture_choose(children));
    }
}

void parent_start(void)
{
    for (uint64_t left = parent_children(); left != 0; left &= left - 1) {
        unsigned int child = (unsigned int)__builtin_ctzl(left);
        const struct torture_cell *cell = torture_cell(child);
        if (cell->touch_begin == cell->touch_end) {
            continue;
        }
        /* Half a restart leaves variables of both lives: no way to go on. */
        if (cell->restarting != 0 || torture_random(2) == 0) {
            parent_restart(child);
        } else {
            parent_check(child, PARENT_RESUME, bh_pd_resume(child));
            parent_end(child);
        }
    }
}

/** Whether a fault message is that of what the child says it does. */
static bool parent_expected(enum torture_kind kind, uint64_t label)
{
    switch (kind) {
    case TORTURE_READ_HOLE:
    case TORTURE_JUMP_HOLE:
        return label == BH_FAULT_MEMORY && microkit_mr_get(1) == TORTURE_HOLE;
    case TORTURE_WRITE_TEXT:
        return label == BH_FAULT_MEMORY && microkit_mr_get(1) == TORTURE_ENTRY;
    case TORTURE_UNDEFINED:
    case TORTURE_BREAK:
        return label == BH_FAULT_EXCEPTION;
    case TORTURE_SYSCALL:
        return label == BH_FAULT_SYSCALL;
    case TORTURE_NO_FAULT:
    case TORTURE_KINDS:
        break;
    }
    return false;
}

/**
 * Has the child go on behind the instruction that faulted. Its registers may say so already, when
 * this PD was restarted before it answered, and got the fault again.
 */
static void parent_skip(unsigned int child, uint64_t label)
{
    uint64_t pc = microkit_mr_get(0);

    torture_add(&torture_cell(torture_self)->repairs);
    if (label == BH_FAULT_SYSCALL) {
        return;
    }
    parent_check(child, PARENT_READ, bh_pd_read(child));
    if (microkit_mr_get(0) != pc && microkit_mr_get(0) != pc + 4) {
        torture_fail(TORTURE_FAULT, child, microkit_mr_get(0), pc);
    }
    microkit_mr_set(0, pc + 4);
    parent_check(child, PARENT_WRITE, bh_pd_write(child, 1));
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    uint64_t label = microkit_msginfo_get_label(msginfo);
    enum torture_kind kind = (enum torture_kind)torture_get(&torture_cell(child)->faulting);

    (void)reply_msginfo;
    if (!parent_expected(kind, label)) {
        torture_fail(TORTURE_FAULT, child, label, kind);
    }
    /* Long enough for this PD to be stopped or restarted while it decides. */
    torture_spin(torture_random(40000));
    if (torture_config()->sabotage == TORTURE_IGNORE && torture_random(SABOTAGE_EVERY) == 0) {
        return seL4_False;
    }
    if (kind != TORTURE_JUMP_HOLE && torture_random(2) == 0) {
        parent_skip(child, label);
        return seL4_True;
    }
    parent_restart(child);
    return seL4_False;
}
