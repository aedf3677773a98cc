/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic.h"

#include "irq.h"
#include "poke.h"
#include "sched.h"
#include "vcpu.h"

#define VGIC_SGIS 0xffffu
/** List registers that a step takes back. */
#define VGIC_STEP 2
/** Private interrupts whose trigger no guest changes: SGIs are edges, the timer is a level. */
#define VGIC_FIXED_TRIGGER (VGIC_SGIS | 1u << VGIC_VTIMER)

static void vgic_lock(struct vm *vm)
{
    while (__atomic_exchange_n(&vm->lock, 1, __ATOMIC_ACQUIRE) != 0) {
        arch_relax();
    }
}

static void vgic_unlock(struct vm *vm)
{
    __atomic_store_n(&vm->lock, 0, __ATOMIC_RELEASE);
}

static struct vgic_bank *vgic_bank(struct vcpu *v, uint32_t number)
{
    return number == 0 ? &v->vgic.bank : &v->vm->spis[number - 1];
}

/** Banks of `v` and its VM in which something may be pending or active: bit 0, the private one. */
static uint32_t vgic_busy(const struct vcpu *v)
{
    return v->vm->busy | 1;
}

/** Pending, by the latch or by a level-triggered line. */
static uint32_t vgic_pending(const struct vgic_bank *bank)
{
    return bank->pending | (bank->line & ~bank->edge);
}

/** Interrupts of the bank whose target is `v`. */
static uint32_t vgic_mine(const struct vcpu *v, const struct vgic_bank *bank)
{
    return v->index == 0 ? ~bank->target[0] : bank->target[v->index];
}

/** Interrupts of the bank that want a list register of `v` and have none. */
static uint32_t vgic_candidates(const struct vcpu *v, const struct vgic_bank *bank)
{
    uint32_t bits = (vgic_pending(bank) & bank->enabled) | bank->active;
    return bits & ~bank->listed & vgic_mine(v, bank);
}

/** The vCPU that an interrupt goes to; `v` says whose private ones are meant. */
static struct vcpu *vgic_target(struct vcpu *v, uint32_t intid)
{
    const struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t i = v->vm->vcpus_count - 1;
    while (i > 0 && (bank->target[i] & 1u << intid % 32) == 0) {
        i--;
    }
    return intid < VGIC_PRIVATE ? v : v->vm->vcpus[i];
}

/** What the list registers of `v` say is not so any more: all of them are to be filled anew. */
static void vgic_outdate(struct vcpu *v)
{
    __atomic_store_n(&v->vgic.follow, VGIC_ANEW, __ATOMIC_RELEASE);
}

/** SGIs that other CPUs sent become pending. A list register may hold one of them, active. */
static void vgic_absorb(struct vcpu *v)
{
    if (__atomic_load_n(&v->vgic.sgis, __ATOMIC_RELAXED) != 0) {
        v->vgic.bank.pending |= __atomic_exchange_n(&v->vgic.sgis, 0, __ATOMIC_ACQUIRE);
        vgic_outdate(v);
    }
}

/** `v` no longer holds `intid`. Another vCPU may have become its target, and be waiting for it. */
static void vgic_hand_over(struct vcpu *v, const struct vgic_bank *bank, uint32_t intid)
{
    if (((vgic_pending(bank) | bank->active) & 1u << intid % 32) != 0) {
        struct vcpu *target = vgic_target(v, intid);
        vgic_outdate(target);
        poke_by_interrupt(&target->thread);
    }
}

/** What the guest did with list register `i` becomes the interrupt's state; the register is free.
 */
static inline __attribute__((always_inline)) void vgic_unlist(struct vcpu *v, uint32_t i,
                                                              uint64_t lr)
{
    uint32_t intid = v->vgic.lr_intid[i];
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t bit = 1u << intid % 32;
    bank->listed &= ~bit;
    v->vgic.used &= ~(1u << i);
    /* What was raised meanwhile is latched already, and stays so. */
    if ((lr & VGIC_LR_PENDING) != 0 && intid == VGIC_VTIMER) {
        bank->line |= bit;
    } else if ((lr & VGIC_LR_PENDING) != 0) {
        /* Listed for its line alone, it is as pending as the line says now. */
        bank->pending |= bit & (bank->latched | bank->edge);
    }
    bank->active = (lr & VGIC_LR_ACTIVE) != 0 ? bank->active | bit : bank->active & ~bit;
    uint32_t link = bank->link[intid % 32];
    bool ended = lr >> VGIC_LR_STATE == 0;
    if (ended && link != 0 && !arch_lr_links()) {
        arch_irq_deactivate(link);
    }
    if (ended && link == 0 && (bank->notice & bit) != 0) {
        /* Whoever takes it back: the maintenance interrupt may come too late to say so. */
        v->vgic.ended |= 1u << i;
        poke_by_interrupt(&v->thread);
    }
    if ((vgic_mine(v, bank) & bit) == 0) {
        vgic_hand_over(v, bank, intid);
    }
}

/** Puts `intid` of `bank` into list register `i`: VGIC_LR_PENDING, VGIC_LR_ACTIVE or both. */
static inline __attribute__((always_inline)) void vgic_put(struct vcpu *v, struct vgic_bank *bank,
                                                           uint32_t i, uint32_t intid,
                                                           uint64_t state)
{
    uint32_t n = intid % 32;
    uint32_t bit = 1u << n;
    uint64_t link = intid == VGIC_VTIMER ? VGIC_VTIMER : bank->link[n];
    /* A line that is still high when the guest ends the interrupt makes it pending again. */
    uint64_t notice = (bank->notice | ~bank->edge) >> n & 1;
    uint64_t lr = intid | state | (uint64_t)bank->priority[n] << VGIC_LR_PRIORITY |
                  (uint64_t)(bank->group >> n & 1) << VGIC_LR_GROUP;
    lr |= link != 0 ? VGIC_LR_LINKED | link << VGIC_LR_LINK : notice << VGIC_LR_NOTICE;
    bank->listed |= bit;
    bank->latched = (bank->latched & ~bit) | (bank->pending & bit);
    bank->pending &= ~bit;
    if (intid == VGIC_VTIMER) {
        bank->line &= ~bit;
    }
    v->vgic.used |= 1u << i;
    v->vgic.lr_intid[i] = (uint16_t)intid;
    arch_lr_write(i, lr);
}

/** The same, as its state in the bank says. */
static void vgic_list(struct vcpu *v, uint32_t i, uint32_t intid)
{
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t n = intid % 32;
    bool pending = (vgic_pending(bank) & bank->enabled & 1u << n) != 0;
    uint64_t state = pending ? VGIC_LR_PENDING : 0;
    if ((bank->active >> n & 1) != 0) {
        /* A linked interrupt cannot be both: the physical one is silent while it is active. */
        state = VGIC_LR_ACTIVE | (bank->link[n] == 0 ? state : 0);
    }
    vgic_put(v, bank, i, intid, state);
}

/** How late in a bank's order `candidates` come, and the one of them that is the first. */
static uint32_t vgic_rank(const struct vgic_bank *bank, uint32_t candidates, uint32_t *first)
{
    uint32_t rank = 0;
    uint32_t left = candidates & bank->active;
    if (left == 0) {
        left = candidates;
        rank = 1;
#pragma GCC unroll 5
        for (uint32_t i = 0; i < VGIC_URGENCY_BITS; i++) {
            uint32_t better = left & ~bank->urgency[i];
            rank = rank << 1 | (better == 0);
            left = better != 0 ? better : left;
        }
    }
    *first = (uint32_t)__builtin_ctz(left);
    return rank;
}

/**
 * The candidate that goes first: active ones, then the highest priority. `waiting`: how many there
 * are, more than one being two. BH_VIRQ_COUNT: none, or an interrupt is to be taken before all were
 * looked at.
 */
static uint32_t vgic_best(struct vcpu *v, uint32_t *waiting)
{
    uint32_t best = BH_VIRQ_COUNT;
    uint32_t best_rank = UINT32_MAX;
    *waiting = 0;
    for (uint32_t busy = vgic_busy(v); busy != 0; busy &= busy - 1) {
        uint32_t b = (uint32_t)__builtin_ctz(busy);
        const struct vgic_bank *bank = vgic_bank(v, b);
        if (*waiting > 0 && arch_is_interrupted()) {
            return BH_VIRQ_COUNT;
        }
        if ((bank->pending | bank->line | bank->active | bank->listed) == 0) {
            v->vm->busy &= ~(1u << b);
            continue;
        }
        uint32_t candidates = vgic_candidates(v, bank);
        if (candidates != 0) {
            uint32_t first;
            uint32_t rank = vgic_rank(bank, candidates, &first);
            *waiting = *waiting == 0 && (candidates & (candidates - 1)) == 0 ? 1 : 2;
            best = rank < best_rank ? b * 32 + first : best;
            best_rank = rank < best_rank ? rank : best_rank;
        }
    }
    return best;
}

/** List registers of this CPU that hold nothing of the loaded `v`. */
static uint32_t vgic_free(const struct vcpu *v)
{
    return ~(v->vgic.used | v->vgic.ended) & ((1u << arch_lr_count()) - 1);
}

/**
 * Gives the first that waits a free list register of the loaded `v`. Interrupts are masked for a
 * short time only: the rest is another step. With more waiting than there are list registers, asks
 * to be told of free ones.
 */
static void vgic_fill(struct vcpu *v)
{
    uint32_t waiting = 2;
    uint32_t free = vgic_free(v);
    if (free != 0) {
        uint32_t next = vgic_best(v, &waiting);
        if (next < BH_VIRQ_COUNT) {
            vgic_list(v, (uint32_t)__builtin_ctz(free), next);
            free &= free - 1;
            waiting--;
        }
    }
    if (waiting > 0 && free != 0) {
        __atomic_fetch_or(&v->vgic.follow, VGIC_MORE, __ATOMIC_RELAXED);
    }
    if (waiting > 0 || v->vgic.overflow) {
        v->vgic.overflow = waiting > 0;
        arch_lr_underflow(waiting > 0 && free == 0);
    }
}

/**
 * One step: takes back list registers, any (`all`) or those that the guest is through with. True:
 * as many as a step may, there may be more.
 */
static bool vgic_collect(struct vcpu *v, bool all)
{
    if (v->vgic.used == 0) {
        return false;
    }
    uint32_t count = 0;
    uint64_t empty = arch_lr_empty();
    /* One whose end is announced is not empty before it is cleared. */
    uint64_t take = all ? ~0UL : empty | arch_lr_ended();
    uint32_t left = v->vgic.used & (uint32_t)take;
    for (; left != 0 && count < VGIC_STEP; left &= left - 1, count++) {
        uint32_t i = (uint32_t)__builtin_ctz(left);
        vgic_unlist(v, i, (empty & 1UL << i) != 0 ? 0 : arch_lr_take(i));
    }
    return count == VGIC_STEP;
}

/** The list register of `v` that holds `intid`; VGIC_MAX_LRS: none. */
static uint32_t vgic_find(const struct vcpu *v, uint32_t intid)
{
    uint32_t left = v->vgic.used;
    while (left != 0 && v->vgic.lr_intid[__builtin_ctz(left)] != intid) {
        left &= left - 1;
    }
    return left != 0 ? (uint32_t)__builtin_ctz(left) : VGIC_MAX_LRS;
}

/** The loaded guest may have turned its timer off, or on for later, before it took the interrupt.
 */
static void vgic_settle_timer(struct vcpu *v)
{
    const uint32_t bit = 1u << VGIC_VTIMER;
    struct vgic_bank *bank = &v->vgic.bank;
    if (((bank->line | bank->listed) & bit) == 0 || arch_timer_output()) {
        return;
    }
    if ((bank->listed & bit) != 0) {
        uint32_t i = vgic_find(v, VGIC_VTIMER);
        if ((arch_lr_read(i) & VGIC_LR_PENDING) == 0) {
            return;
        }
        vgic_unlist(v, i, arch_lr_take(i));
    }
    bank->line &= ~bit;
    arch_irq_deactivate(VGIC_VTIMER);
}

/** Collects and fills list registers of the loaded `v`; SGIs were absorbed. */
static void vgic_refresh(struct vcpu *v)
{
    vgic_settle_timer(v);
    uint8_t follow = __atomic_exchange_n(&v->vgic.follow, 0, __ATOMIC_ACQUIRE);
    if (vgic_collect(v, follow >= VGIC_ANEW)) {
        __atomic_fetch_or(&v->vgic.follow, follow | VGIC_MORE, __ATOMIC_RELAXED);
    } else {
        vgic_fill(v);
    }
}

/** Does an interrupt of `v` wait that ends its WFI, in a list register or elsewhere? */
static bool vgic_any(struct vcpu *v, bool loaded)
{
    bool any = false;
    if (loaded) {
        vgic_settle_timer(v);
        /* What the guest is through with may be pending again. */
        while (vgic_collect(v, false)) {
            if (arch_is_interrupted()) {
                return true;
            }
        }
    }
    for (uint32_t left = loaded ? v->vgic.used : 0; left != 0 && !any; left &= left - 1) {
        any = (arch_lr_read((uint32_t)__builtin_ctz(left)) & VGIC_LR_PENDING) != 0;
    }
    /* Else list registers have all that waits. */
    bool more = !loaded || v->vgic.overflow || v->vgic.follow != 0;
    for (uint32_t busy = more ? vgic_busy(v) : 0; busy != 0 && !any; busy &= busy - 1) {
        const struct vgic_bank *bank = vgic_bank(v, (uint32_t)__builtin_ctz(busy));
        any = (vgic_candidates(v, bank) & ~bank->active) != 0;
    }
    return any;
}

bool vgic_waiting(struct vcpu *v)
{
    vgic_lock(v->vm);
    vgic_absorb(v);
    bool any = vgic_any(v, arch_vcpu_is_loaded(v));
    vgic_unlock(v->vm);
    return any;
}

void vgic_unload(struct vcpu *v)
{
    vgic_lock(v->vm);
    while (vgic_collect(v, true)) {
    }
    vgic_unlock(v->vm);
}

void vgic_follow(struct vcpu *v)
{
    vgic_lock(v->vm);
    vgic_absorb(v);
    vgic_refresh(v);
    vgic_unlock(v->vm);
}

void vgic_reset_vcpu(struct vcpu *v)
{
    struct vgic_bank *bank = &v->vgic.bank;
    vgic_lock(v->vm);
    _Static_assert(sizeof(v->vgic) % 8 == 0, "arch_clear()");
    arch_clear(&v->vgic, sizeof(v->vgic));
    /* SGIs are enabled and edge-triggered for good; the timer's PPI is a level. */
    bank->enabled = VGIC_SGIS;
    bank->edge = VGIC_SGIS;
    bank->link[VGIC_VTIMER] = VGIC_VTIMER;
    bank->target[v->index] = v->index == 0 ? 0 : ~0u;
    vgic_unlock(v->vm);
}

/** Puts `intid` of the loaded `v`, just raised, into a list register; false: that takes more. */
static inline __attribute__((always_inline)) bool vgic_show(struct vcpu *v, struct vgic_bank *bank,
                                                            uint32_t intid)
{
    uint32_t bit = 1u << intid % 32;
    uint32_t i;
    if ((bank->enabled & bit) == 0) {
        return false;
    }
    if ((bank->listed & bit) != 0) {
        i = vgic_find(v, intid);
        /* A former target may still hold it. The timer is silent until the guest has ended it. */
        if (i == VGIC_MAX_LRS || (intid != VGIC_VTIMER && (arch_lr_empty() & 1UL << i) == 0)) {
            return false;
        }
        /* The guest is through with the last one, and this one takes its place. */
        bank->active &= ~bit;
    } else {
        uint32_t free = vgic_free(v);
        if (free == 0 || v->vgic.overflow || (bank->active & bit) != 0) {
            return false;
        }
        i = (uint32_t)__builtin_ctz(free);
    }
    vgic_put(v, bank, i, intid, VGIC_LR_PENDING);
    return true;
}

/** Puts SGIs of other CPUs into list registers of the loaded `v`; false: more is to be done. */
static bool vgic_show_sgis(struct vcpu *v)
{
    struct vgic_bank *bank = &v->vgic.bank;
    uint32_t sgis = __atomic_exchange_n(&v->vgic.sgis, 0, __ATOMIC_ACQUIRE);
    bool shown = sgis != 0 && __atomic_load_n(&v->vgic.follow, __ATOMIC_RELAXED) == 0;
    bank->pending |= sgis;
    for (; sgis != 0 && shown; sgis &= sgis - 1) {
        shown = vgic_show(v, bank, (uint32_t)__builtin_ctz(sgis));
        if (!shown) {
            /* Its list register, which is in use, must show it as pending again. */
            vgic_outdate(v);
        }
    }
    return shown;
}

/** What vgic_update() has to do if it is more than SGIs: does something wait for `v`? */
static __attribute__((noinline)) bool vgic_catch_up(struct cpu *cpu, struct vcpu *v)
{
    vgic_lock(v->vm);
    vgic_absorb(v);
    bool runs = cpu->current == &v->thread;
    if (runs && v->vgic.follow < VGIC_ANEW && !arch_is_interrupted()) {
        vgic_refresh(v);
    } else if (runs || v->vgic.overflow) {
        vgic_outdate(v);
    }
    bool any = thread_state(&v->thread) == THREAD_WFI && vgic_any(v, cpu->loaded == v);
    vgic_unlock(v->vm);
    if (runs && v->vgic.follow != 0) {
        /* The next step is one of its way back to the CPU. */
        sched_save(cpu);
    }
    return any;
}

void vgic_update(struct cpu *cpu, struct vcpu *v)
{
    vgic_lock(v->vm);
    bool any = cpu->loaded == v && vgic_show_sgis(v);
    vgic_unlock(v->vm);
    if ((any || vgic_catch_up(cpu, v)) && thread_state(&v->thread) == THREAD_WFI) {
        sched_make_ready(cpu, &v->thread);
    }
}

void vgic_raise(struct cpu *cpu, struct vcpu *v, uint32_t intid)
{
    vgic_lock(v->vm);
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t bit = 1u << intid % 32;
    bank->pending |= bit;
    v->vm->busy |= 1u << intid / 32;
    struct vcpu *target = vgic_target(v, intid);
    bool here = target->thread.cpu == cpu->index && arch_vcpu_is_loaded(target);
    bool shown = here && vgic_show(target, bank, intid);
    if (!shown) {
        vgic_outdate(target);
    }
    vgic_unlock(v->vm);
    if (!shown && cpu->current == &target->thread) {
        /* Its list registers follow in steps, on its way back to the CPU. */
        sched_save(cpu);
    } else if (!shown) {
        poke_thread(cpu, &target->thread);
    } else if (thread_state(&target->thread) == THREAD_WFI) {
        sched_make_ready(cpu, &target->thread);
    }
}

void vgic_tick(struct cpu *cpu, struct vcpu *v)
{
    vgic_lock(v->vm);
    bool shown = cpu->loaded == v && vgic_show(v, &v->vgic.bank, VGIC_VTIMER);
    v->vgic.bank.line |= shown ? 0 : 1u << VGIC_VTIMER;
    vgic_unlock(v->vm);
    bool runs = cpu->current == &v->thread;
    if (!shown) {
        vgic_outdate(v);
    }
    if (runs && !shown) {
        vgic_update(cpu, v);
    } else if (!runs && thread_state(&v->thread) == THREAD_WFI &&
               (v->vgic.bank.enabled & ~v->vgic.bank.active & 1u << VGIC_VTIMER) != 0) {
        /* Enabled, and not taken already, it ends the wait. */
        sched_make_ready(cpu, &v->thread);
    }
}

void vgic_send(struct cpu *cpu, struct vcpu *v, uint32_t intid, bool alone)
{
    if (alone && v->thread.cpu == cpu->index) {
        vgic_raise(cpu, v, intid);
    } else {
        __atomic_fetch_or(&v->vgic.sgis, 1u << intid, __ATOMIC_RELEASE);
        poke_by_interrupt(&v->thread);
    }
}

bool vgic_take_back(struct cpu *cpu, struct vcpu *v)
{
    bool more = v->thread.cpu == cpu->index && arch_vcpu_is_loaded(v);
    while (more) {
        vgic_lock(v->vm);
        vgic_settle_timer(v);
        more = vgic_collect(v, true);
        vgic_outdate(v);
        if (v->vgic.overflow) {
            /* They are free now, and nobody is to be told. */
            arch_lr_underflow(false);
        }
        vgic_unlock(v->vm);
        if (arch_is_interrupted()) {
            return false;
        }
    }
    return true;
}

void vgic_maintain(struct cpu *cpu, struct vcpu *v)
{
    if (cpu->current != &v->thread) {
        /* Or the interrupt comes again. */
        (void)vgic_take_back(cpu, v);
    }
    if (cpu->current == &v->thread || thread_state(&v->thread) == THREAD_WFI) {
        vgic_update(cpu, v);
    }
}

/** The bits of a field, in the order of enum bh_virq_field; NULL: it has none. */
static uint32_t *vgic_field(struct vgic_bank *bank, uint64_t field)
{
    _Static_assert(offsetof(struct vgic_bank, active) == 4UL * BH_VIRQ_ACTIVE, "vgic_field()");
    _Static_assert(offsetof(struct vgic_bank, notice) == 4UL * BH_VIRQ_NOTICE, "vgic_field()");
    return field <= BH_VIRQ_NOTICE ? (uint32_t *)(void *)bank + field : NULL;
}

/** Have every vCPU that interrupts of this bank go to follow their new state. */
static void vgic_changed(struct cpu *cpu, struct vcpu *v, uint32_t bank)
{
    uint32_t end = bank == 0 ? v->index + 1u : v->vm->vcpus_count;
    for (uint32_t i = bank == 0 ? v->index : 0; i < end; i++) {
        struct vcpu *each = v->vm->vcpus[i];
        vgic_outdate(each);
        /* Its VMM runs: of this CPU it does not, and follows when it does. */
        if (each->thread.cpu != cpu->index || thread_state(&each->thread) == THREAD_WFI) {
            poke_by_interrupt(&each->thread);
        }
    }
}

/** Interrupts `gone` of a shared bank want nothing any more: the physical ones may come again. */
static void vgic_release(const struct vgic_bank *bank, uint32_t number, uint32_t gone)
{
    for (uint32_t left = number > 0 ? gone & bank->linked : 0; left != 0; left &= left - 1) {
        arch_irq_deactivate(bank->link[__builtin_ctz(left)]);
    }
}

/** The priorities of four interrupts from the bank's `n`-th on, each a byte of `value`. */
static void vgic_set_priorities(struct vgic_bank *bank, uint32_t n, uint32_t value)
{
    __builtin_memcpy(&bank->priority[n], &value, sizeof(value));
    for (uint32_t i = 0; i < VGIC_URGENCY_BITS; i++) {
        /* The product moves the lowest bits of the four bytes side by side, to bit 24. */
        uint32_t bits = ((value >> (7 - i) & 0x01010101) * 0x01020408) >> 24 & 0xf;
        bank->urgency[i] = (bank->urgency[i] & ~(0xfu << n)) | bits << n;
    }
}

enum bh_error vgic_set(struct cpu *cpu, struct vcpu *v, uint64_t field, uint64_t intid,
                       uint64_t mask, uint64_t value)
{
    if (intid >= BH_VIRQ_COUNT) {
        return BH_ERR_ARGUMENT;
    }
    uint32_t number = (uint32_t)intid / 32;
    uint32_t n = (uint32_t)intid % 32;
    struct vgic_bank *bank = vgic_bank(v, number);
    uint32_t *bits = vgic_field(bank, field);
    bool aligned = bits != NULL ? n == 0 : field != BH_VIRQ_PRIORITY || n % 4 == 0;
    if (!aligned || (bits == NULL && field != BH_VIRQ_PRIORITY &&
                     (field != BH_VIRQ_TARGET || number == 0 || value >= v->vm->vcpus_count))) {
        return BH_ERR_ARGUMENT;
    }
    vgic_lock(v->vm);
    if (bits != NULL) {
        if (field == BH_VIRQ_EDGE && number == 0) {
            mask &= ~(uint64_t)VGIC_FIXED_TRIGGER;
        }
        vgic_absorb(v);
        uint32_t before = bank->pending | bank->active;
        *bits = (*bits & ~(uint32_t)mask) | ((uint32_t)value & (uint32_t)mask);
        v->vm->busy |= (uint32_t)((bank->pending | bank->line | bank->active) != 0) << number;
        vgic_release(bank, number, before & ~(bank->pending | bank->active | bank->listed));
    } else if (field == BH_VIRQ_PRIORITY) {
        vgic_set_priorities(bank, n, (uint32_t)value);
    } else {
        bank->target[vgic_target(v, (uint32_t)intid)->index] ^= 1u << n;
        bank->target[value] ^= 1u << n;
    }
    vgic_unlock(v->vm);
    vgic_changed(cpu, v, number);
    return BH_OK;
}

enum bh_error vgic_get(struct vcpu *v, uint64_t field, uint64_t intid, uint64_t *value)
{
    if (intid >= BH_VIRQ_COUNT) {
        return BH_ERR_ARGUMENT;
    }
    uint32_t n = (uint32_t)intid % 32;
    struct vgic_bank *bank = vgic_bank(v, (uint32_t)intid / 32);
    const uint32_t *bits = vgic_field(bank, field);
    if (bits != NULL && n == 0) {
        vgic_lock(v->vm);
        vgic_absorb(v);
        *value =
            field == BH_VIRQ_PENDING ? vgic_pending(bank) | (bank->listed & ~bank->active) : *bits;
        vgic_unlock(v->vm);
    } else if (field == BH_VIRQ_PRIORITY && n % 4 == 0) {
        *value = 0;
        __builtin_memcpy(value, &bank->priority[n], 4);
    } else if (field == BH_VIRQ_TARGET && intid >= VGIC_PRIVATE) {
        *value = vgic_target(v, (uint32_t)intid)->index;
    } else {
        return BH_ERR_ARGUMENT;
    }
    return BH_OK;
}

void vgic_link(struct vcpu *v, uint32_t intid, uint32_t physical)
{
    vgic_lock(v->vm);
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t old = bank->link[intid % 32];
    bank->link[intid % 32] = (uint16_t)physical;
    bank->linked = (bank->linked & ~(1u << intid % 32)) | (uint32_t)(physical != 0) << intid % 32;
    if (old != 0 && old != physical) {
        irq_unlink(old);
    }
    if (old != 0 && ((bank->pending | bank->active | bank->listed) & 1u << intid % 32) != 0) {
        /* The guest will not end it any more. */
        arch_irq_deactivate(old);
    }
    vgic_unlock(v->vm);
}
