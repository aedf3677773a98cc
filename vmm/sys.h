/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM asks of the kernel and of the machine. sys_pd.c is the protection domain's; host
 * tests bring their own. vCPUs are named by their child ids; arguments and errors are those of
 * <bulkhead/abi.h>.
 */
#ifndef VMM_SYS_H
#define VMM_SYS_H

#include <bulkhead/abi.h>
#include <stddef.h>
#include <stdint.h>

/** Start a stopped vCPU at `pc` with `x0`, its other registers at their reset values. */
enum bh_error sys_vcpu_start(uint32_t id, uint64_t pc, uint64_t x0);

/** Stop a vCPU; a fault of it that is unanswered is forgotten. Stopped ones stay as they are. */
enum bh_error sys_vcpu_stop(uint32_t id);

/** Read a register of a vCPU that is stopped or has an unanswered fault. */
enum bh_error sys_vcpu_read(uint32_t id, enum bh_vcpu_reg reg, uint64_t *value);

/** Change the state of virtual interrupts. */
enum bh_error sys_virq_set(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t mask,
                           uint64_t value);

/** Read it. */
enum bh_error sys_virq_get(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t *value);

/** Make a virtual interrupt pending. */
enum bh_error sys_virq_raise(uint32_t id, uint32_t intid);

/** Write cached copies of these bytes back to memory, for a guest whose caches are off. */
void sys_clean(const void *start, size_t bytes);

/** Print a string for a person, where the configuration has a console. */
void sys_print(const char *text);

#endif
