/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual machines and their virtual CPUs. A vCPU is a thread that runs at EL1 and EL0. */
#ifndef KERNEL_VCPU_H
#define KERNEL_VCPU_H

#include "cpu.h"
#include "thread.h"
#include "vgic.h"

struct vm {
    struct thread *vmm;
    struct vcpu *vcpus[BH_MAX_VCPUS];
    uint32_t vcpus_count;
    uint32_t vmid;
    uint64_t gicd; /* guest-physical address of the distributor; 0: none */
    /** Register pages, one behind the other from the first's address on. */
    const struct bd_device *devices;
    uint32_t devices_count;
    uint32_t lock; /* of `spis` and of the banks of the vCPUs */
    /** vCPU that ran last on each CPU: its translations may still be cached there. */
    struct vcpu *last[BH_MAX_CPUS];
    uint32_t busy; /* bit n: bank n (from 1) may hold a pending, active or listed interrupt */
    struct vgic_bank spis[VGIC_BANKS - 1];
};

struct vcpu {
    struct thread thread;
    struct vm *vm;
    uint32_t index;
    struct vgic_cpu vgic;
    struct timerq_entry timer; /* its virtual timer, while the CPU's own runs another's */
    uint64_t exit_esr;         /* of the fault that the VMM is to answer */
    uint64_t exit_far;
    uint64_t aborts;    /* exceptions that the kernel or the VMM put into the guest */
    uint64_t reg_index; /* arguments of a control operation on another CPU */
    uint64_t reg_value;
    uint64_t reply; /* of the VMM: enum bh_vcpu_reply and word 0 */
    uint64_t reply_value;
    struct arch_vcpu arch;
};

/** The vCPU that a thread is; the thread has THREAD_VCPU. */
static inline struct vcpu *vcpu_of(struct thread *t)
{
    return (struct vcpu *)t;
}
_Static_assert(offsetof(struct vcpu, thread) == 0, "vcpu_of()");

/** The guest on this CPU did something that the kernel takes care of or tells the VMM. */
void vcpu_trap(struct cpu *cpu, struct vcpu *v, uint64_t esr);

/** The virtual timer of a vCPU of this CPU expired while another's was in the CPU. */
void vcpu_timer(struct cpu *cpu);

/** `v`, of this CPU, goes on after its fault as its VMM answered: `reply`, `reply_value`. */
void vcpu_answer(struct cpu *cpu, struct vcpu *v);

/** Tell the VMM of an interrupt that `v`, of this CPU, ended, if there is one. */
void vcpu_tell_end(struct cpu *cpu, struct vcpu *v);

/** @{ System calls on vCPUs, by `t`, a VMM on this CPU. Results in its registers. */
void vcpu_sys_register(struct cpu *cpu, struct thread *t); /* read or write */
void vcpu_sys_start(struct cpu *cpu, struct thread *t);
void vcpu_sys_virq_set(struct cpu *cpu, struct thread *t);
void vcpu_sys_virq_get(struct cpu *cpu, struct thread *t);
void vcpu_sys_virq_raise(struct cpu *cpu, struct thread *t);
void vcpu_sys_device_raise(struct cpu *cpu, struct thread *t);
/** @} */

/**
 * The guest stored the 32-bit `value` at guest-physical `gpa`. True: to a register page, and that
 * was all (abi.h, BH_DEVICE_*).
 */
bool vcpu_store(struct cpu *cpu, const struct vm *vm, uint64_t gpa, uint32_t value);

#endif
