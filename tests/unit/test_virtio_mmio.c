/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtio_probe.h"

#define ENTRIES 16U
#define DRIVER_STATUS (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER)
#define NEGOTIATED (DRIVER_STATUS | VIRTIO_STATUS_FEATURES_OK)
#define RUNNING (NEGOTIATED | VIRTIO_STATUS_DRIVER_OK)

static struct world world;
static struct probe probe;

static int setup(void **state)
{
    (void)state;
    probe_setup(&probe, &world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static uint32_t status(void)
{
    return world_load(&world, VIRTIO_MMIO_STATUS);
}

static uint64_t errors(enum virtio_error error)
{
    return probe.dev.stats.errors[error];
}

/* One writable buffer in queue 0. */
static void offer_in(unsigned queue)
{
    const struct driver_element element = { WORLD_DATA_AT, 64, true };

    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, 1));
    driver_ring_publish(&world.rings[queue]);
}

static void offer(void)
{
    offer_in(0);
}

static void kick(void)
{
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static enum virtio_error pop(void)
{
    return vdev_pop(&probe.dev, 0, &probe.chain);
}

/* Device status (2.1.2). */

static void vio_status_01_no_buffer_before_driver_ok(void **state)
{
    (void)state;
    world_negotiate(&world, 0);
    world_queue(&world, 0, ENTRIES, 0);
    offer();
    kick();
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(pop(), VIRTIO_EMPTY);
    assert_int_equal(errors(VIRTIO_ERR_STATE), 2);
    world_driver_ok(&world);
    assert_int_equal(probe.starts, 1);
    kick();
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(pop(), VIRTIO_OK);
}

static void vio_status_02_no_notification_before_driver_ok(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    assert_int_equal(pop(), VIRTIO_OK);
    vdev_push(&probe.dev, 0, &probe.chain, 0);
    /* The driver starts anew before the batch was signalled. */
    world_reset(&world);
    world_negotiate(&world, 0);
    world_queue(&world, 0, ENTRIES, 0);
    probe.queues[0].unsignalled = 1;
    vdev_signal(&probe.dev, 0);
    assert_int_equal(world.raised_used, 0);
}

static void vio_status_03_needs_reset_after_a_fatal_error(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(status(), RUNNING | VIRTIO_STATUS_NEEDS_RESET);
    /* It says so once, and does nothing more until the reset. */
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(errors(VIRTIO_ERR_HEAD), 1);
    assert_int_equal(world.reports, 1);
    offer();
    kick();
    assert_int_equal(probe.kicks[0], 0);
    world_boot(&world, 0, 1, ENTRIES);
    assert_int_equal(status(), RUNNING);
    kick();
    assert_int_equal(probe.kicks[0], 1);
}

static void vio_status_04_needs_reset_is_announced(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
    /* A driver that looks sees the status. */
    assert_int_equal(world.status_at_raise & VIRTIO_STATUS_NEEDS_RESET, VIRTIO_STATUS_NEEDS_RESET);
}

static void vio_status_04_a_failure_before_driver_ok_is_announced_with_it(void **state)
{
    (void)state;
    world_negotiate(&world, 0);
    vdev_fail(&probe.dev, VDEV_MAX_QUEUES, VIRTIO_ERR_SETUP);
    assert_int_equal(world.raised_config, 0);
    assert_int_equal(status(), NEGOTIATED | VIRTIO_STATUS_NEEDS_RESET);
    world_driver_ok(&world);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(probe.starts, 0);
    assert_false(probe.dev.live);
}

static void status_steps_in_order_only(void **state)
{
    static const uint32_t wrong[][2] = {
        { 0, VIRTIO_STATUS_DRIVER },
        { 0, VIRTIO_STATUS_FEATURES_OK },
        { VIRTIO_STATUS_ACKNOWLEDGE, NEGOTIATED & ~VIRTIO_STATUS_DRIVER },
        { 0, VIRTIO_STATUS_DRIVER_OK },
        { DRIVER_STATUS, DRIVER_STATUS | VIRTIO_STATUS_DRIVER_OK },
        { DRIVER_STATUS, RUNNING },
        { DRIVER_STATUS, VIRTIO_STATUS_ACKNOWLEDGE },
        { DRIVER_STATUS, DRIVER_STATUS | 16 },
        { DRIVER_STATUS, DRIVER_STATUS | 256 },
        { NEGOTIATED, DRIVER_STATUS },
        { NEGOTIATED, RUNNING | VIRTIO_STATUS_FAILED },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        world_reset(&world);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 1);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][0] & DRIVER_STATUS);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][0]);
        assert_int_equal(status(), wrong[i][0]);
        world_store(&world, VIRTIO_MMIO_STATUS, wrong[i][1]);
        assert_int_equal(status(), wrong[i][0]);
        assert_int_equal(probe.starts, 0);
    }
    assert_true(errors(VIRTIO_ERR_STATE) >= sizeof wrong / sizeof wrong[0]);
}

static void status_failed_stops_the_device(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    world_store(&world, VIRTIO_MMIO_STATUS, RUNNING | VIRTIO_STATUS_FAILED);
    assert_int_equal(status(), RUNNING | VIRTIO_STATUS_FAILED);
    kick();
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(pop(), VIRTIO_EMPTY);
}

static void driver_may_write_needs_reset_back(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_store(&world, VIRTIO_MMIO_STATUS,
                RUNNING | VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED);
    assert_int_equal(status(), RUNNING | VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED);
    /* But it cannot set it. */
    world_boot(&world, 0, 1, ENTRIES);
    world_store(&world, VIRTIO_MMIO_STATUS, RUNNING | VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(status(), RUNNING);
}

/* Features (2.2.2, 6.2). */

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
    assert_int_equal(status(), DRIVER_STATUS);
    world_reset(&world);
    assert_false(world_negotiate(&world, PROBE_F_DEPENDENT));
    for (unsigned word = 2; word < 5; word++) {
        world_reset(&world);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
        world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 4);
        assert_false(world_negotiate(&world, 0));
    }
    world_reset(&world);
    world_store(&world, VIRTIO_MMIO_STATUS, DRIVER_STATUS);
    world_store(&world, VIRTIO_MMIO_STATUS, NEGOTIATED);
    assert_int_equal(status(), DRIVER_STATUS);
    assert_int_equal(errors(VIRTIO_ERR_FEATURES), 6);
    /* Nothing can be set up with features that were refused. */
    world_queue(&world, 0, ENTRIES, 0);
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
        world_queue(&world, 0, ENTRIES, VIRTIO_F_EVENT_IDX);
        world_driver_ok(&world);
        assert_int_equal(status(), RUNNING);
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

static void features_are_fixed_by_features_ok(void **state)
{
    (void)state;
    assert_true(world_negotiate(&world, 0));
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 0x30000000);
    assert_int_equal(errors(VIRTIO_ERR_STATE), 1);
    world_queue(&world, 0, ENTRIES, 0);
    world_driver_ok(&world);
    assert_false(vdev_has(&probe.dev, VIRTIO_F_EVENT_IDX));
    assert_false(probe.queues[0].event_idx);
}

/* Reset (2.4.1). */

static void vio_reset_01_status_is_0_after_reset(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
    assert_int_equal(status(), 0);
    assert_int_equal(probe.stops, 2);
    /* Also from any half-way state. */
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    world_reset(&world);
    assert_int_equal(status(), 0);
    world_negotiate(&world, 0);
    world_reset(&world);
    assert_int_equal(status(), 0);
    world_boot(&world, 0, 1, ENTRIES);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_reset(&world);
    assert_int_equal(status(), 0);
}

static void reset_waits_until_the_device_is_quiet(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    assert_int_equal(pop(), VIRTIO_OK);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(status(), RUNNING);
    /* Meanwhile nothing works, from no vCPU, and another reset waits as well. */
    kick();
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(pop(), VIRTIO_EMPTY);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, RUNNING), VDEV_DONE);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4), VDEV_DONE);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_DONE);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, 1);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    assert_int_equal(world.quiesced, 0);
    vdev_quiesced(&probe.dev);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(status(), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    probe.quiet = true;
    world_boot(&world, 0, 1, ENTRIES);
    assert_int_equal(status(), RUNNING);
    /* Said too often, it is nothing. */
    vdev_quiesced(&probe.dev);
    assert_int_equal(status(), RUNNING);
}

static void queue_ready_0_waits_until_the_queue_is_quiet(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, ENTRIES);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    vdev_quiesced(&probe.dev);
    assert_int_equal(world.quiesced, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(status(), RUNNING);
    /* The other queue runs on. */
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    assert_int_equal(probe.kicks[0], 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
    assert_int_equal(probe.kicks[1], 0);
}

static void reset_while_a_queue_stops(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    probe.quiet = false;
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_PENDING);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_PENDING);
    vdev_quiesced(&probe.dev);
    assert_int_equal(status(), 0);
    assert_int_equal(world.quiesced, 1);
}

static void reset_ends_what_another_store_waits_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t what = i == 0 ? VIRTIO_MMIO_QUEUE_READY : VIRTIO_MMIO_STATUS;

        probe.quiet = true;
        world_boot(&world, 0, 1, ENTRIES);
        probe.quiet = false;
        assert_int_equal(world_store(&world, what, 0), VDEV_PENDING);
        assert_int_equal(world.quiesced, i);
        probe.quiet = true;
        assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
        assert_int_equal(world.quiesced, i + 1);
        assert_int_equal(status(), 0);
        vdev_quiesced(&probe.dev);
        assert_int_equal(world.quiesced, i + 1);
    }
}

/* Configuration space (2.5.2). */

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
    assert_int_equal(errors(VIRTIO_ERR_REGISTER), 0);
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
        assert_int_equal(errors(VIRTIO_ERR_REGISTER), i + 1);
    }
    assert_int_equal(probe.config_writes, 0);
}

/* The register page (4.2.2.1). */

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
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    assert_int_equal(pop(), VIRTIO_OK);
    vdev_push(&probe.dev, 0, &probe.chain, 1);
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
    world_boot(&world, 0, 1, ENTRIES);
    kick();
    world_store(&world, VIRTIO_MMIO_STATUS, RUNNING);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    /* Undefined bits of an acknowledgement reach nobody. */
    world.page[VIRTIO_MMIO_INTERRUPT_STATUS / 4] = 0x80;
    world_store(&world, VIRTIO_MMIO_INTERRUPT_ACK, 0xfc);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0x80);
}

static void vio_mmio_05_reset_clears_interrupt_status(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    assert_int_equal(pop(), VIRTIO_OK);
    vdev_push(&probe.dev, 0, &probe.chain, 1);
    vdev_signal(&probe.dev, 0);
    vdev_fail(&probe.dev, 0, VIRTIO_ERR_HEAD);
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static void vio_mmio_06_reset_clears_queue_ready(void **state)
{
    (void)state;
    world_boot(&world, 0, PROBE_QUEUES, ENTRIES);
    for (unsigned i = 0; i < PROBE_QUEUES; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    }
    world_reset(&world);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    for (unsigned i = 0; i < PROBE_QUEUES; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    }
}

static void vio_mmio_07_generation_changes_with_the_configuration(void **state)
{
    uint16_t two[2] = { 0x1122, 0x3344 };
    uint32_t generation = world_load(&world, VIRTIO_MMIO_CONFIG_GENERATION);

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
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
    world_boot(&world, 0, 1, ENTRIES);
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

static void vio_mmio_08_no_access_while_queue_ready_is_0(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    kick();
    vmmio_doorbell(&world.mmio);
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(pop(), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 0));
    virtq_suppress_kicks(&probe.queues[0]);
    assert_int_equal(*world.rings[0].device, 0);
    /* A queue that was never set up has no memory at all. */
    assert_int_equal(vdev_pop(&probe.dev, 1, &probe.chain), VIRTIO_EMPTY);
    assert_false(vdev_want_kick(&probe.dev, 1));
}

static void vio_mmio_09_no_queue_reset(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    world_store(&world, VIRTIO_MMIO_QUEUE_RESET, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_RESET), 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    assert_int_equal(errors(VIRTIO_ERR_REGISTER), 1);
}

static void vio_vqreset_01_ring_reset_is_not_offered(void **state)
{
    (void)state;
    expect_never_offered(40);
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

static void vio_mmio_11_absent_queues(void **state)
{
    static const uint32_t absent[] = { PROBE_QUEUES, 63, 64, 0xffff, 0x10000, UINT32_MAX };

    (void)state;
    world_negotiate(&world, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), PROBE_ENTRIES);
    for (unsigned i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        uint64_t before = errors(VIRTIO_ERR_QUEUE);

        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, absent[i]);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
        world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x40000000);
        world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
        world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
        assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
        assert_int_equal(errors(VIRTIO_ERR_QUEUE), before + 4);
    }
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_NUM_MAX), PROBE_ENTRIES);
    world_queue(&world, 0, ENTRIES, 0);
    world_driver_ok(&world);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, PROBE_QUEUES);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
    assert_int_equal(probe.kicks[0], 0);
    assert_int_equal(status(), RUNNING);
}

static void vio_mmio_12_queue_ready_reads_what_was_written(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, ENTRIES);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 2);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
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
    assert_int_equal(errors(VIRTIO_ERR_REGISTER), 0);
}

static void vio_shm_01_no_region_shows_what_controls_a_device(void **state)
{
    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    world_store(&world, VIRTIO_MMIO_SHM_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

static void vio_mmio_14_control_registers_take_32_bits_only(void **state)
{
    uint32_t before[VMMIO_PAGE_BYTES / 4];
    static const unsigned widths[] = { 1, 2, 8 };

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
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
    assert_int_equal(errors(VIRTIO_ERR_REGISTER), 256 + 128 + 32 + 64 + 5 + 5);
    assert_true(probe.dev.live);
}

/* Queue set-up. */

static void expect_setup_refused(unsigned entries, uint64_t desc, uint64_t driver, uint64_t device,
                                 uint64_t features)
{
    const uint64_t areas[3] = { desc, driver, device };

    world_reset(&world);
    assert_true(world_negotiate(&world, features));
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, entries);
    for (unsigned i = 0; i < 3; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, (uint32_t)areas[i]);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, (uint32_t)(areas[i] >> 32));
    }
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(status(), NEGOTIATED | VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(world.reported, VIRTIO_ERR_SETUP);
    world.reported = VIRTIO_OK;
}

static void hostile_queue_set_up(void **state)
{
    const uint64_t at = WORLD_QUEUES_AT;
    const uint64_t packed = VIRTIO_F_RING_PACKED;

    (void)state;
    /* Sizes. */
    expect_setup_refused(0, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(3, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(2 * PROBE_ENTRIES, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(PROBE_ENTRIES + 1, at, at + 0x4000, at + 0x5000, packed);
    expect_setup_refused(0x10010, at, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(UINT32_MAX, at, at + 0x4000, at + 0x5000, 0);
    /* Alignment. */
    expect_setup_refused(16, at + 8, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4001, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4000, at + 0x5002, 0);
    expect_setup_refused(16, at, at + 0x4002, at + 0x5000, packed);
    expect_setup_refused(16, at, at + 0x4000, at + 0x5002, packed);
    /* Places: none, just beyond the end, the end in a hole, the end of the address space, and
     * across the border of two ranges. */
    expect_setup_refused(16, 0, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at + 0x80000 - 0xf0, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x80000 - 36, at + 0x5000, 0);
    expect_setup_refused(16, at, at + 0x4000, at + 0x80000 - 132, 0);
    expect_setup_refused(16, UINT64_MAX - 0xff, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, UINT64_MAX - 0xf, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, WORLD_THIRD_AT - 0x80, at + 0x4000, at + 0x5000, 0);
    expect_setup_refused(16, at | 1ULL << 63, at + 0x4000, at + 0x5000, 0);
}

static void queue_areas_may_end_where_ram_does(void **state)
{
    const uint64_t end = WORLD_QUEUES_AT + 0x80000;

    (void)state;
    assert_true(world_negotiate(&world, 0));
    world_queue(&world, 0, 16, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)(end - 38));
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)(end - 36));
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
}

static void queue_addresses_are_set_and_not_added_to(void **state)
{
    struct virtq_setup *queue_setup = &probe.queues[0].setup;

    (void)state;
    assert_true(world_negotiate(&world, 0));
    for (unsigned i = 0; i < 3; i++) {
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, 0xffffffff);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, 0xffffffff);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i, 0x1000 + i);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_HIGH + 0x10 * i, 0x20 + i);
    }
    assert_int_equal(queue_setup->desc.value, 0x2000001000);
    assert_int_equal(queue_setup->driver.value, 0x2100001001);
    assert_int_equal(queue_setup->device.value, 0x2200001002);
    world_reset(&world);
    assert_int_equal(queue_setup->desc.value, 0);
    assert_int_equal(queue_setup->entries, 0);
}

static void hostile_queue_set_up_at_the_wrong_time(void **state)
{
    struct virtq_setup before;

    (void)state;
    /* Before FEATURES_OK the format of the ring is not known. */
    world_queue(&world, 0, ENTRIES, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_int_equal(status(), 0);
    /* While it is ready, and while the device is live. */
    world_boot(&world, 0, 1, ENTRIES);
    before = probe.queues[0].setup;
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
    world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x1000);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 2);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0xffffffff);
    assert_memory_equal(&before, &probe.queues[0].setup, sizeof before);
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    world_store(&world, VIRTIO_MMIO_QUEUE_NUM, 4);
    world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_true(probe.dev.live);
    assert_true(errors(VIRTIO_ERR_STATE) >= 7);
}

static void doorbell_without_a_number_reaches_queues_that_have_something(void **state)
{
    (void)state;
    world_boot(&world, 0, 3, ENTRIES);
    assert_false(vmmio_doorbell(&world.mmio));
    for (unsigned queue = 0; queue < 4; queue++) {
        assert_int_equal(probe.kicks[queue], 0);
    }
    offer_in(0);
    offer_in(2);
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(probe.kicks[1], 0);
    assert_int_equal(probe.kicks[2], 1);
    assert_int_equal(probe.kicks[3], 0);
    assert_int_equal(probe.dev.stats.kicks, 2);
    /* A device that suppresses kicks looks after the queue itself, until it asks for one. */
    virtq_suppress_kicks(&probe.queues[0]);
    offer_in(1);
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 1);
    assert_int_equal(probe.kicks[1], 1);
    assert_int_equal(probe.kicks[2], 2);
    assert_true(vdev_want_kick(&probe.dev, 0));
    assert_false(vmmio_doorbell(&world.mmio));
    assert_int_equal(probe.kicks[0], 2);
}

static void work_that_is_left_is_gone_on_with(void **state)
{
    (void)state;
    world_boot(&world, 0, 2, ENTRIES);
    probe.busy = true;
    assert_true(vmmio_doorbell_queue(&world.mmio, 1));
    assert_true(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 2);
    assert_int_equal(probe.kicks[0], 0);
    probe.busy = false;
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 3);
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[1], 3);
    vdev_leave_work(&probe.dev, 0);
    world_reset(&world);
    assert_false(vdev_work(&probe.dev));
    assert_int_equal(probe.kicks[0], 0);
}

static void statistics_have_names_and_values(void **state)
{
    const char *name;
    uint64_t value;
    unsigned count = 0;
    uint64_t sum = 0;

    (void)state;
    world_boot(&world, 0, 1, ENTRIES);
    offer();
    kick();
    assert_int_equal(pop(), VIRTIO_OK);
    vdev_push(&probe.dev, 0, &probe.chain, 60);
    vdev_signal(&probe.dev, 0);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 77);
    while (vdev_stat(&probe.dev, count, &name, &value)) {
        assert_true(strlen(name) > 0);
        sum += value;
        count++;
    }
    /* requests, bytes in, kicks, interrupts, one reset, and one error. */
    assert_int_equal(sum, 1 + 60 + 1 + 1 + 1 + 1);
    assert_int_equal(count, 8 + VIRTIO_ERROR_COUNT - VIRTIO_ERR_INDEX);
}

static void impossible_devices_are_refused(void **state)
{
    static const struct vdev_model big = { .config_bytes = VDEV_CONFIG_BYTES + 4 };
    static const struct vdev_model odd = { .config_bytes = 6 };
    static const struct vdev_model good = { .config_bytes = VDEV_CONFIG_BYTES };
    static struct virtq queues[VDEV_MAX_QUEUES + 1];
    struct vdev_config config = {
        .model = &good, .mem = &world.mem, .queues = queues, .queue_count = 1, .queue_entries = 1024
    };
    struct vdev dev;

    (void)state;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_OK);
    config.queue_count = 0;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_count = VDEV_MAX_QUEUES + 1;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_count = VDEV_MAX_QUEUES;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_OK);
    config.queue_entries = 2048;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 24;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 0;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.queue_entries = 8;
    config.model = &big;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
    config.model = &odd;
    assert_int_equal(vdev_init(&dev, &config), VIRTIO_ERR_ARGUMENT);
}

static void a_glue_without_options(void **state)
{
    (void)state;
    world.ops.publish = NULL;
    world_attach(&world, &probe.dev);
    world_boot(&world, 0, 1, ENTRIES);
    assert_int_equal(status(), RUNNING);
    assert_true(world.published > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(vio_status_01_no_buffer_before_driver_ok),
        T(vio_status_02_no_notification_before_driver_ok),
        T(vio_status_03_needs_reset_after_a_fatal_error),
        T(vio_status_04_needs_reset_is_announced),
        T(vio_status_04_a_failure_before_driver_ok_is_announced_with_it),
        T(status_steps_in_order_only),
        T(status_failed_stops_the_device),
        T(driver_may_write_needs_reset_back),
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
        T(features_are_fixed_by_features_ok),
        T(vio_reset_01_status_is_0_after_reset),
        T(reset_waits_until_the_device_is_quiet),
        T(queue_ready_0_waits_until_the_queue_is_quiet),
        T(reset_while_a_queue_stops),
        T(reset_ends_what_another_store_waits_for),
        T(vio_cfg_01_configuration_is_readable_before_features_ok),
        T(config_stores_of_any_width),
        T(hostile_config_stores),
        T(vio_mmio_01_magic_value),
        T(vio_mmio_02_version),
        T(vio_mmio_03_events_stay_until_acknowledged),
        T(vio_mmio_04_only_events_that_took_place),
        T(vio_mmio_05_reset_clears_interrupt_status),
        T(vio_mmio_06_reset_clears_queue_ready),
        T(vio_mmio_07_generation_changes_with_the_configuration),
        T(vio_mmio_07_wide_changes_stop_the_guest),
        T(vio_mmio_08_no_access_while_queue_ready_is_0),
        T(vio_mmio_09_no_queue_reset),
        T(vio_vqreset_01_ring_reset_is_not_offered),
        T(vio_mmio_10_features_by_selector),
        T(vio_mmio_11_absent_queues),
        T(vio_mmio_12_queue_ready_reads_what_was_written),
        T(vio_mmio_13_no_shared_memory),
        T(vio_shm_01_no_region_shows_what_controls_a_device),
        T(vio_mmio_14_control_registers_take_32_bits_only),
        T(hostile_queue_set_up),
        T(queue_areas_may_end_where_ram_does),
        T(queue_addresses_are_set_and_not_added_to),
        T(hostile_queue_set_up_at_the_wrong_time),
        T(doorbell_without_a_number_reaches_queues_that_have_something),
        T(work_that_is_left_is_gone_on_with),
        T(statistics_have_names_and_values),
        T(impossible_devices_are_refused),
        T(a_glue_without_options),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
