/* SPDX-License-Identifier: BSD-2-Clause */
#include <virtio/spec.h>
#include <virtio/vconsole.h>

#include "vconsole_control.h"

/* The configuration space: le16 cols, le16 rows, le32 max_nr_ports, le32 emerg_wr. */
#define CONFIG_COLS 0U
#define CONFIG_MAX_PORTS 4U
#define CONFIG_EMERG_WRITE 8U
#define CONFIG_BYTES 12U

_Static_assert(offsetof(struct vconsole, dev) == 0, "a device's console is found by a cast");

unsigned vconsole_input_queue(unsigned port)
{
    return port == 0 ? 0 : 2 * port + 2;
}

static unsigned output_queue(unsigned port)
{
    return vconsole_input_queue(port) + 1;
}

/* The port of a queue that is none of the control queues. */
static unsigned port_of(unsigned queue)
{
    return queue < 2 ? 0 : queue / 2 - 1;
}

bool vconsole_is_multiport(const struct vconsole *console)
{
    return vdev_has(&console->dev, VCONSOLE_F_MULTIPORT);
}

bool vconsole_port_open(const struct vconsole *console, unsigned port)
{
    const struct vconsole_port *p = &console->ports[port];

    if (!vconsole_is_multiport(console)) {
        return port == 0 && console->dev.live;
    }
    return p->added && p->guest_open;
}

void vconsole_input_wanted(struct vconsole *console, unsigned port)
{
    struct vconsole_port *p = &console->ports[port];

    if (p->input_blocked && vconsole_port_open(console, port)) {
        p->input_blocked = false;
        if (console->ops->input_wanted != NULL) {
            console->ops->input_wanted(console->context, port);
        }
    }
}

void vconsole_set_guest_open(struct vconsole *console, unsigned port, bool open)
{
    struct vconsole_port *p = &console->ports[port];

    if (p->guest_open == open) {
        return;
    }
    p->guest_open = open;
    if (console->ops->guest_open != NULL) {
        console->ops->guest_open(console->context, port, open);
    }
    if (open) {
        vconsole_input_wanted(console, port);
    }
}

/* Output: from the guest to us. */

/* Give the bytes of the current buffer away. Returns false when not all were taken. */
static bool drain_chain(struct vconsole *console, unsigned port)
{
    struct vconsole_port *p = &console->ports[port];
    bool discard = vconsole_is_multiport(console) && (!p->present || !p->host_open);
    const void *data;
    size_t bytes;

    while ((bytes = chain_peek(&p->reader, &data)) != 0) {
        size_t taken = bytes;

        if (!discard) {
            taken = console->ops->output(console->context, port, data, bytes);
        }
        if (taken > bytes) {
            taken = bytes;
        }
        if (taken != 0) {
            chain_skip(&p->reader, taken);
        }
        if (taken < bytes) {
            p->output_blocked = true;
            return false;
        }
    }
    return true;
}

/* Take buffers and give their bytes away, at most as many as the queue has entries. */
static bool drain_queue(struct vconsole *console, unsigned port)
{
    struct vconsole_port *p = &console->ports[port];
    struct vdev *dev = &console->dev;
    unsigned queue = output_queue(port);
    unsigned budget = dev->queues[queue].max_entries;
    bool some = false;

    if (!dev->live) {
        return false;
    }
    p->output_blocked = false;
    virtq_suppress_kicks(&dev->queues[queue]);
    while (budget != 0) {
        if (!p->chain.in_flight) {
            enum virtio_error error = vdev_pop(dev, queue, &p->chain);

            if (error == VIRTIO_EMPTY && vdev_want_kick(dev, queue)) {
                budget--;
                continue;
            }
            if (error != VIRTIO_OK) {
                break;
            }
            p->reader = chain_reader(&p->chain);
            if (p->chain.readable != p->chain.count) {
                vdev_count(dev, VIRTIO_ERR_DIRECTION);
            }
        }
        if (!drain_chain(console, port)) {
            break;
        }
        vdev_push(dev, queue, &p->chain, 0);
        some = true;
        budget--;
    }
    if (some) {
        vdev_signal(dev, queue);
    }
    if ((some || p->output_blocked) && console->ops->output_end != NULL) {
        console->ops->output_end(console->context, port);
    }
    return budget == 0;
}

void vconsole_output_resume(struct vconsole *console, unsigned port)
{
    if (port < console->port_count && console->ports[port].output_blocked &&
        drain_queue(console, port)) {
        vdev_leave_work(&console->dev, output_queue(port));
    }
}

/* Input: from us to the guest. */

/* The next buffer for input that can hold any, in console->scratch. */
static enum virtio_error input_buffer(struct vconsole *console, unsigned queue, unsigned *budget)
{
    struct vdev *dev = &console->dev;

    while (*budget != 0) {
        enum virtio_error error = vdev_pop(dev, queue, &console->scratch);

        (*budget)--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, queue)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            return error;
        }
        if (console->scratch.readable != 0) {
            vdev_count(dev, VIRTIO_ERR_DIRECTION);
        }
        if (console->scratch.writable_bytes.bytes != 0) {
            return VIRTIO_OK;
        }
        vdev_push(dev, queue, &console->scratch, 0);
    }
    /* Buffers come faster than they make sense. Go on when the others had their turn. */
    vdev_leave_work(dev, queue);
    return VIRTIO_EMPTY;
}

size_t vconsole_input(struct vconsole *console, unsigned port, const void *data, size_t bytes)
{
    const unsigned char *place = data;
    struct vdev *dev = &console->dev;
    unsigned queue = vconsole_input_queue(port);
    unsigned budget;
    size_t done = 0;

    if (port >= console->port_count || bytes == 0) {
        return 0;
    }
    if (!vconsole_port_open(console, port) || !console->ports[port].present) {
        console->ports[port].input_blocked = true;
        return 0;
    }
    budget = dev->queues[queue].max_entries;
    while (done < bytes && input_buffer(console, queue, &budget) == VIRTIO_OK) {
        struct chain_writer writer = chain_writer(&console->scratch);

        done += chain_write(&writer, place + done, bytes - done);
        vdev_push(dev, queue, &console->scratch, writer.written);
    }
    console->ports[port].input_blocked = done < bytes;
    vdev_signal(dev, queue);
    return done;
}

/* The device model. */

static bool model_kick(struct vdev *dev, unsigned queue)
{
    struct vconsole *console = (struct vconsole *)dev;
    unsigned port;

    if (queue >= 2 && !vconsole_is_multiport(console)) {
        return false;
    }
    if (queue == VCONSOLE_CONTROL_IN) {
        return vconsole_control_send(console);
    }
    if (queue == VCONSOLE_CONTROL_OUT) {
        return vconsole_control_receive(console);
    }
    port = port_of(queue);
    if (queue % 2 == 0) {
        vconsole_input_wanted(console, port);
        if (!console->ports[port].input_blocked) {
            virtq_suppress_kicks(&dev->queues[queue]);
        }
        return false;
    }
    /* While the reader is behind, a further buffer changes nothing. */
    return !console->ports[port].output_blocked && drain_queue(console, port);
}

static void model_start(struct vdev *dev)
{
    struct vconsole *console = (struct vconsole *)dev;

    if (!vconsole_is_multiport(console)) {
        vconsole_set_guest_open(console, 0, true);
    }
}

static bool model_stop(struct vdev *dev)
{
    struct vconsole *console = (struct vconsole *)dev;

    console->driver_ready = false;
    console->pending_ports = 0;
    for (unsigned i = 0; i < console->port_count; i++) {
        struct vconsole_port *p = &console->ports[i];

        /* Bytes are copied while a call lasts, so that nothing of ours is under way now. */
        chain_clear(&p->chain);
        p->output_blocked = false;
        p->added = false;
        p->acknowledged = false;
        p->pending = 0;
        vconsole_set_guest_open(console, i, false);
    }
    return true;
}

static bool model_stop_queue(struct vdev *dev, unsigned queue)
{
    struct vconsole *console = (struct vconsole *)dev;

    if (queue != VCONSOLE_CONTROL_OUT && queue % 2 == 1) {
        chain_clear(&console->ports[port_of(queue)].chain);
    }
    return true;
}

/* VIO-CON-01, VIO-CON-02 */
static bool model_config_write(struct vdev *dev, unsigned offset, unsigned width, uint32_t value)
{
    struct vconsole *console = (struct vconsole *)dev;

    if (offset != CONFIG_EMERG_WRITE || width != 4) {
        return false;
    }
    console->ops->emergency(console->context, (unsigned char)value);
    return true;
}

static const struct vdev_model model = {
    .device_id = VIRTIO_ID_CONSOLE,
    .config_bytes = CONFIG_BYTES,
    .features = VCONSOLE_F_SIZE | VCONSOLE_F_MULTIPORT | VCONSOLE_F_EMERG_WRITE,
    .start = model_start,
    .stop = model_stop,
    .stop_queue = model_stop_queue,
    .kick = model_kick,
    .config_write = model_config_write,
};

static bool ports_valid(const struct vconsole_config *config)
{
    if (config->port_count == 0 || config->port_count > VCONSOLE_MAX_PORTS ||
        (!config->multiport && config->port_count != 1)) {
        return false;
    }
    for (unsigned i = 0; i < config->port_count; i++) {
        const char *name = config->ports[i].name;

        if (name != NULL && __builtin_strlen(name) > VCONSOLE_MAX_NAME) {
            return false;
        }
    }
    return true;
}

static void init_ports(struct vconsole *console, const struct vconsole_config *config)
{
    struct chain_segment *segments = config->segments;
    uint16_t each = (uint16_t)config->queue_entries;

    chain_init(&console->scratch, segments, each);
    for (unsigned i = 0; i < config->port_count; i++) {
        segments += each;
        console->ports[i] = (struct vconsole_port){
            .name = config->ports[i].name,
            .console = config->ports[i].console,
            .present = config->ports[i].present || i == 0,
            .host_open = config->ports[i].host_open || config->ports[i].console,
        };
        chain_init(&console->ports[i].chain, segments, each);
    }
}

enum virtio_error vconsole_init(struct vconsole *console, const struct vconsole_config *config)
{
    uint32_t max_ports = config->port_count;
    uint16_t size[2] = { config->columns, config->rows };
    enum virtio_error error;

    if (!ports_valid(config)) {
        return VIRTIO_ERR_ARGUMENT;
    }
    *console = (struct vconsole){
        .ops = config->ops,
        .context = config->context,
        .port_count = config->port_count,
        .multiport = config->multiport,
        .columns = config->columns,
        .rows = config->rows,
    };
    error = vdev_init(&console->dev,
                      &(struct vdev_config){
                          .model = &model,
                          .mem = config->mem,
                          .queues = config->queues,
                          .queue_count = VCONSOLE_QUEUES(config->port_count, config->multiport),
                          .queue_entries = config->queue_entries,
                          .features = config->features | VCONSOLE_F_EMERG_WRITE |
                                      (config->multiport ? VCONSOLE_F_MULTIPORT : 0) |
                                      (config->sized ? VCONSOLE_F_SIZE : 0),
                          .required = config->required,
                          .report = config->report,
                          .report_context = config->report_context,
                      });
    if (error != VIRTIO_OK) {
        return error;
    }
    init_ports(console, config);
    (void)vdev_set_config(&console->dev, CONFIG_COLS, size, sizeof size);
    (void)vdev_set_config(&console->dev, CONFIG_MAX_PORTS, &max_ports, sizeof max_ports);
    return VIRTIO_OK;
}

/* What changes on our side. */

enum virtio_error vconsole_resize(struct vconsole *console, uint16_t columns, uint16_t rows)
{
    uint16_t size[2] = { columns, rows };

    if ((console->dev.offered & VCONSOLE_F_SIZE) == 0) {
        return VIRTIO_ERR_STATE;
    }
    console->columns = columns;
    console->rows = rows;
    if (vconsole_is_multiport(console) && console->ports[0].console) {
        vconsole_control_post(console, 0, VCONSOLE_PENDING_RESIZE);
    }
    return vdev_set_config(&console->dev, CONFIG_COLS, size, sizeof size);
}

enum virtio_error vconsole_set_open(struct vconsole *console, unsigned port, bool open)
{
    if (port >= console->port_count || !console->ports[port].present) {
        return VIRTIO_ERR_ARGUMENT;
    }
    if (console->ports[port].host_open != open) {
        console->ports[port].host_open = open;
        vconsole_control_post(console, port, VCONSOLE_PENDING_OPEN);
        vconsole_output_resume(console, port);
    }
    return VIRTIO_OK;
}

enum virtio_error vconsole_add_port(struct vconsole *console, unsigned port)
{
    if (port >= console->port_count) {
        return VIRTIO_ERR_ARGUMENT;
    }
    /* VIO-CON-03: not before a former port of this number is gone from the guest. */
    if (!console->multiport || console->ports[port].present || console->ports[port].added) {
        return VIRTIO_ERR_STATE;
    }
    console->ports[port].present = true;
    vconsole_control_post(console, port, VCONSOLE_PENDING_ADD);
    return VIRTIO_OK;
}

enum virtio_error vconsole_remove_port(struct vconsole *console, unsigned port)
{
    struct vconsole_port *p;

    if (port == 0 || port >= console->port_count) {
        return VIRTIO_ERR_ARGUMENT;
    }
    p = &console->ports[port];
    if (!p->present) {
        return VIRTIO_ERR_STATE;
    }
    p->present = false;
    p->pending = 0;
    console->pending_ports &= ~(1U << port);
    vconsole_set_guest_open(console, port, false);
    /* What waits for a reader has none any more. */
    vconsole_output_resume(console, port);
    /* VIO-CON-04: only a port that the guest was told of. */
    if (p->added) {
        vconsole_control_post(console, port, VCONSOLE_PENDING_REMOVE);
    }
    return VIRTIO_OK;
}
