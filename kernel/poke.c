/* SPDX-License-Identifier: BSD-2-Clause */
#include "poke.h"

#include "call.h"
#include "control.h"
#include "receive.h"
#include "report.h"
#include "sched.h"
#include "vcpu.h"

static struct thread *poke_threads[THREAD_MAX];
/** Words of `poked` that have threads; set at boot. */
static uint32_t poke_words;

void poke_register(struct thread *t)
{
    uint32_t words = t->id / 64 + 1u;
    poke_words = words > poke_words ? words : poke_words;
    poke_threads[t->id] = t;
}

/** Acts on whatever the shared words of `t`, a thread of this CPU, ask for. */
static void poke_look(struct cpu *cpu, struct thread *t)
{
    if (__atomic_load_n(&t->control, __ATOMIC_RELAXED) != 0) {
        control_handle(cpu, t);
    }
    if (report_waiting(t)) {
        return;
    }
    if ((t->flags & THREAD_VCPU) != 0) {
        vgic_update(cpu, vcpu_of(t));
        vcpu_tell_end(cpu, vcpu_of(t));
        return;
    }
    enum thread_state state = thread_state(t);
    if ((state == THREAD_RECV && receive_deliver(cpu, t)) ||
        (state == THREAD_CALL && call_finish(t)) ||
        (state == THREAD_CONTROL && control_finish(t))) {
        sched_make_ready(cpu, t);
    } else if (state == THREAD_STOPPED) {
        call_abort_waiting(cpu, t);
    }
    /* If it is ready, its next receive finds waiting calls and notifications. */
}

void poke_thread(struct cpu *cpu, struct thread *t)
{
    if (t->cpu == cpu->index) {
        poke_look(cpu, t);
    } else {
        poke_by_interrupt(t);
    }
}

void poke_by_interrupt(struct thread *t)
{
    bool vcpu = (t->flags & THREAD_VCPU) != 0;
    uint64_t *poked = &cpu_get(t->cpu)->poked[vcpu][t->id / 64];
    /* Whoever set a first bit also sent the interrupt; as long as there are more the target sends
     * it to itself. */
    if (__atomic_fetch_or(poked, 1UL << (t->id % 64), __ATOMIC_ACQ_REL) == 0) {
        arch_poke(t->cpu, vcpu);
    }
}

/** First thread at or after `from` that is poked, going round; THREAD_MAX for none. */
static uint32_t poke_next(const uint64_t *poked, uint32_t from)
{
    uint32_t word = from / 64;
    uint64_t bits = __atomic_load_n(&poked[word], __ATOMIC_RELAXED) & ~0UL << (from % 64);
    for (uint32_t left = poke_words; bits == 0 && left > 0; left--) {
        word = word + 1 < poke_words ? word + 1 : 0;
        bits = __atomic_load_n(&poked[word], __ATOMIC_RELAXED);
    }
    return bits != 0 ? word * 64 + (uint32_t)__builtin_ctzl(bits) : THREAD_MAX;
}

void poke_handle(struct cpu *cpu, bool vcpus)
{
    uint64_t *poked = cpu->poked[vcpus];
    uint32_t id = poke_next(poked, cpu->poke_from);
    if (id == THREAD_MAX) {
        return;
    }
    /* Cleared before looking: a poke during the look sends a new interrupt. */
    uint64_t bit = 1UL << (id % 64);
    uint64_t more = __atomic_fetch_and(&poked[id / 64], ~bit, __ATOMIC_ACQ_REL) & ~bit;
    for (uint32_t word = 1; word < poke_words; word++) {
        more |= __atomic_load_n(&poked[(id / 64 + word) % poke_words], __ATOMIC_RELAXED);
    }
    /* Going round: who pokes low numbers all the time keeps no other waiting. */
    cpu->poke_from = (id + (more != 0)) % THREAD_MAX;
    poke_look(cpu, poke_threads[id]);
    /* One in each stay in the kernel: whoever was woken does not wait for the next one's message.
     */
    if (more != 0) {
        arch_poke(cpu->index, vcpus);
    }
}
