/* SPDX-License-Identifier: BSD-2-Clause */
/* What a network device shows of itself, its link, and all of its rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "vnet_rig.h"

static void configuration_is_shown(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 0x00000002);
    /* Status: the link is up. */
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4), 0x00010100);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 8) >> 16, 1500);
}

static void features_need_others(void **state)
{
    static const uint64_t refused[] = {
        VNET_F_GUEST_TSO4,    VNET_F_GUEST_TSO6, VNET_F_GUEST_CSUM | VNET_F_GUEST_ECN,
        VNET_F_HOST_TSO4,     VNET_F_HOST_TSO6,  VNET_F_CSUM | VNET_F_HOST_ECN,
        VNET_F_CTRL_RX,       VNET_F_CTRL_VLAN,  VNET_F_GUEST_ANNOUNCE,
        VNET_F_CTRL_MAC_ADDR,
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        world_reset(&world);
        assert_false(world_negotiate(&world, refused[i]));
    }
    world_reset(&world);
    assert_true(world_negotiate(&world, VNET_F_GUEST_CSUM | VNET_F_GUEST_TSO6 | VNET_F_GUEST_ECN));
    world_reset(&world);
    assert_true(world_negotiate(&world, VNET_FEATURES));
}

static void vio_net_07_the_mtu_is_in_its_range(void **state)
{
    struct vnet_config config = vnet_rig_config(VNET_MIN_MTU - 1);

    (void)state;
    assert_int_equal(vnet_init(&vnet_rig.net, &config), VIRTIO_ERR_ARGUMENT);
    config.mtu = VNET_MIN_MTU;
    assert_int_equal(vnet_init(&vnet_rig.net, &config), VIRTIO_OK);
    config.mtu = VNET_MAX_MTU;
    assert_int_equal(vnet_init(&vnet_rig.net, &config), VIRTIO_OK);
}

static void the_link_goes_down_and_up(void **state)
{
    (void)state;
    vnet_rig_boot(VNET_F_STATUS);
    vnet_rig_give(VNET_RIG_RECEIVE_AT, 2000);
    vnet_set_link(&vnet_rig.net, false);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4) >> 16, 0);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_DROPPED);
    assert_false(vnet_rig_passes((struct vnet_frame){ .bytes = 60 }));
    vnet_set_link(&vnet_rig.net, true);
    vnet_set_link(&vnet_rig.net, true);
    assert_int_equal(world.raised_config, 2);
    assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 60 }), VNET_TAKEN);
    assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = 60 }));
}

static void rings_at_every_offset(void **state)
{
    static const uint64_t features[] = { 0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED,
                                         VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX };

    (void)state;
    for (unsigned f = 0; f < 4; f++) {
        vnet_rig_boot(VNET_F_MRG_RXBUF | features[f]);
        for (unsigned i = 0; i < 3 * VNET_RIG_ENTRIES + 1; i++) {
            vnet_rig_give(VNET_RIG_RECEIVE_AT, 700);
            vnet_rig_give(VNET_RIG_RECEIVE_AT + 700, 900);
            assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 1000 }), VNET_TAKEN);
            assert_int_equal(vnet_rig_received(), 700);
            assert_int_equal(vnet_rig_received(), 312);
            assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 61 }), VNET_WAIT);
            vnet_rig_give(VNET_RIG_RECEIVE_AT, 73);
            assert_int_equal(vnet_rig_receive((struct vnet_frame){ .bytes = 61 }), VNET_TAKEN);
            assert_int_equal(vnet_rig_received(), 73);
            assert_true(vnet_rig_passes((struct vnet_frame){ .bytes = 14 + i }));
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, vnet_rig_setup, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(configuration_is_shown),
        T(features_need_others),
        T(vio_net_07_the_mtu_is_in_its_range),
        T(the_link_goes_down_and_up),
        T(rings_at_every_offset),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
