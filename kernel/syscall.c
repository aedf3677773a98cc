/* SPDX-License-Identifier: BSD-2-Clause */
#include "syscall.h"

#include "call.h"
#include "console.h"
#include "control.h"
#include "counts.h"
#include "fault.h"
#include "irq.h"
#include "receive.h"
#include "report.h"
#include "sched.h"
#include "vcpu.h"

static enum bh_error syscall_notify(struct cpu *cpu, struct thread *t, uint64_t id)
{
    if (id >= BH_MAX_CHANNELS || t->channels[id].peer == NULL) {
        return BH_ERR_CHANNEL;
    }
    const struct channel *channel = &t->channels[id];
    if ((channel->flags & CHANNEL_NOTIFY) == 0) {
        return BH_ERR_RIGHT;
    }
    receive_notify(cpu, channel->peer, channel->peer_id);
    return BH_OK;
}

/** The deferred operation of a receiving call; a wrong one does nothing. */
static void syscall_deferred(struct cpu *cpu, struct thread *t)
{
    uint64_t op = t->context.x[6];
    uint64_t id = op & 0xff;
    if (op == BH_DEFERRED_NOTIFY(id)) {
        (void)syscall_notify(cpu, t, id);
    } else if (op == BH_DEFERRED_IRQ_ACK(id)) {
        (void)irq_ack(t, id);
    }
}

/** Waits without answering: whoever still waits for this PD's answer must not do so for ever. */
static void syscall_recv(struct cpu *cpu, struct thread *t)
{
    syscall_deferred(cpu, t);
    call_abort(cpu, t);
    t->serving = NULL;
    receive_wait(cpu, t);
}

static void syscall_reply_recv(struct cpu *cpu, struct thread *t)
{
    syscall_deferred(cpu, t);
    if (receive_nothing(t)) {
        /* The usual case, shorter: it waits, and whoever gets the answer runs. */
        sched_block(cpu, t, THREAD_RECV);
        call_answer(cpu, t);
        fault_answer(cpu, t);
        return;
    }
    call_answer(cpu, t);
    fault_answer(cpu, t);
    receive_wait(cpu, t);
}

static void syscall_smc(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    if ((t->flags & THREAD_SMC) == 0) {
        t->context.x[0] = ~0UL;
        return;
    }
    arch_smc(t->context.x);
}

static void syscall_debug_putc(struct cpu *cpu, struct thread *t)
{
    (void)cpu;
    if (KERNEL_CONSOLE) {
        console_putc((char)t->context.x[0]);
    }
    t->context.x[0] = KERNEL_CONSOLE ? BH_OK : BH_ERR_CALL;
}

/** The system calls that are not the usual ones of a running system. */
static void (*const syscall_others[BH_SYS_COUNT])(struct cpu *cpu, struct thread *t) = {
    [BH_SYS_PD_STOP] = control_pd_stop_resume,
    [BH_SYS_PD_RESUME] = control_pd_stop_resume,
    [BH_SYS_PD_RESTART] = control_pd_restart,
    [BH_SYS_PD_READ] = control_pd_read,
    [BH_SYS_PD_WRITE] = control_pd_write,
    [BH_SYS_SMC] = syscall_smc,
    [BH_SYS_DEBUG_PUTC] = syscall_debug_putc,
    [BH_SYS_COUNTERS] = counts_read,
    [BH_SYS_VCPU_READ] = vcpu_sys_register,
    [BH_SYS_VCPU_WRITE] = vcpu_sys_register,
    [BH_SYS_VCPU_START] = vcpu_sys_start,
    [BH_SYS_VIRQ_SET] = vcpu_sys_virq_set,
    [BH_SYS_VIRQ_GET] = vcpu_sys_virq_get,
    [BH_SYS_VIRQ_RAISE] = vcpu_sys_virq_raise,
    [BH_SYS_REPORT] = report_sys,
    [BH_SYS_DEVICE_RAISE] = vcpu_sys_device_raise,
};

void syscall_handle(struct cpu *cpu, struct thread *t)
{
    uint64_t *x = t->context.x;
    switch (x[8]) {
    case BH_SYS_RECV:
        syscall_recv(cpu, t);
        break;
    case BH_SYS_REPLY_RECV:
        syscall_reply_recv(cpu, t);
        break;
    case BH_SYS_CALL:
        call_start(cpu, t, x[0]);
        break;
    case BH_SYS_NOTIFY:
        x[0] = (uint64_t)syscall_notify(cpu, t, x[0]);
        break;
    case BH_SYS_IRQ_ACK:
        x[0] = (uint64_t)irq_ack(t, x[0]);
        break;
    case BH_SYS_NULL:
        x[0] = BH_OK;
        break;
    case BH_SYS_YIELD:
        x[0] = BH_OK;
        sched_yield(cpu);
        break;
    default:
        if (x[8] < BH_SYS_COUNT && syscall_others[x[8]] != NULL) {
            syscall_others[x[8]](cpu, t);
        } else {
            fault_raise(cpu, t, &(struct fault_cause){ .label = BH_FAULT_SYSCALL });
        }
        break;
    }
}
