/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM asks of the kernel and of the machine. sys_pd.c is the protection domain's; host
 * tests bring their own. vCPUs are named by their child ids; arguments and errors are those of
 * <bulkhead/abi.h>.
 */
#ifndef VMM_SYS_H
#define VMM_SYS_H

#include <bulkhead/abi.h>
#include <bulkhead/report.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Start a stopped vCPU at `pc` with `x0`, its other registers at their reset values. */
enum bh_error sys_vcpu_start(uint32_t id, uint64_t pc, uint64_t x0);

/** Stop a vCPU; a fault of it that is unanswered is forgotten. Stopped ones stay as they are. */
enum bh_error sys_vcpu_stop(uint32_t id);

/** Have a vCPU with an unanswered fault make its access again. */
enum bh_error sys_vcpu_resume(uint32_t id);

/** Read a register of a vCPU that is stopped or has an unanswered fault. */
enum bh_error sys_vcpu_read(uint32_t id, enum bh_vcpu_reg reg, uint64_t *value);

/** Read x0 and the registers after it, `count` (1 to 31) of a vCPU with an unanswered fault. */
enum bh_error sys_vcpu_get_x(uint32_t id, uint64_t *x, uint32_t count);

/** Write them. */
enum bh_error sys_vcpu_set_x(uint32_t id, const uint64_t *x, uint32_t count);

/**
 * Have a vCPU with an unanswered fault go on at `pc` as after a reset: EL1h, interrupts masked,
 * translation and caches off. Its interrupts and its timer stay as they are.
 */
enum bh_error sys_vcpu_enter(uint32_t id, uint64_t pc);

/** Change the state of virtual interrupts. */
enum bh_error sys_virq_set(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t mask,
                           uint64_t value);

/** Read it. */
enum bh_error sys_virq_get(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t *value);

/** Make a virtual interrupt pending. */
enum bh_error sys_virq_raise(uint32_t id, uint32_t intid);

/** Write cached copies of these bytes back to memory, for a guest whose caches are off. */
void sys_clean(const void *start, size_t bytes);

/**
 * 32 bytes that nobody else has, from the firmware's entropy. They are there once; false when they
 * were taken, or when the firmware had none.
 */
bool sys_seed(uint8_t seed[32]);

/** Call the machine's firmware: arguments and results x0 to x7. Without the right, x0 is all ones.
 */
void sys_smc(uint64_t x[8]);

/** Put a record about the VM of vCPU `id` into the report ring. */
void sys_report(uint32_t id, enum bh_report_kind kind, uint64_t number);

/** Notify on a channel. */
void sys_notify(uint32_t channel);

/** Notify when the running entry point returns, with the system call in which the VMM then waits.
 */
void sys_notify_later(uint32_t channel);

/**
 * Make a protected call on a channel, with one word in the message; `word` becomes that of the
 * answer. False: nobody answered.
 */
bool sys_call(uint32_t channel, uint64_t label, uint64_t *word);

/**
 * Set bits of the interrupt status of the register page with that channel, and raise its interrupt.
 */
enum bh_error sys_device_raise(uint32_t channel, uint32_t bits);

/** Print a string for a person, where the configuration has a console. */
void sys_print(const char *text);

#endif
