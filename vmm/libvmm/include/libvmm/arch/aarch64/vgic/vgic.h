/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's interrupt controller, from below. <libvmm/virq.h> is what most VMMs need. */
#ifndef LIBVMM_VGIC_H
#define LIBVMM_VGIC_H

#include <libvmm/virq.h>

/** Gives the controller its reset state. The vCPUs must be stopped. */
void vgic_init(void);

/** virq_register(). */
bool vgic_register_irq(size_t vcpu_id, int virq_num, virq_ack_fn_t ack_fn, void *ack_data);

/** virq_inject(). */
bool vgic_inject_irq(size_t vcpu_id, int irq);

/** Handles the fault with which the kernel says that a vCPU ended an interrupt. */
bool vgic_handle_fault_maintenance(size_t vcpu_id);

/**
 * @{ Handlers (vm_exception_handler_t) of the distributor's registers and of the redistributors',
 * for a VMM that shows them at a second place. `data` is not used.
 */
bool vgic_handle_fault_dist(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs,
                            void *data);
bool vgic_handle_fault_redist(size_t vcpu_id, size_t offset, size_t fsr, seL4_UserContext *regs,
                              void *data);
/** @} */

/** The vCPU's write of `data` to ICC_SGI1R_EL1. False: there is no such vCPU. */
bool icc_sgi1r_el1_write(size_t vcpu_id, seL4_UserContext *regs, uint64_t data);

/** Its read of ICC_SRE_EL1: system registers are in use, for good. */
bool icc_sre_el1_read(size_t vcpu_id, seL4_UserContext *regs, uint64_t *data);

#endif
