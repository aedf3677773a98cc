/* SPDX-License-Identifier: BSD-2-Clause */
#include "gicd.h"

#include "gic.h"
#include "irq.h"
#include "mmio.h"
#include "vgic.h"

void gicd_reset_bank(uint64_t base, uint32_t bank, uint32_t group)
{
    mmio_write32(base + GICD_ICENABLER + 4UL * bank, 0xffffffff);
    mmio_write32(base + GICD_ICPENDR + 4UL * bank, 0xffffffff);
    mmio_write32(base + GICD_ICACTIVER + 4UL * bank, 0xffffffff);
    mmio_write32(base + GICD_IGROUPR + 4UL * bank, group);
    for (uint32_t i = 0; i < 32; i += 4) {
        /* Of the private ones a PD may have the EL1 physical timer's, 30. */
        uint32_t priority = bank == 0 && i < 28 ? GICD_PRIORITY_KERNEL : GICD_PRIORITY_DEVICE;
        mmio_write32(base + GICD_IPRIORITYR + 32UL * bank + i, priority * 0x01010101u);
    }
    if (bank == 0) {
        mmio_write8(base + GICD_IPRIORITYR + GIC_SGI_POKE_VCPU, GICD_PRIORITY_GUEST);
        mmio_write8(base + GICD_IPRIORITYR + IRQ_PPI_MAINTENANCE, GICD_PRIORITY_GUEST);
        mmio_write8(base + GICD_IPRIORITYR + VGIC_VTIMER, GICD_PRIORITY_GUEST);
    }
}

void gicd_reset_spis(uint64_t gicd, uint32_t group)
{
    uint32_t banks = (mmio_read32(gicd + GICD_TYPER) & 0x1f) + 1;
    for (uint32_t bank = 1; bank < banks; bank++) {
        gicd_reset_bank(gicd, bank, group);
    }
}

void gicd_set_edge(uint64_t gicd, uint32_t intid, bool edge)
{
    uint64_t reg = gicd + GICD_ICFGR + intid / 16 * 4UL;
    uint32_t bit = 2u << (intid % 16 * 2);
    uint32_t value = mmio_read32(reg);
    mmio_write32(reg, edge ? value | bit : value & ~bit);
}

void gicd_enable(uint64_t base, uint32_t intid)
{
    mmio_write32(base + GICD_ISENABLER + intid / 32 * 4UL, 1u << (intid % 32));
}

void gicd_set_active(uint64_t base, uint32_t intid, bool active)
{
    uint64_t reg = active ? GICD_ISACTIVER : GICD_ICACTIVER;
    mmio_write32(base + reg + intid / 32 * 4UL, 1u << (intid % 32));
}
