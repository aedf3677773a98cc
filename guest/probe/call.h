/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls of Linux for arm64, for programs that have no C library: by number, with three, five
 * or six arguments, so that a measured program loads no register for nothing. They return what
 * Linux returns: a negative number is an error.
 */
#ifndef PROBE_CALL_H
#define PROBE_CALL_H

/** @{ Numbers that several programs use (include/uapi/asm-generic/unistd.h). */
#define CALL_WRITE 64
#define CALL_PAUSE 73 /* ppoll, of nothing and without an end */
#define CALL_EXIT 93
#define CALL_REBOOT 142
/** @} */

/** @{ Of CALL_REBOOT (include/uapi/linux/reboot.h). */
#define CALL_REBOOT_MAGIC 0xfee1dead
#define CALL_REBOOT_MAGIC2 672274793
#define CALL_REBOOT_POWER_OFF 0x4321fedc
#define CALL_REBOOT_RESTART 0x1234567
/** @} */

static inline long call_3(long number, long x0, long x1, long x2)
{
    register long r0 __asm__("x0") = x0;
    register long r1 __asm__("x1") = x1;
    register long r2 __asm__("x2") = x2;
    register long r8 __asm__("x8") = number;

    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r8) : "memory");
    return r0;
}

static inline long call_5(long number, long x0, long x1, long x2, long x3, long x4)
{
    register long r0 __asm__("x0") = x0;
    register long r1 __asm__("x1") = x1;
    register long r2 __asm__("x2") = x2;
    register long r3 __asm__("x3") = x3;
    register long r4 __asm__("x4") = x4;
    register long r8 __asm__("x8") = number;

    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r8) : "memory");
    return r0;
}

static inline long call_6(long number, long x0, long x1, long x2, long x3, long x4, long x5)
{
    register long r0 __asm__("x0") = x0;
    register long r1 __asm__("x1") = x1;
    register long r2 __asm__("x2") = x2;
    register long r3 __asm__("x3") = x3;
    register long r4 __asm__("x4") = x4;
    register long r5 __asm__("x5") = x5;
    register long r8 __asm__("x8") = number;

    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r8)
                     : "memory");
    return r0;
}

#endif
