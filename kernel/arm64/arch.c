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

void arch_copy(void *to, const void *from, uint64_t bytes)
{
    uint64_t *d = to;
    const uint64_t *s = from;
    uint64_t blocks = bytes / 32;
    for (; blocks > 0; blocks--) {
        uint64_t a = s[0];
        uint64_t b = s[1];
        uint64_t c = s[2];
        uint64_t e = s[3];
        d[0] = a;
        d[1] = b;
        d[2] = c;
        d[3] = e;
        d += 4;
        s += 4;
    }
    for (uint64_t left = bytes % 32; left > 0; left -= 8) {
        *d++ = *s++;
    }
}

void arch_clear(void *to, uint64_t bytes)
{
    uint64_t *d = to;
    uint64_t blocks = bytes / 64;
    for (; blocks > 0; blocks--) {
        for (uint32_t i = 0; i < 8; i++) {
            /* volatile: this must not become a call of memset, nor of itself. */
            ((volatile uint64_t *)d)[i] = 0;
        }
        d += 8;
    }
    for (uint64_t left = bytes % 64; left > 0; left -= 8) {
        *(volatile uint64_t *)d++ = 0;
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
