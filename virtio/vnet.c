/* SPDX-License-Identifier: BSD-2-Clause */
#include "vnet_internal.h"

_Static_assert(offsetof(struct vnet, dev) == 0, "a device's vnet is found by a cast");

#define STATUS_LINK_UP 1U
#define STATUS_ANNOUNCE 2U

static uint16_t field(const unsigned char *header, unsigned offset)
{
    uint16_t value;

    __builtin_memcpy(&value, header + offset, sizeof value);
    return value;
}

/* Whether the segmentation that a frame asks for was negotiated and makes sense. */
static bool segmentation_valid(const struct vnet *net, const struct vnet_frame *frame)
{
    uint64_t needed = (frame->gso_type & VNET_GSO_ECN) != 0 ? VNET_F_HOST_ECN : 0;

    switch (frame->gso_type & ~VNET_GSO_ECN) {
    case VNET_GSO_TCP4:
        needed |= VNET_F_HOST_TSO4;
        break;
    case VNET_GSO_TCP6:
        needed |= VNET_F_HOST_TSO6;
        break;
    default:
        return false;
    }
    return (net->dev.accepted & needed) == needed && frame->gso_bytes != 0 &&
           (frame->flags & VNET_NEEDS_CSUM) != 0 && frame->bytes <= VNET_MAX_FRAME;
}

/* VIO-NET-01, VIO-NET-02: other flags are ignored, and so is the hint of the headers' length. */
static bool frame_valid(const struct vnet *net, struct vnet_frame *frame)
{
    if (frame->bytes < VNET_ETHERNET_BYTES) {
        return false;
    }
    frame->flags &= VNET_NEEDS_CSUM;
    if (frame->flags != 0 &&
        (!vdev_has(&net->dev, VNET_F_CSUM) ||
         (uint32_t)frame->csum_start + frame->csum_offset + 2U > frame->bytes)) {
        return false;
    }
    if (frame->gso_type != VNET_GSO_NONE) {
        return segmentation_valid(net, frame);
    }
    return frame->bytes <= vnet_most_bytes(net);
}

/* Take the header off the buffer in net->transmit. False: it makes no sense. */
static bool read_header(const struct vnet *net, struct chain_reader *reader,
                        struct vnet_frame *frame)
{
    unsigned char header[VNET_HEADER_BYTES];
    uint64_t bytes = net->transmit.readable_bytes.bytes;
    const void *first;

    if (bytes > VNET_HEADER_BYTES + VNET_MAX_FRAME) {
        return false;
    }
    if (chain_peek(reader, &first) >= sizeof header) {
        __builtin_memcpy(header, first, sizeof header);
        __asm__ volatile("" : : "r"(header) : "memory");
        chain_skip(reader, sizeof header);
    } else if (chain_read(reader, header, sizeof header) != sizeof header) {
        return false;
    }
    *frame = (struct vnet_frame){
        .bytes = (uint32_t)(bytes - VNET_HEADER_BYTES),
        .flags = header[offsetof(struct virtio_net_header, flags)],
        .gso_type = header[offsetof(struct virtio_net_header, gso_type)],
        .header_bytes = field(header, offsetof(struct virtio_net_header, header_bytes)),
        .gso_bytes = field(header, offsetof(struct virtio_net_header, gso_bytes)),
        .csum_start = field(header, offsetof(struct virtio_net_header, csum_start)),
        .csum_offset = field(header, offsetof(struct virtio_net_header, csum_offset)),
    };
    return frame_valid(net, frame);
}

/* The buffer in net->transmit is on its way. False: it has to wait. */
static bool send_one(struct vnet *net)
{
    struct chain_reader reader = chain_reader(&net->transmit);
    struct vnet_frame frame;

    if (!read_header(net, &reader, &frame)) {
        vdev_count(&net->dev, VIRTIO_ERR_MESSAGE);
        net->stats.sent_malformed++;
        return true;
    }
    switch (net->link_up ? net->ops->transmit(net->context, &frame, &reader) : VNET_DROPPED) {
    case VNET_HELD:
        net->held[(net->held_first + net->held_count++) % VNET_HELD_FRAMES] = net->transmit;
        chain_clear(&net->transmit);
        break;
    case VNET_TAKEN:
        break;
    case VNET_WAIT:
        return false;
    case VNET_DROPPED:
        net->stats.sent_dropped++;
        return true;
    }
    net->stats.sent_frames++;
    net->stats.sent_bytes += frame.bytes;
    return true;
}

/* What was held goes back to the guest, but for the newest. */
static void let_go(struct vnet *net, unsigned keep)
{
    if (keep > VNET_KEPT_FRAMES) {
        keep = VNET_KEPT_FRAMES;
    }
    while (net->held_count > keep) {
        vdev_push(&net->dev, VNET_QUEUE_TX, &net->held[net->held_first], 0);
        net->held_first = (net->held_first + 1) % VNET_HELD_FRAMES;
        net->held_count--;
    }
}

static void end_batch(struct vnet *net)
{
    if (net->held_count != 0) {
        let_go(net, net->ops->transmit_end(net->context));
    }
}

void vnet_transmit_release(struct vnet *net, unsigned keep)
{
    if (net->held_count > keep) {
        let_go(net, keep);
        vdev_signal(&net->dev, VNET_QUEUE_TX);
    }
}

static bool transmit(struct vnet *net)
{
    struct vdev *dev = &net->dev;
    unsigned budget = dev->queues[VNET_QUEUE_TX].max_entries;
    bool some = false;

    if (!dev->live) {
        return false;
    }
    net->transmit_blocked = false;
    virtq_suppress_kicks(&dev->queues[VNET_QUEUE_TX]);
    while (budget != 0) {
        budget--;
        if (!net->transmit.in_flight) {
            /* Most often the kick was for one frame. */
            enum virtio_error error = some && !vdev_any(dev, VNET_QUEUE_TX)
                                          ? VIRTIO_EMPTY
                                          : vdev_pop(dev, VNET_QUEUE_TX, &net->transmit);

            if (error == VIRTIO_EMPTY && vdev_want_kick(dev, VNET_QUEUE_TX)) {
                continue;
            }
            if (error != VIRTIO_OK) {
                break;
            }
            if (net->transmit.readable != net->transmit.count) {
                vdev_count(dev, VIRTIO_ERR_DIRECTION);
            }
        }
        if (!send_one(net)) {
            net->transmit_blocked = true;
            break;
        }
        some = true;
        if (net->transmit.in_flight) {
            vdev_push(dev, VNET_QUEUE_TX, &net->transmit, 0);
        } else if (net->held_count == VNET_HELD_FRAMES) {
            end_batch(net);
        }
    }
    if (some || net->transmit_blocked) {
        end_batch(net);
    }
    if (some) {
        vdev_signal(dev, VNET_QUEUE_TX);
    }
    return budget == 0 && !net->transmit_blocked;
}

void vnet_transmit_resume(struct vnet *net)
{
    if (net->transmit_blocked && transmit(net)) {
        vdev_leave_work(&net->dev, VNET_QUEUE_TX);
    }
}

/* The device model. */

static bool model_kick(struct vdev *dev, unsigned queue)
{
    struct vnet *net = (struct vnet *)dev;

    switch (queue) {
    case VNET_QUEUE_RX:
        vnet_receive_kick(net);
        return false;
    case VNET_QUEUE_TX:
        /* While the frame before waits, a further one changes nothing. */
        return !net->transmit_blocked && transmit(net);
    default:
        return vnet_control_serve(net);
    }
}

static void tell_modes(struct vnet *net)
{
    if (net->ops->modes_changed != NULL) {
        net->ops->modes_changed(net->context);
    }
}

static void model_start(struct vdev *dev)
{
    struct vnet *net = (struct vnet *)dev;

    net->offloads = dev->accepted & VNET_OFFLOADS;
    tell_modes(net);
}

/* The queue ends, and with it all that it had to give back. */
static void forget_sent(struct vnet *net)
{
    chain_clear(&net->transmit);
    net->transmit_blocked = false;
    net->held_count = 0;
}

/* Frames are copied while a call lasts, so that nothing of ours is under way now, when what is
 * posted was taken back. */
static bool model_stop(struct vdev *dev)
{
    struct vnet *net = (struct vnet *)dev;

    forget_sent(net);
    vnet_receive_stop(net);
    vnet_control_reset(net);
    net->announce = false;
    tell_modes(net);
    return true;
}

static bool model_stop_queue(struct vdev *dev, unsigned queue)
{
    struct vnet *net = (struct vnet *)dev;

    if (queue == VNET_QUEUE_TX) {
        forget_sent(net);
    } else if (queue == VNET_QUEUE_RX) {
        vnet_receive_stop(net);
    }
    return true;
}

static const struct vdev_rule rules[] = {
    { .feature = VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6, .needs = VNET_F_GUEST_CSUM },
    { .feature = VNET_F_GUEST_ECN, .any = VNET_F_GUEST_TSO4 | VNET_F_GUEST_TSO6 },
    { .feature = VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6, .needs = VNET_F_CSUM },
    { .feature = VNET_F_HOST_ECN, .any = VNET_F_HOST_TSO4 | VNET_F_HOST_TSO6 },
    { .feature = VNET_F_CTRL_GUEST_OFFLOADS | VNET_F_CTRL_RX | VNET_F_CTRL_VLAN |
                 VNET_F_CTRL_RX_EXTRA | VNET_F_GUEST_ANNOUNCE | VNET_F_CTRL_MAC_ADDR,
      .needs = VNET_F_CTRL_VQ },
};

static const struct vdev_model model = {
    .device_id = VIRTIO_ID_NET,
    .config_bytes = VNET_CONFIG_BYTES,
    .features = VNET_FEATURES,
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .start = model_start,
    .stop = model_stop,
    .stop_queue = model_stop_queue,
    .kick = model_kick,
};

void vnet_show_status(struct vnet *net)
{
    uint16_t status =
        (uint16_t)((net->link_up ? STATUS_LINK_UP : 0U) | (net->announce ? STATUS_ANNOUNCE : 0U));

    (void)vdev_set_config(&net->dev, VNET_CONFIG_STATUS, &status, sizeof status);
}

enum virtio_error vnet_init(struct vnet *net, const struct vnet_config *config)
{
    uint16_t entries = (uint16_t)config->queue_entries;
    uint64_t features = config->features;
    enum virtio_error error;

    /* VIO-NET-07 */
    if (config->mtu < VNET_MIN_MTU) {
        return VIRTIO_ERR_ARGUMENT;
    }
    *net = (struct vnet){
        .ops = config->ops,
        .context = config->context,
        .mtu = config->mtu,
        .link_up = config->link_up,
        .segments = config->segments + (size_t)2 * entries,
    };
    __builtin_memcpy(net->own_mac, config->mac, VNET_MAC_BYTES);
    error = vdev_init(&net->dev, &(struct vdev_config){
                                     .model = &model,
                                     .mem = config->mem,
                                     .queues = config->queues,
                                     .queue_count = VNET_QUEUES,
                                     .queue_entries = config->queue_entries,
                                     .features = features,
                                     .required = config->required,
                                     .report = config->report,
                                     .report_context = config->report_context,
                                 });
    if (error != VIRTIO_OK) {
        return error;
    }
    chain_init(&net->transmit, config->segments, entries);
    chain_init(&net->control, config->segments + entries, entries);
    vnet_receive_reset(net);
    vnet_control_reset(net);
    (void)vdev_set_config(&net->dev, VNET_CONFIG_MTU, &net->mtu, sizeof net->mtu);
    vnet_show_status(net);
    return VIRTIO_OK;
}

bool vnet_is_up(const struct vnet *net)
{
    return net->dev.live;
}

void vnet_set_link(struct vnet *net, bool up)
{
    if (net->link_up == up) {
        return;
    }
    net->link_up = up;
    vnet_show_status(net);
    if (up) {
        vnet_transmit_resume(net);
        vnet_receive_kick(net);
    }
}

void vnet_announce(struct vnet *net)
{
    if (net->dev.live && vdev_has(&net->dev, VNET_F_GUEST_ANNOUNCE) && !net->announce) {
        net->announce = true;
        vnet_show_status(net);
    }
}
