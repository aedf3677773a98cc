/* SPDX-License-Identifier: BSD-2-Clause */
/* GIC architecture version 2 (IHI 0048). */
#include <bulkhead/abi.h>

#include "gic.h"
#include "gicd.h"
#include "gicv2_lr.h"
#include "mmio.h"

#define GICC_CTLR 0x0000
#define GICC_PMR 0x0004
#define GICC_IAR 0x000c
#define GICC_EOIR 0x0010
#define GICC_DIR 0x1000
#define GICC_CTLR_ENABLE 1u
#define GICC_CTLR_EOIMODE (1u << 9)

static uint64_t gicv2_dist, gicv2_cpu_interface;
/** Which interface each CPU is connected to, as the distributor's target masks have it. */
static uint8_t gicv2_masks[BH_MAX_CPUS];

static void gicv2_init(const struct bd_board *board)
{
    gicv2_dist = board->gicd;
    gicv2_cpu_interface = board->gicc;
    gicv2_lr_init(board->gich, board->gicd);
    mmio_write32(gicv2_dist + GICD_CTLR, 0);
    /*
     * Where there are security states, firmware has put our interrupts into group 1 and this write
     * is ignored; bit 0 of both control registers is then group 1's (4.3.1, 4.4.1). Where there are
     * none it is group 0's, and a group 1 interrupt could not be taken without GICC_CTLR.AckCtl.
     */
    gicd_reset_spis(gicv2_dist, GICD_GROUP0);
    mmio_write32(gicv2_dist + GICD_CTLR, 1);
}

static void gicv2_mute(bool mute)
{
    mmio_write32(gicv2_cpu_interface + GICC_PMR, mute ? GICD_PRIORITY_GUEST : GICD_PRIORITY_ANY);
}

static void gicv2_init_cpu(uint32_t cpu)
{
    gicd_reset_bank(gicv2_dist, 0, GICD_GROUP0);
    /* The targets of the banked interrupts read as the reading CPU's own mask (4.3.12). */
    gicv2_masks[cpu] = (uint8_t)mmio_read32(gicv2_dist + GICD_ITARGETSR);
    if (gicv2_masks[cpu] == 0) {
        /* On a machine with one CPU they read as zero. */
        gicv2_masks[cpu] = 1;
    }
    gicv2_mute(false);
    mmio_write32(gicv2_cpu_interface + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
}

static void gicv2_route(uint32_t intid, uint32_t cpu)
{
    mmio_write8(gicv2_dist + GICD_ITARGETSR + intid, gicv2_masks[cpu]);
    gicd_enable(gicv2_dist, intid);
}

static void gicv2_enable_ppi(uint32_t intid)
{
    gicd_enable(gicv2_dist, intid);
}

static uint32_t gicv2_take(void)
{
    uint32_t taken = mmio_read32(gicv2_cpu_interface + GICC_IAR);
    /* What the interrupt announces is looked at after it was acknowledged. */
    __asm__ volatile("dsb sy");
    /* Of none at all this is ignored (4.4.5). */
    mmio_write32(gicv2_cpu_interface + GICC_EOIR, taken);
    return taken;
}

static void gicv2_deactivate(uint32_t taken)
{
    mmio_write32(gicv2_cpu_interface + GICC_DIR, taken);
}

static void gicv2_send_sgi(uint32_t cpu, uint32_t sgi)
{
    mmio_write32(gicv2_dist + GICD_SGIR, (uint32_t)gicv2_masks[cpu] << 16 | sgi);
}

static void gicv2_set_active(uint32_t ppi, bool active)
{
    gicd_set_active(gicv2_dist, ppi, active);
}

const struct gic_ops gicv2_ops = { GIC_OPS(GICV2_ENTRY) };
