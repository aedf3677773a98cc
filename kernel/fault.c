/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"

#include "control.h"
#include "poke.h"
#include "report.h"
#include "sched.h"
#include "vcpu.h"

static void fault_words(struct thread *t, uint32_t count, const uint64_t *words)
{
    t->fault.count = count;
    arch_copy(t->fault.words, words, count * sizeof(*words));
}

/** Composes the message as enum bh_fault describes it; those of vCPUs are where they arise. */
static void fault_compose(struct thread *t, const struct fault_cause *cause)
{
    const struct arch_context *c = &t->context;
    const uint64_t *x = c->x;
    t->fault.label = (uint32_t)cause->label;
    if (cause->label == BH_FAULT_SYSCALL) {
        fault_words(t, 13,
                    (const uint64_t[]){ x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], c->pc,
                                        c->sp, x[30], c->spsr, x[8] });
    } else if (cause->label == BH_FAULT_EXCEPTION) {
        fault_words(t, 5, (const uint64_t[]){ c->pc, c->sp, c->spsr, cause->esr, 0 });
    } else {
        fault_words(t, 4, (const uint64_t[]){ c->pc, cause->addr, cause->fetch, cause->esr });
    }
}

void fault_raise(struct cpu *cpu, struct thread *t, const struct fault_cause *cause)
{
    if (t->parent == NULL) {
        report_later(t, BH_REPORT_FAULT, cause);
        control_stop(cpu, t);
        return;
    }
    fault_compose(t, cause);
    fault_send(cpu, t);
}

/** Puts the message of `child` into the registers of `t`, which waits or is about to. */
static void fault_deliver(struct thread *t, struct thread *child)
{
    uint32_t count = child->fault.count;
    t->context.x[0] = BH_BADGE_FAULT | child->child_id;
    t->context.x[1] = BH_MSGINFO(child->fault.label, count);
    for (uint32_t i = 0; i < BH_MSG_REGS; i++) {
        t->context.x[2 + i] = child->fault.words[i];
    }
    /* An exit has one more. */
    t->msg->msg[BH_MSG_REGS] = child->fault.words[BH_MSG_REGS];
    for (uint32_t i = BH_MSG_REGS + 1; i < count; i++) {
        t->msg->msg[i] = child->fault.words[i];
    }
    t->serving = child;
    t->serving_fault = true;
    t->serving_seq = child->fault.number;
}

void fault_send(struct cpu *cpu, struct thread *t)
{
    struct thread *parent = t->parent;
    bool exit = (t->flags & THREAD_VCPU) != 0;
    t->fault.number++;
    if (exit && parent->cpu == cpu->index && thread_state(parent) == THREAD_RECV) {
        /* The usual exit to the VMM, shorter: nothing else waits, or it would not. */
        sched_block(cpu, t, THREAD_FAULT);
        fault_deliver(parent, t);
        parent->prefer_calls = false;
        sched_make_ready(cpu, parent);
        return;
    }
    sched_halt(cpu, t, THREAD_FAULT);
    __atomic_fetch_or(&parent->faults, 1UL << t->child_id, __ATOMIC_RELEASE);
    if (exit) {
        poke_thread(cpu, parent);
    } else {
        /* Rare, and may wait: in two stays in the kernel, each of them short. */
        poke_by_interrupt(parent);
    }
}

/** A child that waits with a fault, its bit taken; NULL if there is none. */
static struct thread *fault_next(struct thread *t)
{
    for (uint32_t tries = 0; tries < BH_MAX_CHILDREN; tries++) {
        uint64_t waiting = __atomic_load_n(&t->faults, __ATOMIC_RELAXED);
        if (waiting == 0) {
            return NULL;
        }
        uint32_t id = (uint32_t)__builtin_ctzl(waiting);
        __atomic_fetch_and(&t->faults, ~(1UL << id), __ATOMIC_ACQUIRE);
        /* A bit may outlive the fault that it stood for, when the child was restarted. */
        if (thread_state(t->children[id]) == THREAD_FAULT) {
            return t->children[id];
        }
    }
    return NULL;
}

bool fault_take(struct thread *t)
{
    struct thread *child = fault_next(t);
    if (child == NULL) {
        return false;
    }
    fault_deliver(t, child);
    return true;
}

void fault_answer(struct cpu *cpu, struct thread *t)
{
    if (t->serving == NULL || !t->serving_fault) {
        return;
    }
    struct thread *child = t->serving;
    t->serving = NULL;
    if (thread_state(child) != THREAD_FAULT || child->fault.number != t->serving_seq) {
        /* It was restarted meanwhile; another fault of it is another event. */
        return;
    }
    if ((child->flags & THREAD_VCPU) != 0) {
        struct vcpu *v = vcpu_of(child);
        v->reply = BH_MSGINFO_LABEL(t->context.x[1]);
        v->reply_value = t->context.x[2];
        if (child->cpu == cpu->index) {
            vcpu_answer(cpu, v);
        } else {
            control_later(cpu, child, CONTROL_ANSWER);
        }
    } else {
        control_later(cpu, child, CONTROL_RESUME);
    }
}
