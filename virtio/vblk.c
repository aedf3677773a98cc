/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>

#include "vblk_internal.h"

#define QUEUE 0U
#define NO_SLOT UINT16_MAX

_Static_assert(offsetof(struct vblk, dev) == 0, "a device's disk is found by a cast");

static void free_slots(struct vblk *blk)
{
    for (unsigned i = 0; i < blk->slot_count; i++) {
        blk->slots[i].chain.in_flight = false;
        blk->slots[i].next_free = (uint16_t)(i + 1 < blk->slot_count ? i + 1 : NO_SLOT);
    }
    blk->free = 0;
    blk->in_flight = 0;
}

/* The status byte, and the buffer goes back. What was not read of a failed request is whatever it
 * was: the driver learns that from the status. */
static void finish(struct vblk *blk, struct chain *chain, struct host_ptr place,
                   enum vblk_status status, uint64_t written)
{
    /* A stale buffer is not the device's to write. */
    if (blk->dev.live) {
        *place.ptr = (unsigned char)status;
        /* The byte was taken off the writable ones. */
        chain->writable_bytes.bytes++;
    }
    vdev_push(&blk->dev, QUEUE, chain, written + 1);
}

/* Send the request that was decoded on. False: there is no room for it. */
static bool submit(struct vblk *blk)
{
    uint16_t tag = blk->free;
    struct vblk_slot *slot;

    if (tag == NO_SLOT) {
        return false;
    }
    slot = &blk->slots[tag];
    slot->chain = blk->chain;
    slot->chain.segments = NULL;
    slot->status = blk->status;
    slot->written = blk->written;
    blk->free = slot->next_free;
    blk->in_flight++;
    blk->request.tag = tag;
    if (!blk->ops->submit(blk->context, &blk->request)) {
        slot->chain.in_flight = false;
        slot->next_free = blk->free;
        blk->free = tag;
        blk->in_flight--;
        return false;
    }
    chain_clear(&blk->chain);
    return true;
}

/* Serve the buffer in blk->chain. False: it waits for room. */
static bool serve_one(struct vblk *blk)
{
    enum vblk_status status = VBLK_OK;

    switch (vblk_request_decode(blk, &status)) {
    case VBLK_DECODED_SUBMIT:
        return submit(blk);
    case VBLK_DECODED_ANSWERED:
        finish(blk, &blk->chain, blk->status, status, blk->written);
        break;
    case VBLK_DECODED_NONSENSE:
        vdev_count(&blk->dev, VIRTIO_ERR_DIRECTION);
        vdev_push(&blk->dev, QUEUE, &blk->chain, 0);
        break;
    }
    return true;
}

/* Returns true when work is left that nobody will announce. */
static bool serve(struct vblk *blk)
{
    struct vdev *dev = &blk->dev;
    unsigned budget = dev->queues[QUEUE].max_entries;

    /* What is sent behind a quiesce would outlive it. */
    if (!dev->live || blk->blocked || blk->stopping) {
        return false;
    }
    while (budget != 0 && !blk->blocked) {
        enum virtio_error error = vdev_pop(dev, QUEUE, &blk->chain);

        budget--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, QUEUE)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            break;
        }
        blk->blocked = !serve_one(blk);
    }
    if (blk->ops->submit_end != NULL) {
        blk->ops->submit_end(blk->context);
    }
    vdev_signal(dev, QUEUE);
    return budget == 0 && !blk->blocked;
}

void vblk_complete(struct vblk *blk, uint16_t tag, enum vblk_status status)
{
    struct vblk_slot *slot;

    /* While the device stops, its buffers are the driver's again as soon as it has stopped. */
    if (tag >= blk->slot_count || !blk->slots[tag].chain.in_flight || blk->stopping) {
        return;
    }
    slot = &blk->slots[tag];
    finish(blk, &slot->chain, slot->status, status, slot->written);
    slot->chain.in_flight = false;
    slot->next_free = blk->free;
    blk->free = tag;
    blk->in_flight--;
}

void vblk_completed(struct vblk *blk)
{
    vdev_signal(&blk->dev, QUEUE);
}

void vblk_resume(struct vblk *blk)
{
    if (!blk->blocked || !blk->dev.live || blk->stopping || !submit(blk)) {
        return;
    }
    blk->blocked = false;
    if (serve(blk)) {
        vdev_leave_work(&blk->dev, QUEUE);
    }
}

static bool model_kick(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return serve((struct vblk *)dev);
}

/* VIO-BLK-04: what the driver did not negotiate it does not rely on. */
static void model_start(struct vdev *dev)
{
    struct vblk *blk = (struct vblk *)dev;
    const struct vblk_space *space = (const struct vblk_space *)(const void *)dev->config;

    blk->write_through =
        !vdev_has(dev, VBLK_F_FLUSH) || (vdev_has(dev, VBLK_F_CONFIG_WCE) && space->writeback == 0);
}

static void stopped(struct vblk *blk)
{
    blk->stopping = false;
    blk->blocked = false;
    blk->write_through = false;
    chain_clear(&blk->chain);
    free_slots(blk);
}

static bool model_stop(struct vdev *dev)
{
    struct vblk *blk = (struct vblk *)dev;

    if (blk->in_flight != 0 && !blk->ops->quiesce(blk->context)) {
        blk->stopping = true;
        return false;
    }
    stopped(blk);
    return true;
}

static bool model_stop_queue(struct vdev *dev, unsigned queue)
{
    (void)queue;
    return model_stop(dev);
}

void vblk_quiesced(struct vblk *blk)
{
    if (blk->stopping) {
        stopped(blk);
        vdev_quiesced(&blk->dev);
    }
}

static bool model_config_write(struct vdev *dev, unsigned offset, unsigned width, uint32_t value)
{
    struct vblk *blk = (struct vblk *)dev;
    uint8_t writeback = (uint8_t)value;

    if (offset != offsetof(struct vblk_space, writeback) || width != 1 || value > 1 ||
        (dev->offered & VBLK_F_CONFIG_WCE) == 0) {
        return false;
    }
    (void)vdev_set_config(dev, offset, &writeback, 1);
    if (dev->live) {
        model_start(&blk->dev);
    }
    return true;
}

static const struct vdev_rule rules[] = {
    /* VIO-BLK-03 */
    { .feature = VBLK_F_CONFIG_WCE, .needs = VBLK_F_FLUSH },
};

static const struct vdev_model model = {
    .device_id = VIRTIO_ID_BLOCK,
    .config_bytes = sizeof(struct vblk_space),
    .features = VBLK_F_SIZE_MAX | VBLK_F_SEG_MAX | VBLK_F_RO | VBLK_F_BLK_SIZE | VBLK_F_FLUSH |
                VBLK_F_TOPOLOGY | VBLK_F_CONFIG_WCE | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES |
                VBLK_F_LIFETIME,
    .rules = rules,
    .rule_count = 1,
    .start = model_start,
    .stop = model_stop,
    .stop_queue = model_stop_queue,
    .kick = model_kick,
    .config_write = model_config_write,
};

enum virtio_error vblk_init(struct vblk *blk, const struct vblk_config *config)
{
    enum virtio_error error;

    if (!vblk_disk_is_valid(config->disk)) {
        return VIRTIO_ERR_ARGUMENT;
    }
    *blk = (struct vblk){
        .ops = config->ops,
        .context = config->context,
        .disk = *config->disk,
        .slots = config->slots,
        .slot_count = config->queue_entries,
    };
    chain_init(&blk->chain, config->segments, (uint16_t)VBLK_SEGMENTS(config->queue_entries));
    error =
        vdev_init(&blk->dev, &(struct vdev_config){
                                 .model = &model,
                                 .mem = config->mem,
                                 .queues = config->queue,
                                 .queue_count = 1,
                                 .queue_entries = config->queue_entries,
                                 .features = config->features | vblk_disk_features(config->disk),
                                 .required = config->required,
                                 .report = config->report,
                                 .report_context = config->report_context,
                             });
    if (error != VIRTIO_OK) {
        return error;
    }
    /* A driver that puts header and status into descriptors of their own needs two more. */
    if (blk->disk.max_segments > config->queue_entries - 2) {
        blk->disk.max_segments = config->queue_entries > 2 ? config->queue_entries - 2 : 1;
    }
    free_slots(blk);
    vblk_disk_show(blk);
    return VIRTIO_OK;
}
