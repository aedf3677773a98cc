/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interface control registers of GICv2 (IHI 0048, 5.3). */
#include "gicv2_lr.h"

#include "cpu.h"
#include "gic.h"
#include "gicd.h"
#include "mmio.h"
#include "vgic.h"

#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_EISR0 0x020
#define GICH_ELRSR0 0x030
#define GICH_APR 0x0f0
#define GICH_LR0 0x100
#define GICH_HCR_EN 1u
#define GICH_HCR_UIE 2u

#define LR_INTID 0x3ffu
#define LR_LINK 10
#define LR_NOTICE 19
#define LR_PRIORITY 23
#define LR_STATE 28
#define LR_GROUP 30
#define LR_LINKED (1u << 31)

/**
 * QEMU's model, up to at least 7.2, deactivates a linked interrupt at the guest's EOI without
 * looking whether its line is still high: it is then lost until something else happens. There the
 * kernel is told of the end and deactivates the interrupt itself. Real controllers have a product
 * and a revision in GICD_IIDR; the model has none.
 */
#define GICD_IIDR 0x008
#define GICD_IIDR_MODEL 0x0000043bu

static uint64_t gicv2_gich;
static bool gicv2_model;

void gicv2_lr_init(uint64_t gich, uint64_t gicd)
{
    gicv2_gich = gich;
    gicv2_model = mmio_read32(gicd + GICD_IIDR) == GICD_IIDR_MODEL;
}

bool gicv2_lr_links(void)
{
    return !gicv2_model;
}

uint32_t gicv2_lr_count(void)
{
    uint32_t count = (mmio_read32(gicv2_gich + GICH_VTR) & 0x3f) + 1;
    return count < VGIC_MAX_LRS ? count : VGIC_MAX_LRS;
}

uint64_t gicv2_lr_read(uint32_t index)
{
    uint64_t value = mmio_read32(gicv2_gich + GICH_LR0 + 4UL * index);
    return (value & LR_INTID) | (value >> LR_STATE & 3) << VGIC_LR_STATE;
}

void gicv2_lr_write(uint32_t index, uint64_t lr)
{
    uint64_t value = (lr & LR_INTID) | (lr >> (VGIC_LR_PRIORITY + 3) & 0x1f) << LR_PRIORITY |
                     (lr >> VGIC_LR_GROUP & 1) << LR_GROUP | lr >> VGIC_LR_STATE << LR_STATE;
    if ((lr & VGIC_LR_LINKED) == 0) {
        value |= (lr >> VGIC_LR_NOTICE & 1) << LR_NOTICE;
    } else if (gicv2_model) {
        value |= 1u << LR_NOTICE;
    } else {
        value |= LR_LINKED | (lr >> VGIC_LR_LINK & LR_INTID) << LR_LINK;
    }
    mmio_write32(gicv2_gich + GICH_LR0 + 4UL * index, (uint32_t)value);
}

uint64_t gicv2_lr_take(uint32_t index)
{
    uint64_t lr = gicv2_lr_read(index);
    mmio_write32(gicv2_gich + GICH_LR0 + 4UL * index, 0);
    return lr;
}

uint64_t gicv2_lr_empty(void)
{
    return mmio_read32(gicv2_gich + GICH_ELRSR0);
}

uint64_t gicv2_lr_ended(void)
{
    return mmio_read32(gicv2_gich + GICH_EISR0);
}

void gicv2_lr_underflow(bool wanted)
{
    mmio_write32(gicv2_gich + GICH_HCR, GICH_HCR_EN | (wanted ? GICH_HCR_UIE : 0));
}

void gicv2_lr_save(struct arch_gic_cpu *state)
{
    state->vmcr = mmio_read32(gicv2_gich + GICH_VMCR);
    state->apr[0] = mmio_read32(gicv2_gich + GICH_APR);
    mmio_write32(gicv2_gich + GICH_HCR, 0);
}

void gicv2_lr_load(const struct arch_gic_cpu *state)
{
    mmio_write32(gicv2_gich + GICH_VMCR, (uint32_t)state->vmcr);
    mmio_write32(gicv2_gich + GICH_APR, (uint32_t)state->apr[0]);
    mmio_write32(gicv2_gich + GICH_HCR, GICH_HCR_EN);
}
