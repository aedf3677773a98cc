/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_nic_send.h"

#include <string.h>

#include <io/net/sum.h>
#include <io/net/wire.h>

#include "virtio_nic_device.h"

/** What a piece has in memory: the device's header, and the beginning of a frame. */
#define HEAD_BYTES 0x140u
/** Where a small frame begins there: so what is behind an IPv4 header, and summed, is at a whole
 *  word. */
#define SMALL_AT 2u
/** In place of the entry of a piece's frame: that was copied, and is its sender's again. */
#define NO_FRAME 0xffu

_Static_assert(SMALL_AT + sizeof(struct virtio_net_header) + NET_OFFLOAD_HEAD + NET_TAG_BYTES <=
                   HEAD_BYTES,
               "it fits");
_Static_assert(VIRTIO_NIC_HEADS + VIRTIO_NIC_PIECES * HEAD_BYTES <= VIRTIO_NIC_MEMORY_BYTES,
               "so do all of them");
_Static_assert(VIRTIO_NIC_LAZY < NET_LARGE_SLOTS, "a sender is not kept waiting");

/** What is sent of a frame: its head, copied from `head`, and the rest from the sender's memory. */
struct piece {
    const uint8_t *head;
    uint32_t head_bytes;
    /** From the sender's buffers' beginning. */
    uint64_t data;
    uint32_t data_bytes;
    struct virtio_net_header header;
};

static void nic_drop_use(struct virtio_nic *nic, uint8_t index)
{
    struct virtio_nic_frame *entry = &nic->frames[index];

    entry->uses--;
    if (entry->uses == 0) {
        net_client_return(&nic->client, &entry->frame);
    }
}

/* Pieces that the device has read. */
static void nic_reap(struct virtio_nic *nic)
{
    uint32_t head;
    uint32_t bytes;

    while (nic_queue_take(&nic->tx, &head, &bytes)) {
        uint32_t piece = head / 2;

        if (piece >= nic->tx_pieces || head % 2 != 0 || !nic->sent[piece]) {
            nic->stats.nonsense++;
            continue;
        }
        nic->sent[piece] = false;
        nic->tx_free[nic->tx_free_count++] = (uint8_t)piece;
        if (nic->tx_frames[piece] != NO_FRAME) {
            nic->tx_lent--;
            nic_drop_use(nic, nic->tx_frames[piece]);
        }
    }
}

/* Show the device a piece of the frame in entry `index`. There is a free piece. */
static void nic_show(struct virtio_nic *nic, uint8_t index, const struct piece *from)
{
    struct virtio_nic_frame *entry = &nic->frames[index];
    uint8_t piece = nic->tx_free[--nic->tx_free_count];
    uint32_t place = VIRTIO_NIC_HEADS + piece * HEAD_BYTES;
    uint8_t *at = nic->setup.memory + place;
    struct nic_descriptor *first = nic_queue_descriptor(&nic->tx, 2U * piece);
    uint32_t bytes = sizeof(from->header);

    nic->sent[piece] = true;
    nic->tx_frames[piece] = index;
    nic->tx_lent++;
    entry->uses++;
    memcpy(at, &from->header, sizeof(from->header));
    bytes += net_wire_write(at + bytes, from->head, from->head_bytes, entry->frame.vlan);
    first[0] = (struct nic_descriptor){ nic->setup.address + place, bytes, 0, 0 };
    if (from->data_bytes > 0) {
        first[0].flags = VIRTIO_DESC_NEXT;
        first[0].next = (uint16_t)(2U * piece + 1);
        first[1] = (struct nic_descriptor){ nic->setup.buffers[entry->frame.port] + from->data,
                                            from->data_bytes, 0, 0 };
    }
    nic_queue_show(&nic->tx, 2U * piece);
}

/* Whether the device does what the frame's sender has left to be done. */
static bool nic_device_finishes(const struct virtio_nic *nic, const struct net_frame *frame)
{
    uint8_t kind = frame->gso_type & (uint8_t)~NET_GSO_ECN;
    uint64_t needed = (frame->flags & NET_NEEDS_CSUM) != 0 ? VIRTIO_NIC_F_CSUM : 0;

    if (kind == NET_GSO_TCP4) {
        needed |= VIRTIO_NIC_F_HOST_TSO4;
    } else if (kind == NET_GSO_TCP6) {
        needed |= VIRTIO_NIC_F_HOST_TSO6;
    }
    if ((frame->gso_type & NET_GSO_ECN) != 0) {
        needed |= VIRTIO_NIC_F_HOST_ECN;
    }
    return virtio_nic_device_has(nic, needed);
}

/* Send the frame in hand as it is. */
static void nic_send_whole(struct virtio_nic *nic)
{
    const struct net_frame *frame = &nic->frames[nic->hand].frame;
    uint32_t tag = net_wire_tag_bytes(frame->vlan);
    struct piece piece = {
        .head = frame->ethernet,
        .head_bytes = NET_ETHERNET_BYTES,
        .data = frame->offset,
        .data_bytes = frame->bytes - NET_ETHERNET_BYTES,
    };

    if ((frame->flags & NET_NEEDS_CSUM) != 0) {
        piece.header.flags = NET_NEEDS_CSUM;
        piece.header.csum_start = (uint16_t)(frame->csum_start + tag);
        piece.header.csum_offset = frame->csum_offset;
    }
    if (frame->gso_type != NET_GSO_NONE) {
        piece.header.gso_type = frame->gso_type;
        piece.header.gso_bytes = frame->gso_bytes;
        /* All headers, whose length was taken from themselves: the sender's word is a guess. The
         * device gets those that were judged, whatever the sender has written there since. */
        piece.header.header_bytes = (uint16_t)(nic->offload.head_bytes + tag);
        piece.head = nic->offload.original;
        piece.head_bytes = nic->offload.head_bytes;
        piece.data += nic->offload.head_bytes - NET_ETHERNET_BYTES;
        piece.data_bytes = frame->bytes - nic->offload.head_bytes;
    }
    nic_show(nic, nic->hand, &piece);
}

/* Send what becomes of the frame in hand, as far as there are free pieces. True: that was all. */
static bool nic_send_finished(struct virtio_nic *nic)
{
    const struct net_frame *frame = &nic->frames[nic->hand].frame;
    const uint8_t *buffers =
        (const uint8_t *)nic->setup.place.buffers + (size_t)frame->port * NET_BUFFER_BYTES;

    while (nic->tx_free_count > 0) {
        struct piece piece = { .data = 0 };

        if (!net_offload_next(&nic->offload)) {
            return true;
        }
        piece.head = nic->offload.head;
        piece.head_bytes = nic->offload.head_bytes;
        piece.data = (uint64_t)(nic->offload.data - buffers);
        piece.data_bytes = nic->offload.data_bytes;
        nic_show(nic, nic->hand, &piece);
    }
    return false;
}

/*
 * Send a frame that is so small that copying it, and giving it back at once, costs less than to
 * keep account of it. False: it makes no sense. There is a free piece.
 */
static bool nic_send_small(struct virtio_nic *nic, const struct net_frame *frame,
                           const uint8_t *payload)
{
    uint8_t piece = nic->tx_free[nic->tx_free_count - 1];
    uint32_t place = VIRTIO_NIC_HEADS + piece * HEAD_BYTES + SMALL_AT;
    uint32_t tag = net_wire_tag_bytes(frame->vlan);
    struct virtio_net_header *header = (void *)(nic->setup.memory + place);
    uint8_t *ethernet = (uint8_t *)(header + 1) + tag;
    uint32_t sum_at = (uint32_t)frame->csum_start + frame->csum_offset;

    if (sum_at + 2U > frame->bytes) {
        return false;
    }
    *header = (struct virtio_net_header){ .flags = 0 };
    __builtin_memcpy(__builtin_assume_aligned(ethernet, 2), frame->ethernet, NET_ETHERNET_BYTES);
    memcpy(ethernet + NET_ETHERNET_BYTES, payload, frame->bytes - NET_ETHERNET_BYTES);
    if ((frame->flags & NET_NEEDS_CSUM) != 0 && virtio_nic_device_has(nic, VIRTIO_NIC_F_CSUM)) {
        header->flags = NET_NEEDS_CSUM;
        header->csum_start = (uint16_t)(frame->csum_start + tag);
        header->csum_offset = frame->csum_offset;
    } else if ((frame->flags & NET_NEEDS_CSUM) != 0) {
        uint16_t sum = net_sum_finish(
            net_sum_add(0, ethernet + frame->csum_start, frame->bytes - frame->csum_start));

        ethernet[sum_at] = (uint8_t)(sum >> 8);
        ethernet[sum_at + 1] = (uint8_t)sum;
        nic->stats.finished++;
    }
    if (tag != 0) {
        (void)net_wire_write(ethernet - tag, frame->ethernet, NET_ETHERNET_BYTES, frame->vlan);
    }
    nic->tx_free_count--;
    nic->sent[piece] = true;
    nic->tx_frames[piece] = NO_FRAME;
    *nic_queue_descriptor(&nic->tx, 2U * piece) =
        (struct nic_descriptor){ nic->setup.address + place,
                                 (uint32_t)sizeof(*header) + tag + frame->bytes, 0, 0 };
    nic_queue_show(&nic->tx, 2U * piece);
    nic->stats.sent_frames++;
    return true;
}

/* A frame for the device: sent, being finished, or dropped. There is a free piece. */
static void nic_begin(struct virtio_nic *nic, const struct net_frame *frame, const uint8_t *payload)
{
    struct virtio_nic_frame *entry;
    bool whole;

    if (frame->gso_type == NET_GSO_NONE && frame->bytes <= NET_OFFLOAD_HEAD &&
        nic->setup.buffers[frame->port] != 0) {
        nic->stats.malformed += !nic_send_small(nic, frame, payload);
        net_client_return(&nic->client, frame);
        return;
    }
    whole = nic_device_finishes(nic, frame);
    if (nic->setup.buffers[frame->port] == 0 ||
        ((!whole || frame->gso_type != NET_GSO_NONE) &&
         !net_offload_begin(&nic->offload, frame, payload))) {
        nic->stats.malformed++;
        net_client_return(&nic->client, frame);
        return;
    }
    /* There are as many entries as pieces, and each that is in use has a piece. */
    nic->hand = 0;
    while (nic->frames[nic->hand].uses != 0) {
        nic->hand++;
    }
    entry = &nic->frames[nic->hand];
    entry->frame = *frame;
    entry->uses = 1;
    nic->stats.sent_frames++;
    if (whole) {
        nic_send_whole(nic);
        nic_drop_use(nic, nic->hand);
    } else {
        nic->stats.finished++;
        nic->in_hand = true;
    }
}

/* Give the device frames until there are no more, or no pieces for them. */
static void nic_send(struct virtio_nic *nic)
{
    const uint8_t *payload;
    struct net_frame frame;

    while (nic->tx_free_count > 0) {
        if (nic->in_hand) {
            if (!nic_send_finished(nic)) {
                break;
            }
            nic->in_hand = false;
            nic_drop_use(nic, nic->hand);
        } else if (net_client_receive(&nic->client, &frame, &payload)) {
            nic_begin(nic, &frame, payload);
        } else {
            break;
        }
    }
    if (nic_queue_kick(&nic->tx)) {
        virtio_device_store(&nic->setup.device, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_TX);
    }
}

void virtio_nic_send(struct virtio_nic *nic)
{
    uint32_t under_way;

    do {
        /* Those of copied frames are of no use to anybody while there are others. */
        if (nic->tx_lent != 0 || nic->tx_free_count <= nic->tx_pieces / 2) {
            nic_reap(nic);
        }
        nic_send(nic);
        if (nic->tx_lent <= VIRTIO_NIC_LAZY && nic->tx_free_count != 0) {
            nic_queue_quiet(&nic->tx);
            break;
        }
        under_way = nic->tx_pieces - nic->tx_free_count;
    } while (!nic_queue_wait(&nic->tx, under_way / 2));
}
