/* SPDX-License-Identifier: BSD-2-Clause */
/* GIC architecture version 3 (IHI 0069), affinity routing on, group 1. */
#include <bulkhead/abi.h>

#include "arch.h"
#include "console.h"
#include "cpu.h"
#include "gic.h"
#include "gicd.h"
#include "gicv3_lr.h"
#include "mmio.h"

#define GICD_CTLR_RWP (1u << 31)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_GROUP1 (1u << 1)

#define GICR_CTLR 0x0000
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_SGI_BASE 0x10000
#define GICR_FRAME_BYTES 0x20000
#define GICR_TYPER_LAST (1UL << 4)
#define GICR_TYPER_VLPIS (1UL << 1)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_CTLR_RWP (1u << 3)

/** Times that a register is read until the hardware has done what it was told to. */
#define GICV3_PATIENCE 1000000

static uint64_t gicv3_dist, gicv3_redists, gicv3_redists_bytes;
/** Frame of private interrupts, and affinity as MPIDR_EL1 has it, of each CPU. */
static uint64_t gicv3_private[BH_MAX_CPUS];
static uint64_t gicv3_affinity[BH_MAX_CPUS];

static void gicv3_wait(uint64_t reg, uint32_t bits)
{
    for (uint32_t i = 0; (mmio_read32(reg) & bits) != 0; i++) {
        if (i == GICV3_PATIENCE) {
            console_panic("the interrupt controller does not answer");
        }
    }
}

static void gicv3_init(const struct bd_board *board)
{
    gicv3_dist = board->gicd;
    gicv3_redists = board->gicr;
    gicv3_redists_bytes = board->gicr_bytes;
    for (uint32_t i = 0; i < board->cpus; i++) {
        gicv3_affinity[i] = board->mpidr[i];
    }
    /* Groups off. Affinity routing stays: turning it off is UNPREDICTABLE (IHI 0069, GICD_CTLR). */
    mmio_write32(gicv3_dist + GICD_CTLR, mmio_read32(gicv3_dist + GICD_CTLR) & GICD_CTLR_ARE);
    gicv3_wait(gicv3_dist + GICD_CTLR, GICD_CTLR_RWP);
    gicd_reset_spis(gicv3_dist, GICD_GROUP1);
    mmio_write32(gicv3_dist + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1);
    gicv3_wait(gicv3_dist + GICD_CTLR, GICD_CTLR_RWP);
}

/** Affinity fields of an MPIDR_EL1 value packed as GICR_TYPER has them: Aff3.Aff2.Aff1.Aff0. */
static uint32_t gicv3_pack_affinity(uint64_t mpidr)
{
    return (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
}

/** The frames of this CPU's redistributor. */
static uint64_t gicv3_find_redist(uint64_t mpidr)
{
    uint64_t off = 0;
    while (off + GICR_FRAME_BYTES <= gicv3_redists_bytes) {
        uint64_t typer = mmio_read64(gicv3_redists + off + GICR_TYPER);
        if (typer >> 32 == gicv3_pack_affinity(mpidr)) {
            return gicv3_redists + off;
        }
        if ((typer & GICR_TYPER_LAST) != 0) {
            break;
        }
        off += (typer & GICR_TYPER_VLPIS) != 0 ? 2 * GICR_FRAME_BYTES : GICR_FRAME_BYTES;
    }
    console_panic("a CPU has no redistributor where the board's description says");
}

static void gicv3_mute(bool mute)
{
    arch_write(s3_0_c4_c6_0, mute ? GICD_PRIORITY_GUEST : GICD_PRIORITY_ANY); /* ICC_PMR_EL1 */
}

static void gicv3_init_cpu(uint32_t cpu)
{
    uint64_t redist = gicv3_find_redist(gicv3_affinity[cpu]);
    mmio_write32(redist + GICR_WAKER, mmio_read32(redist + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    gicv3_wait(redist + GICR_WAKER, GICR_WAKER_ASLEEP);
    gicv3_private[cpu] = redist + GICR_SGI_BASE;
    gicd_reset_bank(gicv3_private[cpu], 0, GICD_GROUP1);
    gicv3_wait(redist + GICR_CTLR, GICR_CTLR_RWP);
    arch_write(s3_4_c12_c9_5, 0xf); /* ICC_SRE_EL2: system registers, for EL1 as well */
    __asm__ volatile("isb");
    arch_write(s3_0_c12_c12_5, 7); /* ICC_SRE_EL1 */
    gicv3_mute(false);
    arch_write(s3_0_c12_c12_3, 0); /* ICC_BPR1_EL1 */
    arch_write(s3_0_c12_c12_4, 2); /* ICC_CTLR_EL1.EOImode */
    arch_write(s3_0_c12_c12_7, 1); /* ICC_IGRPEN1_EL1 */
    __asm__ volatile("isb");
}

static void gicv3_route(uint32_t intid, uint32_t cpu)
{
    mmio_write64(gicv3_dist + GICD_IROUTER + 8UL * intid, gicv3_affinity[cpu]);
    gicd_enable(gicv3_dist, intid);
}

/** This CPU's frame of private interrupts. */
static uint64_t gicv3_own_private(void)
{
    return gicv3_private[((const struct cpu *)arch_read(tpidr_el2))->index];
}

static void gicv3_enable_ppi(uint32_t intid)
{
    gicd_enable(gicv3_own_private(), intid);
}

static void gicv3_set_active(uint32_t ppi, bool active)
{
    gicd_set_active(gicv3_own_private(), ppi, active);
}

static uint32_t gicv3_take(void)
{
    uint32_t taken = (uint32_t)arch_read(s3_0_c12_c12_0); /* ICC_IAR1_EL1 */
    /* What the interrupt announces is looked at after it was acknowledged. */
    __asm__ volatile("dsb sy");
    arch_write(s3_0_c12_c12_1, taken); /* ICC_EOIR1_EL1; of none at all it is ignored (12.2.10). */
    return taken;
}

static void gicv3_deactivate(uint32_t taken)
{
    arch_write(s3_0_c12_c11_1, taken); /* ICC_DIR_EL1 */
}

static void gicv3_send_sgi(uint32_t cpu, uint32_t sgi)
{
    /* ICC_SGI1R_EL1: Aff3 at 48, Aff2 at 32, RS at 44, INTID at 24, Aff1 at 16, target list. */
    uint64_t mpidr = gicv3_affinity[cpu];
    uint64_t target = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                      (mpidr >> 4 & 0xf) << 44 | (mpidr >> 8 & 0xff) << 16 | 1UL << (mpidr & 0xf);
    arch_write(s3_0_c12_c11_5, target | (uint64_t)sgi << 24);
    __asm__ volatile("isb");
}

const struct gic_ops gicv3_ops = { GIC_OPS(GICV3_ENTRY) };
