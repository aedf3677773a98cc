/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_net_direct.h"

#include <bulkhead/libc.h>

#include "sys.h"

void virtio_net_direct_open(struct virtio_net *device)
{
    net_direct_open(&device->direct, &device->client);
    (void)virtio_net_direct_unpost(device, true);
}

bool virtio_net_direct_add(struct virtio_net *device, struct chain_reader *reader,
                           const struct net_frame *frame, uint16_t slot)
{
    struct chain_reader rest = *reader;
    struct net_piece *pieces;
    unsigned room = net_direct_room(&device->direct, &pieces);
    unsigned count = 0;
    const void *data;

    for (size_t bytes = chain_peek(&rest, &data); bytes != 0; bytes = chain_peek(&rest, &data)) {
        if (count == room) {
            return false;
        }
        pieces[count++] = (struct net_piece){ chain_where(&rest).value, (uint32_t)bytes, 0 };
        chain_skip(&rest, bytes);
    }
    net_direct_add(&device->direct, frame, count, slot);
    return true;
}

/** Copy a frame of the batch into its slot. Where its payload lies is looked up as if others had
 * written it. */
static void virtio_net_direct_copy(struct virtio_net *device, const struct net_frame *frame,
                                   const struct net_piece *pieces, uint16_t slot)
{
    uint8_t *to = net_client_at(&device->client, slot);
    uint32_t left = frame->bytes - NET_ETHERNET_BYTES;

    for (unsigned i = 0; i < frame->slot; i++) {
        struct net_piece piece = pieces[i];
        struct length part;
        struct host_ptr from;

        /* The switch may write there: what is checked is the copy. */
        __asm__ volatile("" : : "r"(&piece) : "memory");
        struct gpa at = { piece.address };
        struct length bytes = { piece.bytes < left ? piece.bytes : left };

        while (bytes.bytes != 0 &&
               guestmem_find(device->mem, at, bytes, &from, &part) == VIRTIO_OK) {
            memcpy(to, from.ptr, part.bytes);
            to += part.bytes;
            at.value += part.bytes;
            bytes.bytes -= part.bytes;
            left -= (uint32_t)part.bytes;
        }
    }
    net_client_send(&device->client, slot, frame);
}

void virtio_net_direct_send(struct virtio_net *device)
{
    struct net_direct *direct = &device->direct;
    const struct net_piece *pieces = device->client.memory->batch.pieces;
    unsigned frames = direct->frames;
    uint64_t taken = frames;

    if (frames == 0) {
        return;
    }
    if (!sys_call(device->channel, NET_CALL_SEND, &taken) || taken > frames) {
        taken = 0;
    }
    for (unsigned i = 0; i < frames; i++) {
        const struct net_frame *frame = &direct->kept[i];

        if (i < taken) {
            net_client_release(&device->client, direct->slots[i]);
        } else {
            virtio_net_direct_copy(device, frame, pieces, direct->slots[i]);
        }
        pieces += frame->slot;
    }
    direct->frames = 0;
    direct->pieces = 0;
}

bool virtio_net_direct_post(void *context, const struct chain *chain)
{
    struct virtio_net *device = context;
    struct net_piece pieces[VNET_POSTED_PIECES];
    unsigned count = 0;

    for (unsigned i = chain->readable; i < chain->count; i++) {
        pieces[count++] = (struct net_piece){
            .address = chain->segments[i].guest.value,
            .bytes = chain->segments[i].bytes,
            .last = i + 1U == chain->count,
        };
    }
    return net_direct_post(&device->direct, pieces, count);
}

unsigned virtio_net_direct_unpost(void *context, bool all)
{
    struct virtio_net *device = context;
    uint64_t word = 0;

    /* A switch that does not answer does not run. */
    (void)sys_call(device->channel, NET_CALL_UNPOST, &word);
    return net_direct_unposted(&device->direct, all);
}

uint32_t virtio_net_direct_wishes(const struct virtio_net *device)
{
    uint64_t offloads = device->model.offloads;
    uint32_t flags = NET_WISH_POSTS;

    flags |= vdev_has(&device->model.dev, VNET_F_MRG_RXBUF) ? NET_WISH_MERGE : 0;
    flags |= (offloads & VNET_F_GUEST_CSUM) != 0 ? NET_WISH_CSUM : 0;
    flags |= (offloads & VNET_F_GUEST_TSO4) != 0 ? NET_WISH_TCP4 : 0;
    flags |= (offloads & VNET_F_GUEST_TSO6) != 0 ? NET_WISH_TCP6 : 0;
    flags |= (offloads & VNET_F_GUEST_ECN) != 0 ? NET_WISH_ECN : 0;
    return flags;
}
