/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of GICv3: the ICH_ registers (IHI 0069, 12.4). */
#include "gicv3_lr.h"

#define ICH_HCR_EN 1UL
#define ICH_HCR_UIE 2UL

/** List registers 0 to 7: each has a name of its own. */
#define GICV3_LRS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

uint64_t gicv3_lr_read(uint32_t index)
{
#define GICV3_LR_GET(n) \
    case n:             \
        return arch_read(s3_4_c12_c12_##n);
    switch (index) {
        GICV3_LRS(GICV3_LR_GET)
    default:
        return 0;
    }
}

void gicv3_lr_write(uint32_t index, uint64_t lr)
{
#define GICV3_LR_PUT(n)                   \
    case n:                               \
        arch_write(s3_4_c12_c12_##n, lr); \
        break;
    switch (index) {
        GICV3_LRS(GICV3_LR_PUT)
    default:
        break;
    }
}

bool gicv3_lr_links(void)
{
    return true;
}

uint32_t gicv3_lr_count(void)
{
    /* ICH_VTR_EL2.ListRegs; eight are enough for anybody, and all of the cores we know have four.
     */
    uint32_t count = (uint32_t)(arch_read(s3_4_c12_c11_1) & 0x1f) + 1;
    return count < 8 ? count : 8;
}

uint64_t gicv3_lr_take(uint32_t index)
{
    uint64_t lr = gicv3_lr_read(index);
    gicv3_lr_write(index, 0);
    return lr;
}

uint64_t gicv3_lr_empty(void)
{
    return arch_read(s3_4_c12_c11_5); /* ICH_ELRSR_EL2 */
}

uint64_t gicv3_lr_ended(void)
{
    return arch_read(s3_4_c12_c11_3); /* ICH_EISR_EL2 */
}

void gicv3_lr_underflow(bool wanted)
{
    arch_write(s3_4_c12_c11_0, ICH_HCR_EN | (wanted ? ICH_HCR_UIE : 0)); /* ICH_HCR_EL2 */
}

void gicv3_lr_save(struct arch_gic_cpu *state)
{
    state->vmcr = arch_read(s3_4_c12_c11_7); /* ICH_VMCR_EL2 */
    /* Five bits of preemption priority: one register of active priorities a group. */
    state->apr[0] = arch_read(s3_4_c12_c8_0);
    state->apr[1] = arch_read(s3_4_c12_c9_0);
    arch_write(s3_4_c12_c11_0, 0);
}

void gicv3_lr_load(const struct arch_gic_cpu *state)
{
    arch_write(s3_4_c12_c11_7, state->vmcr);
    arch_write(s3_4_c12_c8_0, state->apr[0]);
    arch_write(s3_4_c12_c9_0, state->apr[1]);
    arch_write(s3_4_c12_c11_0, ICH_HCR_EN);
}
