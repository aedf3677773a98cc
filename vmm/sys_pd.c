/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's wishes, as a protection domain has them done. */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "sys.h"

/** Words of a vCPU's registers in the message buffer, as BH_SYS_PD_READ puts them there. */
#define SYS_PC 0
#define SYS_SPSR 2
#define SYS_X0 3
/** PSTATE and SCTLR_EL1 after a reset: EL1h, all interrupts masked; translation and caches off. */
#define SYS_SPSR_RESET 0x3c5UL
#define SYS_SCTLR_RESET 0x30c50838UL
#define SYS_SEED_WORDS 4

enum bh_error sys_vcpu_start(uint32_t id, uint64_t pc, uint64_t x0)
{
    return bh_vcpu_start(id, pc, x0);
}

enum bh_error sys_vcpu_stop(uint32_t id)
{
    return bh_pd_stop(id);
}

enum bh_error sys_vcpu_resume(uint32_t id)
{
    return bh_pd_resume(id);
}

enum bh_error sys_vcpu_read(uint32_t id, enum bh_vcpu_reg reg, uint64_t *value)
{
    return bh_vcpu_read(id, reg, value);
}

enum bh_error sys_vcpu_get_x(uint32_t id, uint64_t *x, uint32_t count)
{
    enum bh_error error = bh_pd_read(id);

    if (error == BH_OK) {
        memcpy(x, &__sel4_ipc_buffer->msg[SYS_X0], count * sizeof(x[0]));
    }
    return error;
}

enum bh_error sys_vcpu_set_x(uint32_t id, const uint64_t *x, uint32_t count)
{
    /* The words before x0 are to stay. */
    enum bh_error error = bh_pd_read(id);

    if (error == BH_OK) {
        memcpy(&__sel4_ipc_buffer->msg[SYS_X0], x, count * sizeof(x[0]));
        error = bh_pd_write(id, SYS_X0 + count);
    }
    return error;
}

enum bh_error sys_vcpu_enter(uint32_t id, uint64_t pc)
{
    enum bh_error error = bh_pd_read(id);

    if (error == BH_OK) {
        __sel4_ipc_buffer->msg[SYS_PC] = pc;
        __sel4_ipc_buffer->msg[SYS_SPSR] = SYS_SPSR_RESET;
        error = bh_pd_write(id, SYS_SPSR + 1);
    }
    if (error == BH_OK) {
        error = bh_vcpu_write(id, BH_VCPU_SCTLR_EL1, SYS_SCTLR_RESET);
    }
    return error;
}

enum bh_error sys_virq_set(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t mask,
                           uint64_t value)
{
    return bh_virq_set(id, field, first, mask, value);
}

enum bh_error sys_virq_get(uint32_t id, enum bh_virq_field field, uint32_t first, uint32_t *value)
{
    uint64_t word = 0;
    enum bh_error error = bh_virq_get(id, field, first, &word);

    *value = (uint32_t)word;
    return error;
}

enum bh_error sys_virq_raise(uint32_t id, uint32_t intid)
{
    return bh_virq_raise(id, intid);
}

void sys_clean(const void *start, size_t bytes)
{
    uint64_t ctr;
    __asm__("mrs %0, ctr_el0" : "=r"(ctr));
    uintptr_t line = 4UL << (ctr >> 16 & 15);
    uintptr_t end = (uintptr_t)start + bytes;

    for (uintptr_t at = (uintptr_t)start & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
}

bool sys_seed(uint8_t seed[32])
{
    uint64_t *words = __sel4_ipc_buffer->msg;
    uint64_t any = 0;

    memcpy(seed, words, SYS_SEED_WORDS * sizeof(words[0]));
    for (uint32_t i = 0; i < SYS_SEED_WORDS; i++) {
        any |= words[i];
        words[i] = 0;
    }
    return any != 0;
}

void sys_smc(uint64_t x[8])
{
    bh_smc(x);
}

void sys_report(uint32_t id, enum bh_report_kind kind, uint64_t number)
{
    (void)bh_report(id, (uint64_t)kind, number);
}

void sys_notify(uint32_t channel)
{
    microkit_notify(channel);
}

void sys_notify_later(uint32_t channel)
{
    microkit_deferred_notify(channel);
}

bool sys_call(uint32_t channel, uint64_t label, uint64_t *word)
{
    microkit_msginfo answer;

    microkit_mr_set(0, *word);
    answer = microkit_ppcall(channel, microkit_msginfo_new(label, 1));
    if (microkit_msginfo_get_label(answer) != 0 || microkit_msginfo_get_count(answer) != 1) {
        return false;
    }
    *word = microkit_mr_get(0);
    return true;
}

enum bh_error sys_device_raise(uint32_t channel, uint32_t bits)
{
    return bh_device_raise(channel, bits);
}

void sys_print(const char *text)
{
    microkit_dbg_puts(text);
}
