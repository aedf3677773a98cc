/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_rng.h"

#include <virtio/spec.h>

/** Without a seed there are no random numbers, and the guest's requests wait. */
static size_t virtio_rng_fill(void *context, void *to, size_t bytes)
{
    struct virtio_rng *rng = context;

    return random_bytes(rng->random, to, bytes) ? bytes : 0;
}

static const struct vrng_ops virtio_rng_ops = { .fill = virtio_rng_fill };

bool virtio_rng_init(struct virtio_rng *rng, const struct config_virtio *config,
                     const struct guestmem *mem, struct random *random, struct bus *bus,
                     vdev_report *report, void *report_context)
{
    const struct vrng_config model = {
        .mem = mem,
        .ops = &virtio_rng_ops,
        .context = rng,
        .features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED,
        .queue = &rng->queue,
        .queue_entries = VIRTIO_RNG_ENTRIES,
        .segments = rng->segments,
        .report = report,
        .report_context = report_context,
    };

    rng->random = random;
    return vrng_init(&rng->model, &model) == VIRTIO_OK &&
           virtio_page_init(&rng->page, &rng->model.dev, config, bus);
}
