/* SPDX-License-Identifier: BSD-2-Clause */
/* Power of the guest's CPUs and of the guest: PSCI 1.1 (Arm DEN 0022). */
#ifndef VMM_PSCI_H
#define VMM_PSCI_H

#include <bulkhead/abi.h>
#include <stdbool.h>
#include <stdint.h>

#include "gic.h"

struct psci {
    struct gic *gic;   /* has the vCPUs' ids; reset with each CPU that goes on */
    uint64_t ram_base; /* entry points lie in the guest's RAM */
    uint64_t ram_bytes;
    bool on[BH_MAX_VCPUS]; /* by index */
};

/** What is to become of the caller. */
enum psci_action {
    /** It goes on with `x0`. */
    PSCI_RETURN,
    /** The same, once an interrupt is there for it. */
    PSCI_WAIT,
    /** It was switched off, and another is still on; no answer. */
    PSCI_OFF,
    /** It was switched off, and was the last: nothing can happen any more. */
    PSCI_ALL_OFF,
    /** The guest wants to be switched off, or reset. */
    PSCI_SYSTEM_OFF,
    PSCI_SYSTEM_RESET,
    /** A reset that keeps memory (SYSTEM_RESET2): a kernel's panic, that others may look at. */
    PSCI_WARM_RESET,
};

struct psci_result {
    enum psci_action action;
    uint64_t x0;
};

/** No vCPU is on. */
void psci_init(struct psci *psci, struct gic *gic, uint64_t ram_base, uint64_t ram_bytes);

/** Start the vCPU with index 0 at `entry`. False when the kernel refuses: it runs already. */
bool psci_boot(struct psci *psci, uint64_t entry, uint64_t x0);

/** Stop every vCPU. */
void psci_stop_all(struct psci *psci);

/** Whether a function number is one of PSCI's: standard service, 0 to 0x1f. */
bool psci_is_function(uint32_t function);

/** Whether psci_call() does more for it than to answer NOT_SUPPORTED. */
bool psci_supports(uint32_t function);

/**
 * The vCPU with index `vcpu` calls a function with arguments x1 to x3. Anything that is not
 * supported is answered with NOT_SUPPORTED.
 */
struct psci_result psci_call(struct psci *psci, uint32_t vcpu, uint32_t function,
                             const uint64_t arguments[3]);

#endif
