/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe_rig.h"

struct probe probe;
struct driver_ring *ring;

int probe_rig_setup(void **state)
{
    (void)state;
    probe_setup(&probe, &world);
    ring = &world.rings[0];
    return 0;
}

uint64_t probe_rig_errors(enum virtio_error error)
{
    return probe.dev.stats.errors[error];
}

void probe_rig_offer(unsigned queue)
{
    const struct driver_element element = { WORLD_DATA_AT, 64, true };

    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, 1));
    driver_ring_publish(&world.rings[queue]);
}

void probe_rig_kick(void)
{
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

void probe_rig_expect_failed(enum virtio_error error)
{
    assert_int_equal(virtio_rig_status() & VIRTIO_STATUS_NEEDS_RESET, VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(probe_rig_errors(error), 1);
    assert_int_equal(world.reports, 1);
    assert_int_equal(world.reported, error);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(probe_pop(&probe), VIRTIO_EMPTY);
    assert_int_equal(world.reports, 1);
}
