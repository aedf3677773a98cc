/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's calls to firmware, by HVC and by SMC: SMCCC 1.1 (Arm DEN 0028). */
#ifndef VMM_SMCCC_H
#define VMM_SMCCC_H

#include "psci.h"

#define SMCCC_VERSION_FN 0x80000000u
#define SMCCC_ARCH_FEATURES_FN 0x80000001u
#define SMCCC_NOT_SUPPORTED (~0UL)

/**
 * The vCPU with index `vcpu` executed an HVC or SMC with immediate `immediate` and x0 to x3 as
 * in `x`. What is not known is answered with NOT_SUPPORTED.
 */
struct psci_result smccc_call(struct psci *psci, uint32_t vcpu, uint32_t immediate,
                              const uint64_t x[4]);

#endif
