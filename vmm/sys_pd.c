/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's wishes, as a protection domain has them done. */
#include <microkit.h>

#include "sys.h"

enum bh_error sys_vcpu_start(uint32_t id, uint64_t pc, uint64_t x0)
{
    return bh_vcpu_start(id, pc, x0);
}

enum bh_error sys_vcpu_stop(uint32_t id)
{
    return bh_pd_stop(id);
}

enum bh_error sys_vcpu_read(uint32_t id, enum bh_vcpu_reg reg, uint64_t *value)
{
    return bh_vcpu_read(id, reg, value);
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

void sys_print(const char *text)
{
    microkit_dbg_puts(text);
}
