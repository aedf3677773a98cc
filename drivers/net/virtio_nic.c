/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_nic.h"

#include <string.h>

#include <io/net/wire.h>

#include "virtio_nic_device.h"
#include "virtio_nic_send.h"

/** Large slots that are asked back in time: a large frame that finds none is lost. */
#define LARGE_KEPT (NET_LARGE_SLOTS / 2)
/** The part of the receive queue that may be empty before buffers are added. */
#define REFILL_PART 16u

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
        virtio_device_store(&nic->setup.device, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NIC_RX);
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
static bool nic_read_header(const struct virtio_nic *nic, const struct virtio_net_header *header,
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

/* Send what lies in a slot behind the device's header. The slot is gone afterwards. */
static void nic_forward(struct virtio_nic *nic, uint16_t slot,
                        const struct virtio_net_header *header, const uint8_t *at, uint32_t bytes)
{
    struct net_frame frame = { .flags = 0 };

    frame.bytes = bytes - (uint32_t)sizeof(*header);
    if (bytes < sizeof(*header) + NET_ETHERNET_BYTES || !nic_read_header(nic, header, &frame) ||
        !net_wire_describe(&frame, at + sizeof(*header))) {
        nic->stats.dropped++;
        net_client_release(&nic->client, slot);
        return;
    }
    frame.offset += (uint32_t)sizeof(*header);
    nic->stats.received_frames++;
    net_client_send(&nic->client, slot, &frame);
}

/*
 * Put a frame together that is in as many slots as its header says, of which the first is in hand.
 * Where there is no large slot, or the device does not keep to its word, it is dropped.
 */
static void nic_gather(struct virtio_nic *nic, uint16_t slot,
                       const struct virtio_net_header *header, uint32_t bytes)
{
    uint32_t count = header->buffers;
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
        nic_forward(nic, large, header, to, filled);
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
            struct virtio_net_header header;

            /* Slots are at whole words. */
            __builtin_memcpy(&header, __builtin_assume_aligned(at, 4), sizeof(header));
            if (virtio_nic_device_has(nic, VIRTIO_NIC_F_MRG_RXBUF) && header.buffers > 1 &&
                bytes >= sizeof(header)) {
                nic_gather(nic, slot, &header, bytes);
            } else {
                nic_forward(nic, slot, &header, at, bytes);
            }
        }
        /* Not for each of them: that costs less. */
        if (nic->rx_free_count > nic->rx.entries / REFILL_PART) {
            nic_fill(nic);
        }
    } while (!nic_queue_wait(&nic->rx, 1));
    if (virtio_nic_device_has(nic, VIRTIO_NIC_F_MRG_RXBUF)) {
        net_client_keep_large(&nic->client, LARGE_KEPT);
    }
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

enum virtio_device_error virtio_nic_leave(struct virtio_nic *nic,
                                          const struct virtio_nic_setup *setup)
{
    enum virtio_device_error error;

    nic_begin_life(nic, setup);
    error = virtio_nic_device_stop(nic);
    if (error == VIRTIO_DEVICE_OK) {
        net_client_open(&nic->client, &nic->setup.place);
    }
    return error;
}

enum virtio_device_error virtio_nic_start(struct virtio_nic *nic,
                                          const struct virtio_nic_setup *setup)
{
    enum virtio_device_error error;

    nic_begin_life(nic, setup);
    error = virtio_nic_device_start(nic);
    if (error != VIRTIO_DEVICE_OK) {
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
    return VIRTIO_DEVICE_OK;
}

void virtio_nic_interrupt(struct virtio_nic *nic)
{
    uint32_t status = virtio_device_load(&nic->setup.device, VIRTIO_MMIO_INTERRUPT_STATUS);

    virtio_device_store(&nic->setup.device, VIRTIO_MMIO_INTERRUPT_ACK, status);
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
        (nic->tx_lent != 0 && nic_queue_count(&nic->tx) >= VIRTIO_NIC_LAZY / 2)) {
        virtio_nic_send(nic);
    }
    return net_client_flush(&nic->client);
}
