/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt controllers. Both versions run with priority drop and deactivation apart (EOImode 1):
 * an interrupt that was taken stays active, and so silent, until gic_deactivate().
 */
#ifndef KERNEL_ARM64_GIC_H
#define KERNEL_ARM64_GIC_H

#include <bulkhead/bootdesc.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "vgic.h"

/** Software generated interrupts of pokes: of PDs, and the next of vCPUs, of a guest's priority. */
#define GIC_SGI_POKE 0
#define GIC_SGI_POKE_VCPU 1
/** The INTID in what gic_take() says. */
#define GIC_INTID 0x3ffu

/** What a version of the controller can do: result, name, parameters. The functions say what. */
#define GIC_OPS(X)                                   \
    X(void, init, (const struct bd_board *board))    \
    X(void, init_cpu, (uint32_t cpu))                \
    X(void, route, (uint32_t intid, uint32_t cpu))   \
    X(void, enable_ppi, (uint32_t intid))            \
    X(uint32_t, take, (void))                        \
    X(void, mute, (bool mute))                       \
    X(void, deactivate, (uint32_t taken))            \
    X(void, send_sgi, (uint32_t cpu, uint32_t sgi))  \
    X(void, set_active, (uint32_t ppi, bool active)) \
    GIC_LR_OPS(X)

/** Of these, what the virtual interface is about: gicv2_lr.c and gicv3_lr.c. */
#define GIC_LR_OPS(X)                                \
    X(uint32_t, lr_count, (void))                    \
    X(bool, lr_links, (void))                        \
    X(uint64_t, lr_read, (uint32_t index))           \
    X(void, lr_write, (uint32_t index, uint64_t lr)) \
    X(uint64_t, lr_take, (uint32_t index))           \
    X(uint64_t, lr_empty, (void))                    \
    X(uint64_t, lr_ended, (void))                    \
    X(void, lr_underflow, (bool wanted))             \
    X(void, lr_save, (struct arch_gic_cpu * gic))    \
    X(void, lr_load, (const struct arch_gic_cpu *gic))

struct gic_ops {
/* These declare: a result cannot be in parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define GIC_OP_MEMBER(result, name, parameters) result(*name) parameters;
    GIC_OPS(GIC_OP_MEMBER)
};

/** Prototypes of the functions of a version, and their entries in its struct gic_ops. */
#define GICV2_PROTOTYPE(result, name, parameters) result gicv2_##name parameters;
#define GICV3_PROTOTYPE(result, name, parameters) result gicv3_##name parameters;
#define GICV2_ENTRY(result, name, parameters) .name = gicv2_##name,
#define GICV3_ENTRY(result, name, parameters) .name = gicv3_##name,

extern const struct gic_ops gicv2_ops, gicv3_ops;

/** On the boot CPU: find the version, set the distributor up, all interrupts disabled. */
void gic_init(const struct bd_board *board);

/** On every CPU, number `cpu`: its interface, the poke's SGI and the kernel's timer. */
void gic_init_cpu(uint32_t cpu);

/**
 * The interrupt that is pending for this CPU, as gic_deactivate() wants it. The INTID in it is
 * IRQ_COUNT or more if there is none. It is active now, its priority dropped: others may be taken.
 */
uint32_t gic_take(void);

/** This one may come again; for SPIs and PPIs `taken` is the INTID. */
void gic_deactivate(uint32_t taken);

/** Make a PPI of this CPU active (silent) or inactive. */
void gic_set_active(uint32_t ppi, bool active);

/** @{ The guest's view of the CPU interface: to memory, from memory. After a reset it is zero. */
void gic_save_cpu_interface(struct arch_gic_cpu *state);
void gic_load_cpu_interface(const struct arch_gic_cpu *state);
/** @} */

#endif
