/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the exception vectors call. Each handler gets the CPU and the thread that ran, and returns
 * the thread that runs next.
 */
#include "console.h"
#include "context.h"
#include "control.h"
#include "counts.h"
#include "fault.h"
#include "gic.h"
#include "irq.h"
#include "poke.h"
#include "report.h"
#include "sched.h"
#include "syscall.h"
#include "trap.h"
#include "vcpu.h"

/** Exception classes (Arm ARM, D19.2 ESR_EL2). */
#define EC_FP 0x07
#define EC_SVC64 0x15
#define EC_FETCH 0x20
#define EC_DATA 0x24

static void trap_take_irq(struct cpu *cpu)
{
    uint32_t taken = gic_take();
    uint32_t intid = taken & GIC_INTID;
    if (intid >= IRQ_COUNT) {
        return;
    }
    if (intid == VGIC_VTIMER && cpu->loaded != NULL) {
        /* It stays active, so that it is silent, until the guest ends its own interrupt. */
        vgic_tick(cpu, cpu->loaded);
    } else if (intid <= GIC_SGI_POKE_VCPU) {
        gic_deactivate(taken);
        poke_handle(cpu, intid == GIC_SGI_POKE_VCPU);
    } else if (intid == IRQ_PPI_HYP_TIMER) {
        /* The timer is a level, which goes low when it is set anew. */
        sched_timer(cpu);
        gic_deactivate(taken);
    } else if (intid == IRQ_PPI_MAINTENANCE) {
        /* Something happened to the list registers that the kernel wanted to know. */
        if (cpu->loaded != NULL) {
            vgic_maintain(cpu, cpu->loaded);
        }
        gic_deactivate(taken);
    } else if (!irq_deliver(cpu, intid)) {
        gic_deactivate(taken);
    }
}

struct thread *trap_leave(struct cpu *cpu)
{
    struct thread *t = sched_next(cpu);
    while (t == NULL) {
        counts_leave(cpu);
        /*
         * Interrupts are masked: one that is pending ends the wait and is taken below. On the way
         * from guest to guest one was seen that may be gone by now: somebody is ready.
         */
        if (!cpu->resched) {
            __asm__ volatile("dsb sy; wfi" : : : "memory");
        }
        counts_enter(cpu);
        trap_take_irq(cpu);
        t = sched_next(cpu);
    }
    counts_leave(cpu);
    return t;
}

static void trap_fault(struct cpu *cpu, struct thread *t, uint64_t esr)
{
    struct fault_cause cause = { .label = BH_FAULT_EXCEPTION, .esr = esr };
    uint64_t ec = esr >> 26;
    if (ec == EC_FETCH || ec == EC_DATA) {
        cause.label = BH_FAULT_MEMORY;
        cause.fetch = ec == EC_FETCH;
        /* Stage 1 is off: the virtual address is the intermediate physical one. */
        /* FnV: of an external abort the address may be unknown. */
        cause.addr = (esr & 0x43f) == 0x410 ? 0 : arch_read(far_el2);
    }
    fault_raise(cpu, t, &cause);
}

struct thread *trap_sync(struct cpu *cpu, struct thread *t)
{
    counts_enter(cpu);
    uint64_t esr = arch_read(esr_el2);
    uint64_t ec = esr >> 26 & 0x3f;
    if (ec == EC_SVC64) {
        syscall_handle(cpu, t);
    } else if (ec == EC_FP && (t->flags & THREAD_FPU) != 0) {
        context_give_fpu(cpu, t);
    } else if ((t->flags & THREAD_VCPU) != 0) {
        counts_exit(t, ec);
        vcpu_trap(cpu, vcpu_of(t), esr & 0xffffffff);
    } else {
        trap_fault(cpu, t, esr & 0xffffffff);
    }
    return trap_leave(cpu);
}

struct thread *trap_irq(struct cpu *cpu, struct thread *t)
{
    counts_enter(cpu);
    counts_exit(t, 0);
    trap_take_irq(cpu);
    return trap_leave(cpu);
}

struct thread *trap_serror(struct cpu *cpu, struct thread *t)
{
    counts_enter(cpu);
    if ((t->flags & THREAD_VCPU) != 0) {
        vcpu_trap(cpu, vcpu_of(t), arch_read(esr_el2) & 0xffffffff);
    } else {
        report_later(t, BH_REPORT_SERROR, &(struct fault_cause){ .esr = arch_read(esr_el2) });
        control_stop(cpu, t);
    }
    return trap_leave(cpu);
}

_Noreturn void trap_broken(uint64_t esr, uint64_t elr, uint64_t far)
{
    if (KERNEL_CONSOLE) {
        console_puts("\nbulkhead: exception in the kernel, esr=");
        console_hex(esr);
        console_puts(" pc=");
        console_hex(elr);
        console_puts(" addr=");
        console_hex(far);
        console_puts("\n");
    }
    arch_halt();
}
