/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include "call.h"
#include "irq.h"
#include "poke.h"
#include "report.h"
#include "sched.h"
#include "vcpu.h"

/** Bytes restored before the parent makes its system call again: bounds the time without
 * interrupts. */
#define CONTROL_RESTORE_BYTES 512

static uint64_t control_word(uint64_t seq, enum control_op op)
{
    return seq << 8 | (uint64_t)op;
}

/** Value of `thread.control_wait` while request `seq` waits, and when it is done. */
static uint64_t control_waiting(uint64_t seq)
{
    return seq << 1;
}

static uint64_t control_done(uint64_t seq)
{
    return seq << 1 | 1;
}

void control_repeat_syscall(struct thread *t)
{
    t->context.pc -= 4;
}

/**
 * `t` waits for a request about its child and is being stopped: the request must not take effect
 * later. Returns true when it was taken back. Else the child's CPU has taken it already, and has
 * finished it when this returns: that is within one kernel path there (which may wait in the same
 * way for a grandchild's CPU: the chain goes down the tree of parents and ends).
 */
static bool control_withdraw(struct thread *t)
{
    uint64_t word = __atomic_load_n(&t->control_child->control, __ATOMIC_RELAXED);
    if (word >> 8 == t->control_seq &&
        __atomic_compare_exchange_n(&t->control_child->control, &word, 0, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
        return true;
    }
    while (__atomic_load_n(&t->control_wait, __ATOMIC_ACQUIRE) == control_waiting(t->control_seq)) {
        arch_relax();
    }
    return false;
}

void control_stop(struct cpu *cpu, struct thread *t)
{
    switch (thread_state(t)) {
    case THREAD_CALL:
        call_cancel(cpu, t);
        break;
    case THREAD_RECV:
        /* Resumed, it waits again, but answers nobody and repeats no deferred operation. */
        t->context.x[8] = BH_SYS_RECV;
        t->context.x[6] = BH_DEFERRED_NONE;
        control_repeat_syscall(t);
        break;
    case THREAD_CONTROL:
        if (control_withdraw(t)) {
            control_repeat_syscall(t);
        } else {
            (void)control_finish(t);
        }
        break;
    case THREAD_FAULT:
        __atomic_fetch_and(&t->parent->faults, ~(1UL << t->child_id), __ATOMIC_RELAXED);
        break;
    default:
        break;
    }
    if (t->serving != NULL && t->serving_fault) {
        if (thread_state(t->serving) == THREAD_FAULT) {
            /* The child still waits for a decision: show it again after a restart. */
            __atomic_fetch_or(&t->faults, 1UL << t->serving->child_id, __ATOMIC_RELAXED);
        }
        t->serving = NULL;
    }
    call_abort(cpu, t);
    sched_halt(cpu, t, THREAD_STOPPED);
    call_abort_waiting(cpu, t);
    if ((t->flags & THREAD_VCPU) != 0) {
        /* Its VMM sees and changes the whole state, from any CPU. */
        arch_vcpu_unload(cpu, vcpu_of(t));
    }
}

void control_resume(struct cpu *cpu, struct thread *t)
{
    enum thread_state state = thread_state(t);
    if (state == THREAD_FAULT) {
        __atomic_fetch_and(&t->parent->faults, ~(1UL << t->child_id), __ATOMIC_RELAXED);
    } else if (state != THREAD_STOPPED) {
        return;
    }
    t->restore.next = 0;
    t->restore.offset = 0;
    sched_make_ready(cpu, t);
}

static void control_start(struct cpu *cpu, struct thread *t, uint64_t entry)
{
    if (thread_state(t) != THREAD_STOPPED) {
        return;
    }
    if ((t->flags & THREAD_VCPU) != 0) {
        struct vcpu *v = vcpu_of(t);
        arch_vcpu_reset(cpu, v, entry, v->reg_value);
        vgic_reset_vcpu(v);
    } else {
        arch_reset_context(cpu, t, entry, t->pd->stack_top);
        __atomic_store_n(&t->notified, 0, __ATOMIC_RELAXED);
        irq_ack_all(t);
        t->prefer_calls = false;
        report_later(t, BH_REPORT_RESTART, &(struct fault_cause){ 0 });
    }
    control_resume(cpu, t);
}

static void control_do(struct cpu *cpu, struct thread *t, enum control_op op)
{
    switch (op) {
    case CONTROL_STOP:
        control_stop(cpu, t);
        break;
    case CONTROL_RESUME:
        control_resume(cpu, t);
        break;
    case CONTROL_START:
        control_start(cpu, t, t->control_entry);
        break;
    case CONTROL_READ:
        vcpu_of(t)->reg_value = arch_vcpu_read(vcpu_of(t), vcpu_of(t)->reg_index);
        break;
    case CONTROL_WRITE:
        arch_vcpu_write(vcpu_of(t), vcpu_of(t)->reg_index, vcpu_of(t)->reg_value);
        break;
    case CONTROL_ANSWER:
        if (thread_state(t) == THREAD_FAULT) {
            vcpu_answer(cpu, vcpu_of(t));
        }
        break;
    }
}

void control_handle(struct cpu *cpu, struct thread *t)
{
    uint64_t word = __atomic_exchange_n(&t->control, 0, __ATOMIC_ACQ_REL);
    if (word == 0) {
        return;
    }
    control_do(cpu, t, (enum control_op)(word & 0xff));
    if (word >> 8 != 0) {
        uint64_t expected = control_waiting(word >> 8);
        __atomic_compare_exchange_n(&t->parent->control_wait, &expected, control_done(word >> 8),
                                    false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
        poke_by_interrupt(t->parent);
    }
}

/** The request of `t` is done: the system call returns, or is made again for its next step. */
static void control_complete(struct thread *t)
{
    if (t->control_again) {
        control_repeat_syscall(t);
    } else {
        t->context.x[0] = BH_OK;
    }
    if (t->control_op == CONTROL_READ) {
        t->context.x[1] = vcpu_of(t->control_child)->reg_value;
    }
}

bool control_finish(struct thread *t)
{
    if (__atomic_load_n(&t->control_wait, __ATOMIC_ACQUIRE) != control_done(t->control_seq)) {
        return false;
    }
    control_complete(t);
    return true;
}

void control_request(struct cpu *cpu, struct thread *t, struct thread *child, enum control_op op,
                     bool again)
{
    t->control_again = again;
    t->control_op = (uint8_t)op;
    t->control_child = child;
    if (child->cpu == cpu->index) {
        control_do(cpu, child, op);
        control_complete(t);
        return;
    }
    t->control_seq++;
    __atomic_store_n(&t->control_wait, control_waiting(t->control_seq), __ATOMIC_RELAXED);
    sched_block(cpu, t, THREAD_CONTROL);
    __atomic_store_n(&child->control, control_word(t->control_seq, op), __ATOMIC_RELEASE);
    poke_by_interrupt(child);
}

void control_later(struct cpu *cpu, struct thread *t, enum control_op op)
{
    if (t->cpu == cpu->index) {
        control_do(cpu, t, op);
        return;
    }
    __atomic_store_n(&t->control, control_word(0, op), __ATOMIC_RELEASE);
    poke_by_interrupt(t);
}

struct thread *control_child(struct thread *t, uint64_t id)
{
    struct thread *child = id < BH_MAX_CHILDREN ? t->children[id] : NULL;
    if (child == NULL) {
        t->context.x[0] = BH_ERR_CHILD;
    }
    return child;
}

void control_pd_stop_resume(struct cpu *cpu, struct thread *t)
{
    bool stop = t->context.x[8] == BH_SYS_PD_STOP;
    struct thread *c = control_child(t, t->context.x[0]);
    if (c != NULL && (c->flags & THREAD_VCPU) != 0 && stop && !vgic_take_back(cpu, vcpu_of(c))) {
        /* An interrupt goes first: the call is made again, with empty list registers. */
        control_repeat_syscall(t);
    } else if (c != NULL) {
        control_request(cpu, t, c, stop ? CONTROL_STOP : CONTROL_RESUME, false);
    }
}

/** Restores the next piece of the child's writable segments; false when all are restored. */
static bool control_restore_piece(struct restore *r)
{
    if (r->next == r->count) {
        return false;
    }
    const struct bd_region *segment = &r->segments[r->next];
    uint64_t bytes = segment->bytes - r->offset;
    bytes = bytes < CONTROL_RESTORE_BYTES ? bytes : CONTROL_RESTORE_BYTES;
    char *to = (char *)arch_phys(segment->base) + r->offset;
    /* Sources are padded with zeros to 8 bytes, and a piece never straddles their end. */
    uint64_t source = (segment->src_bytes + 7) / 8 * 8;
    if (r->offset < source) {
        bytes = bytes < source - r->offset ? bytes : source - r->offset;
        arch_copy(to, r->image + segment->src_off + r->offset, bytes);
    } else {
        arch_clear(to, bytes);
    }
    r->offset += bytes;
    if (r->offset == segment->bytes) {
        r->next++;
        r->offset = 0;
    }
    return true;
}

void control_pd_restart(struct cpu *cpu, struct thread *t)
{
    struct thread *c = control_child(t, t->context.x[0]);
    if (c == NULL) {
        return;
    }
    if (thread_state(c) != THREAD_STOPPED) {
        control_request(cpu, t, c, CONTROL_STOP, true);
    } else if (control_restore_piece(&c->restore)) {
        control_repeat_syscall(t);
    } else {
        c->control_entry = t->context.x[1];
        control_request(cpu, t, c, CONTROL_START, false);
    }
}

/**
 * Registers as seL4_UserContext orders them: pc, sp and status, from CONTROL_X on x0 to x30, and
 * from CONTROL_THREAD on the thread pointers.
 */
#define CONTROL_X 3
#define CONTROL_THREAD 34
#define CONTROL_WORDS 36

/** Of a child's status a parent decides what cannot leave EL0 (a guest: EL1). */
static uint64_t control_spsr(const struct thread *t, uint64_t value)
{
    return (t->flags & THREAD_VCPU) != 0 ? arch_guest_spsr(value) : arch_user_spsr(value);
}

struct thread *control_halted(struct thread *t, struct thread *child)
{
    if (child != NULL && thread_state(child) != THREAD_STOPPED &&
        thread_state(child) != THREAD_FAULT) {
        t->context.x[0] = BH_ERR_STATE;
        return NULL;
    }
    return child;
}

void control_pd_read(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    struct thread *c = control_halted(t, control_child(t, t->context.x[0]));
    if (c == NULL) {
        return;
    }
    const struct arch_context *from = &c->context;
    uint64_t *msg = t->msg->msg;
    msg[0] = from->pc;
    msg[1] = from->sp;
    msg[2] = from->spsr;
    arch_copy(&msg[CONTROL_X], from->x, sizeof(from->x));
    msg[CONTROL_THREAD] = from->tpidr;
    msg[CONTROL_THREAD + 1] = from->tpidrro;
    t->context.x[0] = BH_OK;
}

void control_pd_write(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    uint64_t words = t->context.x[1];
    if (words == 0 || words > CONTROL_WORDS) {
        t->context.x[0] = BH_ERR_ARGUMENT;
        return;
    }
    struct thread *c = control_halted(t, control_child(t, t->context.x[0]));
    if (c == NULL) {
        return;
    }
    /* What is not given stays. */
    struct arch_context *to = &c->context;
    const uint64_t *msg = t->msg->msg;
    uint64_t count = words < CONTROL_THREAD ? words : CONTROL_THREAD;
    to->pc = msg[0];
    to->sp = words > 1 ? msg[1] : to->sp;
    to->spsr = words > 2 ? control_spsr(c, msg[2]) : to->spsr;
    if (words > CONTROL_X) {
        arch_copy(to->x, &msg[CONTROL_X], (count - CONTROL_X) * sizeof(to->x[0]));
    }
    to->tpidr = words > CONTROL_THREAD ? msg[CONTROL_THREAD] : to->tpidr;
    to->tpidrro = words > CONTROL_THREAD + 1 ? msg[CONTROL_THREAD + 1] : to->tpidrro;
    t->context.x[0] = BH_OK;
}
