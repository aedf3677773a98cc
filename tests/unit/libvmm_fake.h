/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime as libvmm sees it, for tests; what the VMM library wants is vmm_fake.h's. */
#ifndef LIBVMM_FAKE_H
#define LIBVMM_FAKE_H

#include <microkit.h>

struct libvmm_fake {
    seL4_Word msg[BH_MSG_WORDS];
    seL4_UserContext regs[BH_MAX_VCPUS]; /* by index */
    uint32_t reads;
    uint32_t writes;
    seL4_Word system[BH_MAX_VCPUS][seL4_VCPUReg_Num];
    uint32_t acknowledged[BH_MAX_CHANNELS];
    seL4_ARM_SMCContext smc; /* the last; the answer is its words plus one */
    char logged[8192];
};

extern struct libvmm_fake libvmm_fake;

#endif
