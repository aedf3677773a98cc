/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller that a guest sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gicd.h"
#include "gicr.h"
#include "vmm_fake.h"

static struct gic gic;

static void start(uint32_t version, uint32_t vcpus)
{
    const uint8_t ids[] = { VMM_FAKE_ID(0), VMM_FAKE_ID(1), VMM_FAKE_ID(2), VMM_FAKE_ID(3) };

    vmm_fake_reset(vcpus, version);
    gic_init(&gic, version, vcpus, ids);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void store(access_handler handler, uint32_t vcpu, uint64_t offset, uint32_t bytes,
                  uint64_t value)
{
    struct access access = { vcpu, bytes, true, offset, value, false };

    assert_int_equal(handler(&gic, &access), ACCESS_DONE);
    assert_int_equal(vmm_fake.wrong, 0);
}

static uint64_t load(access_handler handler, uint32_t vcpu, uint64_t offset, uint32_t bytes)
{
    struct access access = { vcpu, bytes, false, offset, 0, false };

    assert_int_equal(handler(&gic, &access), ACCESS_DONE);
    assert_int_equal(vmm_fake.wrong, 0);
    /* Bits beyond the width mean nothing. */
    return bytes == 8 ? access.value : access.value & ((1UL << bytes * 8) - 1);
}

static void identification(void **state)
{
    (void)state;
    start(2, 4);
    assert_int_equal(load(gicd_access, 0, 0x004, 4), 7 | 3 << 5);
    assert_int_equal(load(gicd_access, 0, 0xfe8, 4), 0x20);
    start(3, 2);
    assert_int_equal(load(gicd_access, 0, 0x004, 4) & 0x1f, 7);
    assert_int_equal(load(gicd_access, 0, 0xffe8, 4), 0x30);
    assert_int_equal(load(gicd_access, 0, 0x000, 4), 0x50);
    assert_int_equal(load(gicr_access, 0, 0x00008, 8), 0);
    assert_int_equal(load(gicr_access, 0, 0x20008, 8), 1UL << 32 | 1 << 8 | 1 << 4);
}

static void enable_needs_the_distributor(void **state)
{
    (void)state;
    start(2, 1);
    store(gicd_access, 0, 0x104, 4, 1u << 1);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 0);
    assert_int_equal(load(gicd_access, 0, 0x104, 4), 2);
    store(gicd_access, 0, 0x000, 4, 1);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 2);
    store(gicd_access, 0, 0x184, 4, ~0u);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 0);
    assert_int_equal(load(gicd_access, 0, 0x184, 4), 0);
}

static void groups_are_enabled_apart(void **state)
{
    (void)state;
    start(3, 1);
    store(gicd_access, 0, 0x084, 4, 1);
    store(gicd_access, 0, 0x104, 4, 3);
    store(gicd_access, 0, 0x000, 4, 2);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_GROUP][1], 1);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 1);
    store(gicd_access, 0, 0x000, 4, 3);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 3);
    /* A GICv2 guest cannot see groups. */
    start(2, 1);
    store(gicd_access, 0, 0x084, 4, ~0u);
    assert_int_equal(load(gicd_access, 0, 0x084, 4), 0);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_GROUP][1], 0);
}

static void pending_and_active(void **state)
{
    (void)state;
    start(2, 1);
    store(gicd_access, 0, 0x208, 4, 0x30);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_PENDING][2], 0x30);
    store(gicd_access, 0, 0x288, 4, 0x10);
    assert_int_equal(load(gicd_access, 0, 0x208, 4), 0x20);
    store(gicd_access, 0, 0x308, 4, 0x3);
    store(gicd_access, 0, 0x388, 4, 0x1);
    assert_int_equal(load(gicd_access, 0, 0x388, 4), 0x2);
    assert_true(gic_raise(&gic, 0, 64));
    assert_int_equal(load(gicd_access, 0, 0x208, 4), 0x21);
    assert_false(gic_raise(&gic, 1, 64));
    assert_false(gic_raise(&gic, 0, BH_VIRQ_COUNT));
}

static void priorities_by_byte(void **state)
{
    (void)state;
    start(2, 2);
    store(gicd_access, 0, 0x420, 4, 0xa0b0c0d0);
    store(gicd_access, 0, 0x421, 1, 0x11);
    assert_int_equal(load(gicd_access, 0, 0x420, 4), 0xa0b011d0);
    assert_int_equal(load(gicd_access, 0, 0x422, 2), 0xa0b0);
    /* Those of the private interrupts are each vCPU's own. */
    store(gicd_access, 1, 0x41b, 1, 0x77);
    assert_int_equal(vmm_fake.own_priority[1][27], 0x77);
    assert_int_equal(vmm_fake.own_priority[0][27], 0);
}

static void targets_have_effect(void **state)
{
    (void)state;
    start(2, 4);
    assert_int_equal(load(gicd_access, 2, 0x800, 4), 0x04040404);
    store(gicd_access, 0, 0x821, 1, 0x0c);
    assert_int_equal(vmm_fake.target[33], 2);
    assert_int_equal(load(gicd_access, 0, 0x821, 1), 0x0c);
    /* CPUs that do not exist cannot be targets, and without one nothing is forwarded. */
    store(gicd_access, 0, 0x000, 4, 1);
    store(gicd_access, 0, 0x104, 4, 2);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 2);
    store(gicd_access, 0, 0x821, 1, 0xf0);
    assert_int_equal(load(gicd_access, 0, 0x821, 1), 0);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 0);
}

static void routing_has_effect(void **state)
{
    (void)state;
    start(3, 4);
    store(gicd_access, 0, 0x6000 + 8 * 40, 8, 3);
    assert_int_equal(vmm_fake.target[40], 3);
    assert_int_equal(load(gicd_access, 0, 0x6000 + 8 * 40, 8), 3);
    store(gicd_access, 0, 0x6000 + 8 * 40, 4, 1);
    assert_int_equal(vmm_fake.target[40], 1);
    /* An affinity that nobody has. */
    store(gicd_access, 0, 0x000, 4, 1);
    store(gicd_access, 0, 0x104, 4, 1u << 8);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 1u << 8);
    store(gicd_access, 0, 0x6000 + 8 * 40, 8, 0x100);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][1], 0);
}

static void configuration(void **state)
{
    (void)state;
    start(2, 1);
    assert_int_equal(load(gicd_access, 0, 0xc00, 4), 0xaaaaaaaa);
    store(gicd_access, 0, 0xc0c, 4, 0x8);
    assert_int_equal(vmm_fake.shared[BH_VIRQ_EDGE][1], 1u << 17);
    assert_int_equal(load(gicd_access, 0, 0xc0c, 4), 0x8);
    store(gicd_access, 0, 0xc00, 4, 0);
    assert_int_equal(load(gicd_access, 0, 0xc00, 4), 0xaaaaaaaa);
}

static void private_ones_are_in_the_redistributor(void **state)
{
    (void)state;
    start(3, 2);
    store(gicd_access, 0, 0x000, 4, 3);
    store(gicr_access, 0, 0x20000 + 0x10100, 4, 1u << 27);
    assert_int_equal(vmm_fake.own[BH_VIRQ_ENABLED][1], 0xffff | 1u << 27);
    assert_int_equal(vmm_fake.own[BH_VIRQ_ENABLED][0], 0xffff);
    store(gicd_access, 0, 0x100, 4, 1u << 27);
    assert_int_equal(vmm_fake.own[BH_VIRQ_ENABLED][0], 0xffff);
    /* WAKER: asleep after reset, awake when the guest says so. */
    assert_int_equal(load(gicr_access, 0, 0x20014, 4), 6);
    store(gicr_access, 0, 0x20014, 4, 0);
    assert_int_equal(load(gicr_access, 0, 0x20014, 4), 0);
    assert_int_equal(load(gicr_access, 0, 0x00014, 4), 6);
}

static void nothing_beyond_the_last_redistributor(void **state)
{
    struct access access = { 0, 4, false, 2UL * GIC_REDISTRIBUTOR_BYTES, 0, false };

    (void)state;
    start(3, 2);
    assert_int_equal(gicr_access(&gic, &access), ACCESS_ABORT);
}

static void sgis_by_the_pending_registers(void **state)
{
    (void)state;
    start(2, 2);
    store(gicd_access, 1, 0xf24, 4, 0x00010000);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1], 1u << 6);
    assert_int_equal(load(gicd_access, 1, 0xf14, 4), 0x00020000);
    store(gicd_access, 1, 0xf16, 1, 0xff);
    assert_int_equal(vmm_fake.own[BH_VIRQ_PENDING][1], 0);
}

/* Every offset, width and direction is answered; a reset then gives the reset state. */
static void any_access_is_answered(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        struct gic fresh;

        start(version, 4);
        fresh = gic;
        for (uint32_t offset = 0; offset < GIC_DISTRIBUTOR_BYTES; offset++) {
            for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
                store(gicd_access, offset % 4, offset, bytes, 0x5a5a5a5aa5a5a5a5UL);
                (void)load(gicd_access, offset % 4, offset, bytes);
            }
        }
        assert_true(gic.ignored > 0);
        gic_reset(&gic);
        fresh.ignored = gic.ignored;
        assert_memory_equal(&gic, &fresh, sizeof(gic));
        for (uint32_t number = 1; number < GIC_BANKS; number++) {
            assert_int_equal(vmm_fake.shared[BH_VIRQ_PENDING][number], 0);
            assert_int_equal(vmm_fake.shared[BH_VIRQ_ENABLED][number], 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identification),
        cmocka_unit_test(enable_needs_the_distributor),
        cmocka_unit_test(groups_are_enabled_apart),
        cmocka_unit_test(pending_and_active),
        cmocka_unit_test(priorities_by_byte),
        cmocka_unit_test(targets_have_effect),
        cmocka_unit_test(routing_has_effect),
        cmocka_unit_test(configuration),
        cmocka_unit_test(private_ones_are_in_the_redistributor),
        cmocka_unit_test(nothing_beyond_the_last_redistributor),
        cmocka_unit_test(sgis_by_the_pending_registers),
        cmocka_unit_test(any_access_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
