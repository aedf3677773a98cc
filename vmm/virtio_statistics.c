/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_statistics.h"

#include <bulkhead/statistics.h>

/** Disks, network devices, console, ports, entropy device. */
#define VIRTIO_STATISTICS_DEVICES (CONFIG_MAX_BLOCKS + CONFIG_MAX_NET + 3)

static BH_STATISTICS(VIRTIO_STATISTICS_DEVICES) directory BH_STATISTICS_KEPT;

static const char *const disks[] = { "disk", "disk 2", "disk 3", "disk 4" };
static const char *const nets[] = { "net", "net 2" };

_Static_assert(sizeof(disks) / sizeof(disks[0]) == CONFIG_MAX_BLOCKS, "each disk has a name");
_Static_assert(sizeof(nets) / sizeof(nets[0]) == CONFIG_MAX_NET, "each network device has one");

static void virtio_statistics_add(const char *name, const struct vdev *dev)
{
    const uint64_t *const requests[BH_STATISTICS_SUMMANDS] = { &dev->stats.requests };

    bh_statistics_add(&directory.head, name, requests, &dev->stats.bytes_in, &dev->stats.bytes_out);
}

void virtio_statistics_show(const struct virtio *virtio)
{
    bh_statistics_begin(&directory.head);
    /* A disk's model is made when its virtualiser knows the disk, but has its place now. */
    for (uint32_t i = 0; i < virtio->blocks.count && i < CONFIG_MAX_BLOCKS; i++) {
        virtio_statistics_add(disks[i], &virtio->blocks.devices[i].model.dev);
    }
    for (uint32_t i = 0; i < virtio->nets.count && i < CONFIG_MAX_NET; i++) {
        virtio_statistics_add(nets[i], &virtio->nets.devices[i].model.dev);
    }
    if (virtio->console.page.dev != NULL) {
        virtio_statistics_add("console", virtio->console.page.dev);
    }
    if (virtio->ports.page.dev != NULL) {
        virtio_statistics_add("ports", virtio->ports.page.dev);
    }
    if (virtio->rng.page.dev != NULL) {
        virtio_statistics_add("entropy", virtio->rng.page.dev);
    }
}
