/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform.h"
#include "psci.h"
#include "test.h"

#define ROUNDS 64
#define CALLS 16
/* A function number of the range of PSCI that no version gives a meaning. */
#define NO_FUNCTION 0x8400001fUL
/* No machine has a CPU there. */
#define NO_CPU 0xffff00UL

static void run(void)
{
    struct test_times empty = { 0 };
    struct test_times version = { 0 };
    uint64_t self = platform.mpidr[0];
    int64_t result = psci_call(PSCI_VERSION, 0, 0, 0);

    test_check(result >= 0x10000 && result < 0x20000, "psci.version", (uint64_t)result);
    result = (int32_t)psci_call(PSCI_FEATURES, PSCI_CPU_ON, 0, 0);
    test_check(result == PSCI_SUCCESS, "psci.features of CPU_ON", (uint64_t)result);
    result = (int32_t)psci_call(PSCI_FEATURES, NO_FUNCTION, 0, 0);
    test_check(result == PSCI_NOT_SUPPORTED, "psci.features of nothing", (uint64_t)result);
    result = (int32_t)psci_call(NO_FUNCTION, 0, 0, 0);
    test_check(result == PSCI_NOT_SUPPORTED, "psci.unknown function", (uint64_t)result);
    result = psci_call(PSCI_AFFINITY_INFO, self, 0, 0);
    test_check(result == PSCI_ON, "psci.affinity_info of itself", (uint64_t)result);
    result = psci_call(PSCI_AFFINITY_INFO, NO_CPU, 0, 0);
    test_check(result == PSCI_INVALID_PARAMETERS, "psci.affinity_info of no CPU", (uint64_t)result);
    result = psci_call(PSCI_CPU_ON, self, (uintptr_t)secondary_start, 0);
    test_check(result == PSCI_ALREADY_ON, "psci.cpu_on of itself", (uint64_t)result);
    result = psci_call(PSCI_CPU_ON, NO_CPU, (uintptr_t)secondary_start, 0);
    test_check(result == PSCI_INVALID_PARAMETERS, "psci.cpu_on of no CPU", (uint64_t)result);

    cpu_mask_irqs();
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start = cpu_counter();

        for (unsigned call = 0; call < CALLS; call++) {
            psci_call(PSCI_VERSION, 0, 0, 0);
        }
        test_time(&version, cpu_counter() - start);
        start = cpu_counter();
        test_time(&empty, cpu_counter() - start);
    }
    cpu_unmask_irqs();
    test_count("psci.version", &version, empty.sum / empty.count, CALLS);
}

const struct test_group psci_tests = { .name = "psci", .run = run };
