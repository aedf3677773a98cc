/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch_vcpu.h"

#include <string.h>

#include "vcpu.h"

static struct fake_lr fake_lrs[FAKE_LRS];
static bool fake_wants_underflow;
static const struct vcpu *fake_loaded;

uint32_t arch_lr_count(void)
{
    return FAKE_LRS;
}

uint64_t arch_lr_read(uint32_t index)
{
    const struct fake_lr *lr = &fake_lrs[index];

    return lr->intid | (lr->pending ? VGIC_LR_PENDING : 0) | (lr->active ? VGIC_LR_ACTIVE : 0);
}

void arch_lr_write(uint32_t index, uint64_t lr)
{
    bool linked = (lr & VGIC_LR_LINKED) != 0;

    fake_lrs[index] = (struct fake_lr){
        .intid = (uint32_t)lr,
        .link = linked ? (uint32_t)(lr >> VGIC_LR_LINK) & 0x3ff : 0,
        .priority = (uint32_t)(lr >> VGIC_LR_PRIORITY) & 0xff,
        .group = (lr >> VGIC_LR_GROUP & 1) != 0,
        .pending = (lr & VGIC_LR_PENDING) != 0,
        .active = (lr & VGIC_LR_ACTIVE) != 0,
        .notice = !linked && (lr >> VGIC_LR_NOTICE & 1) != 0,
    };
}

bool arch_lr_links(void)
{
    return true;
}

uint64_t arch_lr_take(uint32_t index)
{
    uint64_t lr = arch_lr_read(index);

    memset(&fake_lrs[index], 0, sizeof(fake_lrs[index]));
    return lr;
}

uint64_t arch_lr_empty(void)
{
    uint64_t empty = 0;
    for (uint32_t i = 0; i < FAKE_LRS; i++) {
        /* One whose end is announced is not free before it is cleared (ICH_ELRSR_EL2). */
        empty |= !fake_lrs[i].pending && !fake_lrs[i].active && !fake_lrs[i].notice ? 1UL << i : 0;
    }
    return empty;
}

uint64_t arch_lr_ended(void)
{
    uint64_t ended = 0;
    for (uint32_t i = 0; i < FAKE_LRS; i++) {
        ended |= !fake_lrs[i].pending && !fake_lrs[i].active && fake_lrs[i].notice ? 1UL << i : 0;
    }
    return ended;
}

void arch_lr_underflow(bool wanted)
{
    fake_wants_underflow = wanted;
}

bool arch_vcpu_is_loaded(const struct vcpu *v)
{
    return v == fake_loaded;
}

void arch_vcpu_init(struct vcpu *v, const uint64_t *root)
{
    (void)root;
    v->arch.regs[BH_VCPU_VMPIDR_EL2] = v->index;
}

void arch_vcpu_reset(struct cpu *cpu, struct vcpu *v, uint64_t entry, uint64_t x0)
{
    (void)cpu;
    memset(v->arch.regs, 0, sizeof(v->arch.regs));
    v->thread.context.pc = entry;
    v->thread.context.x[0] = x0;
}

uint64_t arch_vcpu_read(struct vcpu *v, uint64_t reg)
{
    return v->arch.regs[reg];
}

void arch_vcpu_write(struct vcpu *v, uint64_t reg, uint64_t value)
{
    v->arch.regs[reg] = value;
}

uint64_t arch_guest_spsr(uint64_t value)
{
    return value;
}

void arch_vcpu_answer(struct vcpu *v)
{
    if (v->reply == BH_VCPU_DONE || v->reply == BH_VCPU_WAIT) {
        v->thread.context.x[0] = v->reply_value;
    }
}

static bool fake_output;

bool arch_timer_output(void)
{
    return fake_output;
}

void fake_timer_output(bool high)
{
    fake_output = high;
}

void arch_vcpu_unload(struct cpu *cpu, const struct vcpu *v)
{
    (void)cpu;
    if (fake_loaded == v) {
        vgic_unload((struct vcpu *)v);
        fake_loaded = NULL;
    }
}

struct fake_lr *fake_lr(uint32_t index)
{
    return &fake_lrs[index];
}

bool fake_underflow(void)
{
    return fake_wants_underflow;
}

void fake_load_vcpu(struct vcpu *v)
{
    fake_loaded = v;
    memset(fake_lrs, 0, sizeof(fake_lrs));
}
