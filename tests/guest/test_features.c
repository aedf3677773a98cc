/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU that a guest sees: identification registers do not show what nobody keeps apart for
 * guests, and what is not shown cannot be used. On a CPU that has none of it this holds as well.
 */
#include "test.h"

#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_UNKNOWN 0x00U
#define CPACR_ZEN (3UL << 16)
#define CPACR_FPEN (3UL << 20)
#define CPACR_SMEN (3UL << 24)
#define SCTLR_ENIA (1UL << 31)

#define ID(name, reg, mask)              \
    {                                    \
        name, id_##reg, (uint64_t)(mask) \
    }
#define ID_READER(reg, encoding)              \
    static uint64_t id_##reg(void)            \
    {                                         \
        return READ_SYSREG("s3_0_" encoding); \
    }

ID_READER(pfr0, "c0_c4_0")
ID_READER(pfr1, "c0_c4_1")
ID_READER(zfr0, "c0_c4_4")
ID_READER(smfr0, "c0_c4_5")
ID_READER(dfr0, "c0_c5_0")
ID_READER(isar0, "c0_c6_0")
ID_READER(isar1, "c0_c6_1")
ID_READER(isar2, "c0_c6_2")
ID_READER(mmfr1, "c0_c7_1")
ID_READER(mmfr2, "c0_c7_2")

/* Fields that are zero. */
static const struct {
    const char *name;
    uint64_t (*read)(void);
    uint64_t mask;
} absent[] = {
    ID("EL2 and EL3", pfr0, 0xff00),
    ID("RAS", pfr0, 0xfUL << 28),
    ID("SVE", pfr0, 0xfUL << 32),
    ID("MPAM", pfr0, 0xfUL << 40),
    ID("activity monitors", pfr0, 0xfUL << 44),
    ID("MTE", pfr1, 0xfUL << 8),
    ID("SME", pfr1, 0xfUL << 24),
    ID("features of SVE", zfr0, ~0UL),
    ID("features of SME", smfr0, ~0UL),
    ID("trace", dfr0, 0xfUL << 4),
    ID("performance monitors", dfr0, 0xfUL << 8),
    ID("statistical profiling", dfr0, 0xfUL << 32),
    ID("self-hosted trace", dfr0, 0xfUL << 40),
    ID("transactions", isar0, 0xfUL << 24),
    ID("pointer authentication", isar1, 0xff000ff0UL),
    ID("pointer authentication, QARMA3", isar2, 0xff00UL),
    ID("VHE", mmfr1, 0xfUL << 8),
    ID("limited ordering regions", mmfr1, 0xfUL << 16),
    ID("nested virtualisation", mmfr2, 0xfUL << 24),
};

/* Reads a register, or executes an instruction, that ends in an exception of this guest. */
#define TRY(what, ...)                                                               \
    do {                                                                             \
        uint64_t syndrome_;                                                          \
        unsigned count_;                                                             \
                                                                                     \
        cpu_expect_faults();                                                         \
        __asm__ volatile(__VA_ARGS__ : : : "x0", "memory");                          \
        count_ = cpu_faults(&syndrome_);                                             \
        test_check(count_ == 1 && ESR_CLASS(syndrome_) == CLASS_UNKNOWN,             \
                   "features.undefined: " what, (uint64_t)count_ << 32 | syndrome_); \
    } while (0)

static void run(void)
{
    uint64_t access = READ_SYSREG("cpacr_el1");
    uint64_t control = READ_SYSREG("sctlr_el1");

    for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        uint64_t value = absent[i].read();

        test_print("features: %s\n", absent[i].name);
        test_check((value & absent[i].mask) == 0, "features.not shown", value);
    }
    /* The guest itself traps nothing: SVE, SME and keys of pointers would be in use. */
    WRITE_SYSREG("cpacr_el1", access | CPACR_ZEN | CPACR_FPEN | CPACR_SMEN);
    WRITE_SYSREG("sctlr_el1", control | SCTLR_ENIA);
    __asm__ volatile("isb");
    TRY("HCR_EL2", "mrs x0, hcr_el2");
    TRY("SVE's RDVL", ".inst 0x04bf5020");
    TRY("ZCR_EL1", "mrs x0, s3_0_c1_c2_0");
    TRY("SMCR_EL1", "mrs x0, s3_0_c1_c2_6");
    TRY("SVCR", "mrs x0, s3_3_c4_c2_2");
    TRY("PACIA", ".inst 0xdac10020");
    TRY("PACGA", ".inst 0x9ac23020");
    TRY("APIAKeyLo_EL1", "mrs x0, s3_0_c2_c1_0");
    TRY("GCR_EL1", "mrs x0, s3_0_c1_c0_6");
    TRY("TFSR_EL1", "mrs x0, s3_0_c5_c6_0");
    TRY("ERRSELR_EL1", "mrs x0, s3_0_c5_c3_1");
    TRY("PMCR_EL0", "mrs x0, pmcr_el0");
    TRY("PMSCR_EL1", "mrs x0, s3_0_c9_c9_0");
    TRY("TRFCR_EL1", "mrs x0, s3_0_c1_c2_1");
    TRY("AMCR_EL0", "mrs x0, s3_3_c13_c2_0");
    TRY("SCXTNUM_EL1", "mrs x0, s3_0_c13_c0_7");
    TRY("MPAM1_EL1", "mrs x0, s3_0_c10_c5_0");
    TRY("LORC_EL1", "mrs x0, s3_0_c10_c4_3");
    WRITE_SYSREG("sctlr_el1", control);
    WRITE_SYSREG("cpacr_el1", access);
    __asm__ volatile("isb");
}

const struct test_group features_tests = { .name = "features", .run = run, .named = true };
