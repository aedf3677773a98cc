/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's interrupt controller: GICv2 (IHI 0048) or GICv3 (IHI 0069) with one security state.
 * The kernel holds the state of each interrupt; this is the way from the registers that the guest
 * sees to that state, and the little that the kernel does not know: what the guest wrote to the
 * enable, group and routing registers while the distributor as a whole was off.
 *
 * Whatever is not here reads as zero and ignores writes, and is counted.
 */
#ifndef VMM_GIC_H
#define VMM_GIC_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stdint.h>

#define GIC_BANKS (BH_VIRQ_COUNT / 32)
/** Bytes of the registers of the distributor and of one vCPU's redistributor. */
#define GIC_DISTRIBUTOR_BYTES 0x10000u
#define GIC_REDISTRIBUTOR_BYTES 0x20000u

/** Of 32 interrupts. */
struct gic_bank {
    uint32_t enabled;
    uint32_t group;
    /** Those whose target exists. */
    uint32_t routed;
};

struct gic {
    uint32_t version; /* 2 or 3 */
    uint32_t vcpus;
    uint8_t ids[BH_MAX_VCPUS];         /* child id of each vCPU, by index */
    uint32_t ctlr;                     /* GICD_CTLR: enable bits */
    uint32_t sleeping;                 /* bit n: GICR_WAKER.ProcessorSleep of vCPU n */
    struct gic_bank own[BH_MAX_VCPUS]; /* 0 to 31 */
    struct gic_bank shared[GIC_BANKS - 1];
    uint32_t edges[GIC_BANKS];      /* edge-triggered at reset; the others are levels */
    uint8_t targets[BH_VIRQ_COUNT]; /* GICD_ITARGETSR as the guest wrote it */
    uint64_t router[BH_VIRQ_COUNT]; /* GICD_IROUTER likewise */
    uint64_t ignored;               /* accesses that meant nothing */
};

/**
 * The state after reset, here and in the kernel, for `vcpus` vCPUs with the child ids `ids`.
 * `version` is 2 or 3. The vCPUs must be stopped.
 */
void gic_init(struct gic *gic, uint32_t version, uint32_t vcpus, const uint8_t *ids);

/** The same again. */
void gic_reset(struct gic *gic);

/**
 * The line of a shared interrupt is edge-triggered: that is what its configuration register says
 * after a reset, now and later.
 */
void gic_make_edge(struct gic *gic, uint32_t intid);

/** The private interrupts of the vCPU with that index as after reset: it is about to be started. */
void gic_reset_vcpu(struct gic *gic, uint32_t vcpu);

/** The guest wrote the enable bits of GICD_CTLR: bit 0 group 0, bit 1 group 1. */
void gic_enable(struct gic *gic, uint32_t ctlr);

/**
 * @{ The registers that distributor and redistributor have in common, offsets 0x80 to 0xcff:
 * one aligned word, of the private interrupts those of the vCPU with index `vcpu`. `lanes` has
 * ones in the bits of the bytes that are written; registers of bits ignore a partial write.
 */
uint32_t gic_read(struct gic *gic, uint32_t vcpu, uint32_t offset);
void gic_write(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t lanes, uint32_t value);
/** @} */

/** Number of the bank of 32 that a register of gic_read() belongs to; 32 or more: none. */
uint32_t gic_bank_of(uint32_t offset);

/** Route a shared interrupt to the vCPU with that index; `vcpu` beyond the last: to nobody. */
void gic_route(struct gic *gic, uint32_t intid, uint32_t vcpu);

/**
 * Make an interrupt pending: of the vCPU with that index if private. False: no such interrupt.
 */
bool gic_raise(struct gic *gic, uint32_t vcpu, uint32_t intid);

#endif
