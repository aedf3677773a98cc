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
