/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls as C functions, one each; <bulkhead/abi.h> says what they do. They are inline
 * because most of them are a handful of instructions around the `svc`, and the time of a round
 * trip counts them.
 */
#ifndef BULKHEAD_SYSCALL_H
#define BULKHEAD_SYSCALL_H

#include <bulkhead/abi.h>
#include <stdint.h>

/**
 * Address of this PD's message buffer. The tool patches the variable in the ELF file, so it is
 * valid from the first instruction.
 */
extern struct bh_msg_buffer *__sel4_ipc_buffer;

/** What a receive delivers. The message words are in the message buffer. */
struct bh_event {
    uint64_t badge;
    uint64_t msginfo;
};

/** A call with up to two arguments whose only result is x0. Not for use outside this header. */
static inline uint64_t bh_sys_2(enum bh_syscall number, uint64_t first, uint64_t second)
{
    register uint64_t x0 __asm__("x0") = first;
    register uint64_t x1 __asm__("x1") = second;
    register uint64_t x8 __asm__("x8") = (uint64_t)number;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
    return x0;
}

/** Keeps what came in registers with a call or a fault. Not for use outside this header. */
static inline struct bh_event bh_received(uint64_t badge, uint64_t msginfo, uint64_t word0,
                                          uint64_t word1, uint64_t word2, uint64_t word3)
{
    if ((badge & (BH_BADGE_CALL | BH_BADGE_FAULT)) != 0) {
        uint64_t *msg = __sel4_ipc_buffer->msg;
        msg[0] = word0;
        msg[1] = word1;
        msg[2] = word2;
        msg[3] = word3;
    }
    return (struct bh_event){ .badge = badge, .msginfo = msginfo };
}

/** BH_SYS_RECV. `deferred`: BH_DEFERRED_*. */
static inline struct bh_event bh_recv(uint64_t deferred)
{
    register uint64_t x0 __asm__("x0");
    register uint64_t x1 __asm__("x1");
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x5 __asm__("x5");
    register uint64_t x6 __asm__("x6") = deferred;
    register uint64_t x8 __asm__("x8") = BH_SYS_RECV;

    __asm__ volatile("svc #0"
                     : "=r"(x0), "=r"(x1), "=r"(x2), "=r"(x3), "=r"(x4), "=r"(x5)
                     : "r"(x6), "r"(x8)
                     : "memory");
    return bh_received(x0, x1, x2, x3, x4, x5);
}

/** BH_SYS_REPLY_RECV: answers with `msginfo` and the message words of the message buffer. */
static inline struct bh_event bh_reply_recv(uint64_t msginfo, uint64_t deferred)
{
    const uint64_t *msg = __sel4_ipc_buffer->msg;
    register uint64_t x0 __asm__("x0");
    register uint64_t x1 __asm__("x1") = msginfo;
    register uint64_t x2 __asm__("x2") = msg[0];
    register uint64_t x3 __asm__("x3") = msg[1];
    register uint64_t x4 __asm__("x4") = msg[2];
    register uint64_t x5 __asm__("x5") = msg[3];
    register uint64_t x6 __asm__("x6") = deferred;
    register uint64_t x8 __asm__("x8") = BH_SYS_REPLY_RECV;

    __asm__ volatile("svc #0"
                     : "=r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                     : "r"(x6), "r"(x8)
                     : "memory");
    return bh_received(x0, x1, x2, x3, x4, x5);
}

/**
 * BH_SYS_CALL: calls with `*msginfo` and the message words of the message buffer, both of which
 * then hold the answer. After an error they are as they were.
 */
static inline enum bh_error bh_call(uint64_t channel, uint64_t *msginfo)
{
    uint64_t *msg = __sel4_ipc_buffer->msg;
    register uint64_t x0 __asm__("x0") = channel;
    register uint64_t x1 __asm__("x1") = *msginfo;
    register uint64_t x2 __asm__("x2") = msg[0];
    register uint64_t x3 __asm__("x3") = msg[1];
    register uint64_t x4 __asm__("x4") = msg[2];
    register uint64_t x5 __asm__("x5") = msg[3];
    register uint64_t x8 __asm__("x8") = BH_SYS_CALL;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
                     : "r"(x8)
                     : "memory");
    if (x0 == BH_OK) {
        *msginfo = x1;
        msg[0] = x2;
        msg[1] = x3;
        msg[2] = x4;
        msg[3] = x5;
    }
    return (enum bh_error)x0;
}

/** BH_SYS_NOTIFY. */
static inline enum bh_error bh_notify(uint64_t channel)
{
    return (enum bh_error)bh_sys_2(BH_SYS_NOTIFY, channel, 0);
}

/** BH_SYS_IRQ_ACK. */
static inline enum bh_error bh_irq_ack(uint64_t channel)
{
    return (enum bh_error)bh_sys_2(BH_SYS_IRQ_ACK, channel, 0);
}

/** BH_SYS_PD_STOP. */
static inline enum bh_error bh_pd_stop(uint64_t child)
{
    return (enum bh_error)bh_sys_2(BH_SYS_PD_STOP, child, 0);
}

/** BH_SYS_PD_RESUME. */
static inline enum bh_error bh_pd_resume(uint64_t child)
{
    return (enum bh_error)bh_sys_2(BH_SYS_PD_RESUME, child, 0);
}

/** BH_SYS_PD_RESTART. */
static inline enum bh_error bh_pd_restart(uint64_t child, uint64_t entry)
{
    return (enum bh_error)bh_sys_2(BH_SYS_PD_RESTART, child, entry);
}

/** BH_SYS_PD_READ: the registers are in the message buffer, 36 words. */
static inline enum bh_error bh_pd_read(uint64_t child)
{
    return (enum bh_error)bh_sys_2(BH_SYS_PD_READ, child, 0);
}

/** BH_SYS_PD_WRITE: from the message buffer. */
static inline enum bh_error bh_pd_write(uint64_t child, uint64_t words)
{
    return (enum bh_error)bh_sys_2(BH_SYS_PD_WRITE, child, words);
}

/** BH_SYS_SMC: `words` are the eight arguments, then the eight results. */
static inline void bh_smc(uint64_t words[8])
{
    register uint64_t x0 __asm__("x0") = words[0];
    register uint64_t x1 __asm__("x1") = words[1];
    register uint64_t x2 __asm__("x2") = words[2];
    register uint64_t x3 __asm__("x3") = words[3];
    register uint64_t x4 __asm__("x4") = words[4];
    register uint64_t x5 __asm__("x5") = words[5];
    register uint64_t x6 __asm__("x6") = words[6];
    register uint64_t x7 __asm__("x7") = words[7];
    register uint64_t x8 __asm__("x8") = BH_SYS_SMC;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7)
                     : "r"(x8)
                     : "memory");
    words[0] = x0;
    words[1] = x1;
    words[2] = x2;
    words[3] = x3;
    words[4] = x4;
    words[5] = x5;
    words[6] = x6;
    words[7] = x7;
}

/** BH_SYS_DEBUG_PUTC. */
static inline void bh_debug_putc(char c)
{
    (void)bh_sys_2(BH_SYS_DEBUG_PUTC, (uint8_t)c, 0);
}

/** What BH_SYS_COUNTERS returns. */
struct bh_counters {
    uint64_t instructions;
    uint64_t cycles;
    uint64_t switches;
    uint64_t kernel_instructions;
};

/** BH_SYS_COUNTERS. `what`: BH_COUNT_PD or BH_COUNT_KERNEL. */
static inline enum bh_error bh_counters(uint64_t what, uint64_t index, struct bh_counters *counters)
{
    register uint64_t x0 __asm__("x0") = what;
    register uint64_t x1 __asm__("x1") = index;
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x8 __asm__("x8") = BH_SYS_COUNTERS;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "=r"(x2), "=r"(x3), "=r"(x4)
                     : "r"(x8)
                     : "memory");
    if (x0 == BH_OK) {
        *counters = (struct bh_counters){
            .instructions = x1,
            .cycles = x2,
            .switches = x3,
            .kernel_instructions = x4,
        };
    }
    return (enum bh_error)x0;
}

/** BH_SYS_NULL. */
static inline void bh_null(void)
{
    (void)bh_sys_2(BH_SYS_NULL, 0, 0);
}

/** BH_SYS_YIELD. */
static inline void bh_yield(void)
{
    (void)bh_sys_2(BH_SYS_YIELD, 0, 0);
}

/** BH_SYS_VCPU_READ. */
static inline enum bh_error bh_vcpu_read(uint64_t vcpu, enum bh_vcpu_reg reg, uint64_t *value)
{
    register uint64_t x0 __asm__("x0") = vcpu;
    register uint64_t x1 __asm__("x1") = (uint64_t)reg;
    register uint64_t x8 __asm__("x8") = BH_SYS_VCPU_READ;

    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x8) : "memory");
    if (x0 == BH_OK) {
        *value = x1;
    }
    return (enum bh_error)x0;
}

/** A call with three arguments whose only result is x0. Not for use outside this header. */
static inline uint64_t bh_sys_3(enum bh_syscall number, uint64_t first, uint64_t second,
                                uint64_t third)
{
    register uint64_t x0 __asm__("x0") = first;
    register uint64_t x1 __asm__("x1") = second;
    register uint64_t x2 __asm__("x2") = third;
    register uint64_t x8 __asm__("x8") = (uint64_t)number;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory");
    return x0;
}

/** BH_SYS_VCPU_WRITE. */
static inline enum bh_error bh_vcpu_write(uint64_t vcpu, enum bh_vcpu_reg reg, uint64_t value)
{
    return (enum bh_error)bh_sys_3(BH_SYS_VCPU_WRITE, vcpu, (uint64_t)reg, value);
}

/** BH_SYS_VCPU_START: at `pc` with `x0`. */
static inline enum bh_error bh_vcpu_start(uint64_t vcpu, uint64_t pc, uint64_t x0)
{
    return (enum bh_error)bh_sys_3(BH_SYS_VCPU_START, vcpu, pc, x0);
}

/** BH_SYS_VIRQ_SET: `mask` and `value` are the call's x3 and x4. */
static inline enum bh_error bh_virq_set(uint64_t vcpu, enum bh_virq_field field, uint64_t first,
                                        uint64_t mask, uint64_t value)
{
    register uint64_t x0 __asm__("x0") = vcpu;
    register uint64_t x1 __asm__("x1") = (uint64_t)field;
    register uint64_t x2 __asm__("x2") = first;
    register uint64_t x3 __asm__("x3") = mask;
    register uint64_t x4 __asm__("x4") = value;
    register uint64_t x8 __asm__("x8") = BH_SYS_VIRQ_SET;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
    return (enum bh_error)x0;
}

/** BH_SYS_VIRQ_GET. */
static inline enum bh_error bh_virq_get(uint64_t vcpu, enum bh_virq_field field, uint64_t first,
                                        uint64_t *value)
{
    register uint64_t x0 __asm__("x0") = vcpu;
    register uint64_t x1 __asm__("x1") = (uint64_t)field;
    register uint64_t x2 __asm__("x2") = first;
    register uint64_t x8 __asm__("x8") = BH_SYS_VIRQ_GET;

    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x2), "r"(x8) : "memory");
    if (x0 == BH_OK) {
        *value = x1;
    }
    return (enum bh_error)x0;
}

/** BH_SYS_VIRQ_RAISE. */
static inline enum bh_error bh_virq_raise(uint64_t vcpu, uint64_t intid)
{
    return (enum bh_error)bh_sys_2(BH_SYS_VIRQ_RAISE, vcpu, intid);
}

/** Put a record about an own child or guest into the report ring. */
static inline enum bh_error bh_report(uint64_t child, uint64_t kind, uint64_t number)
{
    return (enum bh_error)bh_sys_3(BH_SYS_REPORT, child, kind, number);
}

/**
 * Set bits of the interrupt status word of the register page with channel id `id`, and raise its
 * interrupt.
 */
static inline enum bh_error bh_device_raise(uint64_t id, uint64_t bits)
{
    return (enum bh_error)bh_sys_2(BH_SYS_DEVICE_RAISE, id, bits);
}

#endif
