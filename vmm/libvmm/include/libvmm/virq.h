/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts. INTIDs are those that the guest sees: 0 to 31 private to each vCPU, 32 to 255
 * shared. The interrupt controller is a GICv2 or a GICv3, as the machine's own, and stands where
 * the board's own stands.
 */
#ifndef LIBVMM_VIRQ_H
#define LIBVMM_VIRQ_H

#include <microkit.h>

/**
 * Called when vCPU `vcpu_id` has ended interrupt `irq`, and when the guest is stopped before it
 * did. `cookie` is what the interrupt was registered with.
 */
typedef void (*virq_ack_fn_t)(size_t vcpu_id, int irq, void *cookie);

/**
 * Gives the guest its interrupt controller. To be called once, before any other function of this
 * header and before the guest starts. False, after a sentence: there is no vCPU `boot_vcpu_id`, or
 * a handler is registered for the controller's addresses already.
 */
bool virq_controller_init(size_t boot_vcpu_id);

/**
 * Makes `virq_num` an interrupt that virq_inject() can raise; a private one only at vCPU `vcpu_id`.
 * `ack_fn` may be NULL: the guest's end of the interrupt then takes no exit to the VMM.
 * False, after a sentence: there is no such vCPU or interrupt, or it is registered already.
 */
bool virq_register(size_t vcpu_id, size_t virq_num, virq_ack_fn_t ack_fn, void *ack_data);

/**
 * Makes a registered interrupt pending: a private one at vCPU `vcpu_id`, a shared one where the
 * guest routes it. It waits there until the guest has it enabled. Raised again before the guest
 * takes it, it comes once. False: it is not registered.
 */
bool virq_inject(size_t vcpu_id, int irq);

/**
 * Passes the physical interrupt of the VMM's `<irq>` with the id `irq_ch` to the guest as `irq`.
 * The kernel then does that alone, without notifying the VMM, where it can; else the VMM is
 * notified and passes it on with virq_handle_passthrough().
 * False, after a sentence: as virq_register(), or the VMM has no such `<irq>`, or it is passed
 * already.
 */
bool virq_register_passthrough(size_t vcpu_id, size_t irq, microkit_channel irq_ch);

/** To be called for notifications. False: `irq_ch` is no interrupt that is passed to the guest. */
bool virq_handle_passthrough(microkit_channel irq_ch);

#endif
