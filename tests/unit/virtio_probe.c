/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "virtio_probe.h"

static void probe_start(struct vdev *dev)
{
    ((struct probe *)dev)->starts++;
}

static bool probe_stop(struct vdev *dev)
{
    struct probe *probe = (struct probe *)dev;

    probe->stops++;
    return probe->quiet;
}

static bool probe_stop_queue(struct vdev *dev, unsigned queue)
{
    struct probe *probe = (struct probe *)dev;

    (void)queue;
    probe->queue_stops++;
    return probe->quiet;
}

static bool probe_kick(struct vdev *dev, unsigned queue)
{
    struct probe *probe = (struct probe *)dev;

    probe->kicks[queue]++;
    return probe->busy;
}

static bool probe_config_write(struct vdev *dev, unsigned offset, unsigned width, uint32_t value)
{
    struct probe *probe = (struct probe *)dev;

    probe->config_offset = offset;
    probe->config_width = width;
    probe->config_value = value;
    probe->config_writes++;
    return true;
}

static const struct vdev_rule rules[] = {
    { .feature = PROBE_F_DEPENDENT, .needs = PROBE_F_BASE },
};

static const struct vdev_model model = {
    .device_id = PROBE_ID,
    .config_bytes = PROBE_CONFIG_BYTES,
    .features = PROBE_F_BASE | PROBE_F_DEPENDENT,
    .rules = rules,
    .rule_count = 1,
    .start = probe_start,
    .stop = probe_stop,
    .stop_queue = probe_stop_queue,
    .kick = probe_kick,
    .config_write = probe_config_write,
};

enum virtio_error probe_init(struct probe *probe, struct world *world, uint64_t features,
                             uint64_t required)
{
    memset(probe, 0, sizeof *probe);
    probe->quiet = true;
    chain_init(&probe->chain, probe->segments, PROBE_ENTRIES);
    return vdev_init(&probe->dev, &(struct vdev_config){
                                      .model = &model,
                                      .mem = &world->mem,
                                      .queues = probe->queues,
                                      .queue_count = PROBE_QUEUES,
                                      .queue_entries = PROBE_ENTRIES,
                                      .features = features,
                                      .required = required,
                                      .report = world_report,
                                      .report_context = world,
                                  });
}

void probe_setup(struct probe *probe, struct world *world)
{
    world_init(world);
    if (probe_init(probe, world, WORLD_RINGS | PROBE_F_BASE | PROBE_F_DEPENDENT, 0) != VIRTIO_OK) {
        abort();
    }
    world_attach(world, &probe->dev);
}

enum virtio_error probe_pop(struct probe *probe)
{
    return vdev_pop(&probe->dev, 0, &probe->chain);
}

void probe_push(struct probe *probe, uint64_t written)
{
    vdev_push(&probe->dev, 0, &probe->chain, written);
}
