/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "gicd.h"
#include "irq.h"

static const struct gic_ops *gic;
static uint64_t gic_dist;

void gic_init(const struct bd_board *board)
{
    /* ID_AA64PFR0_EL1.GIC: system registers of a GICv3 or later. */
    bool v3 = ((arch_read(id_aa64pfr0_el1) >> 24) & 0xf) != 0 && board->gicr != 0;
    gic = v3 ? &gicv3_ops : &gicv2_ops;
    gic_dist = board->gicd;
    gic->init(board);
}

void gic_init_cpu(uint32_t cpu)
{
    gic->init_cpu(cpu);
    gic->enable_ppi(GIC_SGI_POKE);
    gic->enable_ppi(IRQ_PPI_HYP_TIMER);
}

uint32_t gic_take(uint32_t *intid)
{
    uint32_t taken = gic->take();
    *intid = taken & 0x3ff;
    return taken;
}

void gic_drop(uint32_t taken)
{
    gic->drop(taken);
}

void gic_deactivate(uint32_t taken)
{
    gic->deactivate(taken);
}

void arch_irq_deactivate(uint32_t intid)
{
    gic->deactivate(intid);
}

void arch_irq_trigger(uint32_t intid, bool edge)
{
    gicd_set_edge(gic_dist, intid, edge);
}

void arch_irq_enable(uint32_t intid, uint32_t cpu)
{
    if (intid < IRQ_FIRST_SPI) {
        gic->enable_ppi(intid);
    } else {
        gic->route(intid, cpu);
    }
}

void arch_poke(uint32_t cpu)
{
    /* What was stored before is seen by the target when the interrupt arrives. */
    __asm__ volatile("dsb ish" : : : "memory");
    gic->send_sgi(cpu);
}
