/* SPDX-License-Identifier: BSD-2-Clause */
/* Register sets. */
#ifndef SEL4_CONTEXT_H
#define SEL4_CONTEXT_H

#include <sel4/simple_types.h>

/**
 * Registers of a PD or vCPU, in the order in which BH_SYS_PD_READ returns them: by number, which
 * is not seL4's order from x9 on.
 */
typedef struct seL4_UserContext_ {
    seL4_Word pc, sp, spsr;
    seL4_Word x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15;
    seL4_Word x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30;
    seL4_Word tpidr_el0, tpidrro_el0;
} seL4_UserContext;

_Static_assert(sizeof(seL4_UserContext) == 36 * sizeof(seL4_Word), "36 words");

/** Arguments and results of a secure monitor call. */
typedef struct seL4_ARM_SMCContext_ {
    seL4_Word x0, x1, x2, x3, x4, x5, x6, x7;
} seL4_ARM_SMCContext;

_Static_assert(sizeof(seL4_ARM_SMCContext) == 8 * sizeof(seL4_Word), "8 words");

#endif
