/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic.h"

#include "irq.h"
#include "poke.h"
#include "sched.h"
#include "vcpu.h"

#define VGIC_SGIS 0xffffu
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

/** Interrupts of the bank whose target is `v`. */
static uint32_t vgic_mine(const struct vcpu *v, const struct vgic_bank *bank, uint32_t bits)
{
    if (bank == &v->vgic.bank) {
        return bits;
    }
    uint32_t mine = 0;
    for (uint32_t left = bits; left != 0; left &= left - 1) {
        uint32_t n = (uint32_t)__builtin_ctz(left);
        mine |= bank->target[n] == v->index ? 1u << n : 0;
    }
    return mine;
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

/** Interrupts of the bank that want a list register of `v` and have none. */
static uint32_t vgic_candidates(const struct vcpu *v, const struct vgic_bank *bank)
{
    uint32_t bits = (vgic_pending(bank) & bank->enabled) | bank->active;
    return vgic_mine(v, bank, bits & ~bank->listed);
}

/** What the list registers of `v` say is not so any more: all of them are to be filled anew. */
static void vgic_outdate(struct vcpu *v)
{
    __atomic_store_n(&v->vgic.rebuild, true, __ATOMIC_RELEASE);
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
static void vgic_hand_over(const struct vcpu *v, const struct vgic_bank *bank, uint32_t intid)
{
    uint32_t bit = 1u << intid % 32;
    uint32_t target = bank->target[intid % 32];
    if (intid >= VGIC_PRIVATE && target != v->index && target < v->vm->vcpus_count &&
        ((vgic_pending(bank) | bank->active) & bit) != 0) {
        vgic_outdate(v->vm->vcpus[target]);
        poke_by_interrupt(&v->vm->vcpus[target]->thread);
    }
}

/** List register `i` is free, and what it held is in none. Returns its bank. */
static struct vgic_bank *vgic_drop(struct vcpu *v, uint32_t i)
{
    uint32_t intid = v->vgic.lr_intid[i];
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    bank->listed &= ~(1u << intid % 32);
    v->vgic.used &= ~(1u << i);
    return bank;
}

/** What the guest did with list register `i` becomes the interrupt's state; the register is free.
 */
static void vgic_unlist(struct vcpu *v, uint32_t i)
{
    uint32_t intid = v->vgic.lr_intid[i];
    uint64_t lr = arch_lr_read(i);
    arch_lr_clear(i);
    struct vgic_bank *bank = vgic_drop(v, i);
    uint32_t bit = 1u << intid % 32;
    /* What was raised meanwhile is latched already, and stays so. */
    if ((lr & VGIC_LR_PENDING) != 0 && intid == VGIC_VTIMER) {
        bank->line |= bit;
    } else if ((lr & VGIC_LR_PENDING) != 0) {
        /* Listed for its line alone, it is as pending as the line says now. */
        bank->pending |= bit & (bank->latched | bank->edge);
    }
    bank->active = (lr & VGIC_LR_ACTIVE) != 0 ? bank->active | bit : bank->active & ~bit;
    vgic_hand_over(v, bank, intid);
}

/** Puts `intid` of `bank` into list register `i`: VGIC_LR_PENDING, VGIC_LR_ACTIVE or both. */
static inline __attribute__((always_inline)) void vgic_put(struct vcpu *v, struct vgic_bank *bank,
                                                           uint32_t i, uint32_t intid,
                                                           uint64_t state)
{
    uint32_t n = intid % 32;
    uint32_t bit = 1u << n;
    uint64_t link = bank->link[n];
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

/** The candidate that goes first: active ones, then the highest priority. Counts all of them. */
static uint32_t vgic_best(struct vcpu *v, uint32_t *count)
{
    uint32_t best = 0;
    uint32_t best_rank = 0x200;
    *count = 0;
    for (uint32_t busy = vgic_busy(v); busy != 0; busy &= busy - 1) {
        uint32_t b = (uint32_t)__builtin_ctz(busy);
        const struct vgic_bank *bank = vgic_bank(v, b);
        if ((bank->pending | bank->line | bank->active) == 0) {
            v->vm->busy &= ~(1u << b);
            continue;
        }
        for (uint32_t left = vgic_candidates(v, bank); left != 0; left &= left - 1, ++*count) {
            uint32_t n = (uint32_t)__builtin_ctz(left);
            uint32_t rank = (bank->active & 1u << n) != 0 ? 0 : 0x100u + bank->priority[n];
            if (rank < best_rank) {
                best_rank = rank;
                best = b * 32 + n;
            }
        }
    }
    return best;
}

/** List registers of this CPU that hold nothing of the loaded `v`. */
static uint32_t vgic_free(const struct vcpu *v)
{
    return ~v->vgic.used & ((1u << arch_lr_count()) - 1);
}

/** Fills free list registers of the loaded `v`; with more waiting, asks to be told of a free one.
 */
static void vgic_fill(struct vcpu *v)
{
    uint32_t waiting;
    uint32_t next = vgic_best(v, &waiting);
    for (uint32_t left = vgic_free(v); left != 0 && waiting > 0; left &= left - 1) {
        vgic_list(v, (uint32_t)__builtin_ctz(left), next);
        /* Of one candidate alone nothing is left. */
        next = --waiting > 0 ? vgic_best(v, &waiting) : 0;
    }
    bool more = waiting > 0;
    if (more != v->vgic.overflow) {
        v->vgic.overflow = more;
        arch_lr_underflow(more);
    }
}

/** The guest is through with what list register `i` held; nothing has to be read of it. */
static void vgic_forget(struct vcpu *v, uint32_t i)
{
    uint32_t intid = v->vgic.lr_intid[i];
    struct vgic_bank *bank = vgic_drop(v, i);
    bank->active &= ~(1u << intid % 32);
    vgic_hand_over(v, bank, intid);
}

/** Takes back list registers: all of them, or those that the guest is through with. */
static void vgic_collect(struct vcpu *v, bool all)
{
    if (v->vgic.used == 0) {
        return;
    }
    uint64_t empty = arch_lr_empty();
    /* One whose end is announced is not empty before it is cleared. */
    uint64_t take = all ? ~0UL : empty | arch_lr_ended();
    for (uint32_t left = v->vgic.used & (uint32_t)take; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(left);
        if ((empty & 1UL << i) != 0) {
            vgic_forget(v, i);
        } else {
            vgic_unlist(v, i);
        }
    }
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
        vgic_unlist(v, i);
    }
    bank->line &= ~bit;
    arch_irq_deactivate(VGIC_VTIMER);
}

/** Collects and fills the list registers of the loaded `v`; SGIs were absorbed. */
static void vgic_refresh(struct vcpu *v)
{
    vgic_settle_timer(v);
    vgic_collect(v, __atomic_exchange_n(&v->vgic.rebuild, false, __ATOMIC_ACQUIRE));
    vgic_fill(v);
}

bool vgic_waiting(struct vcpu *v)
{
    bool waiting = false;
    bool loaded = arch_vcpu_is_loaded(v);
    vgic_lock(v->vm);
    vgic_absorb(v);
    if (loaded) {
        vgic_refresh(v);
        for (uint32_t left = v->vgic.used; left != 0 && !waiting; left &= left - 1) {
            waiting = (arch_lr_read((uint32_t)__builtin_ctz(left)) & VGIC_LR_PENDING) != 0;
        }
    }
    /* With a list register free, no other waits. */
    for (uint32_t busy = !loaded || v->vgic.overflow ? vgic_busy(v) : 0; busy != 0 && !waiting;
         busy &= busy - 1) {
        const struct vgic_bank *bank = vgic_bank(v, (uint32_t)__builtin_ctz(busy));
        waiting =
            vgic_mine(v, bank,
                      vgic_pending(bank) & bank->enabled & ~bank->active & ~bank->listed) != 0;
    }
    vgic_unlock(v->vm);
    return waiting;
}

void vgic_unload(struct vcpu *v)
{
    vgic_lock(v->vm);
    vgic_collect(v, true);
    vgic_unlock(v->vm);
}

void vgic_load(struct vcpu *v)
{
    vgic_lock(v->vm);
    vgic_absorb(v);
    /* Whatever it asked for is forgotten: the interface was another's. */
    v->vgic.overflow = false;
    vgic_settle_timer(v);
    vgic_fill(v);
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
    vgic_unlock(v->vm);
}

/** The vCPU that an interrupt goes to; `v` says whose private ones are meant. */
static struct vcpu *vgic_target(struct vcpu *v, uint32_t intid)
{
    if (intid < VGIC_PRIVATE) {
        return v;
    }
    uint32_t index = vgic_bank(v, intid / 32)->target[intid % 32];
    return index < v->vm->vcpus_count ? v->vm->vcpus[index] : v->vm->vcpus[0];
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
    bool shown = sgis != 0 && !__atomic_load_n(&v->vgic.rebuild, __ATOMIC_RELAXED);
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

void vgic_update(struct cpu *cpu, struct vcpu *v)
{
    bool shown = false;
    if (arch_vcpu_is_loaded(v)) {
        vgic_lock(v->vm);
        shown = vgic_show_sgis(v);
        if (!shown) {
            vgic_refresh(v);
        }
        vgic_unlock(v->vm);
    }
    if (thread_state(&v->thread) == THREAD_WFI && (shown || vgic_waiting(v))) {
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
    if (!shown) {
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
    if (!shown) {
        vgic_outdate(v);
        vgic_update(cpu, v);
    } else if (thread_state(&v->thread) == THREAD_WFI) {
        sched_make_ready(cpu, &v->thread);
    }
}

void vgic_send(struct cpu *cpu, struct vcpu *v, uint32_t intid)
{
    if (v->thread.cpu == cpu->index) {
        vgic_raise(cpu, v, intid);
    } else {
        __atomic_fetch_or(&v->vgic.sgis, 1u << intid, __ATOMIC_RELEASE);
        poke_by_interrupt(&v->thread);
    }
}

uint32_t vgic_maintain(struct cpu *cpu, struct vcpu *v)
{
    uint32_t ended = BH_VIRQ_COUNT;
    uint32_t ends = (uint32_t)arch_lr_ended() & v->vgic.used;
    for (; ends != 0; ends &= ends - 1) {
        uint32_t intid = v->vgic.lr_intid[__builtin_ctz(ends)];
        const struct vgic_bank *bank = vgic_bank(v, intid / 32);
        ended = (bank->notice & 1u << intid % 32) != 0 ? intid : ended;
    }
    vgic_update(cpu, v);
    return ended;
}

static uint32_t *vgic_field(struct vgic_bank *bank, uint64_t field)
{
    static const uint8_t offsets[] = {
        [BH_VIRQ_ENABLED] = offsetof(struct vgic_bank, enabled),
        [BH_VIRQ_PENDING] = offsetof(struct vgic_bank, pending),
        [BH_VIRQ_LINE] = offsetof(struct vgic_bank, line),
        [BH_VIRQ_ACTIVE] = offsetof(struct vgic_bank, active),
        [BH_VIRQ_EDGE] = offsetof(struct vgic_bank, edge),
        [BH_VIRQ_GROUP] = offsetof(struct vgic_bank, group),
        [BH_VIRQ_NOTICE] = offsetof(struct vgic_bank, notice),
    };
    return field < sizeof(offsets) ? (uint32_t *)((char *)bank + offsets[field]) : NULL;
}

/** Have every vCPU that interrupts of this bank go to follow their new state. */
static void vgic_changed(struct cpu *cpu, struct vcpu *v, uint32_t bank)
{
    for (uint32_t i = 0; i < v->vm->vcpus_count; i++) {
        struct vcpu *each = v->vm->vcpus[i];
        if (bank != 0 || each == v) {
            vgic_outdate(each);
            poke_thread(cpu, &each->thread);
        }
    }
}

/** Interrupts `gone` of a shared bank want nothing any more: the physical ones may come again. */
static void vgic_release(const struct vgic_bank *bank, uint32_t number, uint32_t gone)
{
    for (uint32_t left = number > 0 ? gone : 0; left != 0; left &= left - 1) {
        uint32_t link = bank->link[__builtin_ctz(left)];
        if (link != 0) {
            arch_irq_deactivate(link);
        }
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
        /* What is in the list registers of this CPU is the newer state. */
        if (v->thread.cpu == cpu->index && arch_vcpu_is_loaded(v)) {
            vgic_collect(v, true);
        }
        if (field == BH_VIRQ_EDGE && number == 0) {
            mask &= ~(uint64_t)VGIC_FIXED_TRIGGER;
        }
        vgic_absorb(v);
        uint32_t before = bank->pending | bank->active;
        *bits = (*bits & ~(uint32_t)mask) | ((uint32_t)value & (uint32_t)mask);
        v->vm->busy |= 1u << number;
        vgic_release(bank, number, before & ~(bank->pending | bank->active | bank->listed));
    } else if (field == BH_VIRQ_PRIORITY) {
        __builtin_memcpy(&bank->priority[n], &value, 4);
    } else {
        bank->target[n] = (uint8_t)value;
    }
    vgic_unlock(v->vm);
    vgic_changed(cpu, v, number);
    return BH_OK;
}

enum bh_error vgic_get(struct cpu *cpu, struct vcpu *v, uint64_t field, uint64_t intid,
                       uint64_t *value)
{
    if (intid >= BH_VIRQ_COUNT) {
        return BH_ERR_ARGUMENT;
    }
    uint32_t n = (uint32_t)intid % 32;
    struct vgic_bank *bank = vgic_bank(v, (uint32_t)intid / 32);
    const uint32_t *bits = vgic_field(bank, field);
    if (bits != NULL && n == 0) {
        bool here = v->thread.cpu == cpu->index && arch_vcpu_is_loaded(v);
        vgic_lock(v->vm);
        vgic_absorb(v);
        if (here) {
            vgic_settle_timer(v);
            vgic_collect(v, true);
        }
        *value =
            field == BH_VIRQ_PENDING ? vgic_pending(bank) | (bank->listed & ~bank->active) : *bits;
        if (here) {
            vgic_fill(v);
        }
        vgic_unlock(v->vm);
    } else if (field == BH_VIRQ_PRIORITY && n % 4 == 0) {
        *value = 0;
        __builtin_memcpy(value, &bank->priority[n], 4);
    } else if (field == BH_VIRQ_TARGET && intid >= VGIC_PRIVATE) {
        *value = bank->target[n];
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
    if (old != 0 && old != physical) {
        irq_unlink(old);
    }
    if (old != 0 && ((bank->pending | bank->active) & 1u << intid % 32) != 0) {
        /* The guest will not end it any more. */
        arch_irq_deactivate(old);
    }
    vgic_unlock(v->vm);
}
