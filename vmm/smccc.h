/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's calls to firmware, by HVC and by SMC: SMCCC 1.1 (Arm DEN 0028). PSCI and TRNG are
 * answered here; a call that the description declares goes on to the machine's firmware.
 */
#ifndef VMM_SMCCC_H
#define VMM_SMCCC_H

#include "psci.h"
#include "random.h"

#define SMCCC_VERSION_FN 0x80000000u
#define SMCCC_ARCH_FEATURES_FN 0x80000001u
#define SMCCC_NOT_SUPPORTED (~0UL)

struct smccc {
    struct psci *psci;
    struct random *random;
    /** Functions that are passed on. */
    const uint32_t *passed;
    uint32_t passed_count;
};

/**
 * Whether a function is never passed on, because what it does to the machine is not for a guest
 * to decide: Arm's architecture calls, PSCI, TRNG.
 */
bool smccc_is_own(uint32_t function);

/**
 * The vCPU with index `vcpu` executed an HVC or SMC with immediate `immediate` and x0 to x3 as
 * in `x`. What is not known is answered with NOT_SUPPORTED. Results beyond x0 are written to the
 * vCPU's registers.
 */
struct psci_result smccc_call(const struct smccc *smccc, uint32_t vcpu, uint32_t immediate,
                              const uint64_t x[4]);

#endif
