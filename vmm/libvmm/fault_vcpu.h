/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPU whose fault is being handled; a VMM handles one at a time. */
#ifndef LIBVMM_FAULT_VCPU_H
#define LIBVMM_FAULT_VCPU_H

#include <microkit.h>

struct fault_vcpu {
    /** There is one, and it has not been stopped since. */
    bool active;
    size_t id;
    uint64_t esr;
    /** Its registers were read, and are in `regs`, which a handler may change. */
    bool read;
    /** The instruction was stepped over, and the registers were written. */
    bool advanced;
    /** A handler of the VMM has done the access. */
    bool handled;
    seL4_UserContext regs;
};

extern struct fault_vcpu fault_vcpu;

/** A fault of `vcpu_id` with the syndrome `esr` begins. It ends with fault_forget(). */
void fault_vcpu_begin(size_t vcpu_id, uint64_t esr);

/**
 * The same for a function that may be called while a fault is handled, or by itself. Returns
 * whether it begins here, and so is to end here.
 */
bool fault_vcpu_join(size_t vcpu_id, uint64_t esr);

/** Its registers; NULL, after a sentence, when it has been stopped. */
seL4_UserContext *fault_vcpu_read(void);

/** Whether the fault is an HVC or SMC. */
bool fault_vcpu_is_call(void);

/** @{ The guest gets the exception, on its return. False: it has been stopped. */
bool fault_vcpu_abort(void);
bool fault_vcpu_undefined(void);
/** @} */

#endif
