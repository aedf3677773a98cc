/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch.h"
#include "gicd.h"
#include "irq.h"

static const struct gic_ops *gic;
static uint64_t gic_dist;
/** List registers of each CPU. */
static uint32_t gic_lrs;

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
    gic_lrs = gic->lr_count();
    gic->enable_ppi(GIC_SGI_POKE);
    gic->enable_ppi(GIC_SGI_POKE_VCPU);
    gic->enable_ppi(IRQ_PPI_HYP_TIMER);
    gic->enable_ppi(IRQ_PPI_MAINTENANCE);
    gic->enable_ppi(VGIC_VTIMER);
}

/** Functions that hand their arguments to the version that there is. */
#define GIC_FORWARD(result, function, op, parameters, arguments) \
    result function parameters                                   \
    {                                                            \
        return gic->op arguments;                                \
    }
GIC_FORWARD(uint32_t, gic_take, take, (void), ())
GIC_FORWARD(void, gic_deactivate, deactivate, (uint32_t taken), (taken))
GIC_FORWARD(void, gic_set_active, set_active, (uint32_t ppi, bool active), (ppi, active))
GIC_FORWARD(void, gic_save_cpu_interface, lr_save, (struct arch_gic_cpu * state), (state))
GIC_FORWARD(void, gic_load_cpu_interface, lr_load, (const struct arch_gic_cpu *state), (state))
GIC_FORWARD(void, arch_irq_mute, mute, (bool mute), (mute))
GIC_FORWARD(void, arch_irq_deactivate, deactivate, (uint32_t intid), (intid))
GIC_FORWARD(bool, arch_lr_links, lr_links, (void), ())
GIC_FORWARD(uint64_t, arch_lr_read, lr_read, (uint32_t index), (index))
GIC_FORWARD(void, arch_lr_write, lr_write, (uint32_t index, uint64_t lr), (index, lr))
GIC_FORWARD(uint64_t, arch_lr_take, lr_take, (uint32_t index), (index))
GIC_FORWARD(uint64_t, arch_lr_empty, lr_empty, (void), ())
GIC_FORWARD(uint64_t, arch_lr_ended, lr_ended, (void), ())
GIC_FORWARD(void, arch_lr_underflow, lr_underflow, (bool wanted), (wanted))

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

void arch_poke(uint32_t cpu, bool vcpu)
{
    /* What was stored before is seen by the target when the interrupt arrives. */
    __asm__ volatile("dsb ish" : : : "memory");
    gic->send_sgi(cpu, vcpu ? GIC_SGI_POKE_VCPU : GIC_SGI_POKE);
}

uint32_t arch_lr_count(void)
{
    return gic_lrs;
}
