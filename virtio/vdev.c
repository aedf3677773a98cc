/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/vdev.h>

/*
 * What the core implements for every device. VIO-FEAT-08, VIO-FEAT-09: IN_ORDER, RING_RESET, SR_IOV
 * and the rest are not among it, and so can be neither offered nor accepted.
 */
#define CORE_FEATURES                                                                              \
    (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | \
     VIRTIO_F_RING_PACKED)

/* Status bits that a driver may set. */
#define DRIVER_STATUS                                                               \
    (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | \
     VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FAILED)

static bool rules_kept(const struct vdev_model *model, uint64_t features)
{
    for (unsigned i = 0; i < model->rule_count; i++) {
        const struct vdev_rule *rule = &model->rules[i];

        if ((features & rule->feature) != 0 && ((features & rule->needs) != rule->needs ||
                                                (rule->any != 0 && (features & rule->any) == 0))) {
            return false;
        }
    }
    return true;
}

enum virtio_error vdev_init(struct vdev *dev, const struct vdev_config *config)
{
    const struct vdev_model *model = config->model;
    /* VIO-FEAT-06 */
    uint64_t offered = config->features | VIRTIO_F_VERSION_1;

    if (config->queue_count == 0 || config->queue_count > VDEV_MAX_QUEUES ||
        model->config_bytes > VDEV_CONFIG_BYTES || model->config_bytes % 4 != 0) {
        return VIRTIO_ERR_ARGUMENT;
    }
    /* VIO-FEAT-01, VIO-FEAT-05 */
    if ((offered & ~(CORE_FEATURES | model->features)) != 0 || !rules_kept(model, offered) ||
        (config->required & ~offered) != 0) {
        return VIRTIO_ERR_FEATURES;
    }
    for (unsigned i = 0; i < config->queue_count; i++) {
        if (virtq_init(&config->queues[i], config->queue_entries) != VIRTIO_OK) {
            return VIRTIO_ERR_ARGUMENT;
        }
    }
    *dev = (struct vdev){
        .model = model,
        .mem = config->mem,
        .queues = config->queues,
        .queue_count = config->queue_count,
        .offered = offered,
        .required = config->required | VIRTIO_F_VERSION_1,
        .report = config->report,
        .report_context = config->report_context,
    };
    return VIRTIO_OK;
}

void vdev_count(struct vdev *dev, enum virtio_error error)
{
    dev->stats.errors[error]++;
}

/* Features. */

uint32_t vdev_offered_word(const struct vdev *dev, uint32_t word)
{
    return word < 2 ? (uint32_t)(dev->offered >> (32 * word)) : 0;
}

void vdev_write_features(struct vdev *dev, uint32_t word, uint32_t value)
{
    if ((dev->status & VIRTIO_STATUS_FEATURES_OK) != 0 || dev->stopping != VDEV_CALM) {
        vdev_count(dev, VIRTIO_ERR_STATE);
    } else if (word < 4) {
        dev->wanted[word] = value;
    } else if (value != 0) {
        dev->wanted_beyond = true;
    }
}

/* Decide on the features that the driver wrote, at FEATURES_OK. */
static bool accept_features(struct vdev *dev)
{
    uint64_t features = dev->wanted[0] | (uint64_t)dev->wanted[1] << 32;

    /* VIO-FEAT-02, VIO-FEAT-03, VIO-FEAT-04, VIO-FEAT-07: nothing else has a say. */
    if (dev->wanted_beyond || dev->wanted[2] != 0 || dev->wanted[3] != 0 ||
        (features & ~dev->offered) != 0 || (dev->required & ~features) != 0 ||
        !rules_kept(dev->model, features)) {
        vdev_count(dev, VIRTIO_ERR_FEATURES);
        return false;
    }
    dev->accepted = features;
    return true;
}

bool vdev_has(const struct vdev *dev, uint64_t feature)
{
    return (dev->accepted & feature) != 0;
}

/* Status and reset. */

static void finish_reset(struct vdev *dev)
{
    for (unsigned i = 0; i < dev->queue_count; i++) {
        virtq_reset(&dev->queues[i]);
    }
    dev->stopping = VDEV_CALM;
    dev->accepted = 0;
    for (unsigned i = 0; i < 4; i++) {
        dev->wanted[i] = 0;
    }
    dev->wanted_beyond = false;
    /* VIO-MMIO-06 */
    dev->ready = 0;
    dev->work = 0;
    /* VIO-RESET-01 */
    dev->status = 0;
    dev->transport->show_reset(dev);
}

static enum vdev_answer reset(struct vdev *dev)
{
    bool waiting = dev->stopping != VDEV_CALM;

    dev->stats.resets++;
    /* VIO-RESET-02 */
    dev->live = false;
    dev->stopping = VDEV_STOPPING;
    if (dev->model->stop != NULL && !dev->model->stop(dev)) {
        return VDEV_PENDING;
    }
    finish_reset(dev);
    /* Another CPU's store may wait for what this one has ended. */
    if (waiting) {
        dev->transport->quiesced(dev);
    }
    return VDEV_DONE;
}

/* Whether the bits that the driver adds may be added now, in this order (3.1.1). */
static bool step_allowed(uint32_t before, uint32_t after)
{
    uint32_t added = after & ~before;

    if ((before & ~after & DRIVER_STATUS) != 0) {
        return false;
    }
    if ((added & VIRTIO_STATUS_DRIVER) != 0 && (after & VIRTIO_STATUS_ACKNOWLEDGE) == 0) {
        return false;
    }
    if ((added & VIRTIO_STATUS_FEATURES_OK) != 0 && (after & VIRTIO_STATUS_DRIVER) == 0) {
        return false;
    }
    /* FEATURES_OK must have been read back first. */
    if ((added & VIRTIO_STATUS_DRIVER_OK) != 0 &&
        ((before & VIRTIO_STATUS_FEATURES_OK) == 0 || (after & VIRTIO_STATUS_FAILED) != 0)) {
        return false;
    }
    return true;
}

enum vdev_answer vdev_write_status(struct vdev *dev, uint32_t value)
{
    uint32_t before = dev->status;
    uint32_t added;

    if (value == 0) {
        return reset(dev);
    }
    /* A driver that adds a bit writes back what it read, DEVICE_NEEDS_RESET with it. */
    if ((value & ~(DRIVER_STATUS | VIRTIO_STATUS_NEEDS_RESET)) != 0 || dev->stopping != VDEV_CALM ||
        !step_allowed(before, value)) {
        vdev_count(dev, VIRTIO_ERR_STATE);
        return VDEV_DONE;
    }
    added = value & ~before & DRIVER_STATUS;
    if ((added & VIRTIO_STATUS_FEATURES_OK) != 0 && !accept_features(dev)) {
        added &= ~VIRTIO_STATUS_FEATURES_OK;
    }
    dev->status = (uint8_t)(before | added);
    if ((added & VIRTIO_STATUS_FAILED) != 0) {
        dev->live = false;
    }
    dev->transport->show_status(dev);
    if ((added & VIRTIO_STATUS_DRIVER_OK) != 0 && (before & VIRTIO_STATUS_NEEDS_RESET) == 0) {
        dev->live = true;
        if (dev->model->start != NULL) {
            dev->model->start(dev);
        }
    } else if ((added & VIRTIO_STATUS_DRIVER_OK) != 0) {
        /* It failed before it was live, and could not tell the driver then. */
        dev->stats.config_interrupts++;
        dev->transport->config_changed(dev);
    }
    return VDEV_DONE;
}

void vdev_fail(struct vdev *dev, unsigned queue, enum virtio_error error)
{
    if ((dev->status & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        return;
    }
    vdev_count(dev, error);
    dev->live = false;
    /* VIO-STATUS-03 */
    dev->status |= VIRTIO_STATUS_NEEDS_RESET;
    dev->transport->show_status(dev);
    /* VIO-STATUS-04 */
    if ((dev->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        dev->stats.config_interrupts++;
        dev->transport->config_changed(dev);
    }
    if (dev->report != NULL) {
        dev->report(dev->report_context, dev, queue, error);
    }
}

/* Queues. */

uint32_t vdev_queue_max(const struct vdev *dev, uint32_t queue)
{
    return queue < dev->queue_count ? dev->queues[queue].max_entries : 0;
}

bool vdev_queue_ready(const struct vdev *dev, uint32_t queue)
{
    return queue < dev->queue_count && (dev->ready >> queue & 1) != 0;
}

struct virtq_setup *vdev_queue_setup(struct vdev *dev, uint32_t queue)
{
    if (queue >= dev->queue_count) {
        vdev_count(dev, VIRTIO_ERR_QUEUE);
        return NULL;
    }
    if (dev->queues[queue].ready || dev->stopping != VDEV_CALM ||
        (dev->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        vdev_count(dev, VIRTIO_ERR_STATE);
        return NULL;
    }
    return &dev->queues[queue].setup;
}

static void disable_queue(struct vdev *dev, uint32_t queue)
{
    virtq_disable(&dev->queues[queue]);
    dev->ready &= ~((uint64_t)1 << queue);
    dev->work &= ~((uint64_t)1 << queue);
}

static void enable_queue(struct vdev *dev, uint32_t queue)
{
    enum virtio_error error;

    if (vdev_queue_setup(dev, queue) == NULL) {
        return;
    }
    /* The features decide the format of the ring. */
    if ((dev->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        vdev_count(dev, VIRTIO_ERR_STATE);
        return;
    }
    error = virtq_enable(&dev->queues[queue], dev->mem, dev->accepted);
    if (error != VIRTIO_OK) {
        vdev_fail(dev, queue, error);
        return;
    }
    dev->ready |= (uint64_t)1 << queue;
}

enum vdev_answer vdev_write_queue_ready(struct vdev *dev, uint32_t queue, uint32_t value)
{
    if (queue >= dev->queue_count) {
        vdev_count(dev, VIRTIO_ERR_QUEUE);
        return VDEV_DONE;
    }
    if (dev->stopping != VDEV_CALM || value > 1) {
        vdev_count(dev, VIRTIO_ERR_STATE);
        return VDEV_DONE;
    }
    if (value == 1) {
        enable_queue(dev, queue);
        return VDEV_DONE;
    }
    if (dev->live && dev->queues[queue].ready && dev->model->stop_queue != NULL &&
        !dev->model->stop_queue(dev, queue)) {
        dev->stopping = VDEV_STOPPING_QUEUE;
        dev->stopping_queue = queue;
        return VDEV_PENDING;
    }
    disable_queue(dev, queue);
    return VDEV_DONE;
}

void vdev_quiesced(struct vdev *dev)
{
    if (dev->stopping == VDEV_CALM) {
        return;
    }
    if (dev->stopping == VDEV_STOPPING) {
        finish_reset(dev);
    } else {
        dev->stopping = VDEV_CALM;
        disable_queue(dev, dev->stopping_queue);
    }
    dev->transport->quiesced(dev);
}

/* The path of a kick and a completion. */

bool vdev_kick(struct vdev *dev, uint32_t queue)
{
    /* VIO-STATUS-01 */
    if (!dev->live || !vdev_queue_ready(dev, queue)) {
        vdev_count(dev, queue < dev->queue_count ? VIRTIO_ERR_STATE : VIRTIO_ERR_QUEUE);
        return false;
    }
    dev->stats.kicks++;
    if (dev->model->kick(dev, queue)) {
        dev->work |= (uint64_t)1 << queue;
    }
    return dev->work != 0;
}

/* Kick the model for each queue in a set. */
static bool kick_set(struct vdev *dev, uint64_t set)
{
    while (set != 0) {
        unsigned queue = (unsigned)__builtin_ctzll(set);

        set &= set - 1;
        /* One queue's work can fail the device. */
        if (dev->live && vdev_queue_ready(dev, queue) && dev->model->kick(dev, queue)) {
            dev->work |= (uint64_t)1 << queue;
        }
    }
    return dev->work != 0;
}

bool vdev_kick_any(struct vdev *dev)
{
    if (!dev->live) {
        vdev_count(dev, VIRTIO_ERR_STATE);
        return false;
    }
    dev->stats.kicks++;
    for (uint64_t set = dev->ready; set != 0; set &= set - 1) {
        unsigned queue = (unsigned)__builtin_ctzll(set);

        /* In most queues nothing is new. One queue's work can fail the device. */
        if (virtq_kicked(&dev->queues[queue]) && dev->live && dev->model->kick(dev, queue)) {
            dev->work |= (uint64_t)1 << queue;
        }
    }
    return dev->work != 0;
}

bool vdev_work(struct vdev *dev)
{
    uint64_t set = dev->work;

    dev->work = 0;
    return dev->live && kick_set(dev, set);
}

void vdev_leave_work(struct vdev *dev, unsigned queue)
{
    dev->work |= (uint64_t)1 << queue;
}

bool vdev_any(const struct vdev *dev, unsigned queue)
{
    return dev->live && virtq_any(&dev->queues[queue]);
}

enum virtio_error vdev_pop(struct vdev *dev, unsigned queue, struct chain *chain)
{
    enum virtio_error error;

    if (!dev->live) {
        return VIRTIO_EMPTY;
    }
    error = virtq_pop(&dev->queues[queue], chain);
    if (error != VIRTIO_OK && error != VIRTIO_EMPTY) {
        vdev_fail(dev, queue, error);
    }
    return error;
}

void vdev_push(struct vdev *dev, unsigned queue, struct chain *chain, uint64_t written)
{
    /* VIO-RESET-02: a chain that outlived its queue, or the device's failure, changes nothing. */
    if (!dev->live || virtq_push(&dev->queues[queue], chain, written) != VIRTIO_OK) {
        vdev_count(dev, VIRTIO_ERR_STALE);
        return;
    }
    dev->stats.requests++;
    dev->stats.bytes_out += chain->readable_bytes.bytes;
    dev->stats.bytes_in += written;
}

void vdev_signal(struct vdev *dev, unsigned queue)
{
    struct virtq *vq = &dev->queues[queue];

    /* VIO-STATUS-02 */
    if (!dev->live || vq->unsignalled == 0) {
        return;
    }
    if (virtq_interrupt_due(vq)) {
        dev->stats.interrupts++;
        dev->transport->used(dev, queue);
    } else {
        dev->stats.interrupts_saved++;
    }
}

bool vdev_want_kick(struct vdev *dev, unsigned queue)
{
    return dev->live && virtq_want_kick(&dev->queues[queue]);
}

/* The configuration space. */

void vdev_write_config(struct vdev *dev, uint32_t offset, unsigned width, uint32_t value)
{
    if ((width != 1 && width != 2 && width != 4) || (offset & (width - 1)) != 0 ||
        offset >= dev->model->config_bytes || width > dev->model->config_bytes - offset ||
        dev->model->config_write == NULL || !dev->model->config_write(dev, offset, width, value)) {
        vdev_count(dev, VIRTIO_ERR_REGISTER);
    }
}

enum virtio_error vdev_set_config(struct vdev *dev, unsigned offset, const void *from,
                                  unsigned bytes)
{
    if (bytes == 0 || offset >= dev->model->config_bytes ||
        bytes > dev->model->config_bytes - offset) {
        return VIRTIO_ERR_ARGUMENT;
    }
    if (dev->transport != NULL) {
        enum virtio_error error = dev->transport->show_config(dev, offset, from, bytes);

        if (error != VIRTIO_OK) {
            return error;
        }
    }
    __builtin_memcpy(dev->config + offset, from, bytes);
    if (dev->transport != NULL && dev->live) {
        dev->stats.config_interrupts++;
        dev->transport->config_changed(dev);
    }
    return VIRTIO_OK;
}
