/* SPDX-License-Identifier: BSD-2-Clause */
#include "vconsole_control.h"

/* Events of struct virtio_console_control (5.3.6.2). */
enum {
    EVENT_DEVICE_READY = 0,
    EVENT_ADD = 1,
    EVENT_REMOVE = 2,
    EVENT_PORT_READY = 3,
    EVENT_CONSOLE = 4,
    EVENT_RESIZE = 5,
    EVENT_OPEN = 6,
    EVENT_NAME = 7,
};

struct control {
    uint32_t id;
    uint16_t event;
    uint16_t value;
};

_Static_assert(sizeof(struct control) == 8, "layout of the specification");

/* A message with the longest thing that can follow it. */
struct message {
    struct control control;
    unsigned char more[VCONSOLE_MAX_NAME];
};

void vconsole_control_post(struct vconsole *console, unsigned port, uint8_t message)
{
    struct vconsole_port *p = &console->ports[port];

    if (!console->driver_ready) {
        return;
    }
    /* Before the port is ready in the guest, only its coming and going can be told. */
    if ((message & (VCONSOLE_PENDING_ADD | VCONSOLE_PENDING_REMOVE)) == 0 && !p->acknowledged) {
        return;
    }
    p->pending |= message;
    console->pending_ports |= 1U << port;
    if (vconsole_control_send(console)) {
        vdev_leave_work(&console->dev, VCONSOLE_CONTROL_IN);
    }
}

/* Make the message for one pending bit. Returns its length. */
static size_t compose(const struct vconsole *console, unsigned port, uint8_t bit,
                      struct message *message)
{
    const struct vconsole_port *p = &console->ports[port];
    size_t more = 0;

    *message = (struct message){ .control = { .id = port } };
    switch (bit) {
    case VCONSOLE_PENDING_ADD:
        message->control.event = EVENT_ADD;
        break;
    case VCONSOLE_PENDING_REMOVE:
        message->control.event = EVENT_REMOVE;
        break;
    case VCONSOLE_PENDING_CONSOLE:
        message->control.event = EVENT_CONSOLE;
        message->control.value = 1;
        break;
    case VCONSOLE_PENDING_NAME:
        message->control.event = EVENT_NAME;
        message->control.value = 1;
        more = __builtin_strlen(p->name);
        __builtin_memcpy(message->more, p->name, more);
        break;
    case VCONSOLE_PENDING_OPEN:
        message->control.event = EVENT_OPEN;
        message->control.value = p->host_open;
        break;
    default:
        message->control.event = EVENT_RESIZE;
        more = sizeof console->columns + sizeof console->rows;
        __builtin_memcpy(message->more, &console->columns, sizeof console->columns);
        __builtin_memcpy(message->more + sizeof console->columns, &console->rows,
                         sizeof console->rows);
        break;
    }
    return sizeof message->control + more;
}

/* The guest has this message now. */
static void sent(struct vconsole *console, unsigned port, uint8_t bit)
{
    struct vconsole_port *p = &console->ports[port];

    p->pending = (uint8_t)(p->pending & ~bit);
    if (bit == VCONSOLE_PENDING_ADD) {
        p->added = true;
    } else if (bit == VCONSOLE_PENDING_REMOVE) {
        p->added = false;
        p->acknowledged = false;
    }
    if (p->pending == 0) {
        console->pending_ports &= ~(1U << port);
    }
}

/* Put the first pending message into the buffer in console->scratch. Returns the bytes written. */
static uint64_t send_one(struct vconsole *console)
{
    unsigned port = (unsigned)__builtin_ctz(console->pending_ports);
    struct vconsole_port *p = &console->ports[port];
    uint8_t bit = (uint8_t)(p->pending & -p->pending);
    struct chain_writer writer = chain_writer(&console->scratch);
    struct message message;
    size_t bytes = compose(console, port, bit, &message);

    if (console->scratch.readable != 0) {
        vdev_count(&console->dev, VIRTIO_ERR_DIRECTION);
        return 0;
    }
    /* A message is whole or not at all; a driver that gives less room for it than that loses it. */
    if (console->scratch.writable_bytes.bytes < bytes) {
        vdev_count(&console->dev, VIRTIO_ERR_SIZE);
    } else {
        (void)chain_write(&writer, &message, bytes);
    }
    sent(console, port, bit);
    return writer.written;
}

bool vconsole_control_send(struct vconsole *console)
{
    struct vdev *dev = &console->dev;
    unsigned budget = dev->queues[VCONSOLE_CONTROL_IN].max_entries;

    while (console->pending_ports != 0 && budget != 0) {
        enum virtio_error error = vdev_pop(dev, VCONSOLE_CONTROL_IN, &console->scratch);

        budget--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, VCONSOLE_CONTROL_IN)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            break;
        }
        vdev_push(dev, VCONSOLE_CONTROL_IN, &console->scratch, send_one(console));
    }
    if (console->pending_ports == 0) {
        virtq_suppress_kicks(&dev->queues[VCONSOLE_CONTROL_IN]);
    }
    vdev_signal(dev, VCONSOLE_CONTROL_IN);
    return console->pending_ports != 0 && budget == 0;
}

static void driver_ready(struct vconsole *console)
{
    console->driver_ready = true;
    for (unsigned i = 0; i < console->port_count; i++) {
        /* VIO-CON-03: a second DEVICE_READY does not add a port again. */
        if (console->ports[i].present && !console->ports[i].added) {
            console->ports[i].pending |= VCONSOLE_PENDING_ADD;
            console->pending_ports |= 1U << i;
        }
    }
}

static void port_ready(struct vconsole *console, unsigned port)
{
    struct vconsole_port *p = &console->ports[port];

    if (p->acknowledged) {
        return;
    }
    p->acknowledged = true;
    if (p->console) {
        p->pending |= VCONSOLE_PENDING_CONSOLE;
        if (port == 0 && vdev_has(&console->dev, VCONSOLE_F_SIZE)) {
            p->pending |= VCONSOLE_PENDING_RESIZE;
        }
    }
    if (p->name != NULL) {
        p->pending |= VCONSOLE_PENDING_NAME;
    }
    if (p->host_open) {
        p->pending |= VCONSOLE_PENDING_OPEN;
    }
    if (p->pending != 0) {
        console->pending_ports |= 1U << port;
    }
}

static void handle(struct vconsole *console, const struct control *control)
{
    bool yes = control->value == 1;

    if (control->event == EVENT_DEVICE_READY) {
        if (yes) {
            driver_ready(console);
        }
        return;
    }
    /* All others are about a port that the guest was told of, and that is still there. */
    if (control->id >= console->port_count || !console->ports[control->id].added ||
        !console->ports[control->id].present) {
        vdev_count(&console->dev, VIRTIO_ERR_MESSAGE);
        return;
    }
    if (control->event == EVENT_PORT_READY) {
        if (yes) {
            port_ready(console, control->id);
        }
    } else if (control->event == EVENT_OPEN) {
        vconsole_set_guest_open(console, control->id, yes);
    } else {
        vdev_count(&console->dev, VIRTIO_ERR_MESSAGE);
    }
}

bool vconsole_control_receive(struct vconsole *console)
{
    struct vdev *dev = &console->dev;
    unsigned budget = dev->queues[VCONSOLE_CONTROL_OUT].max_entries;

    while (budget != 0) {
        struct chain_reader reader;
        struct control control;
        enum virtio_error error = vdev_pop(dev, VCONSOLE_CONTROL_OUT, &console->scratch);

        budget--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, VCONSOLE_CONTROL_OUT)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            break;
        }
        reader = chain_reader(&console->scratch);
        if (chain_read(&reader, &control, sizeof control) == sizeof control) {
            vdev_push(dev, VCONSOLE_CONTROL_OUT, &console->scratch, 0);
            handle(console, &control);
        } else {
            vdev_push(dev, VCONSOLE_CONTROL_OUT, &console->scratch, 0);
            vdev_count(dev, VIRTIO_ERR_SIZE);
        }
    }
    vdev_signal(dev, VCONSOLE_CONTROL_OUT);
    if (vconsole_control_send(console)) {
        vdev_leave_work(dev, VCONSOLE_CONTROL_IN);
    }
    return budget == 0;
}
