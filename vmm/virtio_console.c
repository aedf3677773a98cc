/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_console.h"

#include <virtio/spec.h>

static size_t virtio_console_output(void *context, unsigned port, const void *data, size_t bytes)
{
    struct virtio_console *console = context;

    (void)port;
    return terminal_send(console->terminal, data, bytes);
}

static void virtio_console_emergency(void *context, unsigned char character)
{
    struct virtio_console *console = context;

    /* There is nobody to wait: without room the character is lost. */
    (void)terminal_send(console->terminal, &character, 1);
}

/** Linux looks at the terminal's size only when it is told that it changed: so it is, at once. */
static void virtio_console_guest_open(void *context, unsigned port, bool open)
{
    struct virtio_console *console = context;

    (void)port;
    if (open && console->model.columns != 0) {
        (void)vconsole_resize(&console->model, console->model.columns, console->model.rows);
    }
}

/* Who has input offers it again after each event; who has been sent to is woken then, too. */
static const struct vconsole_ops virtio_console_ops = {
    .output = virtio_console_output,
    .emergency = virtio_console_emergency,
    .guest_open = virtio_console_guest_open,
};

bool virtio_console_init(struct virtio_console *console, const struct config *config,
                         const struct config_virtio *device, const struct guestmem *mem,
                         struct terminal *terminal, struct bus *bus, vdev_report *report,
                         void *report_context)
{
    const struct vconsole_port port = { .console = true, .present = true };
    const struct vconsole_config model = {
        .mem = mem,
        .ops = &virtio_console_ops,
        .context = console,
        .ports = &port,
        .port_count = 1,
        .sized = config->columns != 0,
        .columns = config->columns,
        .rows = config->rows,
        .features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED,
        .queues = console->queues,
        .queue_entries = VIRTIO_CONSOLE_ENTRIES,
        .segments = console->segments,
        .report = report,
        .report_context = report_context,
    };

    console->terminal = terminal;
    return vconsole_init(&console->model, &model) == VIRTIO_OK &&
           virtio_page_init(&console->page, &console->model.dev, device, bus);
}

bool virtio_console_is_open(const struct virtio_console *console)
{
    return console->page.dev != NULL && console->model.ports[0].guest_open;
}

size_t virtio_console_input(struct virtio_console *console, const uint8_t *bytes, size_t count)
{
    return vconsole_input(&console->model, 0, bytes, count);
}

void virtio_console_resume(struct virtio_console *console)
{
    if (console->page.dev != NULL) {
        vconsole_output_resume(&console->model, 0);
        virtio_page_work(&console->page);
    }
}
