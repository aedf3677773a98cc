/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

_Noreturn void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("wfe");
    }
}

/* The assembly writes to `args`. NOLINTNEXTLINE(readability-non-const-parameter) */
void arch_smc(uint64_t args[8])
{
    /* SMC Calling Convention (DEN 0028), 2.7: x0 to x17 may be changed; `args` is in another. */
    __asm__ volatile("ldp x0, x1, [%0]; ldp x2, x3, [%0, #16]\n\t"
                     "ldp x4, x5, [%0, #32]; ldp x6, x7, [%0, #48]\n\t"
                     "smc #0\n\t"
                     "stp x0, x1, [%0]; stp x2, x3, [%0, #16]\n\t"
                     "stp x4, x5, [%0, #32]; stp x6, x7, [%0, #48]"
                     :
                     : "r"(args)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "memory");
}

/* Assembly, so that these are pairs of registers, and never become calls of memcpy and memset. */

void arch_copy(void *to, const void *from, uint64_t bytes)
{
    for (; bytes >= 64; bytes -= 64) {
        uint64_t a, b;
        __asm__ volatile("ldp %2, %3, [%1], #16; stp %2, %3, [%0], #16\n\t"
                         "ldp %2, %3, [%1], #16; stp %2, %3, [%0], #16\n\t"
                         "ldp %2, %3, [%1], #16; stp %2, %3, [%0], #16\n\t"
                         "ldp %2, %3, [%1], #16; stp %2, %3, [%0], #16"
                         : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b)
                         :
                         : "memory");
    }
    for (; bytes >= 16; bytes -= 16) {
        uint64_t a, b;
        __asm__ volatile("ldp %2, %3, [%1], #16; stp %2, %3, [%0], #16"
                         : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b)
                         :
                         : "memory");
    }
    if (bytes != 0) {
        *(uint64_t *)to = *(const uint64_t *)from;
    }
}

void arch_clear(void *to, uint64_t bytes)
{
    for (; bytes >= 64; bytes -= 64) {
        __asm__ volatile("stp xzr, xzr, [%0], #16; stp xzr, xzr, [%0], #16\n\t"
                         "stp xzr, xzr, [%0], #16; stp xzr, xzr, [%0], #16"
                         : "+r"(to)
                         :
                         : "memory");
    }
    for (; bytes > 0; bytes -= 8) {
        __asm__ volatile("str xzr, [%0], #8" : "+r"(to) : : "memory");
    }
}

/** Bytes of the smallest data cache line (Arm ARM, D19.2 CTR_EL0.DminLine). */
static uint64_t arch_line(void)
{
    return 4UL << (arch_read(ctr_el0) >> 16 & 0xf);
}

void arch_flush_data(const void *base, uint64_t bytes)
{
    uint64_t line = arch_line();
    for (uint64_t p = (uint64_t)base & ~(line - 1); p < (uint64_t)base + bytes; p += line) {
        __asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
    }
    __asm__ volatile("dsb sy" : : : "memory");
}

void arch_sync_code(const void *base, uint64_t bytes)
{
    uint64_t line = arch_line();
    for (uint64_t p = (uint64_t)base & ~(line - 1); p < (uint64_t)base + bytes; p += line) {
        __asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
    }
    __asm__ volatile("dsb ish; ic ialluis; dsb ish; isb" : : : "memory");
}
