/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <bulkhead/report.h>

#include "console.h"
#include "control.h"
#include "poke.h"

static struct bh_report_ring *report_ring;
static struct thread *report_reader;
static uint32_t report_reader_id;
/** Records begun; several CPUs take numbers from it. The page's copy is for the reader alone. */
static uint64_t report_written;

void report_init(void *ring, struct thread *reader, uint32_t id)
{
    report_ring = (struct bh_report_ring *)ring;
    report_reader = reader;
    report_reader_id = id;
    report_written = 0;
}

/**
 * Takes a free slot and its number; NULL, counted, when the ring is full. The page's `read` is
 * the reader's word: a wrong one loses that reader's records and nothing else.
 */
static struct bh_report *report_begin(uint64_t *number)
{
    uint64_t written = __atomic_load_n(&report_written, __ATOMIC_RELAXED);
    for (int tries = 0; tries < BH_MAX_CPUS; tries++) {
        uint64_t read = __atomic_load_n(&report_ring->read, __ATOMIC_ACQUIRE);
        if (written - read >= BH_REPORT_SLOTS) {
            break;
        }
        if (__atomic_compare_exchange_n(&report_written, &written, written + 1, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            struct bh_report *slot = &report_ring->slots[written % BH_REPORT_SLOTS];
            __atomic_store_n(&slot->number, 0, __ATOMIC_RELAXED);
            __atomic_thread_fence(__ATOMIC_RELEASE);
            __atomic_fetch_add(&report_ring->written, 1, __ATOMIC_RELAXED);
            *number = written + 1;
            return slot;
        }
    }
    __atomic_fetch_add(&report_ring->lost, 1, __ATOMIC_RELAXED);
    return NULL;
}

static uint64_t report_stack_word(const struct thread *t, uint64_t addr)
{
    return *(const uint64_t *)(const void *)(t->stack + (addr - t->stack_base));
}

/** Follows the frame records (AAPCS64, 6.4.6) within the PD's own stack; `frames` is clear. */
static void report_backtrace(const struct thread *t, uint64_t frames[BH_REPORT_FRAMES])
{
    uint64_t stack_top = t->pd->stack_top;
    uint64_t fp = t->context.x[29];
    uint32_t count = 0;
    while (count < BH_REPORT_FRAMES && fp % 8 == 0 && fp >= t->stack_base && fp <= stack_top - 16) {
        uint64_t next = report_stack_word(t, fp);
        uint64_t lr = report_stack_word(t, fp + 8);
        frames[count++] = lr;
        if (lr == 0 || next <= fp) {
            break;
        }
        fp = next;
    }
}

/** First half of a record: what the fault left in the registers. */
static void report_registers(struct bh_report *r, const struct thread *t)
{
    const struct arch_context *c = &t->report.about->context;
    r->time = arch_now();
    r->kind = t->report.kind;
    r->fault = t->report.label;
    r->pc = c->pc;
    r->sp = c->sp;
    r->spsr = c->spsr;
    r->esr = t->report.esr;
    r->addr = t->report.addr;
    arch_copy(r->x, c->x, sizeof(r->x));
}

/** Second half: how it came there, and who. */
static void report_origin(struct bh_report *r, const struct thread *t)
{
    arch_clear(r->frames, sizeof(r->frames));
    if (t->report.about == t) {
        report_backtrace(t, r->frames);
    }
    arch_copy(r->name, t->report.about->name, sizeof(r->name));
}

/** The record may be read from now on. */
static void report_publish(struct thread *t, struct bh_report *slot)
{
    __atomic_store_n(&slot->number, t->report.number, __ATOMIC_RELEASE);
    if (report_reader != NULL) {
        /* By an interrupt, whoever it is: this runs in a look at a poked thread. */
        __atomic_fetch_or(&report_reader->notified, 1UL << report_reader_id, __ATOMIC_RELEASE);
        poke_by_interrupt(report_reader);
    } else if (KERNEL_CONSOLE) {
        console_report(slot, t);
        __atomic_fetch_add(&report_ring->read, 1, __ATOMIC_RELEASE);
    }
}

void report_later(struct thread *t, enum bh_report_kind kind, const struct fault_cause *cause)
{
    if (t->report.slot != NULL) {
        /* One is half written: finishing it says more than starting it over. */
        return;
    }
    t->report.about = t;
    t->report.kind = (uint32_t)kind;
    t->report.label = (uint32_t)cause->label;
    t->report.esr = cause->esr;
    t->report.addr = cause->addr;
    poke_by_interrupt(t);
}

void report_sys(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    uint64_t *x = t->context.x;
    const struct thread *child = control_child(t, x[0]);
    if (child == NULL) {
        return;
    }
    if (x[1] < BH_REPORT_GUEST_OFF || x[1] > BH_REPORT_GUEST_STOPPED) {
        x[0] = BH_ERR_ARGUMENT;
    } else if (t->report.kind != BH_REPORT_NONE) {
        /* The one before is being written, in stays of its own that come first. */
        control_repeat_syscall(t);
    } else {
        x[0] = BH_OK;
        report_later(t, (enum bh_report_kind)x[1], &(struct fault_cause){ .addr = x[2] });
        t->report.about = child;
    }
}

bool report_waiting(struct thread *t)
{
    if (t->report.kind == BH_REPORT_NONE) {
        return false;
    }
    if (t->report.slot == NULL) {
        t->report.slot = report_begin(&t->report.number);
        if (t->report.slot == NULL) {
            t->report.kind = BH_REPORT_NONE;
            return false;
        }
        report_registers(t->report.slot, t);
    } else {
        report_origin(t->report.slot, t);
        report_publish(t, t->report.slot);
        t->report.slot = NULL;
        t->report.kind = BH_REPORT_NONE;
    }
    poke_by_interrupt(t);
    return true;
}
