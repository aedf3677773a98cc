/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads of an emulated device, and instructions that must end in an exception of this guest. */
#include "platform.h"
#include "test.h"

#define UART_FR 0x18
#define GICD_TYPER 0x04
#define ROUNDS 64
#define READS 16
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_UNKNOWN 0x00U
#define CLASS_BRK 0x3cU
#define CLASS_DATA_ABORT 0x25U
#define ESR_FAULT(esr) (0x3f & (esr))
#define FAULT_EXTERNAL 0x10U

/** What a read of a register at `address` takes. */
static void measure(const char *name, uintptr_t address)
{
    struct test_times empty = { 0 };
    struct test_times reads = { 0 };

    cpu_mask_irqs();
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t start = cpu_counter();

        for (unsigned read = 0; read < READS; read++) {
            (void)mmio_read32(address);
        }
        test_time(&reads, cpu_counter() - start);
        start = cpu_counter();
        test_time(&empty, cpu_counter() - start);
    }
    cpu_unmask_irqs();
    test_count(name, &reads, empty.sum / empty.count, READS);
}

/** Done, as natively, or the external abort that a hypervisor answers with that cannot see what. */
static void check_access(const char *name)
{
    uint64_t syndrome;
    unsigned count = cpu_faults(&syndrome);

    test_check(count == 0 || (count == 1 && ESR_CLASS(syndrome) == CLASS_DATA_ABORT &&
                              ESR_FAULT(syndrome) == FAULT_EXTERNAL),
               name, syndrome);
}

/** Loads and stores whose syndrome does not say what they do. */
static void without_syndrome(void)
{
    uintptr_t type = platform.distributor + GICD_TYPER;
    uint64_t value;

    cpu_expect_faults();
    __asm__ volatile("ldp %w0, wzr, [%1]" : "=&r"(value) : "r"(type & ~7UL) : "memory");
    check_access("trap.load of a pair");
    cpu_expect_faults();
    __asm__ volatile("ldr %w0, [%1], #4" : "=&r"(value), "+r"(type) : : "memory");
    check_access("trap.load that changes its base");
    type = platform.distributor + GICD_TYPER;
    cpu_expect_faults();
    __asm__ volatile("str wzr, [%0], #4" : "+r"(type) : : "memory");
    check_access("trap.store that changes its base");
}

static void run(void)
{
    uint64_t syndrome;
    unsigned count;

    cpu_expect_faults();
    __asm__ volatile(".inst 0x00000000" : : : "memory");
    count = cpu_faults(&syndrome);
    test_check(count == 1 && ESR_CLASS(syndrome) == CLASS_UNKNOWN, "trap.undefined instruction",
               syndrome);

    cpu_expect_faults();
    __asm__ volatile("brk #7" : : : "memory");
    count = cpu_faults(&syndrome);
    test_check(count == 1 && ESR_CLASS(syndrome) == CLASS_BRK && (syndrome & 0xffff) == 7,
               "trap.breakpoint instruction", syndrome);

    cpu_expect_faults();
    (void)READ_SYSREG("vbar_el2");
    count = cpu_faults(&syndrome);
    test_check(count == 1 && ESR_CLASS(syndrome) == CLASS_UNKNOWN, "trap.register of EL2",
               syndrome);
    without_syndrome();
    measure("trap.read of the UART's flags", platform.uart + UART_FR);
    measure("trap.read of the distributor's type", platform.distributor + GICD_TYPER);
}

const struct test_group trap_tests = { .name = "trap", .run = run };
