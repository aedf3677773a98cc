/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's side of a virtqueue, written from the driver's half of the specification (2.7 and
 * 2.8) and sharing nothing with virtio/: what the device side is tested against.
 */
#ifndef TESTS_VIRTIO_DRIVER_H
#define TESTS_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_MAX_ENTRIES 1024
/* Elements that an indirect table of this driver can have. */
#define DRIVER_MAX_TABLE 32

/* An element of a buffer. */
struct driver_element {
    uint64_t at;
    uint32_t bytes;
    bool write;
};

/* How the elements become descriptors. */
enum driver_shape {
    DRIVER_DIRECT,
    /* All in an indirect table. */
    DRIVER_INDIRECT,
    /* Split only: the first direct, the others in a table at the end of the chain. */
    DRIVER_MIXED,
};

/* @{ A word of a ring, wherever it lies; of a value, the low half. */
void driver_put16(unsigned char *at, unsigned value);
uint16_t driver_get16(const unsigned char *at);
/* @} */

struct driver_ring {
    bool packed;
    bool event_idx;
    uint16_t entries;
    /* The three areas, and room for an indirect table for each entry. */
    unsigned char *desc;
    unsigned char *driver;
    unsigned char *device;
    unsigned char *tables;
    uint64_t tables_at;
    /* Entries that can be used. */
    unsigned free;
    uint16_t free_list[DRIVER_MAX_ENTRIES];
    /* What was made available: by head (split) or id (packed). */
    uint32_t cookie[DRIVER_MAX_ENTRIES];
    uint16_t count[DRIVER_MAX_ENTRIES];
    bool taken[DRIVER_MAX_ENTRIES];
    /* Split: free-running. Packed: slots, with wrap counters. */
    uint16_t avail;
    uint16_t used;
    bool avail_wrap;
    bool used_wrap;
    /* Available index when kicks were last thought about; packed: slots since then. */
    uint16_t announced;
    unsigned unannounced;
    /* Split: heads of the buffers added and not shown yet are in the ring already. */
    uint16_t shown;
};

/* Start with zeroed areas. */
void driver_ring_init(struct driver_ring *ring, bool packed, bool event_idx, uint16_t entries);

/* Make a buffer available. Returns false when there is no room for it. */
bool driver_ring_add(struct driver_ring *ring, const struct driver_element *elements,
                     unsigned count, enum driver_shape shape, uint32_t cookie);

/* Show what was added to the device (split; packed buffers are seen at once). True: kick. */
bool driver_ring_publish(struct driver_ring *ring);

/* Take a used buffer back. False when there is none. Aborts on nonsense from the device. */
bool driver_ring_get(struct driver_ring *ring, uint32_t *cookie, uint32_t *written);

/* Ask for interrupts, with the event index at the next buffer if that was negotiated; or not. */
void driver_ring_interrupts(struct driver_ring *ring, bool wanted);

#endif
