/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/vmmio.h>

#define PAGE_WORDS (VMMIO_PAGE_BYTES / 4)
#define ALL_ONES 0xffffffffU

static void publish(const struct vmmio *mmio, unsigned offset, unsigned bytes)
{
    if (mmio->ops->publish != NULL) {
        mmio->ops->publish(mmio->context, offset, bytes);
    }
}

static void show(struct vmmio *mmio, unsigned offset, uint32_t value)
{
    mmio->page[offset / 4] = value;
    publish(mmio, offset, 4);
}

/* What depends on QueueSel. */
static void show_queue(struct vmmio *mmio)
{
    const struct vdev *dev = mmio->dev;

    /* VIO-MMIO-11: 0 for a queue that does not exist. */
    mmio->page[VIRTIO_MMIO_QUEUE_NUM_MAX / 4] = vdev_queue_max(dev, mmio->queue_sel);
    /* VIO-MMIO-12 */
    mmio->page[VIRTIO_MMIO_QUEUE_READY / 4] = vdev_queue_ready(dev, mmio->queue_sel);
    publish(mmio, VIRTIO_MMIO_QUEUE_NUM_MAX,
            VIRTIO_MMIO_QUEUE_READY + 4 - VIRTIO_MMIO_QUEUE_NUM_MAX);
}

/* VIO-MMIO-10 */
static void show_features(struct vmmio *mmio)
{
    show(mmio, VIRTIO_MMIO_DEVICE_FEATURES,
         vdev_offered_word(mmio->dev, mmio->device_features_sel));
}

/* The device's side of the transport. */

static void transport_used(struct vdev *dev, unsigned queue)
{
    struct vmmio *mmio = dev->transport_context;

    (void)queue;
    /* VIO-MMIO-03 */
    mmio->ops->raise(mmio->context, VIRTIO_INTERRUPT_USED);
}

static void transport_config_changed(struct vdev *dev)
{
    struct vmmio *mmio = dev->transport_context;

    mmio->ops->raise(mmio->context, VIRTIO_INTERRUPT_CONFIG);
}

static void transport_show_status(struct vdev *dev)
{
    show(dev->transport_context, VIRTIO_MMIO_STATUS, dev->status);
}

static void next_generation(struct vmmio *mmio)
{
    /* The new bytes are visible before the new number is. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    /* VIO-MMIO-07 */
    show(mmio, VIRTIO_MMIO_CONFIG_GENERATION, mmio->page[VIRTIO_MMIO_CONFIG_GENERATION / 4] + 1);
}

/* Replace bytes of the one aligned word at `offset`. */
static void store_config_word(struct vmmio *mmio, unsigned offset, const unsigned char *from,
                              unsigned bytes)
{
    volatile uint32_t *place = &mmio->page[(VIRTIO_MMIO_CONFIG + offset) / 4];
    uint32_t word = *place;

    __builtin_memcpy((unsigned char *)&word + offset % 4, from, bytes);
    *place = word;
}

static enum virtio_error transport_show_config(struct vdev *dev, unsigned offset, const void *from,
                                               unsigned bytes)
{
    struct vmmio *mmio = dev->transport_context;
    const unsigned char *place = from;
    bool wide = offset % 4 + bytes > 4;
    unsigned first = offset;
    unsigned left = bytes;

    if (wide && mmio->ops->pause == NULL) {
        return VIRTIO_ERR_ARGUMENT;
    }
    if (wide) {
        mmio->ops->pause(mmio->context);
    }
    while (left != 0) {
        unsigned part = 4 - first % 4 < left ? 4 - first % 4 : left;

        store_config_word(mmio, first, place, part);
        first += part;
        place += part;
        left -= part;
    }
    publish(mmio, VIRTIO_MMIO_CONFIG + offset, bytes);
    next_generation(mmio);
    if (wide) {
        mmio->ops->resume(mmio->context);
    }
    return VIRTIO_OK;
}

static void transport_show_reset(struct vdev *dev)
{
    struct vmmio *mmio = dev->transport_context;

    /* VIO-MMIO-05: before the status says that the reset is complete. */
    mmio->ops->lower(mmio->context, VIRTIO_INTERRUPT_ALL);
    mmio->device_features_sel = 0;
    mmio->driver_features_sel = 0;
    mmio->queue_sel = 0;
    show_features(mmio);
    show_queue(mmio);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    show(mmio, VIRTIO_MMIO_STATUS, dev->status);
}

static void transport_quiesced(struct vdev *dev)
{
    struct vmmio *mmio = dev->transport_context;

    show_queue(mmio);
    mmio->ops->quiesced(mmio->context);
}

static const struct vdev_transport transport = {
    .used = transport_used,
    .config_changed = transport_config_changed,
    .show_status = transport_show_status,
    .show_config = transport_show_config,
    .show_reset = transport_show_reset,
    .quiesced = transport_quiesced,
};

void vmmio_init(struct vmmio *mmio, struct vdev *dev, const struct vmmio_ops *ops, void *context,
                volatile uint32_t *page, uint32_t vendor)
{
    *mmio = (struct vmmio){ .dev = dev, .ops = ops, .context = context, .page = page };
    for (unsigned i = 0; i < PAGE_WORDS; i++) {
        if (i != VIRTIO_MMIO_INTERRUPT_STATUS / 4) {
            page[i] = 0;
        }
    }
    /* VIO-MMIO-01, VIO-MMIO-02 */
    page[VIRTIO_MMIO_MAGIC / 4] = VIRTIO_MMIO_MAGIC_VALUE;
    page[VIRTIO_MMIO_VERSION / 4] = VIRTIO_MMIO_VERSION_VALUE;
    page[VIRTIO_MMIO_DEVICE_ID / 4] = dev->model->device_id;
    page[VIRTIO_MMIO_VENDOR_ID / 4] = vendor;
    /* VIO-MMIO-13, VIO-SHM-01: there is no shared memory region, whatever SHMSel says. */
    page[VIRTIO_MMIO_SHM_LEN_LOW / 4] = ALL_ONES;
    page[VIRTIO_MMIO_SHM_LEN_HIGH / 4] = ALL_ONES;
    page[VIRTIO_MMIO_SHM_BASE_LOW / 4] = ALL_ONES;
    page[VIRTIO_MMIO_SHM_BASE_HIGH / 4] = ALL_ONES;
    /* VIO-CFG-01: the configuration space is there from the beginning, and stays. */
    for (unsigned i = 0; i < dev->model->config_bytes; i += 4) {
        store_config_word(mmio, i, dev->config + i, 4);
    }
    dev->transport = &transport;
    dev->transport_context = mmio;
    show_features(mmio);
    show_queue(mmio);
    publish(mmio, 0, VMMIO_PAGE_BYTES);
}

/* The driver's side: one function a kind of register. */

static void store_queue_setup(struct vmmio *mmio, uint32_t offset, uint32_t value)
{
    struct virtq_setup *setup = vdev_queue_setup(mmio->dev, mmio->queue_sel);
    struct gpa *area;

    if (setup == NULL) {
        return;
    }
    if (offset == VIRTIO_MMIO_QUEUE_NUM) {
        setup->entries = value;
        return;
    }
    if (offset <= VIRTIO_MMIO_QUEUE_DESC_HIGH) {
        area = &setup->desc;
    } else if (offset <= VIRTIO_MMIO_QUEUE_DRIVER_HIGH) {
        area = &setup->driver;
    } else {
        area = &setup->device;
    }
    if ((offset & 4) != 0) {
        area->value = (area->value & UINT32_MAX) | (uint64_t)value << 32;
    } else {
        area->value = (area->value & ~(uint64_t)UINT32_MAX) | value;
    }
}

static enum vdev_answer store_queue_ready(struct vmmio *mmio, uint32_t value)
{
    enum vdev_answer answer = vdev_write_queue_ready(mmio->dev, mmio->queue_sel, value);

    if (answer == VDEV_DONE) {
        show_queue(mmio);
    }
    return answer;
}

static enum vdev_answer store_register(struct vmmio *mmio, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        (void)vmmio_doorbell_queue(mmio, value);
        return VDEV_DONE;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        /* VIO-MMIO-04 */
        mmio->ops->lower(mmio->context, value & VIRTIO_INTERRUPT_ALL);
        return VDEV_DONE;
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        mmio->device_features_sel = value;
        show_features(mmio);
        return VDEV_DONE;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        mmio->driver_features_sel = value;
        return VDEV_DONE;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        vdev_write_features(mmio->dev, mmio->driver_features_sel, value);
        return VDEV_DONE;
    case VIRTIO_MMIO_QUEUE_SEL:
        mmio->queue_sel = value;
        show_queue(mmio);
        return VDEV_DONE;
    case VIRTIO_MMIO_QUEUE_NUM:
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        store_queue_setup(mmio, offset, value);
        return VDEV_DONE;
    case VIRTIO_MMIO_QUEUE_READY:
        return store_queue_ready(mmio, value);
    case VIRTIO_MMIO_STATUS:
        return vdev_write_status(mmio->dev, value);
    case VIRTIO_MMIO_SHM_SEL:
        return VDEV_DONE;
    default:
        /* VIO-MMIO-09, VIO-VQRESET-01: QueueReset is among what does not exist here. */
        vdev_count(mmio->dev, VIRTIO_ERR_REGISTER);
        return VDEV_DONE;
    }
}

enum vdev_answer vmmio_store(struct vmmio *mmio, uint32_t offset, unsigned width, uint64_t value)
{
    if (offset >= VIRTIO_MMIO_CONFIG) {
        if (width < 8) {
            value &= ((uint64_t)1 << (8 * width)) - 1;
        }
        vdev_write_config(mmio->dev, offset - VIRTIO_MMIO_CONFIG, width, (uint32_t)value);
        return VDEV_DONE;
    }
    /* VIO-MMIO-14 */
    if (width != 4) {
        vdev_count(mmio->dev, VIRTIO_ERR_REGISTER);
        return VDEV_DONE;
    }
    return store_register(mmio, offset, (uint32_t)value);
}

bool vmmio_doorbell(struct vmmio *mmio)
{
    return vdev_kick_any(mmio->dev);
}

bool vmmio_doorbell_queue(struct vmmio *mmio, uint32_t value)
{
    return vdev_kick(mmio->dev, value);
}
