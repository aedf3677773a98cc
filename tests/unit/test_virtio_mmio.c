/* SPDX-License-Identifier: BSD-2-Clause */
/* The register page of a device (4.2.2), and its doorbells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe_rig.h"

static void vio_mmio_01_magic_value(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, 0), 0x74726976);
}

static void vio_mmio_02_version(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, 4), 2);
    assert_int_equal(world_load(&world, 8), PROBE_ID);
}

static void vio_mmio_03_events_stay_until_acknowledged(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 1);
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 3);
    world_store(&world, VIRTIO_MMIO_INTERRUPT_ACK, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 2);
    world_store(&world, VIRTIO_MMIO_INTERRUPT_ACK, 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void vio_mmio_04_only_events_that_took_place(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_kick();
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_RUNNING);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    /* Undefined bits of an acknowledgement reach nobody. */
    world.page[VIRTIO_MMIO_INTERRUPT_STATUS / 4] = 0x80;
    world_store(&world, VIRTIO_MMIO_INTERRUPT_ACK, 0xfc);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0x80);
}

static void vio_mmio_05_reset_clears_interrupt_status(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    probe_rig_offer(0);
    assert_int_equal(probe_pop(&probe), VIRTIO_OK);
    probe_push(&probe, 1);
    vdev_signal(&probe.dev, 0);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void vio_mmio_09_no_queue_reset(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    world_store(&world, VIRTIO_MMIO_QUEUE_RESET, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_RESET), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_REGISTER), 1);
}

static void vio_mmio_10_features_by_selector(void **state)
{
    (void)state;
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 0x30000003);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 5);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 0);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void vio_mmio_13_no_shared_memory(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 3; id++) {
        world_store(&world, VIRTIO_MMIO_SHM_SEL, id);
        for (unsigned offset = VIRTIO_MMIO_SHM_LEN_LOW; offset <= VIRTIO_MMIO_SHM_BASE_HIGH;
             offset += 4) {
            assert_int_equal(world_load(&world, offset), UINT32_MAX);
        }
    }
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_REGISTER), 0);
}

static void vio_shm_01_no_region_shows_what_controls_a_device(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    world_store(&world, VIRTIO_MMIO_SHM_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

static void vio_mmio_14_control_registers_take_32_bits_only(void **state)
{
    uint32_t before[VMMIO_PAGE_BYTES / 4];
    static const unsigned widths[] = { 1, 2, 8 };

    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    memcpy(before, world.page, sizeof before);
    for (unsigned i = 0; i < 3; i++) {
        for (uint32_t offset = 0; offset < VIRTIO_MMIO_CONFIG; offset += widths[i]) {
            assert_int_equal(vmmio_store(&world.mmio, offset, widths[i], 0), VDEV_DONE);
        }
    }
    /* Nor what is between registers, or may only be read. */
    for (uint32_t offset = 1; offset < VIRTIO_MMIO_CONFIG; offset += 4) {
        vmmio_store(&world.mmio, offset, 4, 0);
    }
    for (uint32_t offset = 0; offset <= 0x10; offset += 4) {
        world_store(&world, offset, 0xffffffff);
    }
    world_store(&world, VIRTIO_MMIO_INTERRUPT_STATUS, 0xffffffff);
    world_store(&world, VIRTIO_MMIO_CONFIG_GENERATION, 0xffffffff);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM_MAX, 0xffffffff);
    world_store(&world, 0x018, 0xffffffff);
    world_store(&world, 0x0fc, 0xffffffff);
    assert_memory_equal(before, world.page, sizeof before);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_REGISTER), 256 + 128 + 32 + 64 + 5 + 5);
    assert_true(probe.dev.live);
}

static void doorbell_without_a_number_reaches_queues_that_have_something(void **state)
{
    (void)state;
    world_boot(&world, 0, 3, PROBE_RIG_ENTRIES);
    assert_false(vmmio_doorbell(&world.mmio));
    for (unsigned queue = 0; queue < 4; queue++) {
        assert_int_equal(probe.kicks[queue], 0);
    }
    probe_rig_offer(0);
    probe_rig_offer(2);
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(probe.kicks[1], 0);
    assert_int_equal(probe.kicks[2], 1);
    assert_int_equal(probe.kicks[3], 0);
    assert_int_equal(probe.dev.stats.kicks, 2);
    /* A device that suppresses kicks looks after the queue itself, until it asks for one. */
    virtq_suppress_kicks(&probe.queues[0]);
    probe_rig_offer(1);
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(probe.kicks[1], 1);
    assert_int_equal(probe.kicks[2], 2);
    assert_true(vdev_want_kick(&probe.dev, 0));
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 2);
}

static void a_glue_without_options(void **state)
{
    (void)state;
    world.ops.publish = NULL;
    world_attach(&world, &probe.dev);
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
    assert_true(world.published > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_mmio_01_magic_value),
        T(vio_mmio_02_version),
        T(vio_mmio_03_events_stay_until_acknowledged),
        T(vio_mmio_04_only_events_that_took_place),
        T(vio_mmio_05_reset_clears_interrupt_status),
        T(vio_mmio_09_no_queue_reset),
        T(vio_mmio_10_features_by_selector),
        T(vio_mmio_13_no_shared_memory),
        T(vio_shm_01_no_region_shows_what_controls_a_device),
        T(vio_mmio_14_control_registers_take_32_bits_only),
        T(doorbell_without_a_number_reaches_queues_that_have_something),
        T(a_glue_without_options),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
