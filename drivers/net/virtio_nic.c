/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_nic.h"

#include <string.h>

#include <io/net/wire.h>

#include "virtio_nic_device.h"

/** Pieces with the device for which no interrupt is asked: who sends next looks after them. Fewer
 *  than a port has slots of either size. */
#define LAZY_PIECES 8u
/** Large slots that are asked back in time: a large frame that finds none is lost. */
#define LARGE_KEPT (NET_LARGE_SLOTS / 2)
/** What a piece has in memory: the device's header, and the beginning of a frame. */
#define HEAD_BYTES 0x140u

/** The header before each frame (5.1.6). */
struct header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t buffers;
};

_Static_assert(sizeof(struct header) == 12, "5.1.6");
_Static_assert(sizeof(struct header) + NET_OFFLOAD_HEAD + NET_TAG_BYTES <= HEAD_BYTES, "it fits");
_Static_assert(VIRTIO_NIC_HEADS + VIRTIO_NIC_PIECES * HEAD_BYTES <= VIRTIO_NIC_MEMORY_BYTES,
               "so do all of them");
_Static_assert(LAZY_PIECES < NET_LARGE_SLOTS, "a sender is not kept waiting");

/** What is sent of a frame: its head, copied from `head`, and the rest from the sender's memory. */
struct piece {
    const uint8_t *head;
    uint32_t head_bytes;
    /** From the sender's buffers' beginning. */
    uint64_t data;
    uint32_t data_bytes;
    struct header header;
};

const char *virtio_nic_says(enum virtio_nic_error error)
{
    switch (error) {
    case VIRTIO_NIC_OK:
        return "works";
    case VIRTIO_NIC_NONE:
        return "is not there, or of the legacy kind";
    case VIRTIO_NIC_OTHER:
        return "is no network device";
    case VIRTIO_NIC_FEATURES:
        return "has not the features that are needed";
    case VIRTIO_NIC_SMALL:
        return "has too small queues";
    case VIRTIO_NIC_STUCK:
        return "does not come out of a reset";
    }
    return "is wrong";
}

/* ---- From the device ---- */

static uint8_t *own_buffers(const struct virtio_nic *nic)
{
    return (uint8_t *)nic->setup.place.buffers + (size_t)nic->setup.place.port * NET_BUFFER_BYTES;
}

static uint64_t own_address(const struct virtio_nic *nic, const uint8_t *at)
{
    return nic->setup.buffers[nic->setup.place.port] + (uint64_t)(at - own_buffers(nic));
}

/* Give the device all slots that there are. With few of them it is worth to be told of more; else
 * more are found when the next frame comes. */
static void nic_fill(struct virtio_nic *nic)
{
    do {
        uint16_t slot;
        uint8_t *at;

        while (nic->rx_free_count > 0 && net_client_reserve_small(&nic->client, &slot, &at)) {
            uint16_t index = nic->rx_free[--nic->rx_free_count];

            nic->posted[index] = true;
            nic->rx_slots[index] = slot;
            *nic_queue_descriptor(&nic->rx, index) =
                (struct nic_descriptor){ own_address(nic, at), NET_SMALL_BYTES, VIRTIO_DESC_WRITE,
                                         0 };
            nic_queue_show(&nic->rx, index);
        }
    } while (nic->rx_free_count > nic->rx.entries / 2 && !net_client_wait_slots(&nic->client));
    if (nic_queue_kick(&nic->rx)) {
        virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_RX);
    }
}

/*
 * The next slot that the device has written `bytes` bytes of, which is ours again. False: there is
 * none. `bytes` is 0 where the device says what cannot be.
 */
static bool nic_take_slot(struct virtio_nic *nic, uint16_t *slot, uint32_t *bytes)
{
    uint32_t head;

    while (nic_queue_take(&nic->rx, &head, bytes)) {
        if (head >= nic->rx.entries || !nic->posted[head]) {
            nic->stats.nonsense++;
            continue;
        }
        nic->posted[head] = false;
        nic->rx_free[nic->rx_free_count++] = (uint16_t)head;
        *slot = nic->rx_slots[head];
        *bytes = *bytes <= NET_SMALL_BYTES ? *bytes : 0;
        return true;
    }
    return false;
}

/* What the device's header says of a frame, as far as that was negotiated. False: it makes no
 * sense. The rest is for the switch to check. */
static bool nic_read_header(const struct virtio_nic *nic, const struct header *header,
                            struct net_frame *frame)
{
    uint8_t kind = header->gso_type & (uint8_t)~NET_GSO_ECN;

    if (virtio_nic_device_has(nic, VIRTIO_NIC_F_GUEST_CSUM)) {
        frame->flags = header->flags & (NET_NEEDS_CSUM | NET_DATA_VALID);
        frame->csum_start = header->csum_start;
        frame->csum_offset = header->csum_offset;
    }
    if (header->gso_type == NET_GSO_NONE) {
        return true;
    }
    frame->gso_type = header->gso_type;
    frame->gso_bytes = header->gso_bytes;
    frame->header_bytes = header->header_bytes;
    return (kind == NET_GSO_TCP4 && virtio_nic_device_has(nic, VIRTIO_NIC_F_GUEST_TSO4)) ||
           (kind == NET_GSO_TCP6 && virtio_nic_device_has(nic, VIRTIO_NIC_F_GUEST_TSO6));
}

/* Send what lies in a slot, from the device's header on. The slot is gone afterwards. */
static void nic_forward(struct virtio_nic *nic, uint16_t slot, const uint8_t *at, uint32_t bytes)
{
    struct net_frame frame = { .flags = 0 };
    struct header header;
    bool good = bytes >= sizeof(header) + NET_ETHERNET_BYTES;

    if (good) {
        memcpy(&header, at, sizeof(header));
        frame.bytes = bytes - (uint32_t)sizeof(header);
        good =
            nic_read_header(nic, &header, &frame) && net_wire_describe(&frame, at + sizeof(header));
    }
    if (!good) {
        nic->stats.dropped++;
        net_client_release(&nic->client, slot);
        return;
    }
    frame.offset += (uint32_t)sizeof(header);
    nic->stats.received_frames++;
    net_client_send(&nic->client, slot, &frame);
}

/*
 * Put a frame together that is in `count` slots, of which the first is in hand. Where there is no
 * large slot, or the device does not keep to its word, it is dropped.
 */
static void nic_gather(struct virtio_nic *nic, uint16_t slot, uint32_t bytes, uint32_t count)
{
    uint8_t *to = NULL;
    uint16_t large = 0;
    uint32_t filled = 0;
    bool good = net_client_reserve(&nic->client, NET_LARGE_BYTES, &large, &to);
    bool reserved = good;

    while (true) {
        good = good && bytes != 0 && bytes <= NET_LARGE_BYTES - filled;
        if (good) {
            memcpy(to + filled, net_client_at(&nic->client, slot), bytes);
            filled += bytes;
        }
        net_client_release(&nic->client, slot);
        if (--count == 0) {
            break;
        }
        if (!nic_take_slot(nic, &slot, &bytes)) {
            good = false;
            break;
        }
    }
    if (good) {
        nic_forward(nic, large, to, filled);
        return;
    }
    nic->stats.dropped++;
    if (reserved) {
        net_client_release(&nic->client, large);
    }
}

static void nic_receive(struct virtio_nic *nic)
{
    uint16_t slot;
    uint32_t bytes;

    do {
        while (nic_take_slot(nic, &slot, &bytes)) {
            const uint8_t *at = net_client_at(&nic->client, slot);
            struct header header;

            memcpy(&header, at, sizeof(header));
            if (virtio_nic_device_has(nic, VIRTIO_NIC_F_MRG_RXBUF) && header.buffers > 1 &&
                bytes >= sizeof(header)) {
                nic_gather(nic, slot, bytes, header.buffers);
            } else {
                nic_forward(nic, slot, at, bytes);
            }
        }
        nic_fill(nic);
    } while (!nic_queue_wait(&nic->rx, 1));
    if (virtio_nic_device_has(nic, VIRTIO_NIC_F_MRG_RXBUF)) {
        net_client_keep_large(&nic->client, LARGE_KEPT);
    }
}

/* ---- To the device ---- */

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
        nic_drop_use(nic, nic->tx_frames[piece]);
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
        /* All headers, whose length was taken from themselves: the sender's word is a guess. */
        piece.header.header_bytes = (uint16_t)(nic->offload.head_bytes + tag);
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

/* A frame for the device: sent, being finished, or dropped. There is a free piece. */
static void nic_begin(struct virtio_nic *nic, const struct net_frame *frame, const uint8_t *payload)
{
    struct virtio_nic_frame *entry;
    bool whole = nic_device_finishes(nic, frame);

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
        virtio_nic_device_store(nic, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_TX);
    }
}

static void nic_transmit(struct virtio_nic *nic)
{
    uint32_t under_way;

    do {
        nic_reap(nic);
        nic_send(nic);
        under_way = nic->tx_pieces - nic->tx_free_count;
        if (under_way <= LAZY_PIECES) {
            nic_queue_quiet(&nic->tx);
            break;
        }
    } while (!nic_queue_wait(&nic->tx, under_way / 2));
}

/* ---- Both ---- */

/* Frames without a link are dropped by the switch already, which counts them. */
static void nic_wish(struct virtio_nic *nic)
{
    net_client_wish(&nic->client,
                    virtio_nic_device_link(nic) ? NET_WISH_UP | NET_WISH_ALL_MULTICAST : 0, 0);
}

/* Nothing more is wanted from the switch for now. */
static void nic_begin_life(struct virtio_nic *nic, const struct virtio_nic_setup *setup)
{
    *nic = (struct virtio_nic){ .setup = *setup, .client.memory = setup->place.memory };
    net_client_wish(&nic->client, 0, 0);
}

enum virtio_nic_error virtio_nic_leave(struct virtio_nic *nic, const struct virtio_nic_setup *setup)
{
    enum virtio_nic_error error;

    nic_begin_life(nic, setup);
    error = virtio_nic_device_stop(nic);
    if (error == VIRTIO_NIC_OK) {
        net_client_open(&nic->client, &nic->setup.place);
    }
    return error;
}

enum virtio_nic_error virtio_nic_start(struct virtio_nic *nic, const struct virtio_nic_setup *setup)
{
    enum virtio_nic_error error;

    nic_begin_life(nic, setup);
    error = virtio_nic_device_start(nic);
    if (error != VIRTIO_NIC_OK) {
        return error;
    }
    nic->tx_pieces = nic->tx.entries / 2;
    for (uint32_t i = nic->tx_pieces; i-- > 0;) {
        nic->tx_free[nic->tx_free_count++] = (uint8_t)i;
    }
    for (uint32_t i = nic->rx.entries; i-- > 0;) {
        nic->rx_free[nic->rx_free_count++] = (uint16_t)i;
    }
    nic_queue_quiet(&nic->tx);
    net_client_open(&nic->client, &nic->setup.place);
    virtio_nic_device_promiscuous(nic);
    nic_wish(nic);
    return VIRTIO_NIC_OK;
}

void virtio_nic_interrupt(struct virtio_nic *nic)
{
    uint32_t status = virtio_nic_device_load(nic, VIRTIO_MMIO_INTERRUPT_STATUS);

    virtio_nic_device_store(nic, VIRTIO_MMIO_INTERRUPT_ACK, status);
    if ((status & VIRTIO_INTERRUPT_CONFIG) != 0) {
        nic_wish(nic);
    }
}

bool virtio_nic_serve(struct virtio_nic *nic)
{
    /* A queue that has nothing was left waiting for more. A few pieces that the device has read can
     * wait for the next frame. */
    if (nic_queue_count(&nic->rx) > 0 || nic->rx_free_count > nic->rx.entries / 2) {
        nic_receive(nic);
    }
    if (nic->in_hand || net_client_any(&nic->client) ||
        nic_queue_count(&nic->tx) >= LAZY_PIECES / 2) {
        nic_transmit(nic);
    }
    return net_client_flush(&nic->client);
}
