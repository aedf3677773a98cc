/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's side of a split virtqueue (virtIO 1.2, 2.7), with event indices where the device has
 * them. Plain C. What the device writes is believed only as far as it cannot lead out of the queue.
 */
#ifndef DRIVERS_NET_NIC_QUEUE_H
#define DRIVERS_NET_NIC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <virtio/spec.h>

/** Most entries of a queue, and the memory that it takes, aligned to a page. */
#define NIC_QUEUE_ENTRIES 256u
#define NIC_QUEUE_BYTES 0x2000u
/** @{ Where its three areas are in that memory. */
#define NIC_QUEUE_DESC 0u
#define NIC_QUEUE_AVAIL 0x1000u
#define NIC_QUEUE_USED 0x1400u
/** @} */

struct nic_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

_Static_assert(sizeof(struct nic_descriptor) == VIRTIO_DESC_BYTES, "2.7.5");

struct nic_queue {
    uint8_t *memory;
    uint32_t entries; /* a power of two */
    bool event_idx;
    /** Free-running indices: next to show, shown at the last kick, next to take, and behind the
     * last that was seen to be there. */
    uint16_t avail;
    uint16_t kicked;
    uint16_t used;
    uint16_t seen;
};

/** An empty queue of `entries` entries in NIC_QUEUE_BYTES bytes, which are cleared. */
void nic_queue_init(struct nic_queue *queue, void *memory, uint32_t entries, bool event_idx);

/** A descriptor of the table; `index` is below queue->entries. */
struct nic_descriptor *nic_queue_descriptor(const struct nic_queue *queue, uint32_t index);

/** Show the device the chain that begins with that descriptor. */
void nic_queue_show(struct nic_queue *queue, uint32_t head);

/** Whether the device wants to be told of what was shown since the last call. */
bool nic_queue_kick(struct nic_queue *queue);

/**
 * Take the next chain that the device is done with: its first descriptor, which may be any number,
 * and how many bytes the device says to have written. False: there is none.
 */
bool nic_queue_take(struct nic_queue *queue, uint32_t *head, uint32_t *bytes);

/** How many chains can be taken, at most queue->entries. */
uint32_t nic_queue_count(struct nic_queue *queue);

/**
 * Ask for an interrupt when `more` chains (1 or more) can be taken; without event indices, with the
 * next one. False: there are as many already, and perhaps no interrupt comes.
 */
bool nic_queue_wait(struct nic_queue *queue, uint32_t more);

/** Ask for no interrupts. */
void nic_queue_quiet(struct nic_queue *queue);

#endif
