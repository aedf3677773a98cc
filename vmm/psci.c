/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci.h"

#include "smccc.h"
#include "sys.h"

/* Functions: DEN 0022, table 5-1. Bit 30 makes the 64-bit kind. */
#define PSCI_BASE 0x84000000u
#define PSCI_LAST 0x1fu
#define PSCI_64BIT 0x40000000u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF_FN 0x84000008u
#define PSCI_SYSTEM_RESET_FN 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_SUSPEND 0x8400000eu
#define PSCI_SYSTEM_RESET2 0x84000012u

#define PSCI_VERSION_1_1 0x00010001
#define PSCI_NO_TRUSTED_OS 2

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_INTERNAL_FAILURE (-6)
#define PSCI_INVALID_ADDRESS (-9)

/** CPU_SUSPEND's power state: state id and type; the power level is zero, that of one CPU. */
#define PSCI_STATE_POWER_DOWN (1u << 16)
#define PSCI_STATE_VALID 0x1ffffu

void psci_init(struct psci *psci, struct gic *gic, uint64_t ram_base, uint64_t ram_bytes)
{
    *psci = (struct psci){ .gic = gic, .ram_base = ram_base, .ram_bytes = ram_bytes };
}

static bool psci_start(struct psci *psci, uint32_t vcpu, uint64_t entry, uint64_t x0)
{
    gic_reset_vcpu(psci->gic, vcpu);
    if (sys_vcpu_start(psci->gic->ids[vcpu], entry, x0) != BH_OK) {
        return false;
    }
    psci->on[vcpu] = true;
    return true;
}

bool psci_boot(struct psci *psci, uint64_t entry, uint64_t x0)
{
    return psci_start(psci, 0, entry, x0);
}

void psci_stop_all(struct psci *psci)
{
    for (uint32_t vcpu = 0; vcpu < psci->gic->vcpus; vcpu++) {
        (void)sys_vcpu_stop(psci->gic->ids[vcpu]);
        psci->on[vcpu] = false;
    }
}

static struct psci_result psci_return(int64_t value)
{
    return (struct psci_result){ .action = PSCI_RETURN, .x0 = (uint64_t)value };
}

static bool psci_entry_is_good(const struct psci *psci, uint64_t entry)
{
    return entry % 4 == 0 && entry >= psci->ram_base && entry - psci->ram_base < psci->ram_bytes;
}

static int64_t psci_cpu_on(struct psci *psci, uint64_t target, uint64_t entry, uint64_t x0)
{
    if (target >= psci->gic->vcpus) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (psci->on[target]) {
        return PSCI_ALREADY_ON;
    }
    if (!psci_entry_is_good(psci, entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    return psci_start(psci, (uint32_t)target, entry, x0) ? PSCI_SUCCESS : PSCI_INTERNAL_FAILURE;
}

static int64_t psci_affinity_info(const struct psci *psci, uint64_t target, uint64_t level)
{
    if (level != 0 || target >= psci->gic->vcpus) {
        return PSCI_INVALID_PARAMETERS;
    }
    return psci->on[target] ? 0 : 1;
}

bool psci_is_function(uint32_t function)
{
    return ((function & ~PSCI_64BIT) & ~PSCI_LAST) == PSCI_BASE;
}

bool psci_supports(uint32_t function)
{
    switch (function) {
    case PSCI_VERSION:
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | PSCI_64BIT:
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | PSCI_64BIT:
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | PSCI_64BIT:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF_FN:
    case PSCI_SYSTEM_RESET_FN:
    case PSCI_FEATURES:
    case PSCI_SYSTEM_SUSPEND:
    case PSCI_SYSTEM_SUSPEND | PSCI_64BIT:
    case PSCI_SYSTEM_RESET2:
    case PSCI_SYSTEM_RESET2 | PSCI_64BIT:
        return true;
    default:
        return false;
    }
}

static bool psci_others_are_off(const struct psci *psci, uint32_t vcpu)
{
    for (uint32_t other = 0; other < psci->gic->vcpus; other++) {
        if (other != vcpu && psci->on[other]) {
            return false;
        }
    }
    return true;
}

static struct psci_result psci_cpu_off(struct psci *psci, uint32_t vcpu)
{
    (void)sys_vcpu_stop(psci->gic->ids[vcpu]);
    psci->on[vcpu] = false;
    return (struct psci_result){ .action =
                                     psci_others_are_off(psci, vcpu) ? PSCI_ALL_OFF : PSCI_OFF };
}

/** The vCPU waits for an interrupt, and then begins at `entry` as after a reset, but with its
 *  interrupts and its timer as they are. */
static struct psci_result psci_power_down(const struct psci *psci, uint32_t vcpu, uint64_t entry,
                                          uint64_t x0)
{
    if (!psci_entry_is_good(psci, entry)) {
        return psci_return(PSCI_INVALID_ADDRESS);
    }
    if (sys_vcpu_enter(psci->gic->ids[vcpu], entry) != BH_OK) {
        return psci_return(PSCI_INTERNAL_FAILURE);
    }
    return (struct psci_result){ .action = PSCI_WAIT, .x0 = x0 };
}

static struct psci_result psci_cpu_suspend(const struct psci *psci, uint32_t vcpu, uint64_t state,
                                           uint64_t entry, uint64_t x0)
{
    if ((state & 0xffffffff & ~(uint64_t)PSCI_STATE_VALID) != 0) {
        return psci_return(PSCI_INVALID_PARAMETERS);
    }
    if ((state & PSCI_STATE_POWER_DOWN) != 0) {
        return psci_power_down(psci, vcpu, entry, x0);
    }
    return (struct psci_result){ .action = PSCI_WAIT, .x0 = PSCI_SUCCESS };
}

static struct psci_result psci_system_suspend(const struct psci *psci, uint32_t vcpu,
                                              uint64_t entry, uint64_t x0)
{
    if (!psci_others_are_off(psci, vcpu)) {
        return psci_return(PSCI_DENIED);
    }
    return psci_power_down(psci, vcpu, entry, x0);
}

static int64_t psci_features(uint32_t asked)
{
    /* Of CPU_SUSPEND: the original format of the power state, and no OS-initiated mode. */
    return psci_supports(asked) || asked == SMCCC_VERSION_FN ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

struct psci_result psci_call(struct psci *psci, uint32_t vcpu, uint32_t function,
                             const uint64_t arguments[3])
{
    uint64_t mask = (function & PSCI_64BIT) != 0 ? ~0UL : 0xffffffffUL;
    uint64_t first = arguments[0] & mask;
    uint64_t second = arguments[1] & mask;
    uint64_t third = arguments[2] & mask;

    if (!psci_supports(function)) {
        return psci_return(PSCI_NOT_SUPPORTED);
    }
    switch (function & ~PSCI_64BIT) {
    case PSCI_VERSION:
        return psci_return(PSCI_VERSION_1_1);
    case PSCI_CPU_SUSPEND:
        return psci_cpu_suspend(psci, vcpu, first, second, third);
    case PSCI_CPU_OFF:
        return psci_cpu_off(psci, vcpu);
    case PSCI_CPU_ON:
        return psci_return(psci_cpu_on(psci, first, second, third));
    case PSCI_AFFINITY_INFO:
        return psci_return(psci_affinity_info(psci, first, second));
    case PSCI_MIGRATE_INFO_TYPE:
        return psci_return(PSCI_NO_TRUSTED_OS);
    case PSCI_SYSTEM_OFF_FN:
        return (struct psci_result){ .action = PSCI_SYSTEM_OFF };
    case PSCI_SYSTEM_RESET_FN:
        return (struct psci_result){ .action = PSCI_SYSTEM_RESET };
    case PSCI_FEATURES:
        return psci_return(psci_features((uint32_t)first));
    case PSCI_SYSTEM_SUSPEND:
        return psci_system_suspend(psci, vcpu, first, second);
    default:
        /* SYSTEM_RESET2. Type 0 is a warm reset; vendors' own start at bit 31. */
        return (uint32_t)first == 0 ? (struct psci_result){ .action = PSCI_WARM_RESET }
                                    : psci_return(PSCI_INVALID_PARAMETERS);
    }
}
