/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest in the host's memory, with a driver of virtIO devices in the test's hands: split rings of
 * four entries, one buffer at a time in each queue.
 */
#ifndef VMM_RIG_H
#define VMM_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

#define RIG_GPA 0x40000000UL
#define RIG_BYTES 0x1000000UL
#define RIG_SERIAL_CHANNEL 9u
#define RIG_SERIAL_BYTES 0x1000u
/** Queues of the driver: their three areas follow each other, then a buffer. */
#define RIG_ENTRIES 4u
#define RIG_MAX_ENTRIES 32u
#define RIG_QUEUE(n) (RIG_GPA + 0x800000 + (n)*0x4000UL)
#define RIG_DRIVER 0x1000u
#define RIG_DEVICE 0x2000u
#define RIG_BUFFER 0x3000u
#define RIG_BUFFER_BYTES 0x1000u

struct vmm_rig {
    struct guest guest;
    uint8_t *ram;
    /** The serial virtualiser's side of the guest's terminal. */
    struct serial_queue output;
    struct serial_queue input;
    /** Of each queue: RIG_ENTRIES unless a test wants more, RIG_MAX_ENTRIES at most. */
    uint32_t entries;
};

extern struct vmm_rig rig;

/** @{ For cmocka: memory for the guest. */
int rig_begin(void **state);
int rig_end(void **state);
/** @} */

/** Begin anew, before register pages are made (vmm_fake_page()). */
void rig_reset(void);

/** Start a guest with that configuration, with a terminal if `serial`. False: it does not start. */
bool rig_boot(const char *config, bool serial);

/** A store, of 32 bits, that stage 2 did not let through. */
struct guest_answer rig_store(uint64_t gpa, uint32_t value);

/** A load that stage 2 did not let through. Returns what it is answered with. */
uint64_t rig_load(uint64_t gpa);

/** @{ The guest's memory. */
void rig_put(uint64_t gpa, uint64_t value, size_t bytes);
uint16_t rig_get16(uint64_t gpa);
/** @} */

/** Start the driver of a device with that many queues, and the first 32 features. */
void rig_start_driver(uint64_t device, uint32_t queues, uint32_t features);

/** The buffer of a queue. */
uint8_t *rig_buffer(uint32_t queue);

/** Make the queue's only buffer available once more. */
void rig_offer(uint32_t queue, uint32_t bytes, bool write);

/** How many buffers of the queue were used, and how many bytes were written to the last. */
uint16_t rig_used(uint32_t queue);
uint32_t rig_written(uint32_t queue);

/** Fill the buffer, make it available and ring at `channel`. */
void rig_send(uint32_t channel, uint32_t queue, const void *data, uint32_t bytes);

/** What the virtualiser has received since the last call. */
const char *rig_received(void);

#endif
