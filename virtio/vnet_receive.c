/* SPDX-License-Identifier: BSD-2-Clause */
#include "vnet_internal.h"

/* The header and a short first piece, as it most often is, are written at once. */
struct start {
    struct virtio_net_header header;
    uint8_t first[VNET_ETHERNET_BYTES + VNET_TAG_BYTES];
};

void vnet_receive_reset(struct vnet *net)
{
    net->first = 0;
    net->posted = 0;
    net->stock_count = 0;
    net->stock_bytes = 0;
    net->hand_segments = 0;
    net->used_segments = 0;
    net->turned = false;
    net->receive_blocked = false;
}

void vnet_receive_stop(struct vnet *net)
{
    if (net->ops->unpost != NULL) {
        (void)net->ops->unpost(net->context, true);
    }
    vnet_receive_reset(net);
}

/* A buffer in hand, of all or of the stock. */
static struct chain *buffer_at(struct vnet *net, unsigned number)
{
    return &net->buffers[(net->first + number) % VNET_BUFFERS];
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

/* The buffer in hand whose segments come first in the storage, of those from `from` on. */
static struct chain *next_stored(struct vnet *net, const struct chain_segment *from)
{
    struct chain *next = NULL;

    for (unsigned i = 0; i < net->posted + net->stock_count; i++) {
        struct chain *chain = buffer_at(net, i);

        if (chain->segments >= from && (next == NULL || chain->segments < next->segments)) {
            next = chain;
        }
    }
    return next;
}

/* Move the segments of the buffers in hand to the beginning of their storage. */
static void pack(struct vnet *net)
{
    const struct chain_segment *from = net->segments;
    unsigned used = 0;

    for (unsigned i = 0; i < net->posted + net->stock_count; i++) {
        struct chain *chain = net->turned ? next_stored(net, from) : buffer_at(net, i);

        from = chain->segments + chain->count;
        __builtin_memmove(net->segments + used, chain->segments,
                          chain->count * sizeof *chain->segments);
        chain->segments = net->segments + used;
        used += chain->count;
    }
    net->used_segments = used;
}

/*
 * Take one more buffer from the guest, or give it back when it is of no use. VIRTIO_ERR_SIZE: the
 * device has no room for one more, so that the guest's buffers are too small for the frame.
 */
static enum virtio_error stock_more(struct vnet *net, bool wait)
{
    struct vdev *dev = &net->dev;
    uint16_t entries = dev->queues[VNET_QUEUE_RX].max_entries;
    struct chain *chain = buffer_at(net, net->posted + net->stock_count);
    enum virtio_error error;

    if (net->used_segments + entries > 2U * entries) {
        pack(net);
    }
    if (net->stock_count >= VNET_STOCK || net->used_segments > entries) {
        return VIRTIO_ERR_SIZE;
    }
    chain_init(chain, net->segments + net->used_segments, entries);
    error = vdev_pop(dev, VNET_QUEUE_RX, chain);
    if (error == VIRTIO_EMPTY && wait && vdev_want_kick(dev, VNET_QUEUE_RX)) {
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
    net->used_segments += chain->count;
    net->hand_segments += chain->count;
    net->stock_bytes += chain->writable_bytes.bytes;
    return VIRTIO_OK;
}

/* Posted buffers behind the first `posted` ones are in stock. */
static void set_posted(struct vnet *net, unsigned posted)
{
    unsigned count = net->posted + net->stock_count;

    net->posted = posted < net->posted ? posted : net->posted;
    net->stock_count = count - net->posted;
    net->stock_bytes = 0;
    for (unsigned i = net->posted; i < count; i++) {
        net->stock_bytes += buffer_at(net, i)->writable_bytes.bytes;
    }
}

/* Take `count` buffers out of the hand, from number `from` on: 0, or where the stock begins. */
static void drop_buffers(struct vnet *net, unsigned from, unsigned count)
{
    if (count == net->posted + net->stock_count) {
        net->first = 0;
        net->posted = 0;
        net->stock_count = 0;
        net->stock_bytes = 0;
        net->hand_segments = 0;
        net->used_segments = 0;
        net->turned = false;
        return;
    }
    for (unsigned i = from; i < from + count; i++) {
        net->hand_segments -= buffer_at(net, i)->count;
    }
    if (from == 0 && net->posted != 0) {
        net->first += count;
        net->posted -= count;
        return;
    }
    for (unsigned i = from; i < from + count; i++) {
        net->stock_bytes -= buffer_at(net, i)->writable_bytes.bytes;
    }
    net->stock_count -= count;
    if (from == 0) {
        net->first += count;
        return;
    }
    for (unsigned i = from; i < from + net->stock_count; i++) {
        *buffer_at(net, i) = *buffer_at(net, i + count);
    }
}

/* Have buffers for `need` bytes in stock. */
static enum vnet_result stock_up(struct vnet *net, uint64_t need)
{
    bool merge = vdev_has(&net->dev, VNET_F_MRG_RXBUF);
    unsigned entries = net->dev.queues[VNET_QUEUE_RX].max_entries;
    unsigned budget = 2U * entries;
    enum virtio_error error = VIRTIO_OK;

    while ((merge ? net->stock_bytes < need : net->stock_count == 0) && error == VIRTIO_OK) {
        error = budget-- != 0 ? stock_more(net, true) : VIRTIO_ERR_SIZE;
        /* The guest gives no more while it waits for those that are posted. */
        if (error != VIRTIO_OK && net->posted != 0) {
            unsigned posted = net->posted;

            vnet_unpost(net);
            error = net->posted < posted ? VIRTIO_OK : error;
        }
    }
    /* With half of the guest's buffers in hand, waiting for more could be for ever. */
    if (error == VIRTIO_EMPTY && net->hand_segments < entries / 2) {
        net->receive_blocked = true;
        return VNET_WAIT;
    }
    if (error != VIRTIO_OK || net->stock_bytes < need ||
        (!merge && buffer_at(net, net->posted)->writable_bytes.bytes < need)) {
        return VNET_DROPPED;
    }
    return VNET_TAKEN;
}

/* How many of the buffers from number `from` on hold `need` bytes, of `most`; 0: they do not. */
static unsigned count_buffers(struct vnet *net, unsigned from, unsigned most, uint64_t need)
{
    unsigned count = 0;

    for (uint64_t room = 0; room < need; count++) {
        if (count == most) {
            return 0;
        }
        room += buffer_at(net, from + count)->writable_bytes.bytes;
    }
    return count;
}

/* Go on by up to `bytes` bytes, writing those at `data` if they are not there already. */
static size_t put(struct chain_writer *writer, const void *data, size_t bytes)
{
    return data != NULL ? chain_write(writer, data, bytes) : chain_pass(writer, bytes);
}

/* Write pieces, one after the other, into a buffer that has room for them. */
static void put_all(struct chain_writer *writer, const struct vnet_piece *pieces, unsigned count)
{
    uint64_t bytes = 0;
    void *at = NULL;

    for (unsigned i = 0; i < count; i++) {
        bytes += pieces[i].bytes;
    }
    /* Most often it is in one segment. */
    if (bytes == 0 || chain_room(writer, &at) < bytes) {
        for (unsigned i = 0; i < count; i++) {
            (void)put(writer, pieces[i].data, pieces[i].bytes);
        }
        return;
    }
    chain_fill(writer, bytes);
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].data != NULL) {
            __builtin_memcpy(at, pieces[i].data, pieces[i].bytes);
        }
        at = (unsigned char *)at + pieces[i].bytes;
    }
}

/* Write pieces, one after the other, over buffers from number `from` on, and give those back. */
static void spread(struct vnet *net, const struct vnet_piece *pieces, unsigned count, unsigned from,
                   unsigned buffers)
{
    struct chain_writer writer = chain_writer(buffer_at(net, from));
    unsigned buffer = from;

    if (buffers == 1) {
        put_all(&writer, pieces, count);
        count = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *data = pieces[i].data;
        size_t left = pieces[i].bytes;

        while (left != 0) {
            size_t done = put(&writer, data, left);

            data = data != NULL ? data + done : NULL;
            left -= done;
            if (left == 0) {
                break;
            }
            vdev_push(&net->dev, VNET_QUEUE_RX, buffer_at(net, buffer), writer.written);
            buffer++;
            writer = chain_writer(buffer_at(net, buffer));
        }
    }
    vdev_push(&net->dev, VNET_QUEUE_RX, buffer_at(net, buffer), writer.written);
    drop_buffers(net, from, buffers);
}

/* Whether the guest can have a frame at all. */
static bool can_have(struct vnet *net, const struct vnet_frame *frame, unsigned pieces)
{
    if (!net->dev.live || !net->link_up || pieces > VNET_MAX_PIECES || !vnet_takes(net, frame)) {
        return false;
    }
    /* VIO-NET-08 */
    if (frame->gso_type == VNET_GSO_NONE && frame->bytes > vnet_most_bytes(net)) {
        net->stats.received_too_large++;
        return false;
    }
    return true;
}

/* Give the guest a frame in buffers from number `from` on. */
static void give(struct vnet *net, const struct vnet_frame *frame, const struct vnet_piece *pieces,
                 unsigned count, unsigned from, unsigned buffers)
{
    struct vnet_piece all[VNET_MAX_PIECES + 1];
    struct start start;
    size_t joined = 0;
    unsigned used = 1;

    start.header = (struct virtio_net_header){
        /* VIO-NET-03: DATA_VALID only for a driver that knows it. */
        .flags = (net->offloads & VNET_F_GUEST_CSUM) != 0 ? frame->flags : 0,
        .gso_type = frame->gso_type,
        .header_bytes = frame->header_bytes,
        .gso_bytes = frame->gso_bytes,
        .csum_start = frame->csum_start,
        .csum_offset = frame->csum_offset,
        /* VIO-NET-04: as many buffers as are used; without merging that is one. */
        .buffers = (uint16_t)buffers,
    };
    if (count != 0 && pieces[0].bytes <= sizeof start.first) {
        joined = pieces[0].bytes;
        __builtin_memcpy(start.first, pieces[0].data, joined);
    }
    all[0] = (struct vnet_piece){ &start, sizeof start.header + joined };
    for (unsigned i = joined != 0; i < count; i++) {
        all[used++] = pieces[i];
    }
    spread(net, all, used, from, buffers);
    net->stats.received_frames++;
    net->stats.received_bytes += frame->bytes;
}

enum vnet_result vnet_receive(struct vnet *net, const struct vnet_frame *frame,
                              const struct vnet_piece *pieces, unsigned count)
{
    uint64_t need = (uint64_t)frame->bytes + VNET_HEADER_BYTES;
    enum vnet_result result;

    if (!can_have(net, frame, count)) {
        return VNET_DROPPED;
    }
    result = stock_up(net, need);
    if (result != VNET_TAKEN) {
        net->stats.received_too_large += result == VNET_DROPPED;
        return result;
    }
    give(net, frame, pieces, count, net->posted,
         count_buffers(net, net->posted, net->stock_count, need));
    return VNET_TAKEN;
}

enum vnet_result vnet_landed(struct vnet *net, const struct vnet_frame *frame,
                             const struct vnet_piece *pieces, unsigned count, unsigned buffers)
{
    uint64_t need = (uint64_t)frame->bytes + VNET_HEADER_BYTES;

    if (!can_have(net, frame, count) || buffers == 0 ||
        buffers != count_buffers(net, 0, net->posted, need)) {
        vnet_not_landed(net, buffers);
        return VNET_DROPPED;
    }
    give(net, frame, pieces, count, 0, buffers);
    return VNET_TAKEN;
}

void vnet_not_landed(struct vnet *net, unsigned buffers)
{
    for (; buffers != 0 && net->posted != 0; buffers--) {
        *buffer_at(net, net->posted + net->stock_count) = *buffer_at(net, 0);
        net->stock_bytes += buffer_at(net, 0)->writable_bytes.bytes;
        net->first++;
        net->posted--;
        net->stock_count++;
        net->turned = true;
    }
}

void vnet_unpost(struct vnet *net)
{
    if (net->ops->unpost != NULL) {
        set_posted(net, net->ops->unpost(net->context, false));
    }
}

/* Post what buffers there are: of those of the guest's queue a half is left for others. */
static void post(struct vnet *net)
{
    unsigned entries = net->dev.queues[VNET_QUEUE_RX].max_entries;

    while (net->dev.live && net->posted < VNET_POSTED) {
        const struct chain *chain;

        if (net->stock_count == 0 &&
            (net->hand_segments >= entries / 2 || stock_more(net, false) != VIRTIO_OK)) {
            return;
        }
        /* One that was of no use is not in stock. */
        chain = buffer_at(net, net->posted);
        if (net->stock_count != 0) {
            if (chain->count > VNET_POSTED_PIECES || !net->ops->post(net->context, chain)) {
                return;
            }
            net->stock_bytes -= chain->writable_bytes.bytes;
            net->stock_count--;
            net->posted++;
        }
    }
}

void vnet_receive_end(struct vnet *net)
{
    vdev_signal(&net->dev, VNET_QUEUE_RX);
    if (net->ops->post != NULL) {
        post(net);
    }
}

void vnet_receive_kick(struct vnet *net)
{
    if (net->receive_blocked && net->dev.live) {
        net->receive_blocked = false;
        net->ops->receive_wanted(net->context);
    }
    if (net->receive_blocked) {
        return;
    }
    /* What is posted comes out of what was made available. */
    if (net->ops->post != NULL) {
        post(net);
    } else {
        virtq_suppress_kicks(&net->dev.queues[VNET_QUEUE_RX]);
    }
}
