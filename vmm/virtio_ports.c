/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_ports.h"

#include <virtio/spec.h>

/** Bytes that are copied to the guest at a time, and how often for one port. */
#define VIRTIO_PORTS_PIECE 1024u
#define VIRTIO_PORTS_PIECES 256u
/** How often all ports are looked at for one event. */
#define VIRTIO_PORTS_ROUNDS 4

_Static_assert(CONFIG_MAX_PORTS <= VCONSOLE_MAX_PORTS, "the device has a port for each line");
_Static_assert(CONFIG_PORT_BYTES <= VCONSOLE_MAX_NAME + 1, "a name that is read fits");

static size_t virtio_ports_output(void *context, unsigned port, const void *data, size_t bytes)
{
    struct virtio_ports *ports = context;

    return stream_send(&ports->streams[port], data, bytes);
}

static void virtio_ports_output_end(void *context, unsigned port)
{
    struct virtio_ports *ports = context;

    stream_flush(&ports->streams[port]);
}

static void virtio_ports_input_wanted(void *context, unsigned port)
{
    struct virtio_ports *ports = context;

    ports->offers |= 1u << port;
}

static void virtio_ports_guest_open(void *context, unsigned port, bool open)
{
    /* What arrived while there was no guest has been announced already. */
    if (open) {
        virtio_ports_input_wanted(context, port);
    }
}

static void virtio_ports_emergency(void *context, unsigned char character)
{
    struct virtio_ports *ports = context;

    /* There is nobody to wait: without room the character is lost. */
    (void)terminal_send(ports->terminal, &character, 1);
}

static const struct vconsole_ops virtio_ports_ops = {
    .output = virtio_ports_output,
    .output_end = virtio_ports_output_end,
    .input_wanted = virtio_ports_input_wanted,
    .emergency = virtio_ports_emergency,
    .guest_open = virtio_ports_guest_open,
};

static bool virtio_ports_connect(struct virtio_ports *ports, const struct config *config)
{
    for (unsigned i = 0; i < config->ports_count; i++) {
        const struct config_port *port = &config->ports[i];

        if (!stream_open(&ports->streams[i], (void *)port->address, port->bytes, port->channel,
                         port->client)) {
            return false;
        }
        stream_flush(&ports->streams[i]);
    }
    return true;
}

const char *virtio_ports_init(struct virtio_ports *ports, const struct config *config,
                              const struct config_virtio *device, const struct guestmem *mem,
                              struct terminal *terminal, struct bus *bus, vdev_report *report,
                              void *report_context)
{
    struct vconsole_port named[CONFIG_MAX_PORTS] = { { .name = NULL } };
    const struct vconsole_config model = {
        .mem = mem,
        .ops = &virtio_ports_ops,
        .context = ports,
        .ports = named,
        .port_count = config->ports_count,
        .multiport = true,
        .features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED,
        /* A driver that does not know of ports would take the first for a console. */
        .required = VCONSOLE_F_MULTIPORT,
        .queues = ports->queues,
        .queue_entries = VIRTIO_PORTS_ENTRIES,
        .segments = ports->segments,
        .report = report,
        .report_context = report_context,
    };

    if (config->ports_count == 0) {
        return "a virtIO device for named ports has none";
    }
    if (!virtio_ports_connect(ports, config)) {
        return "a named port is no connection";
    }
    ports->terminal = terminal;
    for (unsigned i = 0; i < config->ports_count; i++) {
        named[i].name = config->ports[i].name;
        named[i].present = true;
        named[i].host_open = stream_has_peer(&ports->streams[i]);
    }
    if (vconsole_init(&ports->model, &model) != VIRTIO_OK ||
        !virtio_page_init(&ports->page, &ports->model.dev, device, bus)) {
        return "a virtIO device's address is no page, or overlaps another's";
    }
    return NULL;
}

/**
 * Bring what has arrived to the guest. More than a bounded piece of it there is only when the peer
 * goes on sending and the guest taking all the time, on other CPUs; the rest is seen with the next
 * event.
 */
static void virtio_ports_offer(struct virtio_ports *ports, unsigned port)
{
    struct stream *stream = &ports->streams[port];
    uint8_t bytes[VIRTIO_PORTS_PIECE];
    size_t count = 1;
    size_t taken = 1;

    for (unsigned i = 0; i < VIRTIO_PORTS_PIECES && count > 0 && taken == count; i++) {
        count = stream_peek(stream, bytes, sizeof(bytes));
        taken = vconsole_input(&ports->model, port, bytes, count);
        stream_drop(stream, taken);
    }
    if (count > 0 && taken == count) {
        virtio_ports_input_wanted(ports, port);
    }
    stream_flush(stream);
}

static void virtio_ports_offer_all(struct virtio_ports *ports)
{
    uint32_t offers = ports->offers;

    ports->offers = 0;
    while (offers != 0) {
        virtio_ports_offer(ports, (unsigned)__builtin_ctz(offers));
        offers &= offers - 1;
    }
}

bool virtio_ports_notified(struct virtio_ports *ports, uint32_t channel)
{
    for (unsigned i = 0; ports->page.dev != NULL && i < ports->model.port_count; i++) {
        if (ports->streams[i].channel == channel) {
            (void)vconsole_set_open(&ports->model, i, stream_has_peer(&ports->streams[i]));
            vconsole_output_resume(&ports->model, i);
            virtio_ports_input_wanted(ports, i);
            virtio_ports_work(ports);
            return true;
        }
    }
    return false;
}

void virtio_ports_work(struct virtio_ports *ports)
{
    for (int i = 0; i < VIRTIO_PORTS_ROUNDS && (i == 0 || ports->offers != 0); i++) {
        virtio_ports_offer_all(ports);
        virtio_page_work(&ports->page);
    }
}
