/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched.h"

#include "trace.h"
#include "vcpu.h"

/** A refill smaller than this is not worth a context switch; it is added to the next one. */
#define SCHED_MIN_US 10
static uint64_t sched_least; /* the same in ticks */

/* Ready queues. */

static void sched_enqueue(struct cpu *cpu, struct thread *t)
{
    struct thread *head = cpu->ready[t->priority];
    if (head == NULL) {
        t->next = t;
        t->prev = t;
        cpu->ready[t->priority] = t;
        cpu->ready_bits[t->priority / 64] |= 1UL << (t->priority % 64);
        cpu->ready_words |= 1u << (t->priority / 64);
    } else {
        t->next = head;
        t->prev = head->prev;
        head->prev->next = t;
        head->prev = t;
    }
    /* At an equal priority the slice of the running thread matters from now on. */
    if (cpu->current == NULL || t->priority >= cpu->current->priority) {
        cpu->resched = true;
    }
}

static void sched_dequeue(struct cpu *cpu, struct thread *t)
{
    if (t->next == NULL) {
        return;
    }
    if (t->next == t) {
        cpu->ready[t->priority] = NULL;
        uint64_t *bits = &cpu->ready_bits[t->priority / 64];
        *bits &= ~(1UL << (t->priority % 64));
        if (*bits == 0) {
            cpu->ready_words &= ~(1u << (t->priority / 64));
        }
    } else {
        t->prev->next = t->next;
        t->next->prev = t->prev;
        if (cpu->ready[t->priority] == t) {
            cpu->ready[t->priority] = t->next;
        }
    }
    t->next = NULL;
    t->prev = NULL;
    if (t == cpu->current) {
        cpu->resched = true;
    }
}

static struct thread *sched_highest(const struct cpu *cpu)
{
    if (cpu->ready_words == 0) {
        return NULL;
    }
    uint32_t word = 31 - (uint32_t)__builtin_clz(cpu->ready_words);
    return cpu->ready[word * 64 + 63 - (uint32_t)__builtin_clzl(cpu->ready_bits[word])];
}

/* Scheduling contexts. */

/** Does a ready thread use it? The own context of a passive PD that is being called lies idle. */
static bool sched_wanted(const struct sched_context *sc)
{
    return sc->user->sc == sc && thread_state(sc->user) == THREAD_READY;
}

static uint64_t sched_head_amount(const struct sched_context *sc)
{
    return sc->refill[sc->head].amount;
}

/** Adds a refill behind the others; when there is no room the last one takes it, later. */
static void sched_append(struct sched_context *sc, uint64_t time, uint64_t amount)
{
    if (sc->count == SCHED_REFILLS) {
        uint32_t last = (sc->head + sc->count - 1u) % SCHED_REFILLS;
        sc->refill[last].time = time;
        sc->refill[last].amount += amount;
        return;
    }
    uint32_t slot = (sc->head + (uint32_t)sc->count) % SCHED_REFILLS;
    sc->refill[slot].time = time;
    sc->refill[slot].amount = amount;
    sc->count++;
}

/** Drops the head refill; what is left of it goes to the next. */
static void sched_drop_head(struct sched_context *sc)
{
    uint64_t left = sc->refill[sc->head].amount;
    sc->head = (uint8_t)((sc->head + 1u) % SCHED_REFILLS);
    sc->count--;
    sc->refill[sc->head].amount += left;
}

/**
 * Turns what was used into a refill one period after its use began. The sum of all amounts stays
 * `budget`. What is too little for a refill of its own, and what a late timer let it use beyond the
 * head, stays on account of the next use.
 */
static void sched_split(struct sched_context *sc)
{
    uint64_t amount = sched_head_amount(sc);
    uint64_t least = sched_least;
    if (sc->consumed < amount && sc->consumed < least) {
        return;
    }
    if (sc->count == 1 && sc->consumed >= amount) {
        /* The usual end of a budget: all of it comes back one period later. */
        sc->consumed -= amount;
        sc->refill[sc->head].time += sc->period;
        return;
    }
    uint64_t used = sc->consumed < amount ? sc->consumed : amount;
    uint64_t start = sc->refill[sc->head].time;
    sc->consumed -= used;
    sc->refill[sc->head].amount -= used;
    sched_append(sc, start + sc->period, used);
    if (sched_head_amount(sc) < least && sc->count > 1) {
        sched_drop_head(sc);
    }
}

/** Moves refills that are in the past together, so that unused time is not saved up. */
static void sched_merge(struct sched_context *sc, uint64_t now)
{
    if (sc->refill[sc->head].time > now) {
        return;
    }
    sc->refill[sc->head].time = now;
    while (sc->count > 1) {
        uint32_t second = (sc->head + 1u) % SCHED_REFILLS;
        if (sc->refill[second].time > now) {
            break;
        }
        sched_drop_head(sc);
        sc->refill[sc->head].time = now;
    }
}

/** Takes `t` off the CPU until the head refill of its context is due. */
static void sched_throttle(struct cpu *cpu, struct sched_context *sc)
{
    sc->throttled = true;
    sched_dequeue(cpu, sc->user);
    timerq_set(&cpu->timers, &sc->timer, sc->refill[sc->head].time);
    /* The timer must be set for it, even if nothing else changes. */
    cpu->resched = true;
    trace_event(cpu, BH_TRACE_BLOCK, sc->user);
}

/** `sc`, limited, was used until `now`: its thread waits if nothing is left that is due. */
static void sched_put_down(struct cpu *cpu, struct sched_context *sc, uint64_t now)
{
    sched_split(sc);
    sched_merge(sc, now);
    if (sc->refill[sc->head].time > now && sched_wanted(sc) && !sc->throttled) {
        sched_throttle(cpu, sc);
    }
}

/** `t` goes behind the others of its priority, if it is ready and the first of them. */
static void sched_rotate(struct cpu *cpu, struct thread *t)
{
    if (t->next != NULL && cpu->ready[t->priority] == t) {
        cpu->ready[t->priority] = t->next;
        cpu->resched = true;
    }
}

/** The budget or the slice of the context that runs has ended. */
static void sched_expire(struct cpu *cpu, struct sched_context *sc, uint64_t now)
{
    if (sc->limited) {
        sched_put_down(cpu, sc, now);
    } else {
        /* Of a vCPU that is about to wait for its VMM's answer sched_go_first() sees the end. */
        sc->consumed = thread_state(sc->user) == THREAD_FAULT ? sc->consumed : 0;
        sched_rotate(cpu, sc->user);
    }
}

/** Charges the context that runs, and acts when its budget or slice has ended. */
static void sched_account(struct cpu *cpu, uint64_t now)
{
    struct sched_context *sc = cpu->charged;
    if (sc != NULL) {
        sc->consumed += now - cpu->charged_at;
        if (now >= cpu->charged_end) {
            sched_expire(cpu, sc, now);
        }
    }
    cpu->charged_at = now;
}

void sched_init_thread(struct thread *t, uint32_t budget_us, uint32_t period_us)
{
    struct sched_context *sc = &t->own_sc;
    sched_least = arch_us_to_ticks(SCHED_MIN_US);
    sc->budget = arch_us_to_ticks(budget_us);
    sc->period = arch_us_to_ticks(period_us);
    sc->limited = sc->budget < sc->period;
    sc->refill[0].time = 0;
    sc->refill[0].amount = sc->budget;
    sc->head = 0;
    sc->count = 1;
    sc->consumed = 0;
    sc->throttled = false;
    sc->user = t;
    t->sc = sc;
}

void sched_make_ready(struct cpu *cpu, struct thread *t)
{
    struct sched_context *sc = t->sc;
    thread_set_state(t, THREAD_READY);
    if (sc->throttled) {
        return;
    }
    /* A context that came back from a passive PD is in use already, and charged. */
    if (sc->limited && sc != cpu->charged) {
        uint64_t now = arch_now();
        sched_merge(sc, now);
        if (sc->refill[sc->head].time > now) {
            sched_throttle(cpu, sc);
            return;
        }
    }
    sched_enqueue(cpu, t);
    trace_event(cpu, BH_TRACE_READY, t);
}

/** `t` leaves the ready queue, if it is there. */
static void sched_leave(struct cpu *cpu, struct thread *t)
{
    if (KERNEL_TRACE && thread_state(t) == THREAD_READY) {
        trace_event(cpu, BH_TRACE_BLOCK, t);
    }
    sched_dequeue(cpu, t);
}

void sched_block(struct cpu *cpu, struct thread *t, enum thread_state state)
{
    sched_leave(cpu, t);
    thread_set_state(t, state);
}

/* Out of line: sched_next(), which everybody passes, then saves no registers for it. */
__attribute__((noinline)) void sched_save(struct cpu *cpu)
{
    trace_event(cpu, BH_TRACE_SWITCH, NULL);
    arch_switch(cpu, NULL);
    cpu->resched = true;
}

void sched_halt(struct cpu *cpu, struct thread *t, enum thread_state state)
{
    sched_leave(cpu, t);
    if (t == cpu->current && t->parent != NULL && t->parent->cpu != cpu->index) {
        /* From now on its parent may read and write its registers, on its CPU: save all. */
        sched_save(cpu);
    }
    thread_set_state(t, state);
}

void sched_donate(struct thread *from, struct thread *to)
{
    to->sc = from->sc;
    to->sc->user = to;
}

void sched_undonate(struct cpu *cpu, struct thread *from, struct thread *to)
{
    struct sched_context *sc = to->sc;
    if (sc == &to->own_sc) {
        return;
    }
    struct thread *user = sc->user;
    bool ready = thread_state(user) == THREAD_READY;
    sched_dequeue(cpu, user);
    sc->user = from;
    /* If `to` has lent it on, so goes its own. Each call goes to a higher priority: this ends. */
    for (struct thread *t = user; t != to; t = t->serving) {
        t->sc = &to->own_sc;
    }
    to->sc = &to->own_sc;
    to->sc->user = user;
    if (ready) {
        sched_make_ready(cpu, user);
    }
    /* The context that is charged must change, whoever goes on. */
    cpu->resched = true;
}

void sched_go_first(struct cpu *cpu, struct thread *t)
{
    struct sched_context *sc = t->sc;
    if (t->next == NULL || t->next == t) {
        return;
    }
    if (!sc->limited) {
        sc->consumed += arch_now() - sc->left_at;
        if (sc->consumed >= sc->budget) {
            sc->consumed = 0;
            return;
        }
    }
    cpu->ready[t->priority] = t;
}

void sched_yield(struct cpu *cpu)
{
    sched_rotate(cpu, cpu->current);
}

/** The refill that is due is to be had. */
static void sched_refill(struct cpu *cpu)
{
    struct timerq_entry *entry = timerq_first(&cpu->timers);
    timerq_cancel(&cpu->timers, entry);
    struct sched_context *sc =
        (struct sched_context *)((char *)entry - offsetof(struct sched_context, timer));
    sc->throttled = false;
    if (sched_wanted(sc)) {
        sched_make_ready(cpu, sc->user);
    }
}

void sched_timer(struct cpu *cpu)
{
    uint64_t now = arch_now();
    /* If it is 0 it stays so. */
    cpu->deadline = cpu->deadline != 0 ? UINT64_MAX : 0;
    arch_set_timer(UINT64_MAX);
    /* The budget that may have ended is charged by sched_next(). */
    /* One in each stay in the kernel: if another is due, the timer fires again at once. */
    if (cpu->timers.deadline <= now) {
        sched_refill(cpu);
    } else if (cpu->guest_timers.deadline <= now && !arch_is_interrupted()) {
        /* Else what came meanwhile goes first: it may be for a PD. */
        vcpu_timer(cpu);
    }
    cpu->resched = true;
}

/**
 * Sets the timer for `t`, after an interrupt for a PD or after sched_mute() did. A PD above every
 * guest that an interrupt made run is disturbed by none that only guests wait for: neither by their
 * timers nor by their list registers, before the next switch.
 */
static __attribute__((noinline)) void sched_mute(struct cpu *cpu, const struct thread *t,
                                                 uint64_t deadline)
{
    bool mute = cpu->urgent && t != NULL && t->priority > cpu->guest_priority;
    cpu->urgent = false;
    cpu->deadline = mute ? 0 : deadline;
    uint64_t refill = cpu->timers.deadline;
    uint64_t of_pds = refill < cpu->charged_end ? refill : cpu->charged_end;
    arch_set_timer(mute ? of_pds : deadline);
    arch_irq_mute(mute);
}

/** Sets the timer to the end of `t`'s budget or slice, or the first deadline, if earlier. */
static void sched_set_timer(struct cpu *cpu, const struct thread *t, uint64_t now)
{
    uint64_t deadline = cpu->timers.deadline;
    deadline = cpu->guest_timers.deadline < deadline ? cpu->guest_timers.deadline : deadline;
    cpu->charged_end = UINT64_MAX;
    /* Alone at its priority and not limited, it needs no slice: no tick disturbs it. */
    if (t != NULL && (t->next != t || t->sc->limited)) {
        uint64_t amount = sched_head_amount(t->sc);
        cpu->charged_end = now + (amount > t->sc->consumed ? amount - t->sc->consumed : 0);
        deadline = cpu->charged_end < deadline ? cpu->charged_end : deadline;
    }
    if (deadline != cpu->deadline && cpu->deadline == 0) {
        sched_mute(cpu, t, deadline);
    } else if (deadline != cpu->deadline) {
        cpu->deadline = deadline;
        arch_set_timer(deadline);
    }
}

/**
 * `sc` (NULL: none) is charged from now on. What the one before used while it had the CPU becomes a
 * refill, and the time in which `sc` was ready but others ran does not count as its use: otherwise
 * a thread that was kept waiting would get two budgets within one period.
 */
static void sched_use(struct cpu *cpu, struct sched_context *sc, uint64_t now)
{
    struct sched_context *before = cpu->charged;
    if (sc == before) {
        return;
    }
    if (before != NULL && !before->limited) {
        before->left_at = now;
    } else if (before != NULL && !before->throttled) {
        sched_put_down(cpu, before, now);
    }
    if (sc != NULL && sc->limited) {
        sched_merge(sc, now);
    }
    cpu->charged = sc;
}

struct thread *sched_next(struct cpu *cpu)
{
    if (!cpu->resched) {
        return cpu->current;
    }
    if (arch_is_interrupted() && !cpu->urgent) {
        /* It goes first: what led here and a switch would be too long a stay. */
        sched_save(cpu);
        return NULL;
    }
    uint64_t now = arch_now();
    sched_account(cpu, now);
    cpu->resched = false;
    struct thread *t = sched_highest(cpu);
    sched_use(cpu, t != NULL ? t->sc : NULL, now);
    if (t != cpu->current) {
        arch_switch(cpu, t);
        trace_event(cpu, BH_TRACE_SWITCH, cpu->current);
    }
    /* Last: a vCPU that was switched away may have left its timer to the kernel. */
    sched_set_timer(cpu, t, now);
    return cpu->current;
}
