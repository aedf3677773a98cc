/* SPDX-License-Identifier: BSD-2-Clause */
/* Which features are offered, and which sets of them are accepted (2.2, 6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "probe_rig.h"

static void vio_feat_01_no_feature_is_offered_without_what_it_needs(void **state)
{
    struct probe other;

    (void)state;
    assert_int_equal(probe_init(&other, &world, PROBE_F_DEPENDENT, 0), VIRTIO_ERR_FEATURES);
    assert_int_equal(probe_init(&other, &world, PROBE_F_BASE, 0), VIRTIO_OK);
    assert_int_equal(probe_init(&other, &world, PROBE_F_BASE | PROBE_F_DEPENDENT, 0), VIRTIO_OK);
}

static void vio_feat_02_features_ok_is_refused_for_an_invalid_set(void **state)
{
    (void)state;
    /* Not offered, without what it needs, above bit 63, and without VERSION_1. */
    assert_false(world_negotiate(&world, VIRTIO_FEATURE(5)));
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_ACKNOWLEDGED);
    world_reset(&world);
    assert_false(world_negotiate(&world, PROBE_F_DEPENDENT));
    for (unsigned word = 2; word < 5; word++) {
        world_reset(&world);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 4);
        assert_false(world_negotiate(&world, 0));
    }
    world_reset(&world);
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_ACKNOWLEDGED);
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_RIG_NEGOTIATED);
    assert_int_equal(virtio_rig_status(), VIRTIO_RIG_ACKNOWLEDGED);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_FEATURES), 6);
    /* Nothing can be set up with features that were refused. */
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
}

static void vio_feat_02_a_required_feature_must_be_accepted(void **state)
{
    struct probe other;

    (void)state;
    assert_int_equal(probe_init(&other, &world, VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_ACCESS_PLATFORM),
                     VIRTIO_OK);
    world_attach(&world, &other.dev);
    assert_false(world_negotiate(&world, 0));
    world_reset(&world);
    assert_true(world_negotiate(&world, VIRTIO_F_ACCESS_PLATFORM));
    assert_int_equal(probe_init(&other, &world, 0, VIRTIO_F_ACCESS_PLATFORM), VIRTIO_ERR_FEATURES);
}

static void vio_feat_03_any_valid_subset_is_accepted(void **state)
{
    static const uint64_t all[] = { VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
                                    VIRTIO_F_RING_PACKED, PROBE_F_BASE, PROBE_F_DEPENDENT };

    (void)state;
    for (unsigned set = 0; set < 32; set++) {
        uint64_t features = 0;

        for (unsigned i = 0; i < 5; i++) {
            features |= (set >> i & 1) != 0 ? all[i] : 0;
        }
        world_reset(&world);
        assert_int_equal(world_negotiate(&world, features), (set & 24) != 16);
        assert_int_equal(probe.dev.accepted, (set & 24) != 16 ? features | VIRTIO_F_VERSION_1 : 0);
    }
}

static void vio_feat_04_the_same_set_is_accepted_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        world_reset(&world);
        assert_true(world_negotiate(&world, VIRTIO_F_EVENT_IDX | PROBE_F_BASE));
        world_queue(&world, 0, PROBE_RIG_ENTRIES, VIRTIO_F_EVENT_IDX);
        world_driver_ok(&world);
        assert_int_equal(virtio_rig_status(), VIRTIO_RIG_RUNNING);
        if (i % 2 != 0) {
            vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
        }
    }
}

static void vio_feat_05_only_known_features_are_offered(void **state)
{
    struct probe other;

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t known = PROBE_F_BASE | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
                         VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_RING_PACKED;
        bool good = (known >> bit & 1) != 0;

        assert_int_equal(probe_init(&other, &world, VIRTIO_FEATURE(bit), 0),
                         good ? VIRTIO_OK : VIRTIO_ERR_FEATURES);
    }
}

static void vio_feat_06_version_1_is_offered(void **state)
{
    (void)state;
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES) & 1, 1);
}

static void vio_feat_07_access_platform_can_be_offered(void **state)
{
    struct probe other;

    (void)state;
    assert_int_equal(probe_init(&other, &world, VIRTIO_F_ACCESS_PLATFORM, 0), VIRTIO_OK);
    world_attach(&world, &other.dev);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 3);
    assert_true(world_negotiate(&world, VIRTIO_F_ACCESS_PLATFORM));
}

/* A feature that no device of the core can offer, and that no driver gets. */
static void expect_never_offered(unsigned bit)
{
    struct probe other;

    assert_int_equal(probe_init(&other, &world, VIRTIO_FEATURE(bit), 0), VIRTIO_ERR_FEATURES);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, bit / 32);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES) >> bit % 32 & 1, 0);
    assert_false(world_negotiate(&world, VIRTIO_FEATURE(bit)));
}

static void vio_feat_08_in_order_is_not_offered(void **state)
{
    (void)state;
    expect_never_offered(35);
}

static void vio_feat_09_sr_iov_is_not_offered(void **state)
{
    (void)state;
    expect_never_offered(37);
}

static void vio_vqreset_01_ring_reset_is_not_offered(void **state)
{
    (void)state;
    expect_never_offered(40);
}

static void features_are_fixed_by_features_ok(void **state)
{
    (void)state;
    assert_true(world_negotiate(&world, 0));
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 0x30000000);
    assert_int_equal(probe_rig_errors(VIRTIO_ERR_STATE), 1);
    world_queue(&world, 0, PROBE_RIG_ENTRIES, 0);
    world_driver_ok(&world);
    assert_false(vdev_has(&probe.dev, VIRTIO_F_EVENT_IDX));
    assert_false(probe.queues[0].event_idx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, probe_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_feat_01_no_feature_is_offered_without_what_it_needs),
        T(vio_feat_02_features_ok_is_refused_for_an_invalid_set),
        T(vio_feat_02_a_required_feature_must_be_accepted),
        T(vio_feat_03_any_valid_subset_is_accepted),
        T(vio_feat_04_the_same_set_is_accepted_again),
        T(vio_feat_05_only_known_features_are_offered),
        T(vio_feat_06_version_1_is_offered),
        T(vio_feat_07_access_platform_can_be_offered),
        T(vio_feat_08_in_order_is_not_offered),
        T(vio_feat_09_sr_iov_is_not_offered),
        T(vio_vqreset_01_ring_reset_is_not_offered),
        T(features_are_fixed_by_features_ok),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
