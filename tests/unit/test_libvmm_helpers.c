/* SPDX-License-Identifier: BSD-2-Clause */
/* What libvmm offers beside a guest: loads and stores, registers, settings, queues. */
#include <libvmm/arch/aarch64/fault.h>
#include <libvmm/config.h>
#include <libvmm/util/queue.h>
#include <libvmm/util/util.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "libvmm_rig.h"

static void test_loads(void **state)
{
    static const struct {
        uint64_t fsr;
        uint64_t addr;
        uint64_t word;
        uint64_t result;
    } loads[] = {
        { ESR_LOAD(0, 1), 0, 0x8899aabb, 0xbb },
        { ESR_LOAD(0, 1), 3, 0x8899aabb, 0x88 },
        { ESR_LOAD(0, 1) | ESR_SIGNED, 1, 0x8899aabb, 0xffffffaa },
        { ESR_LOAD(0, 1) | ESR_SIGNED | ESR_64BIT, 1, 0x8899aabb, 0xffffffffffffffaa },
        { ESR_LOAD(0, 1) | ESR_SIGNED | ESR_64BIT, 1, 0x00007f00, 0x7f },
        { ESR_LOAD(1, 1), 2, 0x8899aabb, 0x8899 },
        { ESR_LOAD(1, 1) | ESR_SIGNED | ESR_64BIT, 2, 0x8899aabb, 0xffffffffffff8899 },
        { ESR_LOAD(2, 1), 0, 0xffffffff8899aabb, 0x8899aabb },
        { ESR_LOAD(2, 1) | ESR_SIGNED | ESR_64BIT, 4, 0x8899aabb, 0xffffffff8899aabb },
        { ESR_LOAD(3, 1) | ESR_64BIT, 8, 0x8899aabbccddeeff, 0x8899aabbccddeeff },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        seL4_UserContext context = { .x1 = 0x5555555555555555 };

        assert_true(fault_is_read(loads[i].fsr) && !fault_is_write(loads[i].fsr));
        fault_emulate_write(&context, loads[i].addr, loads[i].fsr, loads[i].word);
        assert_int_equal(context.x1, loads[i].result);
    }
}

static void test_stores(void **state)
{
    seL4_UserContext context = { .x2 = 0x1122334455667788 };

    (void)state;
    assert_true(fault_is_write(ESR_STORE(0, 2)) && !fault_is_read(ESR_STORE(0, 2)));
    assert_int_equal(fault_get_data(&context, ESR_STORE(0, 2)), 0x88);
    assert_int_equal(fault_get_data(&context, ESR_STORE(1, 2)), 0x7788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(2, 2)), 0x55667788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(3, 2)), 0x1122334455667788);
    assert_int_equal(fault_get_data(&context, ESR_STORE(2, 31)), 0);
    assert_int_equal(fault_get_data_mask(1, ESR_STORE(0, 2)), 0xff00);
    assert_int_equal(fault_get_data_mask(2, ESR_STORE(1, 2)), 0xffff0000);
    assert_int_equal(fault_get_data_mask(0, ESR_STORE(3, 2)), ~0UL);
    assert_int_equal(fault_get_width_bytes(ESR_STORE(3, 2)), 8);
    assert_int_equal(fault_emulate(&context, 0xaabbccdd, 1, ESR_STORE(0, 2), 0x11), 0xaabb11dd);
    assert_int_equal(fault_emulate(&context, 0xaabbccdd, 0, ESR_STORE(2, 2), 0x11), 0x11);
}

static void test_registers(void **state)
{
    seL4_UserContext context = { 0 };

    (void)state;
    for (size_t i = 0; i < 31; i++) {
        *decode_rt(i, &context) = i + 1;
    }
    assert_int_equal(context.x0, 1);
    assert_int_equal(context.x9, 10);
    assert_int_equal(context.x30, 31);
    assert_int_equal(context.spsr, 0);
    assert_int_equal(context.tpidr_el0, 0);
    *decode_rt(31, &context) = 5;
    assert_int_equal(*decode_rt(31, &context), 0);
    assert_int_equal(*decode_rt(32, &context), 0);
}

static void test_settings(void **state)
{
    static vmm_config_t config = {
        .magic = { 'v', 'm', 'm' },
        .num_irqs = 2,
        .irqs = { { 1, 33 }, { 4, 34 }, { 5, 35 } },
    };

    (void)state;
    assert_true(vmm_config_check_magic(&config));
    assert_int_equal(vmm_config_irq_from_id(&config, 4), 34);
    assert_int_equal(vmm_config_irq_from_id(&config, 5), -1);
    /* More than there is room for. */
    config.num_irqs = 255;
    assert_int_equal(vmm_config_irq_from_id(&config, 200), -1);
    config.magic[2] = 'x';
    assert_false(vmm_config_check_magic(&config));
}

static void test_helpers(void **state)
{
    int items[2];
    int item = 7;
    queue_t queue;

    (void)state;
    assert_true(ranges_overlap(0, 2, 1, 3) && !ranges_overlap(0, 1, 1, 2));
    assert_false(ranges_overlap(1, 1, 0, 2));
    assert_true(check_baseline_bits(5, 7) && !check_baseline_bits(5, 4));
    assert_int_equal(convert_ticks_by_frequency(3, 2, 4), 6);
    assert_int_equal(convert_ticks_by_frequency(1UL << 62, 1000000000, 1000000000), 1UL << 62);
    queue_init(&queue, sizeof(item), items, 2);
    assert_true(queue_empty(&queue) && queue_front(&queue) == NULL && !queue_dequeue(&queue));
    assert_true(queue_enqueue(&queue, &item));
    *(int *)queue_enqueue_raw(&queue) = 8;
    assert_true(queue_size(&queue) == 2 && !queue_enqueue(&queue, &item));
    assert_true(queue_dequeue_front(&queue, &item) && item == 7);
    item = 9;
    assert_true(queue_enqueue(&queue, &item) && items[0] == 9);
    assert_true(queue_dequeue_back(&queue) && *(int *)queue_front(&queue) == 8);
    queue_clear(&queue);
    assert_false(queue_dequeue_back(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),     cmocka_unit_test(test_stores),
        cmocka_unit_test(test_registers), cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
