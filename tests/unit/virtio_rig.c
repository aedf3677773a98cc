/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_rig.h"

struct world world;

const uint64_t virtio_rig_formats[VIRTIO_RIG_FORMATS] = {
    0,
    VIRTIO_F_EVENT_IDX,
    VIRTIO_F_RING_PACKED,
    VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX,
};

int virtio_rig_teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

uint32_t virtio_rig_status(void)
{
    return world_load(&world, VIRTIO_MMIO_STATUS);
}
