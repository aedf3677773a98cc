/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver of a virtIO network device behind virtio-mmio, version 2 (virtIO 1.2, 4.2 and 5.1), on a
 * port of a switch (io/net/client.h). Neither way are frames copied, with two exceptions.
 *
 * To the device: it reads the payload out of the sender's buffers, wherever those are; a frame goes
 * back to its sender when the device has read it. A small one is copied, and goes back at once.
 * Checksums and segmentation that the device does not do are done here (io/net/offload.h).
 *
 * From the device: it writes into small slots of the port's own buffers, which are sent on as they
 * are. A large frame comes in several, where the device can do that (MRG_RXBUF), and is put
 * together in a large slot: that is the copy.
 *
 * Plain C: the program around it brings the registers and the memory. Nothing waits for the device,
 * but for a reset, which is polled for a bounded time. The device is trusted with all memory that
 * it reaches; what it says is checked all the same.
 */
#ifndef DRIVERS_NET_VIRTIO_NIC_H
#define DRIVERS_NET_VIRTIO_NIC_H

#include <drivers/virtio/virtio_device.h>
#include <io/net/client.h>
#include <io/net/offload.h>

#include "nic_queue.h"

/** Pieces of frames with the device at most: each has two descriptors. */
#define VIRTIO_NIC_PIECES (NIC_QUEUE_ENTRIES / 2)
/** Entries that a device's queues have at least. */
#define VIRTIO_NIC_MIN_ENTRIES 4u
/** Bytes of memory that the device reaches, aligned to a page. */
#define VIRTIO_NIC_MEMORY_BYTES 0x11000u

/** What the driver works with; it stays in use. */
struct virtio_nic_setup {
    struct virtio_device device;
    /** VIRTIO_NIC_MEMORY_BYTES bytes, and where the device finds them. */
    uint8_t *memory;
    uint64_t address;
    /** The port, and where the device finds the buffers of each port (0: it does not). */
    struct net_client_place place;
    uint64_t buffers[NET_MAX_PORTS];
};

/** A frame of which pieces are with the device. */
struct virtio_nic_frame {
    struct net_frame frame;
    /** 0: the entry is free. One more while the frame is in hand. */
    uint32_t uses;
};

struct virtio_nic_stats {
    uint64_t sent_frames;
    uint64_t received_frames;
    /** Frames of which checksum or segmentation were done here. */
    uint64_t finished;
    /** Frames of other ports that make no sense, or lie where the device does not reach. */
    uint64_t malformed;
    /** Frames from the device that make no sense, or for which there was no large slot. */
    uint64_t dropped;
    /** Used entries that name nothing. */
    uint64_t nonsense;
};

/** Its members are this module's. */
struct virtio_nic {
    struct virtio_nic_setup setup;
    uint64_t features;
    struct net_client client;
    struct nic_queue rx;
    struct nic_queue tx;
    struct nic_queue control;
    struct virtio_nic_stats stats;
    /** Slots of the port's buffers that the device has, by descriptor. */
    bool posted[NIC_QUEUE_ENTRIES];
    uint16_t rx_slots[NIC_QUEUE_ENTRIES];
    uint16_t rx_free[NIC_QUEUE_ENTRIES];
    uint32_t rx_free_count;
    /** Pieces that the device has, by their frame's entry. */
    bool sent[VIRTIO_NIC_PIECES];
    uint8_t tx_frames[VIRTIO_NIC_PIECES];
    uint8_t tx_free[VIRTIO_NIC_PIECES];
    uint32_t tx_free_count;
    uint32_t tx_pieces;
    /** Those of them that belong to frames which their senders want back. */
    uint32_t tx_lent;
    struct virtio_nic_frame frames[VIRTIO_NIC_PIECES];
    /** The frame in hand, which is being finished, if there is one. */
    bool in_hand;
    uint8_t hand;
    struct net_offload offload;
};

/**
 * Find the device, reset it and start it, and only then open the port, whose buffers an earlier
 * life's device may have written until then. The device needs VERSION_1. On an error the port is
 * not opened. The switch is to be notified afterwards in any case.
 */
enum virtio_device_error virtio_nic_start(struct virtio_nic *nic,
                                          const struct virtio_nic_setup *setup);

/**
 * In place of virtio_nic_start(): stop the device and take leave of the switch, so that what it had
 * lent to this port goes back to its owners, and nothing more comes. On an error the device may
 * still reach memory, and nothing is given back.
 */
enum virtio_device_error virtio_nic_leave(struct virtio_nic *nic,
                                          const struct virtio_nic_setup *setup);

/** Acknowledge the device's interrupt, and look what it is about. */
void virtio_nic_interrupt(struct virtio_nic *nic);

/**
 * Do what there is to do: after virtio_nic_start(), each interrupt and each notification. Returns
 * whether the switch is to be notified.
 */
bool virtio_nic_serve(struct virtio_nic *nic);

#endif
