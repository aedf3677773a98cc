/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's interface as the runtime has it, for the host: what makes system calls is libvmm_fake.c's.
 */
#ifndef SEL4_SEL4_H
#define SEL4_SEL4_H

#include <sel4/context.h>
#include <sel4/errors.h>
#include <sel4/faults.h>
#include <sel4/functions.h>
#include <sel4/simple_types.h>
#include <sel4/vcpu.h>

typedef struct {
    seL4_Word words[1];
} seL4_MessageInfo_t;

seL4_Word seL4_GetMR(int i);
void seL4_SetMR(int i, seL4_Word value);

#endif
