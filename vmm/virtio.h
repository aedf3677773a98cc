/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtIO devices of a guest, as its configuration names them: at most one of each kind, but
 * several disks and network devices.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include "loader.h"
#include "virtio_blocks.h"
#include "virtio_console.h"
#include "virtio_net.h"
#include "virtio_ports.h"
#include "virtio_rng.h"

struct virtio {
    struct guestmem mem;
    struct terminal *terminal;
    struct virtio_blocks blocks;
    struct virtio_console console;
    struct virtio_ports ports;
    struct virtio_rng rng;
    struct virtio_nets nets;
};

/** What virtio_init() needs. Pointers stay in use. */
struct virtio_machine {
    const struct config *config;
    const struct loader_ram *ram;
    struct terminal *terminal;
    struct random *random;
    struct bus *bus;
    const uint8_t *ids; /* of the vCPUs */
};

/** Make the devices. Returns NULL, or what is wrong, as a sentence about the guest. */
const char *virtio_init(struct virtio *virtio, const struct virtio_machine *machine);

/** The guest, which runs, rang at `channel`. False: it is none of the devices'. */
bool virtio_notified(struct virtio *virtio, uint32_t channel);

/** Say what each device has counted since the VMM's start, a line a device. */
void virtio_say_statistics(struct virtio *virtio);

/** The same for what may come while the guest is off, too: notifications of switches. */
bool virtio_switch_notified(struct virtio *virtio, uint32_t channel);

/** Go on with what a doorbell left, if it did. To be called when an event is done. */
void virtio_work(struct virtio *virtio);

/** Its disks are known, and nothing of an earlier life reaches the guest's RAM. */
bool virtio_is_settled(const struct virtio *virtio);

/** As after a reset of the machine. The guest's vCPUs are stopped. */
void virtio_reset(struct virtio *virtio);

#endif
