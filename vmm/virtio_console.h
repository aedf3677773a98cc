/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtIO console (/dev/hvc0), on its terminal: one port, without MULTIPORT. Named ports
 * are a device of their own (virtio_ports.h), because the size of a MULTIPORT console comes in a
 * message, whose order of fields depends on the version of Linux; here it is in the configuration
 * space, which all read alike.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include <virtio/vconsole.h>

#include "terminal.h"
#include "virtio_page.h"

/** Linux fills the queue of input with a page for each entry. */
#define VIRTIO_CONSOLE_ENTRIES 32u
#define VIRTIO_CONSOLE_QUEUES VCONSOLE_QUEUES(1u, false)

struct virtio_console {
    struct vconsole model;
    struct virtio_page page;
    struct terminal *terminal;
    struct virtq queues[VIRTIO_CONSOLE_QUEUES];
    struct chain_segment segments[VCONSOLE_SEGMENTS(1u, VIRTIO_CONSOLE_ENTRIES)];
};

/**
 * Make the device `device`, with the terminal's size where `config` has it. False: as
 * virtio_page_init(). `mem`, `terminal` and `report` stay in use.
 */
bool virtio_console_init(struct virtio_console *console, const struct config *config,
                         const struct config_virtio *device, const struct guestmem *mem,
                         struct terminal *terminal, struct bus *bus, vdev_report *report,
                         void *report_context);

/** There is such a device, and the guest's driver is up. */
bool virtio_console_is_open(const struct virtio_console *console);

/** Bring input to the guest. Returns how many bytes it took. */
size_t virtio_console_input(struct virtio_console *console, const uint8_t *bytes, size_t count);

/** The terminal has room again. */
void virtio_console_resume(struct virtio_console *console);

#endif
