/* SPDX-License-Identifier: BSD-2-Clause */
/* What libvmm's sources use of the runtime's interface, for the host. */
#ifndef MICROKIT_H
#define MICROKIT_H

#include <bulkhead/abi.h>
#include <sel4/sel4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef seL4_MessageInfo_t microkit_msginfo;

extern seL4_Word microkit_irqs;

static inline bool microkit_has(seL4_Word map, microkit_channel ch)
{
    return ch < BH_MAX_CHANNELS && (map >> ch & 1) != 0;
}

static inline microkit_msginfo microkit_msginfo_new(seL4_Word label, seL4_Uint16 count)
{
    return (microkit_msginfo){ { BH_MSGINFO(label, count) } };
}

static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo msginfo)
{
    return BH_MSGINFO_LABEL(msginfo.words[0]);
}

static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo msginfo)
{
    return BH_MSGINFO_COUNT(msginfo.words[0]);
}

static inline void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    seL4_SetMR(mr, value);
}

void microkit_irq_ack(microkit_channel ch);
seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg);
void microkit_vcpu_arm_write_reg(microkit_child vcpu, seL4_Word reg, seL4_Word value);
void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response);

#endif
