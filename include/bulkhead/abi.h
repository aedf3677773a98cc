/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system call interface between the kernel and protection domains (PDs).
 *
 * A PD enters the kernel with `svc #0`. x8 holds the call's number, x0 to x7 its arguments. Every
 * register that a call does not name as a result is preserved. x0 returns an `enum bh_error`
 * unless the call says otherwise.
 *
 * Channels, children and vCPUs are named by the small numbers of the system description; there
 * are no handles, and a PD can name nothing that the description did not give it.
 */
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

/** Highest channel id and highest child id of a PD, plus one (Microkit manual, "Limits"). */
#define BH_MAX_CHANNELS 62
/** Children and vCPUs share one space of ids in their parent. */
#define BH_MAX_CHILDREN 62
/** Most PDs in a system. */
#define BH_MAX_PDS 63
/** Most CPUs that a system uses. */
#define BH_MAX_CPUS 8
/** Message words of a protected call. */
#define BH_MSG_WORDS 64
/** Message words that travel in x2 to x5; the others travel in the message buffer. */
#define BH_MSG_REGS 4
/** Bytes of a PD's name, with its terminating zero. */
#define BH_NAME_BYTES 64

/** Highest priority that a description can give; 255 is the kernel's own. */
#define BH_MAX_PRIORITY 254

/** Errors of system calls, returned in x0. */
enum bh_error {
    /** Done. */
    BH_OK = 0,
    /** There is no such system call, or not in this configuration. */
    BH_ERR_CALL = 1,
    /** The PD has no channel (or interrupt) of that number. */
    BH_ERR_CHANNEL = 2,
    /** The description does not give this PD that right. */
    BH_ERR_RIGHT = 3,
    /** An argument is out of its range. */
    BH_ERR_ARGUMENT = 4,
    /** The PD has no child or vCPU of that number. */
    BH_ERR_CHILD = 5,
    /** The object is not in a state in which this can be done. */
    BH_ERR_STATE = 6,
    /** The PD that was called stopped, restarted or died before it answered. */
    BH_ERR_ABORTED = 7,
};

/** System calls. Arguments and results beside each. */
enum bh_syscall {
    /**
     * Wait for the next event.
     *   x6: a deferred operation done first (BH_DEFERRED_*), or 0
     * Returns x0: a badge (below), x1: msginfo, x2 to x5: message words 0 to 3.
     * A passive PD gives its scheduling context back at its first BH_SYS_RECV.
     */
    BH_SYS_RECV = 0,
    /**
     * Answer the caller (or resume the faulting child) that the last receive delivered, then wait
     * as BH_SYS_RECV does.
     *   x1: msginfo of the answer, x2 to x5: message words 0 to 3, x6: deferred operation
     * With nobody to answer it is BH_SYS_RECV.
     */
    BH_SYS_REPLY_RECV = 1,
    /**
     * Protected call. x0: channel, x1: msginfo, x2 to x5: message words 0 to 3.
     * Returns x0: error, x1: msginfo, x2 to x5: message words 0 to 3.
     */
    BH_SYS_CALL = 2,
    /** Notify. x0: channel. */
    BH_SYS_NOTIFY = 3,
    /** Allow an interrupt again after it was delivered. x0: its channel id. */
    BH_SYS_IRQ_ACK = 4,
    /** Stop a child at once. x0: child. On return the child does not run. */
    BH_SYS_PD_STOP = 5,
    /** Let a stopped child go on where it was. x0: child. */
    BH_SYS_PD_RESUME = 6,
    /**
     * Restart a child. x0: child, x1: entry point.
     * Stops it, restores its writable segments from the pristine copy, clears its pending
     * notifications, and starts it at the entry point with a fresh stack. Preemptible: the kernel
     * copies a bounded piece and lets the PD make the call again.
     */
    BH_SYS_PD_RESTART = 7,
    /**
     * Read a child's registers into the caller's message buffer, as `seL4_UserContext` has them
     * (pc, sp, spsr, x0 to x30, tpidr_el0, tpidrro_el0: 36 words). x0: child (stopped or faulted).
     */
    BH_SYS_PD_READ = 8,
    /** Write them from the message buffer. x0: child, x1: number of words (1 to 36). */
    BH_SYS_PD_WRITE = 9,
    /**
     * Secure monitor call. x0 to x7: arguments of the SMC.
     * Returns x0 to x7: its results. Without the right (smc="true") x0 is all ones.
     */
    BH_SYS_SMC = 10,
    /** Debug configuration: print a character on the kernel's console. x0: character. */
    BH_SYS_DEBUG_PUTC = 11,
    /**
     * Benchmark configuration: read the counters of a PD or of a CPU's kernel.
     *   x0: BH_COUNT_PD or BH_COUNT_KERNEL, x1: index of the PD in the description, or CPU
     * Returns x0: error, x1: instructions, x2: cycles, x3: times it was switched to,
     * x4: kernel instructions spent on its behalf.
     */
    BH_SYS_COUNTERS = 12,
    /** Does nothing. For measuring. */
    BH_SYS_NULL = 13,
    /** Give the rest of the time slice to others of the same priority. */
    BH_SYS_YIELD = 14,
    /** Read a register of an own vCPU, stopped or faulted. x0: vCPU, x1: enum bh_vcpu_reg.
     *  Returns x0: error, x1: value. */
    BH_SYS_VCPU_READ = 15,
    /** Write one. x0: vCPU, x1: enum bh_vcpu_reg, x2: value. */
    BH_SYS_VCPU_WRITE = 16,
    /**
     * Start an own vCPU afresh: EL1h with translation off and interrupts masked, all registers at
     * their reset values but x0, private interrupts (0 to 31) at theirs. The vCPU must be stopped.
     * x0: vCPU, x1: program counter, x2: value of the vCPU's x0.
     */
    BH_SYS_VCPU_START = 17,
    /**
     * Read or change the state of virtual interrupts of the own VM. x0: vCPU whose private
     * interrupts 0 to 31 are meant (ignored for others), x1: enum bh_virq_field, x2: first INTID.
     *   bit fields: x2 a multiple of 32; 32 interrupts at once; SET: x3 which bits, x4 their values
     *   BH_VIRQ_PRIORITY: x2 a multiple of 4; four bytes at once in x4
     *   BH_VIRQ_TARGET: one INTID (32 and up); x4: the vCPU's child id
     *   BH_VIRQ_LINK: one INTID; x4: the VMM's channel of the physical interrupt behind it, or
     *   ~0UL: the interrupt then goes to the guest without the VMM, and its end deactivates it
     * GET returns x0: error, x1: value.
     */
    BH_SYS_VIRQ_SET = 18,
    BH_SYS_VIRQ_GET = 19,
    /** Make one virtual interrupt pending (edge). x0: vCPU (for 0 to 31), x1: INTID. */
    BH_SYS_VIRQ_RAISE = 20,
    /**
     * Put a record about an own child or guest into the report ring (report.h), with its name and
     * its registers. x0: child or vCPU, x1: one of BH_REPORT_GUEST_OFF and following, x2: a number.
     */
    BH_SYS_REPORT = 21,
    /**
     * Set bits of the interrupt status word of a register page of the own VM, and raise its
     * interrupt. x0: the page's channel id, x1: bits.
     */
    BH_SYS_DEVICE_RAISE = 22,
    BH_SYS_COUNT
};

/** @{ x6 of the receiving calls: one operation that is done before waiting. */
#define BH_DEFERRED_NONE 0UL
#define BH_DEFERRED_NOTIFY(ch) (0x100UL | (unsigned long)(ch))
#define BH_DEFERRED_IRQ_ACK(ch) (0x200UL | (unsigned long)(ch))
/** @} */

/**
 * @{ Badge that a receive returns: bit 63 set, a protected call on channel (badge & 0x3f); bit 62
 * set, a fault of child (badge & 0x3f), or of a vCPU; neither, the notification word, bit n being
 * channel n.
 */
#define BH_BADGE_CALL (1UL << 63)
#define BH_BADGE_FAULT (1UL << 62)
#define BH_BADGE_ID 0x3fUL
/** @} */

/**
 * @{ msginfo: bits 0 to 6 the number of words (0 to 64), bits 12 to 63 the label, others zero
 * (the layout of seL4_MessageInfo_t, so that Microkit programs can look into it).
 */
#define BH_MSGINFO(label, count) (((unsigned long)(label) << 12) | (unsigned long)(count))
#define BH_MSGINFO_LABEL(info) ((info) >> 12)
#define BH_MSGINFO_COUNT(info) (0x7fUL & (info))
/** Label that microkit_ppcall() gives a call that failed; its count is 0. */
#define BH_LABEL_FAILED ((1UL << 52) - 1)
/** @} */

/** @{ x0 of BH_SYS_COUNTERS. */
#define BH_COUNT_PD 0UL
#define BH_COUNT_KERNEL 1UL
/** @} */

/**
 * Labels of fault messages, with the message words that come with each. The numbers are those of
 * seL4's MCS configuration.
 */
enum bh_fault {
    /** An unknown system call. {x0..x7, pc, sp, lr, spsr, number} */
    BH_FAULT_SYSCALL = 2,
    /**
     * Undefined instruction, breakpoint, alignment, FP without the right.
     * {pc, sp, spsr, ESR, 0}
     */
    BH_FAULT_EXCEPTION = 3,
    /**
     * Memory access. {pc, address, 1 if instruction fetch, ESR}. Of a vCPU: the address is
     * guest-physical, ESR is ESR_EL2, and a fifth word has the value of a store, cut to its width.
     */
    BH_FAULT_MEMORY = 6,
    /** A vCPU ended an interrupt that asked for it (BH_VIRQ_NOTICE). {INTID} */
    BH_FAULT_VIRQ_END = 7,
    /**
     * Another exception of a vCPU. {ESR_EL2, x0, x1, x2, x3}: HVC, SMC; or an SError (exception
     * class 0x2f), after which the guest is not to be trusted any more.
     */
    BH_FAULT_VCPU = 8,
};

/** Labels of the answer to a vCPU's fault. */
enum bh_vcpu_reply {
    /** Go on with the registers as they are (the VMM has changed them as it wished). */
    BH_VCPU_RESUME = 0,
    /**
     * The access is done: word 0 is what a load reads, or x0 after an HVC or SMC. The kernel
     * finishes the instruction from the syndrome that it saved.
     */
    BH_VCPU_DONE = 1,
    /** The guest gets an external abort for the access. */
    BH_VCPU_ABORT = 2,
    /** The guest gets an undefined instruction exception. */
    BH_VCPU_UNDEFINED = 3,
    /** As BH_VCPU_DONE, then the vCPU waits for an interrupt as in a WFI. */
    BH_VCPU_WAIT = 4,
};

/** Registers of a vCPU beyond those of BH_SYS_PD_READ. */
enum bh_vcpu_reg {
    BH_VCPU_SCTLR_EL1,
    BH_VCPU_TTBR0_EL1,
    BH_VCPU_TTBR1_EL1,
    BH_VCPU_TCR_EL1,
    BH_VCPU_MAIR_EL1,
    BH_VCPU_AMAIR_EL1,
    BH_VCPU_CONTEXTIDR_EL1,
    BH_VCPU_ACTLR_EL1,
    BH_VCPU_CPACR_EL1,
    BH_VCPU_AFSR0_EL1,
    BH_VCPU_AFSR1_EL1,
    BH_VCPU_ESR_EL1,
    BH_VCPU_FAR_EL1,
    BH_VCPU_PAR_EL1,
    BH_VCPU_VBAR_EL1,
    BH_VCPU_TPIDR_EL1,
    BH_VCPU_SP_EL1,
    BH_VCPU_ELR_EL1,
    BH_VCPU_SPSR_EL1,
    BH_VCPU_CNTKCTL_EL1,
    BH_VCPU_CNTV_CTL_EL0,
    BH_VCPU_CNTV_CVAL_EL0,
    BH_VCPU_CNTVOFF_EL2,
    BH_VCPU_CSSELR_EL1,
    BH_VCPU_MDSCR_EL1,
    /** MPIDR_EL1 as the guest reads it. */
    BH_VCPU_VMPIDR_EL2,
    /** Architecture version of the interrupt controller that the VM has, 2 or 3. Read only. */
    BH_VCPU_GIC_VERSION,
    /** ID_AA64MMFR0_EL1 as the guest reads it. Read only. */
    BH_VCPU_ID_AA64MMFR0,
    /** Exceptions that the guest got because nobody answers an access or instruction. Read only. */
    BH_VCPU_ABORTS,
    BH_VCPU_REG_COUNT
};

/** What BH_SYS_VIRQ_SET and _GET can reach of virtual interrupts. */
enum bh_virq_field {
    BH_VIRQ_ENABLED,
    /** Latched by an edge or by the guest's own store to the pending registers. */
    BH_VIRQ_PENDING,
    /** Level of the line of a level-triggered interrupt. GET of PENDING includes it. */
    BH_VIRQ_LINE,
    BH_VIRQ_ACTIVE,
    /** 1: edge, 0: level. */
    BH_VIRQ_EDGE,
    BH_VIRQ_GROUP,
    /** The VMM gets a BH_FAULT_VIRQ_END when the guest ends the interrupt. */
    BH_VIRQ_NOTICE,
    BH_VIRQ_PRIORITY,
    BH_VIRQ_TARGET,
    BH_VIRQ_LINK,
};

/** INTIDs of a VM: 0 to 31 private to each vCPU, the others shared. */
#define BH_VIRQ_COUNT 256
/** vCPUs of a VM. */
#define BH_MAX_VCPUS 8

/**
 * @{ A register page (struct bd_device): one page of a virtio-mmio device (virtIO 1.2, 4.2.2) that
 * its guest maps read-only and its VMM writes, so that reads cost the guest nothing. Of its aligned
 * 32-bit stores the kernel does two alone: one to QueueNotify becomes a notification of the VMM on
 * the page's channel; one to InterruptACK clears these bits of InterruptStatus before the guest
 * goes on. All others are faults for the VMM. While a device is in use nobody but the kernel writes
 * InterruptStatus; at the device's reset its VMM clears it.
 */
#define BH_DEVICE_QUEUE_NOTIFY 0x50
#define BH_DEVICE_INTERRUPT_STATUS 0x60
#define BH_DEVICE_INTERRUPT_ACK 0x64
/** @} */

/** Bytes of entropy, of its PD alone, in msg[0] to msg[3] when the PD first starts; see below. */
#define BH_SEED_BYTES 32

#ifndef __ASSEMBLER__
#include <stdint.h>

/**
 * A PD's message buffer: one page of its own that the kernel also reads and writes. Word i of a
 * message is msg[i]; words 0 to 3 travel in registers, so the kernel leaves msg[0] to msg[3]
 * alone, but for one thing: when the PD starts for the first time, they hold BH_SEED_BYTES bytes
 * that are derived from the firmware's seed for this PD alone (zero where the firmware gave none).
 * (The head of seL4_IPCBuffer.)
 */
struct bh_msg_buffer {
    uint64_t tag;
    uint64_t msg[BH_MSG_WORDS];
};
_Static_assert(sizeof(struct bh_msg_buffer) == 520, "layout of the message buffer");
#endif

#endif
