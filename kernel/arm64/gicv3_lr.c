/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU interface of GICv3: the ICH_ registers (IHI 0069, 12.4). */
#include "gicv3_lr.h"

#define LR_PENDING (1UL << 62)
#define LR_ACTIVE (1UL << 63)
#define LR_HW (1UL << 61)
#define LR_GROUP1 (1UL << 60)
#define LR_EOI (1UL << 41)

#define ICH_HCR_EN 1UL
#define ICH_HCR_UIE 2UL

static uint64_t gicv3_lr_get(uint32_t index)
{
    switch (index) {
    case 0:
        return arch_read(s3_4_c12_c12_0);
    case 1:
        return arch_read(s3_4_c12_c12_1);
    case 2:
        return arch_read(s3_4_c12_c12_2);
    case 3:
        return arch_read(s3_4_c12_c12_3);
    case 4:
        return arch_read(s3_4_c12_c12_4);
    case 5:
        return arch_read(s3_4_c12_c12_5);
    case 6:
        return arch_read(s3_4_c12_c12_6);
    case 7:
        return arch_read(s3_4_c12_c12_7);
    default:
        return 0;
    }
}

static void gicv3_lr_put(uint32_t index, uint64_t value)
{
    switch (index) {
    case 0:
        arch_write(s3_4_c12_c12_0, value);
        break;
    case 1:
        arch_write(s3_4_c12_c12_1, value);
        break;
    case 2:
        arch_write(s3_4_c12_c12_2, value);
        break;
    case 3:
        arch_write(s3_4_c12_c12_3, value);
        break;
    case 4:
        arch_write(s3_4_c12_c12_4, value);
        break;
    case 5:
        arch_write(s3_4_c12_c12_5, value);
        break;
    case 6:
        arch_write(s3_4_c12_c12_6, value);
        break;
    case 7:
        arch_write(s3_4_c12_c12_7, value);
        break;
    default:
        break;
    }
}

uint32_t gicv3_lr_count(void)
{
    /* ICH_VTR_EL2.ListRegs; eight are enough for anybody, and all of the cores we know have four.
     */
    uint32_t count = (uint32_t)(arch_read(s3_4_c12_c11_1) & 0x1f) + 1;
    return count < 8 ? count : 8;
}

void gicv3_lr_read(uint32_t index, struct vgic_lr *lr)
{
    uint64_t value = gicv3_lr_get(index);
    lr->intid = (uint32_t)value;
    lr->pending = (value & LR_PENDING) != 0;
    lr->active = (value & LR_ACTIVE) != 0;
}

void gicv3_lr_write(uint32_t index, const struct vgic_lr *lr)
{
    uint64_t value = lr->intid | (uint64_t)lr->priority << 48;
    value |= lr->group ? LR_GROUP1 : 0;
    value |= lr->pending ? LR_PENDING : 0;
    value |= lr->active ? LR_ACTIVE : 0;
    value |= lr->link != 0 ? LR_HW | (uint64_t)lr->link << 32 : 0;
    value |= lr->notice && lr->link == 0 ? LR_EOI : 0;
    gicv3_lr_put(index, value);
}

void gicv3_lr_clear(uint32_t index)
{
    gicv3_lr_put(index, 0);
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

void gicv3_lr_reset(struct arch_gic_cpu *state)
{
    *state = (struct arch_gic_cpu){ 0 };
}
