/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu.h"

#include "bootdesc.h"
#include "control.h"
#include "fault.h"
#include "irq.h"
#include "receive.h"
#include "sched.h"

/** The own vCPU of number `id`; without one, NULL, and x0 says so. */
static struct vcpu *vcpu_named(struct thread *t, uint64_t id)
{
    struct thread *child = control_child(t, id);
    if (child != NULL && (child->flags & THREAD_VCPU) == 0) {
        t->context.x[0] = BH_ERR_CHILD;
        return NULL;
    }
    return (struct vcpu *)child;
}

/** The same, its list registers taken back; NULL, too, when an interrupt is to be taken first. */
static struct vcpu *vcpu_settled(struct cpu *cpu, struct thread *t)
{
    struct vcpu *v = vcpu_named(t, t->context.x[0]);
    if (v != NULL && !vgic_take_back(cpu, v)) {
        /* The call is made again, and is shorter then. */
        control_repeat_syscall(t);
        return NULL;
    }
    return v;
}

void vcpu_sys_register(struct cpu *cpu, struct thread *t)
{
    const uint64_t *x = t->context.x;
    if (x[1] >= BH_VCPU_REG_COUNT) {
        t->context.x[0] = BH_ERR_ARGUMENT;
        return;
    }
    struct vcpu *v = vcpu_named(t, x[0]);
    if (v != NULL && control_halted(t, &v->thread) != NULL) {
        v->reg_index = x[1];
        v->reg_value = x[2]; /* a read replaces it */
        control_request(cpu, t, &v->thread, x[8] == BH_SYS_VCPU_READ ? CONTROL_READ : CONTROL_WRITE,
                        false);
    }
}

void vcpu_sys_start(struct cpu *cpu, struct thread *t)
{
    struct vcpu *v = vcpu_named(t, t->context.x[0]);
    if (v != NULL && thread_state(&v->thread) != THREAD_STOPPED) {
        t->context.x[0] = BH_ERR_STATE;
    } else if (v != NULL) {
        v->thread.control_entry = t->context.x[1];
        v->reg_value = t->context.x[2];
        control_request(cpu, t, &v->thread, CONTROL_START, false);
    }
}

void vcpu_sys_virq_raise(struct cpu *cpu, struct thread *t)
{
    struct vcpu *v = vcpu_named(t, t->context.x[0]);
    if (v == NULL) {
        return;
    }
    if (t->context.x[1] >= BH_VIRQ_COUNT) {
        t->context.x[0] = BH_ERR_ARGUMENT;
        return;
    }
    t->context.x[0] = BH_OK;
    vgic_raise(cpu, v, (uint32_t)t->context.x[1]);
}

/** The physical interrupt of the VMM's channel `id` becomes `intid` of its VM, or no longer does.
 */
static enum bh_error vcpu_link(struct thread *t, struct vcpu *v, uint64_t intid, uint64_t id)
{
    if (intid < VGIC_PRIVATE || intid >= BH_VIRQ_COUNT) {
        return BH_ERR_ARGUMENT;
    }
    if (id == ~0UL) {
        vgic_link(v, (uint32_t)intid, 0);
        return BH_OK;
    }
    uint32_t physical;
    enum bh_error error = irq_link(t, id, v, (uint32_t)intid, &physical);
    if (error == BH_OK) {
        vgic_link(v, (uint32_t)intid, physical);
    }
    return error;
}

void vcpu_sys_virq_set(struct cpu *cpu, struct thread *t)
{
    uint64_t *x = t->context.x;
    struct vcpu *v = vcpu_settled(cpu, t);
    if (v == NULL) {
        return;
    }
    if (x[1] == BH_VIRQ_LINK) {
        x[0] = (uint64_t)vcpu_link(t, v, x[2], x[4]);
    } else if (x[1] == BH_VIRQ_TARGET) {
        /* The description's number of the vCPU becomes its index in the VM. */
        const struct vcpu *target = vcpu_named(t, x[4]);
        if (target != NULL) {
            x[0] = (uint64_t)vgic_set(cpu, v, x[1], x[2], 0, target->index);
        }
    } else {
        x[0] = (uint64_t)vgic_set(cpu, v, x[1], x[2], x[3], x[4]);
    }
}

void vcpu_sys_virq_get(struct cpu *cpu, struct thread *t)
{
    uint64_t *x = t->context.x;
    struct vcpu *v = vcpu_settled(cpu, t);
    if (v == NULL) {
        return;
    }
    uint64_t value = 0;
    x[0] = (uint64_t)vgic_get(v, x[1], x[2], &value);
    if (x[0] == BH_OK && x[1] == BH_VIRQ_TARGET) {
        value = v->vm->vcpus[value]->thread.child_id;
    }
    x[1] = value;
}

/** A word of a register page. */
static uint32_t *vcpu_register(const struct bd_device *d, uint64_t offset)
{
    return arch_phys(bootdesc_region(d->region)->base + d->region_off + offset);
}

bool vcpu_store(struct cpu *cpu, const struct vm *vm, uint64_t gpa, uint32_t value)
{
    uint64_t index = vm->devices_count > 0 ? (gpa - vm->devices->gpa) / BD_PAGE : 0;
    if (index >= vm->devices_count) {
        return false;
    }
    const struct bd_device *d = &vm->devices[index];
    if (gpa % BD_PAGE == BH_DEVICE_QUEUE_NOTIFY) {
        receive_notify(cpu, vm->vmm, d->id);
        return true;
    }
    if (gpa % BD_PAGE == BH_DEVICE_INTERRUPT_ACK) {
        uint32_t *status = vcpu_register(d, BH_DEVICE_INTERRUPT_STATUS);
        __atomic_fetch_and(status, ~value, __ATOMIC_ACQ_REL);
        arch_clean_word(status);
        return true;
    }
    return false;
}

void vcpu_sys_device_raise(struct cpu *cpu, struct thread *t)
{
    uint64_t *x = t->context.x;
    if (x[0] >= BH_MAX_CHANNELS || t->channels[x[0]].flags != CHANNEL_DEVICE) {
        x[0] = BH_ERR_CHANNEL;
        return;
    }
    const struct bd_device *d = &t->vm->devices[t->channels[x[0]].peer_id];
    uint32_t *status = vcpu_register(d, BH_DEVICE_INTERRUPT_STATUS);
    __atomic_fetch_or(status, (uint32_t)x[1], __ATOMIC_ACQ_REL);
    arch_clean_word(status);
    x[0] = BH_OK;
    vgic_raise(cpu, t->vm->vcpus[0], d->intid);
}

void vcpu_timer(struct cpu *cpu)
{
    struct timerq_entry *entry = timerq_first(&cpu->guest_timers);
    timerq_cancel(&cpu->guest_timers, entry);
    vgic_tick(cpu, (struct vcpu *)((char *)entry - offsetof(struct vcpu, timer)));
}

void vcpu_answer(struct cpu *cpu, struct vcpu *v)
{
    arch_vcpu_answer(v);
    if (v->reply == BH_VCPU_WAIT && !vgic_waiting(v)) {
        thread_set_state(&v->thread, THREAD_WFI);
    } else {
        sched_make_ready(cpu, &v->thread);
        sched_go_first(cpu, &v->thread);
    }
    vcpu_tell_end(cpu, v);
}

void vcpu_tell_end(struct cpu *cpu, struct vcpu *v)
{
    enum thread_state state = thread_state(&v->thread);
    if (v->vgic.ended == 0 || (state != THREAD_READY && state != THREAD_WFI)) {
        return;
    }
    uint32_t i = (uint32_t)__builtin_ctz(v->vgic.ended);
    v->vgic.ended &= v->vgic.ended - 1;
    v->thread.fault.label = BH_FAULT_VIRQ_END;
    v->thread.fault.count = 1;
    v->thread.fault.words[0] = v->vgic.lr_intid[i];
    fault_send(cpu, &v->thread);
}
