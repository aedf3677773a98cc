/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic.h"

#include "poke.h"
#include "sched.h"
#include "vcpu.h"

#define VGIC_LR_FREE 0xffff

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

/** What the guest did with list register `i` becomes the interrupt's state; the register is free.
 */
static void vgic_unlist(struct vcpu *v, uint32_t i)
{
    uint32_t intid = v->vgic.lr_intid[i];
    struct vgic_lr lr;
    arch_lr_read(i, &lr);
    arch_lr_clear(i);
    v->vgic.lr_intid[i] = VGIC_LR_FREE;
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t bit = 1u << intid % 32;
    bank->listed &= ~bit;
    /* What was raised meanwhile is latched already, and stays so. */
    bank->pending |= lr.pending ? bit : 0;
    bank->active = lr.active ? bank->active | bit : bank->active & ~bit;
}

static void vgic_list(struct vcpu *v, uint32_t i, uint32_t intid)
{
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t n = intid % 32;
    uint32_t bit = 1u << n;
    bool pending = (vgic_pending(bank) & bank->enabled & bit) != 0;
    bool active = (bank->active & bit) != 0;
    struct vgic_lr lr = {
        .intid = intid,
        .link = bank->link[n],
        .priority = bank->priority[n],
        .group = (bank->group & bit) != 0,
        /* A linked interrupt cannot be both: the physical one is silent while it is active. */
        .pending = pending && !(active && bank->link[n] != 0),
        .active = active,
        /* A line that is still high when the guest ends the interrupt makes it pending again. */
        .notice = bank->link[n] == 0 && ((bank->notice & bit) != 0 || (bank->edge & bit) == 0),
    };
    bank->listed |= bit;
    bank->pending &= ~bit;
    v->vgic.lr_intid[i] = (uint16_t)intid;
    arch_lr_write(i, &lr);
}

/** The candidate that goes first: active ones, then the highest priority; BH_VIRQ_COUNT: none. */
static uint32_t vgic_best(struct vcpu *v)
{
    uint32_t best = BH_VIRQ_COUNT;
    uint32_t best_rank = 0x200;
    for (uint32_t b = 0; b < VGIC_BANKS; b++) {
        const struct vgic_bank *bank = vgic_bank(v, b);
        for (uint32_t left = vgic_candidates(v, bank); left != 0; left &= left - 1) {
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

/** Fills free list registers of the loaded `v`; with more waiting, asks to be told of a free one.
 */
static void vgic_fill(struct vcpu *v)
{
    uint32_t next = vgic_best(v);
    for (uint32_t i = 0; i < arch_lr_count() && next != BH_VIRQ_COUNT; i++) {
        if (v->vgic.lr_intid[i] == VGIC_LR_FREE) {
            vgic_list(v, i, next);
            next = vgic_best(v);
        }
    }
    arch_lr_underflow(next != BH_VIRQ_COUNT);
}

/** Takes back list registers: all of them, or those that the guest is through with. */
static void vgic_collect(struct vcpu *v, bool all)
{
    /* One whose end is announced is not empty before it is cleared. */
    uint64_t empty = arch_lr_empty() | arch_lr_ended();
    for (uint32_t i = 0; i < arch_lr_count(); i++) {
        if (v->vgic.lr_intid[i] != VGIC_LR_FREE && (all || (empty & 1UL << i) != 0)) {
            vgic_unlist(v, i);
        }
    }
}

bool vgic_waiting(struct vcpu *v)
{
    vgic_lock(v->vm);
    bool waiting = false;
    for (uint32_t b = 0; b < VGIC_BANKS && !waiting; b++) {
        const struct vgic_bank *bank = vgic_bank(v, b);
        waiting =
            vgic_mine(v, bank,
                      vgic_pending(bank) & bank->enabled & ~bank->active & ~bank->listed) != 0;
    }
    for (uint32_t i = 0; i < arch_lr_count() && !waiting && arch_vcpu_is_loaded(v); i++) {
        struct vgic_lr lr = { 0 };
        if (v->vgic.lr_intid[i] != VGIC_LR_FREE) {
            arch_lr_read(i, &lr);
        }
        waiting = lr.pending;
    }
    vgic_unlock(v->vm);
    return waiting;
}

void vgic_update(struct cpu *cpu, struct vcpu *v)
{
    if (arch_vcpu_is_loaded(v)) {
        vgic_lock(v->vm);
        bool rebuild = __atomic_exchange_n(&v->vgic.rebuild, false, __ATOMIC_ACQUIRE);
        vgic_collect(v, rebuild);
        vgic_fill(v);
        vgic_unlock(v->vm);
    }
    if (thread_state(&v->thread) == THREAD_WFI && vgic_waiting(v)) {
        sched_make_ready(cpu, &v->thread);
    }
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
    vgic_fill(v);
    vgic_unlock(v->vm);
}

void vgic_reset_vcpu(struct vcpu *v)
{
    struct vgic_bank *bank = &v->vgic.bank;
    vgic_lock(v->vm);
    for (uint32_t i = 0; i < VGIC_MAX_LRS; i++) {
        v->vgic.lr_intid[i] = VGIC_LR_FREE;
    }
    bank->pending = 0;
    bank->active = 0;
    bank->line = 0;
    bank->listed = 0;
    bank->notice = 0;
    /* SGIs are enabled and edge-triggered for good; the timer's PPI is a level. */
    bank->enabled = 0xffff;
    bank->edge = 0xffff;
    bank->group = 0;
    for (uint32_t n = 0; n < 32; n++) {
        bank->priority[n] = 0;
        bank->link[n] = 0;
    }
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

void vgic_raise(struct cpu *cpu, struct vcpu *v, uint32_t intid)
{
    vgic_lock(v->vm);
    struct vgic_bank *bank = vgic_bank(v, intid / 32);
    uint32_t bit = 1u << intid % 32;
    bank->pending |= bit;
    struct vcpu *target = vgic_target(v, intid);
    if ((bank->listed & bit) != 0) {
        /* Its list register must show it as pending again. */
        target->vgic.rebuild = true;
    }
    vgic_unlock(v->vm);
    poke_thread(cpu, &target->thread);
}

uint32_t vgic_maintain(struct cpu *cpu, struct vcpu *v)
{
    uint32_t ended = BH_VIRQ_COUNT;
    uint64_t ends = arch_lr_ended();
    for (uint32_t i = 0; i < arch_lr_count(); i++) {
        uint32_t intid = v->vgic.lr_intid[i];
        if ((ends & 1UL << i) != 0 && intid != VGIC_LR_FREE) {
            const struct vgic_bank *bank = vgic_bank(v, intid / 32);
            ended = (bank->notice & 1u << intid % 32) != 0 ? intid : ended;
        }
    }
    vgic_update(cpu, v);
    return ended;
}

static uint32_t *vgic_field(struct vgic_bank *bank, uint64_t field)
{
    switch (field) {
    case BH_VIRQ_ENABLED:
        return &bank->enabled;
    case BH_VIRQ_PENDING:
        return &bank->pending;
    case BH_VIRQ_LINE:
        return &bank->line;
    case BH_VIRQ_ACTIVE:
        return &bank->active;
    case BH_VIRQ_EDGE:
        return &bank->edge;
    case BH_VIRQ_GROUP:
        return &bank->group;
    case BH_VIRQ_NOTICE:
        return &bank->notice;
    default:
        return NULL;
    }
}

/** Have every vCPU that interrupts of this bank go to follow their new state. */
static void vgic_changed(struct cpu *cpu, struct vcpu *v, uint32_t bank)
{
    for (uint32_t i = 0; i < v->vm->vcpus_count; i++) {
        struct vcpu *each = v->vm->vcpus[i];
        if (bank != 0 || each == v) {
            __atomic_store_n(&each->vgic.rebuild, true, __ATOMIC_RELEASE);
            poke_thread(cpu, &each->thread);
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
        *bits = (*bits & ~(uint32_t)mask) | ((uint32_t)value & (uint32_t)mask);
    } else if (field == BH_VIRQ_PRIORITY) {
        for (uint32_t i = 0; i < 4; i++) {
            bank->priority[n + i] = (uint8_t)(value >> (8 * i));
        }
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
        if (v->thread.cpu == cpu->index && arch_vcpu_is_loaded(v)) {
            __atomic_store_n(&v->vgic.rebuild, true, __ATOMIC_RELAXED);
            vgic_update(cpu, v);
        }
        *value =
            field == BH_VIRQ_PENDING ? vgic_pending(bank) | (bank->listed & ~bank->active) : *bits;
    } else if (field == BH_VIRQ_PRIORITY && n % 4 == 0) {
        *value = (uint64_t)bank->priority[n] | (uint64_t)bank->priority[n + 1] << 8 |
                 (uint64_t)bank->priority[n + 2] << 16 | (uint64_t)bank->priority[n + 3] << 24;
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
    if (old != 0 && ((bank->pending | bank->active) & 1u << intid % 32) != 0) {
        /* The guest will not end it any more. */
        arch_irq_deactivate(old);
    }
    vgic_unlock(v->vm);
}
