/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's named ports (/dev/virtio-ports/NAME): a virtIO console device of its own, whose
 * driver must know MULTIPORT. Each port is a stream to another protection domain.
 */
#ifndef VMM_VIRTIO_PORTS_H
#define VMM_VIRTIO_PORTS_H

#include <virtio/vconsole.h>

#include "stream.h"
#include "terminal.h"
#include "virtio_page.h"

/** Linux fills each queue of input with a page for each entry. */
#define VIRTIO_PORTS_ENTRIES 32u

struct virtio_ports {
    struct vconsole model;
    struct virtio_page page;
    struct terminal *terminal;
    struct stream streams[CONFIG_MAX_PORTS];
    /** Bit n: what has arrived for port n is to be offered to the guest. */
    uint32_t offers;
    struct virtq queues[VCONSOLE_QUEUES(CONFIG_MAX_PORTS, true)];
    struct chain_segment segments[VCONSOLE_SEGMENTS(CONFIG_MAX_PORTS, VIRTIO_PORTS_ENTRIES)];
};

/**
 * Make the device `device` with the ports of `config`. Returns NULL, or what is wrong. `config`,
 * `mem`, `terminal`, which shows what is written in an emergency, and `report` stay in use.
 */
const char *virtio_ports_init(struct virtio_ports *ports, const struct config *config,
                              const struct config_virtio *device, const struct guestmem *mem,
                              struct terminal *terminal, struct bus *bus, vdev_report *report,
                              void *report_context);

/** A notification on `channel` came. False: it is no port's. The guest may be stopped. */
bool virtio_ports_notified(struct virtio_ports *ports, uint32_t channel);

/** Go on with what an event left, a bounded piece; nothing where there is no such device. */
void virtio_ports_work(struct virtio_ports *ports);

#endif
