/* SPDX-License-Identifier: BSD-2-Clause */
#include "irq.h"

#include "receive.h"

struct irq {
    struct thread *thread;
    uint8_t id;
    /** Delivered and not yet acknowledged. Touched by the CPU of `thread` alone. */
    bool active;
    /** The vCPU that it goes to instead, and as what; NULL: to `thread`. */
    struct vcpu *vcpu;
    uint32_t virtual_intid;
};

/** SPIs by their INTID; from 0 on the only PPI that a PD can have, of each CPU. */
static struct irq irqs[IRQ_COUNT];

static struct irq *irq_find(uint32_t intid, uint32_t cpu)
{
    if (intid == IRQ_PPI_PHYS_TIMER) {
        return &irqs[cpu];
    }
    return intid >= IRQ_FIRST_SPI && intid < IRQ_COUNT ? &irqs[intid] : NULL;
}

bool irq_bind(uint32_t intid, struct thread *t, uint32_t id)
{
    struct irq *irq = irq_find(intid, t->cpu);
    if (irq == NULL || irq->thread != NULL) {
        return false;
    }
    irq->thread = t;
    irq->id = (uint8_t)id;
    t->channels[id].flags = CHANNEL_IRQ;
    t->channels[id].intid = intid;
    t->irqs |= 1UL << id;
    return true;
}

bool irq_deliver(struct cpu *cpu, uint32_t intid)
{
    struct irq *irq = irq_find(intid, cpu->index);
    if (irq == NULL || irq->thread == NULL) {
        return false;
    }
    if (irq->vcpu != NULL) {
        vgic_raise(cpu, irq->vcpu, irq->virtual_intid);
        return true;
    }
    irq->active = true;
    receive_notify(cpu, irq->thread, irq->id);
    if (cpu->loaded != NULL || cpu->guest_timers.count > 0) {
        cpu->urgent = true;
        cpu->deadline = 0;
    }
    return true;
}

enum bh_error irq_link(struct thread *t, uint64_t id, struct vcpu *v, uint32_t intid,
                       uint32_t *physical)
{
    if (id >= BH_MAX_CHANNELS || t->channels[id].flags != CHANNEL_IRQ ||
        t->channels[id].intid < IRQ_FIRST_SPI) {
        return BH_ERR_CHANNEL;
    }
    *physical = t->channels[id].intid;
    struct irq *irq = irq_find(*physical, t->cpu);
    irq->virtual_intid = intid;
    irq->vcpu = v;
    return irq_ack(t, id);
}

void irq_unlink(uint32_t physical)
{
    irqs[physical].vcpu = NULL;
}

enum bh_error irq_ack(struct thread *t, uint64_t id)
{
    if (id >= BH_MAX_CHANNELS || t->channels[id].flags != CHANNEL_IRQ) {
        return BH_ERR_CHANNEL;
    }
    uint32_t intid = t->channels[id].intid;
    struct irq *irq = irq_find(intid, t->cpu);
    if (irq->active) {
        irq->active = false;
        arch_irq_deactivate(intid);
    }
    return BH_OK;
}

void irq_ack_all(struct thread *t)
{
    for (uint64_t left = t->irqs; left != 0; left &= left - 1) {
        (void)irq_ack(t, (uint64_t)__builtin_ctzl(left));
    }
}
