/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts. The kernel holds the state of every INTID of a VM and alone decides what
 * stands in a vCPU's list registers; the VMM's distributor turns its guest's accesses into gets and
 * sets of that state.
 *
 * A VM's state is guarded by its lock, a leaf: nothing else is taken while it is held, and it is
 * held for one bank of 32 interrupts or one set of list registers. List registers belong to the CPU
 * of their vCPU; who changes what concerns a vCPU of another CPU pokes it.
 */
#ifndef KERNEL_VGIC_H
#define KERNEL_VGIC_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct vcpu;
struct vm;

#define VGIC_PRIVATE 32
#define VGIC_BANKS (BH_VIRQ_COUNT / 32)
/** Most list registers of an interrupt controller. */
#define VGIC_MAX_LRS 16
/** PPI of the EL1 virtual timer (Base System Architecture). */
#define VGIC_VTIMER 27

/** State of 32 interrupts, bit n being the n-th. */
struct vgic_bank {
    uint32_t enabled;
    uint32_t pending; /* latched */
    uint32_t line;    /* of a level; the timer's: it fired, and no list register has it */
    uint32_t active;
    uint32_t edge;
    uint32_t group;
    uint32_t notice;  /* the VMM wants to know of its end */
    uint32_t listed;  /* in a list register, of its target if that was not changed meanwhile */
    uint32_t latched; /* of those: was listed for its latch, not for its line alone */
    uint8_t priority[32];
    uint8_t target[32]; /* index of the vCPU */
    uint16_t link[32];  /* physical INTID that the guest's end of interrupt deactivates, or 0 */
};

/** What a list register says; the controller's format is the architecture's business. */
struct vgic_lr {
    uint32_t intid;
    uint32_t link;
    uint8_t priority;
    bool group;
    bool pending;
    bool active;
    bool notice; /* a maintenance interrupt when the guest ends it */
};

/** The part of a vCPU. */
struct vgic_cpu {
    struct vgic_bank bank;           /* 0 to 31 */
    uint32_t used;                   /* list registers in use, bit n being the n-th */
    uint16_t lr_intid[VGIC_MAX_LRS]; /* what each of them is used for */
    bool overflow;                   /* more waits than there are list registers */
    bool rebuild; /* shared: something changed that the list registers must follow */
};

/** Private interrupts at their reset state; no list register used. */
void vgic_reset_vcpu(struct vcpu *v);

/** Make `intid` pending, of `v` if private; any CPU. A level-triggered one by its latch. */
void vgic_raise(struct cpu *cpu, struct vcpu *v, uint32_t intid);

/** `intid` was raised for `v` of this CPU, or its state changed: list registers, wake-up. */
void vgic_update(struct cpu *cpu, struct vcpu *v);

/** Does an interrupt wait that ends `v`'s WFI? On its CPU. */
bool vgic_waiting(struct vcpu *v);

/** The list registers of `v` are about to belong to another vCPU, belong to it again. */
void vgic_unload(struct vcpu *v);
void vgic_load(struct vcpu *v);

/**
 * The maintenance interrupt of `v` came: returns an INTID that the guest ended and the VMM wants to
 * know of, or BH_VIRQ_COUNT.
 */
uint32_t vgic_maintain(struct cpu *cpu, struct vcpu *v);

/** @{ System calls: BH_SYS_VIRQ_SET, _GET; arguments as in abi.h, `v` any vCPU of the VM. */
enum bh_error vgic_set(struct cpu *cpu, struct vcpu *v, uint64_t field, uint64_t intid,
                       uint64_t mask, uint64_t value);
enum bh_error vgic_get(struct cpu *cpu, struct vcpu *v, uint64_t field, uint64_t intid,
                       uint64_t *value);
/** @} */

/** Link or unlink (`physical` 0) the physical interrupt behind `intid`. */
void vgic_link(struct vcpu *v, uint32_t intid, uint32_t physical);

#endif
