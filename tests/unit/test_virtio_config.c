/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration space (2.5) and its generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe_rig.h"

static void vio_cfg_01_configuration_is_readable_before_features_ok(void **state)
{
    struct probe other;
    uint32_t word = 0xcafef00d;

    (void)state;
    assert_int_equal(probe_init(&other, &world, PROBE_F_BASE, 0), VIRTIO_OK);
    assert_int_equal(vdev_set_config(&other.dev, 12, &word, 4), VIRTIO_OK);
    world_attach(&world, &other.dev);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), 0xcafef00d);
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), 0xcafef00d);
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 12), 0xcafef00d);
}

static void config_stores_of_any_width(void **state)
{
    (void)state;
    assert_int_equal(vmmio_store(&world.mmio, 0x100, 1, 0xffffffffffffffab), VDEV_DONE);
    assert_int_equal(probe.config_value, 0xab);
    vmmio_store(&world.mmio, 0x10e, 2, 0xffffabcd);
    assert_int_equal(probe.config_offset, 14);
    assert_int_equal(probe.config_width, 2);
    assert_int_equal(probe.config_value, 0xabcd);
    vmmio_store(&world.mmio, 0x10c, 4, 0xdeadbeef);
    assert_int_equal(probe.config_value, 0xdeadbeef);
    assert_int_equal(probe.config_writes, 3);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_REGISTER), 0);
}

static void hostile_config_stores(void **state)
{
    static const struct {
        uint32_t offset;
        unsigned width;
    } wrong[] = {
        { 0x101, 2 }, { 0x102, 4 },  { 0x10f, 2 },      { 0x10e, 4 },
        { 0x110, 1 }, { 0x10c, 8 },  { 0x108, 8 },      { 0x1ff, 1 },
        { 0x200, 4 }, { 0xffc, 4 },  { 0xfffffffc, 4 }, { 0x100, 0 },
        { 0x100, 3 }, { 0x104, 16 }, { UINT32_MAX, 4 }, { 0x80000100, 4 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(vmmio_store(&world.mmio, wrong[i].offset, wrong[i].width, UINT64_MAX),
                         VDEV_DONE);
        assert_int_equal(probe_rig_errors(VIRTIO_ERR_REGISTER), i + 1);
    }
    assert_int_equal(probe.config_writes, 0);
}

static void vio_mmio_07_generation_changes_with_the_configuration(void **state)
{
    uint16_t two[2] = { 0x1122, 0x3344 };
    uint32_t generation = world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION);

    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(vdev_set_config(&probe.dev, 0, two, 4), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 0x33441122);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION), generation + 1);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world.generation_at_raise, generation + 1);
    assert_int_equal(world.pauses, 0);
    /* A part of a word leaves the rest of it. */
    assert_int_equal(vdev_set_config(&probe.dev, 2, two, 2), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 0x11221122);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION), generation + 2);
    /* Before DRIVER_OK nobody is interrupted. */
    world_reset(&world);
    assert_int_equal(vdev_set_config(&probe.dev, 0, two, 4), VIRTIO_OK);
    assert_int_equal(world.raised_config, 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION), generation + 3);
}

static void vio_mmio_07_wide_changes_stop_the_guest(void **state)
{
    static const unsigned char bytes[] = "0123456789ab";

    (void)state;
    world_boot(&world, 0, 1, PROBE_RIG_ENTRIES);
    assert_int_equal(vdev_set_config(&probe.dev, 3, bytes, 12), VIRTIO_OK);
    assert_int_equal(world.pauses, 1);
    assert_int_equal(world.resumes, 1);
    assert_memory_equal((unsigned char *)world.page + VIRTIO_MMIO_CONFIG + 3, bytes, 12);
    assert_int_equal(vdev_set_config(&probe.dev, 3, bytes, 2), VIRTIO_OK);
    assert_int_equal(world.pauses, 2);
    world.ops.pause = NULL;
    assert_int_equal(vdev_set_config(&probe.dev, 0, bytes + 4, 8), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) & 0xff, '1');
    assert_int_equal(vdev_set_config(&probe.dev, 14, bytes, 3), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vdev_set_config(&probe.dev, 16, bytes, 1), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vdev_set_config(&probe.dev, 0, bytes, 0), VIRTIO_ERR_ARGUMENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_cfg_01_configuration_is_readable_before_features_ok),
        T(config_stores_of_any_width),
        T(hostile_config_stores),
        T(vio_mmio_07_generation_changes_with_the_configuration),
        T(vio_mmio_07_wide_changes_stop_the_guest),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
