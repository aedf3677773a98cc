/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads, writes and fetches outside this guest's RAM: at the edges of everything and at each power
 * of two ("edges"), or in every page below 4 GiB ("pages"). Whatever is there, nobody else notices
 * and the VMM goes on.
 */
#include "attack.h"
#include "platform.h"
#include "psci.h"
#include "random.h"
#include "test.h"

#define PAGE 4096UL
#define FIRST_POWER 12
#define LAST_POWER 38
#define END 0x100000000UL
/* The VM's RAM in the tests' descriptions; its own accesses there are no attack. */
#define RAM_BASE 0x40000000UL
#define RAM_END 0x42000000UL
#define SEED 55

static struct random numbers;
static uint64_t accesses, aborts;

/** Loads and stores of every width and kind; the address is in x0, values in x1 and x2. */
static const uint32_t kinds[] = {
    0x39400001, /* ldrb w1, [x0] */
    0x79400001, /* ldrh w1, [x0] */
    0xb9400001, /* ldr w1, [x0] */
    0xf9400001, /* ldr x1, [x0] */
    0x39000001, /* strb w1, [x0] */
    0x79000001, /* strh w1, [x0] */
    0xb9000001, /* str w1, [x0] */
    0xf9000001, /* str x1, [x0] */
    0x39800001, /* ldrsb x1, [x0] */
    0x79c00001, /* ldrsh w1, [x0] */
    0xb9800001, /* ldrsw x1, [x0] */
    0xb800441f, /* str wzr, [x0], #4 */
    0xf8408c1f, /* ldr xzr, [x0, #8]! */
    0xa9400801, /* ldp x1, x2, [x0] */
    0xa9000801, /* stp x1, x2, [x0] */
    0x885ffc01, /* ldaxr w1, [x0] */
    0x8802fc01, /* stlxr w2, w1, [x0] */
    0x88dffc01, /* ldar w1, [x0] */
    0x889ffc01, /* stlr w1, [x0] */
    0x3dc00000, /* ldr q0, [x0] */
    0x3d800000, /* str q0, [x0] */
    0x4c400000, /* ld4 {v0.16b-v3.16b}, [x0] */
    0xf9800000, /* prfm pldl1keep, [x0] */
    0xd50b7420, /* dc zva, x0 */
    0xd50b7e20, /* dc civac, x0 */
    0xd5087620, /* dc ivac, x0 */
    0xd50b7520, /* ic ivau, x0 */
    0xd5087800, /* at s1e1r, x0 */
};

static void attack_at(uint64_t address)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t x[ATTACK_REGISTERS];
        struct attack_result result;

        attack_registers(x, random_next(&numbers));
        x[0] = address;
        x[1] = random_next(&numbers);
        attack_run(kinds[i], x, &result);
        accesses++;
        aborts += attack_went_on(&result) ? 0 : 1;
    }
}

/** A page's first and last words, and what runs over its end. */
static void attack_page(uint64_t page)
{
    static const uint16_t offsets[] = { 0, 4, 8, 0xff8, 0xffc, 0xffd };
    struct attack_result result;

    if (page >= RAM_BASE && page < RAM_END) {
        return;
    }
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        attack_at(page + offsets[i]);
    }
    attack_jump(page, &result);
    attack_jump(page + PAGE - 4, &result);
    test_progress();
}

static void attack_edges(uint64_t base, uint64_t bytes)
{
    attack_page(base - PAGE);
    attack_page(base);
    attack_page(base + bytes - PAGE);
    attack_page(base + bytes);
}

static void finish(const char *name)
{
    int64_t version = psci_call(PSCI_VERSION, 0, 0, 0);

    test_print("guest: %lu accesses, %lu aborts\n", accesses, aborts);
    test_check(aborts > 0 && aborts < accesses, name, aborts);
    test_check(version == PSCI_VERSION_1_1, "pages.the VMM answers", (uint64_t)version);
}

static void run_edges(void)
{
    cpu_mask_irqs();
    numbers = random_start(SEED);
    for (unsigned power = FIRST_POWER; power <= LAST_POWER; power++) {
        attack_page((1UL << power) - PAGE);
        attack_page(1UL << power);
    }
    attack_edges(RAM_BASE, RAM_END - RAM_BASE);
    attack_edges(platform.distributor, 0x10000);
    if (platform.gic_version == 3) {
        attack_edges(platform.redistributors, platform.redistributors_bytes);
    } else {
        attack_edges(platform.cpu_interface, 0x2000);
    }
    attack_page(0);
    attack_page(-PAGE);
    finish("pages.accesses at every edge");
}

static void run_all(void)
{
    cpu_mask_irqs();
    numbers = random_start(SEED);
    for (uint64_t page = 0; page < END; page += PAGE) {
        uintptr_t address = page + (random_next(&numbers) & (PAGE - 4));

        if ((page >= RAM_BASE && page < RAM_END) || page == platform.share) {
            continue;
        }
        cpu_expect_faults();
        mmio_write32(address, (uint32_t)random_next(&numbers));
        (void)mmio_read32(address);
        aborts += cpu_faults(0);
        accesses += 2;
        if (page % (1024 * PAGE) == 0) {
            test_progress();
        }
    }
    finish("pages.accesses to every page");
}

const struct test_group edges_tests = { .name = "edges", .run = run_edges, .named = true };
const struct test_group pages_tests = { .name = "pages", .run = run_all, .named = true };
