/* SPDX-License-Identifier: BSD-2-Clause */
#include "smccc.h"

#define SMCCC_VERSION_1_1 0x00010001

static uint64_t smccc_arch_features(uint32_t asked)
{
    /* The workarounds of processors' errata are the kernel's; a guest needs none. */
    return asked == SMCCC_VERSION_FN || asked == SMCCC_ARCH_FEATURES_FN ? 0 : SMCCC_NOT_SUPPORTED;
}

struct psci_result smccc_call(struct psci *psci, uint32_t vcpu, uint32_t immediate,
                              const uint64_t x[4])
{
    struct psci_result result = { .action = PSCI_RETURN, .x0 = SMCCC_NOT_SUPPORTED };
    uint32_t function = (uint32_t)x[0];

    if (immediate != 0) {
        return result;
    }
    if (psci_is_function(function)) {
        return psci_call(psci, vcpu, function, &x[1]);
    }
    if (function == SMCCC_VERSION_FN) {
        result.x0 = SMCCC_VERSION_1_1;
    } else if (function == SMCCC_ARCH_FEATURES_FN) {
        result.x0 = smccc_arch_features((uint32_t)x[1]);
    }
    return result;
}
