/* SPDX-License-Identifier: BSD-2-Clause */
#include "vnet_internal.h"

/* The header before a frame that the guest receives. */
struct header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t buffers;
};

_Static_assert(sizeof(struct header) == VNET_HEADER_BYTES, "the header's layout");

/* The header and a short first piece, as it most often is, are written at once. */
struct start {
    struct header header;
    uint8_t first[VNET_ETHERNET_BYTES + VNET_TAG_BYTES];
};

void vnet_receive_reset(struct vnet *net)
{
    net->stock_count = 0;
    net->stock_bytes = 0;
    net->stock_segments = 0;
    net->receive_blocked = false;
}

void vnet_receive_kick(struct vnet *net)
{
    if (net->receive_blocked && net->dev.live) {
        net->receive_blocked = false;
        net->ops->receive_wanted(net->context);
    }
    if (!net->receive_blocked) {
        virtq_suppress_kicks(&net->dev.queues[VNET_QUEUE_RX]);
    }
}

bool vnet_takes(const struct vnet *net, const struct vnet_frame *frame)
{
    uint64_t needed = 0;

    if ((frame->flags & VNET_NEEDS_CSUM) != 0) {
        needed |= VNET_F_GUEST_CSUM;
    }
    if ((frame->gso_type & ~VNET_GSO_ECN) == VNET_GSO_TCP4) {
        needed |= VNET_F_GUEST_TSO4;
    } else if ((frame->gso_type & ~VNET_GSO_ECN) == VNET_GSO_TCP6) {
        needed |= VNET_F_GUEST_TSO6;
    }
    if ((frame->gso_type & VNET_GSO_ECN) != 0) {
        needed |= VNET_F_GUEST_ECN;
    }
    return (net->offloads & needed) == needed;
}

/* Move the segments of the buffers in stock to the beginning of their storage. */
static void pack_stock(struct vnet *net)
{
    unsigned used = 0;

    for (unsigned i = 0; i < net->stock_count; i++) {
        struct chain *chain = &net->stock[i];

        __builtin_memmove(net->segments + used, chain->segments,
                          chain->count * sizeof *chain->segments);
        chain->segments = net->segments + used;
        used += chain->count;
    }
    net->stock_segments = used;
}

/*
 * Take one more buffer from the guest, or give it back when it is of no use. VIRTIO_ERR_SIZE: the
 * device has no room for one more, so that the guest's buffers are too small for the frame.
 */
static enum virtio_error stock_more(struct vnet *net)
{
    struct vdev *dev = &net->dev;
    uint16_t entries = dev->queues[VNET_QUEUE_RX].max_entries;
    struct chain *chain = &net->stock[net->stock_count];
    enum virtio_error error;

    if (net->stock_segments + entries > 2U * entries) {
        pack_stock(net);
    }
    if (net->stock_count == VNET_STOCK || net->stock_segments > entries) {
        return VIRTIO_ERR_SIZE;
    }
    chain_init(chain, net->segments + net->stock_segments, entries);
    error = vdev_pop(dev, VNET_QUEUE_RX, chain);
    if (error == VIRTIO_EMPTY && vdev_want_kick(dev, VNET_QUEUE_RX)) {
        error = vdev_pop(dev, VNET_QUEUE_RX, chain);
    }
    if (error != VIRTIO_OK) {
        return error;
    }
    if (chain->readable != 0) {
        vdev_count(dev, VIRTIO_ERR_DIRECTION);
    }
    if (chain->writable_bytes.bytes < VNET_HEADER_BYTES) {
        /* It can hold nothing, and would be in the way for ever. */
        vdev_count(dev, VIRTIO_ERR_SIZE);
        vdev_push(dev, VNET_QUEUE_RX, chain, 0);
        return VIRTIO_OK;
    }
    net->stock_count++;
    net->stock_segments += chain->count;
    net->stock_bytes += chain->writable_bytes.bytes;
    return VIRTIO_OK;
}

/* Take `count` buffers out of the stock, which are given back now. */
static void stock_drop(struct vnet *net, unsigned count)
{
    if (count == net->stock_count) {
        net->stock_count = 0;
        net->stock_bytes = 0;
        net->stock_segments = 0;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        net->stock_bytes -= net->stock[i].writable_bytes.bytes;
    }
    net->stock_count -= count;
    __builtin_memmove(net->stock, net->stock + count, net->stock_count * sizeof net->stock[0]);
}

/* Have buffers for `need` bytes in stock. */
static enum vnet_result stock_up(struct vnet *net, uint64_t need)
{
    bool merge = vdev_has(&net->dev, VNET_F_MRG_RXBUF);
    unsigned entries = net->dev.queues[VNET_QUEUE_RX].max_entries;
    unsigned budget = 2U * entries;
    enum virtio_error error = VIRTIO_OK;

    while ((merge ? net->stock_bytes < need : net->stock_count == 0) && error == VIRTIO_OK) {
        error = budget-- != 0 ? stock_more(net) : VIRTIO_ERR_SIZE;
    }
    /* With half of the guest's buffers in hand, waiting for more could be for ever. */
    if (error == VIRTIO_EMPTY && net->stock_segments < entries / 2) {
        net->receive_blocked = true;
        return VNET_WAIT;
    }
    if (error != VIRTIO_OK || net->stock_bytes < need ||
        (!merge && net->stock[0].writable_bytes.bytes < need)) {
        return VNET_DROPPED;
    }
    return VNET_TAKEN;
}

/* How many of the buffers in stock hold `need` bytes. */
static unsigned stock_spread(const struct vnet *net, uint64_t need)
{
    unsigned count = 0;

    for (uint64_t room = 0; room < need; count++) {
        room += net->stock[count].writable_bytes.bytes;
    }
    return count;
}

/* Write pieces, one after the other, over the buffers in stock, and give those back. */
static void spread(struct vnet *net, const struct vnet_piece *pieces, unsigned count,
                   unsigned buffers)
{
    struct chain_writer writer = chain_writer(&net->stock[0]);
    unsigned buffer = 0;

    if (buffers == 1) {
        for (unsigned i = 0; i < count; i++) {
            (void)chain_write(&writer, pieces[i].data, pieces[i].bytes);
        }
        count = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *data = pieces[i].data;
        size_t left = pieces[i].bytes;

        while (left != 0) {
            size_t done = chain_write(&writer, data, left);

            data += done;
            left -= done;
            if (left == 0) {
                break;
            }
            vdev_push(&net->dev, VNET_QUEUE_RX, &net->stock[buffer], writer.written);
            buffer++;
            writer = chain_writer(&net->stock[buffer]);
        }
    }
    vdev_push(&net->dev, VNET_QUEUE_RX, &net->stock[buffer], writer.written);
    stock_drop(net, buffers);
}

enum vnet_result vnet_receive(struct vnet *net, const struct vnet_frame *frame,
                              const struct vnet_piece *pieces, unsigned count)
{
    uint64_t need = (uint64_t)frame->bytes + VNET_HEADER_BYTES;
    struct vnet_piece all[VNET_MAX_PIECES + 1];
    struct start start;
    size_t joined = 0;
    unsigned used = 1;
    enum vnet_result result;

    if (!net->dev.live || !net->link_up || count > VNET_MAX_PIECES || !vnet_takes(net, frame)) {
        return VNET_DROPPED;
    }
    /* VIO-NET-08 */
    if (frame->gso_type == VNET_GSO_NONE && frame->bytes > vnet_most_bytes(net)) {
        net->stats.received_too_large++;
        return VNET_DROPPED;
    }
    result = stock_up(net, need);
    if (result != VNET_TAKEN) {
        net->stats.received_too_large += result == VNET_DROPPED;
        return result;
    }
    start.header = (struct header){
        /* VIO-NET-03: DATA_VALID only for a driver that knows it. */
        .flags = (net->offloads & VNET_F_GUEST_CSUM) != 0 ? frame->flags : 0,
        .gso_type = frame->gso_type,
        .header_bytes = frame->header_bytes,
        .gso_bytes = frame->gso_bytes,
        .csum_start = frame->csum_start,
        .csum_offset = frame->csum_offset,
        /* VIO-NET-04: as many buffers as are used; without merging that is one. */
        .buffers = (uint16_t)stock_spread(net, need),
    };
    if (count != 0 && pieces[0].bytes <= sizeof start.first) {
        joined = pieces[0].bytes;
        __builtin_memcpy(start.first, pieces[0].data, joined);
    }
    all[0] = (struct vnet_piece){ &start, sizeof start.header + joined };
    for (unsigned i = joined != 0; i < count; i++) {
        all[used++] = pieces[i];
    }
    spread(net, all, used, start.header.buffers);
    net->stats.received_frames++;
    net->stats.received_bytes += frame->bytes;
    return VNET_TAKEN;
}

void vnet_receive_end(struct vnet *net)
{
    vdev_signal(&net->dev, VNET_QUEUE_RX);
}
