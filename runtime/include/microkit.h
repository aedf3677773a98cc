/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface that protection domains (PDs) are written to, source-compatible with Microkit's.
 *
 * A program defines init() and notified(), and protected() or fault() if others call it or if it
 * has children. The runtime calls them one at a time, each to its end: init() once, then the others
 * as events arrive. Between two of them, and only then, the PD waits.
 *
 * Channels and children are named by the ids of the system description. A function that is given
 * an id which the description does not give this PD prints a sentence (debug configuration) and
 * does nothing.
 */
#ifndef MICROKIT_H
#define MICROKIT_H

#include <bulkhead/abi.h>
#include <bulkhead/syscall.h>
#include <sel4/sel4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef seL4_MessageInfo_t microkit_msginfo;

/** Channel and child ids are below this. */
#define MICROKIT_MAX_CHANNELS BH_MAX_CHANNELS
#define MICROKIT_MAX_CHANNEL_ID (MICROKIT_MAX_CHANNELS - 1)
#define MICROKIT_PD_NAME_LENGTH BH_NAME_BYTES

/* What the program defines. */

/** Called once, before anything else. Other PDs' init() may run before or after it. */
void init(void);

/**
 * Called for each channel on which a notification or an interrupt has arrived, in the order of the
 * ids. Several notifications on one channel may arrive as one.
 */
void notified(microkit_channel ch);

/**
 * Called when another PD makes a protected call on channel `ch`. The message words are in
 * microkit_mr_get(); the answer is the returned info and the words set by then.
 * The runtime's own prints a sentence and answers with label 0 and no words.
 */
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo);

/**
 * Called when a child faults. The label of `msginfo` is a seL4_FaultType, the words are those of
 * <sel4/faults.h>. Returns seL4_True to let the child go on (after writing its registers, say);
 * `*reply_msginfo` is then the reply, which carries nothing in this kernel. Returns seL4_False to
 * leave it as it is: stopped, or running again after microkit_pd_restart().
 * The runtime's own prints a sentence and leaves the child.
 */
seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo);

/* Set in the ELF file by the tool. */

/** The PD's name, with a terminating zero. */
extern char microkit_name[MICROKIT_PD_NAME_LENGTH];
/** Whether the PD is passive: it has no time of its own after init(). */
extern bool microkit_passive;
/** @{ Bit n: channel n is an interrupt, may be notified, may be called. */
extern seL4_Word microkit_irqs;
extern seL4_Word microkit_notifications;
extern seL4_Word microkit_pps;
/** @} */

/** Operation that goes with the next receive: BH_DEFERRED_*. The runtime's own. */
extern uint64_t microkit_deferred;

/* Console. In the release and benchmark configurations these print nothing. */

/** Prints a character. */
void microkit_dbg_putc(int c);
/** Prints a string. */
void microkit_dbg_puts(const char *s);
/** Prints a number from 0 to 255 in decimal. */
void microkit_dbg_put8(uint8_t n);
/** Prints a number in decimal. */
void microkit_dbg_put32(uint32_t n);
/** Ends this PD with a fault at address `err`, which its parent or the report ring gets. */
void microkit_internal_crash(seL4_Error err) __attribute__((noreturn));

/* The runtime's own: says that `function` was called with an id that this PD has not. */
void microkit_bad_id(const char *function, unsigned int id);
/* The runtime's own: does the deferred operation that waits at once. */
void microkit_flush_deferred(void);

/** Whether bit `ch` of one of the channel maps is set. Not for use outside this header. */
static inline bool microkit_has(seL4_Word map, microkit_channel ch)
{
    return ch < MICROKIT_MAX_CHANNELS && ((map >> ch) & 1) != 0;
}

/* Channels. */

/** Notifies the other end of a channel. */
static inline void microkit_notify(microkit_channel ch)
{
    if (!microkit_has(microkit_notifications, ch)) {
        microkit_bad_id(__func__, ch);
        return;
    }
    (void)bh_notify(ch);
}

/** Allows the interrupt of a channel again. It stays off from its notification until then. */
static inline void microkit_irq_ack(microkit_channel ch)
{
    if (!microkit_has(microkit_irqs, ch)) {
        microkit_bad_id(__func__, ch);
        return;
    }
    (void)bh_irq_ack(ch);
}

/**
 * Notifies when the running entry point returns, in the same system call in which the PD then
 * waits. At most one operation can wait for that: a second deferred call does the first one at
 * once, so all are done, and in their order.
 */
static inline void microkit_deferred_notify(microkit_channel ch)
{
    if (!microkit_has(microkit_notifications, ch)) {
        microkit_bad_id(__func__, ch);
        return;
    }
    if (microkit_deferred != BH_DEFERRED_NONE) {
        microkit_flush_deferred();
    }
    microkit_deferred = BH_DEFERRED_NOTIFY(ch);
}

/** Allows an interrupt again as microkit_deferred_notify() notifies. */
static inline void microkit_deferred_irq_ack(microkit_channel ch)
{
    if (!microkit_has(microkit_irqs, ch)) {
        microkit_bad_id(__func__, ch);
        return;
    }
    if (microkit_deferred != BH_DEFERRED_NONE) {
        microkit_flush_deferred();
    }
    microkit_deferred = BH_DEFERRED_IRQ_ACK(ch);
}

/* Messages. */

/** A message info: `label` (52 bits) and the number of message words (0 to 64). */
static inline microkit_msginfo microkit_msginfo_new(seL4_Word label, seL4_Uint16 count)
{
    return seL4_MessageInfo_new(label, 0, 0, count);
}

static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_label(msginfo);
}

static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_length(msginfo);
}

/** Sets message word `mr`, 0 to 63. */
static inline void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    seL4_SetMR(mr, value);
}

/** Message word `mr`, 0 to 63. */
static inline seL4_Word microkit_mr_get(seL4_Uint8 mr)
{
    return seL4_GetMR(mr);
}

/**
 * Calls protected() of the PD at the other end of a channel, with the message words set, and waits
 * for the answer, whose words are then there. A call that the other end cannot answer (because it
 * was stopped or restarted, or died, before it did) returns label BH_LABEL_FAILED and count 0, as
 * does a call on a channel on which this PD may not call.
 */
static inline microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
    if (!microkit_has(microkit_pps, ch)) {
        microkit_bad_id(__func__, ch);
        return microkit_msginfo_new(BH_LABEL_FAILED, 0);
    }
    uint64_t info = msginfo.words[0];
    if (bh_call(ch, &info) != BH_OK) {
        return microkit_msginfo_new(BH_LABEL_FAILED, 0);
    }
    return (microkit_msginfo){ { info } };
}

/* Children. */

/**
 * Restarts a child: its writable segments get the contents of the ELF file again, notifications
 * that wait for it are dropped, and it starts at `entry_point` with a fresh stack.
 */
void microkit_pd_restart(microkit_child child, seL4_Word entry_point);

/** Stops a child. When this returns it does not run. */
void microkit_pd_stop(microkit_child child);

/** Lets a stopped child go on. */
void microkit_pd_resume(microkit_child child);

/* The PD's virtual machine. `vcpu` is a vCPU's id in the description. */

/**
 * Starts a vCPU afresh at `entry_point`, whether it runs or not: at EL1 with translation off and
 * interrupts masked, all registers at their reset values but x0, which it keeps.
 */
void microkit_vcpu_restart(microkit_child vcpu, seL4_Word entry_point);

/** Stops a vCPU. When this returns it does not run. */
void microkit_vcpu_stop(microkit_child vcpu);

/** @{ A register (seL4_VCPUReg) of a vCPU that is stopped or has faulted. Wrong ones read zero. */
seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg);
void microkit_vcpu_arm_write_reg(microkit_child vcpu, seL4_Word reg, seL4_Word value);
/** @} */

/**
 * Makes a virtual interrupt pending at a vCPU, enabled, with that priority and group. `index`, a
 * list register elsewhere, is ignored: the kernel chooses those. When the guest ends the interrupt
 * the VMM gets BH_FAULT_VIRQ_END (as seL4_Fault_VGICMaintenance), whose word is the INTID.
 */
void microkit_vcpu_arm_inject_irq(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority,
                                  seL4_Uint8 group, seL4_Uint8 index);

/**
 * Allows a private interrupt of a vCPU again after it came as seL4_Fault_VPPIEvent. The kernel
 * gives guests their virtual timer's interrupt itself and never sends that fault, so that there is
 * nothing to allow: this only says when the vCPU or the interrupt is none.
 */
void microkit_vcpu_arm_ack_vppi(microkit_child vcpu, seL4_Word irq);

/**
 * The capability in a slot of the PD's own. Descriptions that give a PD such slots (<cspace>) are
 * refused, so there is none: seL4_Null, and a sentence.
 */
seL4_CPtr microkit_cspace_root_slot_to_cptr(seL4_Word slot);

/* Firmware. */

/**
 * Secure monitor call, for a PD with smc="true". Without that right all results are those of an
 * unknown function: x0 all ones, the others as they were.
 */
void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response);

#endif
