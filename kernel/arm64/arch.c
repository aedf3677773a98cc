/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

_Noreturn void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("wfe");
    }
}

void arch_smc(uint64_t args[8])
{
    register uint64_t x0 __asm__("x0") = args[0];
    register uint64_t x1 __asm__("x1") = args[1];
    register uint64_t x2 __asm__("x2") = args[2];
    register uint64_t x3 __asm__("x3") = args[3];
    register uint64_t x4 __asm__("x4") = args[4];
    register uint64_t x5 __asm__("x5") = args[5];
    register uint64_t x6 __asm__("x6") = args[6];
    register uint64_t x7 __asm__("x7") = args[7];
    /* SMC Calling Convention (DEN 0028), 2.7: x8 to x17 may be changed. */
    __asm__ volatile(
        "smc #0"
        : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7)
        :
        : "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
    args[0] = x0;
    args[1] = x1;
    args[2] = x2;
    args[3] = x3;
    args[4] = x4;
    args[5] = x5;
    args[6] = x6;
    args[7] = x7;
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
    for (volatile uint64_t *d = to; bytes > 0; bytes -= 8) {
        *d++ = 0;
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
