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
/** Bits of a priority that count: list registers of GICv2 have no more. */
#define VGIC_URGENCY_BITS 5
/** PPI of the EL1 virtual timer (Base System Architecture). */
#define VGIC_VTIMER 27

/** State of 32 interrupts, bit n being the n-th. What a VMM sets comes first, in abi.h's order. */
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
    uint32_t linked;  /* has a physical one behind it, in `link` */
    uint32_t target[BH_MAX_VCPUS]; /* of each vCPU those that go to it; of the first, that do not */
    uint32_t urgency[VGIC_URGENCY_BITS]; /* the priorities' high bits, the highest first */
    uint8_t priority[32];
    uint16_t link[32]; /* physical INTID that the guest's end of interrupt deactivates, or 0 */
};

/**
 * What a list register says, as GICv3 has it (IHI 0069, ICH_LR<n>_EL2): the INTID, and in bits from
 * these on the physical INTID of a linked one, that its end is to be announced (not if linked), the
 * priority, the group, the state.
 */
#define VGIC_LR_LINK 32
#define VGIC_LR_NOTICE 41
#define VGIC_LR_PRIORITY 48
#define VGIC_LR_GROUP 60
#define VGIC_LR_LINKED (1UL << 61)
#define VGIC_LR_STATE 62
#define VGIC_LR_PENDING (1UL << VGIC_LR_STATE)
#define VGIC_LR_ACTIVE (1UL << 63)

/** More waits, and list registers are free; what they say may not be so, all are taken back. */
#define VGIC_MORE 1
#define VGIC_ANEW 2

/** The part of a vCPU. */
struct vgic_cpu {
    _Alignas(8) struct vgic_bank bank; /* 0 to 31 */
    uint32_t used;                     /* list registers in use, bit n being the n-th */
    uint16_t lr_intid[VGIC_MAX_LRS];   /* what each of them is used for */
    uint32_t ended;                    /* those of which the VMM is to be told the end */
    bool overflow;                     /* more waits than there are list registers */
    uint8_t follow; /* shared: VGIC_MORE, VGIC_ANEW: what the list registers must follow */
    uint32_t sgis;  /* shared: sent from other CPUs, and not yet pending in the bank */
};

/** Private interrupts at their reset state; no list register used. */
void vgic_reset_vcpu(struct vcpu *v);

/** Make `intid` pending, of `v` if private; any CPU. A level-triggered one by its latch. */
void vgic_raise(struct cpu *cpu, struct vcpu *v, uint32_t intid);

/** The virtual timer of `v` of this CPU expired; the physical interrupt stays active, if it did. */
void vgic_tick(struct cpu *cpu, struct vcpu *v);

/** The same of SGI `intid`, shorter if `v` is another CPU's, or not `alone` sent it. */
void vgic_send(struct cpu *cpu, struct vcpu *v, uint32_t intid, bool alone);

/** `intid` was raised for `v` of this CPU, or its state changed: list registers, wake-up. */
void vgic_update(struct cpu *cpu, struct vcpu *v);

/** Does an interrupt wait that ends `v`'s WFI? On its CPU. */
bool vgic_waiting(struct vcpu *v);

/** Does vgic_unload() take back no more list registers than one step of vgic_take_back()? */
static inline bool vgic_is_short(const struct vgic_cpu *vgic)
{
    uint32_t more = vgic->used & (vgic->used - 1);
    return (more & (more - 1)) == 0;
}

/** The list registers of `v` are about to belong to another vCPU. */
void vgic_unload(struct vcpu *v);

/** One step, as long as `v->vgic.follow` is not zero: list registers of the loaded `v` follow. */
void vgic_follow(struct vcpu *v);

/** The maintenance interrupt of `v` came. */
void vgic_maintain(struct cpu *cpu, struct vcpu *v);

/**
 * The state of all interrupts of `v`, which does not run, is in its banks: nothing is in the list
 * registers of this CPU. False: an interrupt is to be taken first, then call again.
 */
bool vgic_take_back(struct cpu *cpu, struct vcpu *v);

/**
 * @{ System calls: BH_SYS_VIRQ_SET, _GET; arguments as in abi.h, `v` any vCPU of the VM. Before a
 * field of bits vgic_take_back(): what is in list registers is the newer state.
 */
enum bh_error vgic_set(struct cpu *cpu, struct vcpu *v, uint64_t field, uint64_t intid,
                       uint64_t mask, uint64_t value);
enum bh_error vgic_get(struct vcpu *v, uint64_t field, uint64_t intid, uint64_t *value);
/** @} */

/** Link or unlink (`physical` 0) the physical interrupt behind `intid`. */
void vgic_link(struct vcpu *v, uint32_t intid, uint32_t physical);

#endif
