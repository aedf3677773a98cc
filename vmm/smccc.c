/* SPDX-License-Identifier: BSD-2-Clause */
#include "smccc.h"

#include "sys.h"
#include "trng.h"

/** Arm's architecture calls: owner 0, 32-bit and 64-bit. */
#define SMCCC_64BIT 0x40000000u
#define SMCCC_ARCH_BASE 0x80000000u
#define SMCCC_ARCH_LAST 0xffffu

#define SMCCC_VERSION_1_1 0x00010001
/** Registers that a call passes, and gets results in. */
#define SMCCC_REGISTERS 8

bool smccc_is_own(uint32_t function)
{
    return ((function & ~SMCCC_64BIT) & ~SMCCC_ARCH_LAST) == SMCCC_ARCH_BASE ||
           psci_is_function(function) || trng_is_function(function);
}

static uint64_t smccc_arch_features(uint32_t asked)
{
    /*
     * ARCH_WORKAROUND_1, 2 and 3 are not offered: a guest on a CPU that needs them is to know that
     * nobody does it for it. On one that does not, it sees that in the ID registers.
     */
    return asked == SMCCC_VERSION_FN || asked == SMCCC_ARCH_FEATURES_FN ? 0 : SMCCC_NOT_SUPPORTED;
}

static bool smccc_is_passed(const struct smccc *smccc, uint32_t function)
{
    for (uint32_t i = 0; i < smccc->passed_count; i++) {
        if (smccc->passed[i] == function) {
            return !smccc_is_own(function);
        }
    }
    return false;
}

/** Have the machine's firmware answer. */
static uint64_t smccc_pass(uint32_t id)
{
    uint64_t x[SMCCC_REGISTERS];

    if (sys_vcpu_get_x(id, x, SMCCC_REGISTERS) != BH_OK) {
        return SMCCC_NOT_SUPPORTED;
    }
    /* A function number has 32 bits; what firmware makes of others is its own affair. */
    x[0] = (uint32_t)x[0];
    sys_smc(x);
    return sys_vcpu_set_x(id, x, SMCCC_REGISTERS) == BH_OK ? x[0] : SMCCC_NOT_SUPPORTED;
}

static uint64_t smccc_trng(const struct smccc *smccc, uint32_t id, const uint64_t x[4])
{
    uint64_t results[4];
    uint32_t count = trng_call(smccc->random, (uint32_t)x[0], x[1], results);

    if (count > 1 && sys_vcpu_set_x(id, results, count) != BH_OK) {
        return SMCCC_NOT_SUPPORTED;
    }
    return results[0];
}

struct psci_result smccc_call(const struct smccc *smccc, uint32_t vcpu, uint32_t immediate,
                              const uint64_t x[4])
{
    struct psci_result result = { .action = PSCI_RETURN, .x0 = SMCCC_NOT_SUPPORTED };
    uint32_t function = (uint32_t)x[0];
    uint32_t id = smccc->psci->gic->ids[vcpu];

    if (immediate != 0) {
        return result;
    }
    if (psci_is_function(function)) {
        return psci_call(smccc->psci, vcpu, function, &x[1]);
    }
    if (trng_is_function(function)) {
        result.x0 = smccc_trng(smccc, id, x);
    } else if (function == SMCCC_VERSION_FN) {
        result.x0 = SMCCC_VERSION_1_1;
    } else if (function == SMCCC_ARCH_FEATURES_FN) {
        result.x0 = smccc_arch_features((uint32_t)x[1]);
    } else if (smccc_is_passed(smccc, function)) {
        result.x0 = smccc_pass(id);
    }
    return result;
}
