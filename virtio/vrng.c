/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/vrng.h>

#define REQUEST_QUEUE 0U

_Static_assert(offsetof(struct vrng, dev) == 0, "a device's vrng is found by a cast");

/* Fill the buffer. Returns false when there were no random bytes at all. */
static bool fill_chain(struct vrng *rng, uint64_t *written)
{
    unsigned char bytes[VRNG_MAX_BYTES];
    struct chain_writer writer = chain_writer(&rng->chain);
    uint64_t room = rng->chain.writable_bytes.bytes;
    size_t wanted = room < sizeof bytes ? (size_t)room : sizeof bytes;
    size_t got;

    if (wanted == 0) {
        vdev_count(&rng->dev, VIRTIO_ERR_DIRECTION);
        *written = 0;
        return true;
    }
    got = rng->ops->fill(rng->context, bytes, wanted);
    /* VIO-RNG-01 */
    if (got == 0) {
        return false;
    }
    (void)chain_write(&writer, bytes, got < wanted ? got : wanted);
    *written = writer.written;
    return true;
}

static bool serve(struct vrng *rng)
{
    struct vdev *dev = &rng->dev;
    unsigned budget = dev->queues[REQUEST_QUEUE].max_entries;
    bool waiting = false;

    if (!dev->live) {
        return false;
    }
    while (budget != 0 && !waiting) {
        uint64_t written;

        budget--;
        if (!rng->chain.in_flight) {
            enum virtio_error error = vdev_pop(dev, REQUEST_QUEUE, &rng->chain);

            if (error == VIRTIO_EMPTY && vdev_want_kick(dev, REQUEST_QUEUE)) {
                continue;
            }
            if (error != VIRTIO_OK) {
                break;
            }
        }
        waiting = !fill_chain(rng, &written);
        if (!waiting) {
            vdev_push(dev, REQUEST_QUEUE, &rng->chain, written);
        }
    }
    vdev_signal(dev, REQUEST_QUEUE);
    return budget == 0 && !waiting;
}

void vrng_resume(struct vrng *rng)
{
    if (rng->chain.in_flight && serve(rng)) {
        vdev_leave_work(&rng->dev, REQUEST_QUEUE);
    }
}

static bool model_kick(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return serve((struct vrng *)dev);
}

static bool model_stop(struct vdev *dev)
{
    chain_clear(&((struct vrng *)dev)->chain);
    return true;
}

static bool model_stop_queue(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return model_stop(dev);
}

static const struct vdev_model model = {
    .device_id = VIRTIO_ID_ENTROPY,
    .stop = model_stop,
    .stop_queue = model_stop_queue,
    .kick = model_kick,
};

enum virtio_error vrng_init(struct vrng *rng, const struct vrng_config *config)
{
    *rng = (struct vrng){ .ops = config->ops, .context = config->context };
    chain_init(&rng->chain, config->segments, (uint16_t)config->queue_entries);
    return vdev_init(&rng->dev, &(struct vdev_config){
                                    .model = &model,
                                    .mem = config->mem,
                                    .queues = config->queue,
                                    .queue_count = 1,
                                    .queue_entries = config->queue_entries,
                                    .features = config->features,
                                    .required = config->required,
                                    .report = config->report,
                                    .report_context = config->report_context,
                                });
}
