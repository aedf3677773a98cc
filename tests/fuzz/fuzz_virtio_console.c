/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console with three ports, between a driver and a host that both do what the input says. Its
 * output must come from guest memory, its state must make sense, and what it tells the driver of
 * ports must follow the rules.
 */
#include <string.h>

#include <virtio/vconsole.h>

#include "virtio_guest.h"
#include "virtio_world.h"

#define PORTS 3U
#define QUEUES VCONSOLE_QUEUES(PORTS, true)
#define ENTRIES 8U
#define MAX_STEPS 48U
/* Areas of a queue: descriptors, driver, device; and where data is best put. */
#define QUEUE_BYTES 0x100U
#define DATA_OFFSET (QUEUES * QUEUE_BYTES)

_Static_assert(DATA_OFFSET <= GUEST_FIRST_BYTES, "the queues have room");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static struct vconsole console;
static struct virtq queues[QUEUES];
static struct chain_segment segments[VCONSOLE_SEGMENTS(PORTS, ENTRIES)];
static size_t room;
/* What the guest was told of ports, from the control messages that it got; while it can be known,
 * that is, since the last start of a driver that overwrites nothing. */
static bool told[PORTS];
static bool honest;
/* Where its buffer for control messages is; the first bytes are ones while it is empty. */
#define MESSAGE_OFFSET (DATA_OFFSET + 0x40)
#define MESSAGE_BYTES 0x60U

static size_t op_output(void *context, unsigned port, const void *data, size_t bytes)
{
    uint8_t copy[GUEST_RAM_BYTES];

    (void)context;
    guest_check(port < PORTS, "a port");
    guest_check(bytes != 0 && bytes <= sizeof copy, "output has bytes");
    /* The sanitizer looks at them. */
    memcpy(copy, data, bytes);
    if (bytes > room) {
        bytes = room;
    }
    room -= bytes;
    return bytes;
}

static void op_port(void *context, unsigned port)
{
    (void)context;
    guest_check(port < PORTS, "a port");
}

static void op_emergency(void *context, unsigned char character)
{
    (void)context;
    (void)character;
}

static void op_guest_open(void *context, unsigned port, bool open)
{
    (void)context;
    guest_check(port < PORTS, "a port");
    guest_check(console.ports[port].guest_open == open, "the state that is told");
}

static const struct vconsole_ops ops = {
    .output = op_output,
    .output_end = op_port,
    .input_wanted = op_port,
    .emergency = op_emergency,
    .guest_open = op_guest_open,
};

static const struct vconsole_port ports[PORTS] = {
    { .console = true },
    { .name = "agent", .present = true },
    { .name = "late" },
};

static const uint8_t empty[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void boot(struct input *input)
{
    uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint8_t flags = input_u8(input);

    world_store(&world, VIRTIO_MMIO_STATUS, 0);
    guest_clear();
    guest_put(MESSAGE_OFFSET, empty, sizeof empty);
    memset(told, 0, sizeof told);
    honest = true;
    world_store(&world, VIRTIO_MMIO_STATUS, status);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES, (flags & 1) != 0 ? 5 : 1);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    world_store(&world, VIRTIO_MMIO_DRIVER_FEATURES,
                ((flags & 2) != 0 ? 0x30000000U : 0) | (flags >> 2 & 7U));
    status |= VIRTIO_STATUS_FEATURES_OK;
    world_store(&world, VIRTIO_MMIO_STATUS, status);
    for (unsigned i = 0; i < QUEUES; i++) {
        uint32_t at = GUEST_RAM_AT + QUEUE_BYTES * i;

        world_store(&world, VIRTIO_MMIO_QUEUE_SEL, i);
        world_store(&world, VIRTIO_MMIO_QUEUE_NUM, ENTRIES);
        world_store(&world, VIRTIO_MMIO_QUEUE_DESC_LOW, at);
        world_store(&world, VIRTIO_MMIO_QUEUE_DRIVER_LOW, at + 0x80);
        world_store(&world, VIRTIO_MMIO_QUEUE_DEVICE_LOW, at + 0xa0);
        world_store(&world, VIRTIO_MMIO_QUEUE_READY, 1);
    }
    world_store(&world, VIRTIO_MMIO_STATUS, status | VIRTIO_STATUS_DRIVER_OK);
}

/* Put one descriptor into a queue, as a driver would that is honest about the ring. */
static void add(unsigned queue, uint32_t offset, uint32_t bytes, bool write)
{
    const struct virtq *q = &queues[queue];
    uint32_t base = QUEUE_BYTES * queue;
    uint64_t at = GUEST_RAM_AT + offset;
    uint16_t flags = write ? VIRTIO_DESC_WRITE : 0;
    uint16_t slot = q->avail % ENTRIES;

    if (!q->ready) {
        return;
    }
    guest_put(base + 16U * slot, &at, 8);
    guest_put(base + 16U * slot + 8, &bytes, 4);
    if (q->packed) {
        flags |= q->avail_wrap ? VIRTIO_DESC_AVAIL : VIRTIO_DESC_USED;
        guest_put(base + 16U * slot + 12, &slot, 2);
        guest_put(base + 16U * slot + 14, &flags, 2);
    } else {
        uint16_t index = (uint16_t)(q->avail + 1);

        guest_put(base + 16U * slot + 12, &flags, 2);
        guest_put(base + 0x80 + 4 + 2U * slot, &slot, 2);
        guest_put(base + 0x80 + 2, &index, 2);
    }
}

/* The driver sends a control message. */
static void send_control(struct input *input)
{
    uint8_t what = input_u8(input);
    const uint16_t half[2] = { what & 7U, what >> 3 & 1U };
    uint32_t id = what >> 4;

    guest_put(DATA_OFFSET, &id, 4);
    guest_put(DATA_OFFSET + 4, half, 4);
    add(3, DATA_OFFSET, 8, false);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 3);
}

/* The driver gives a buffer for a control message. */
static void take_control(void)
{
    guest_put(MESSAGE_OFFSET, empty, sizeof empty);
    add(2, MESSAGE_OFFSET, MESSAGE_BYTES, true);
    world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, 2);
}

/* Read the control message, if one came. */
static void read_control(void)
{
    unsigned port = guest_get(MESSAGE_OFFSET);

    if (!honest || guest_get(MESSAGE_OFFSET + 4) == 0xff) {
        return;
    }
    guest_check(port < PORTS, "a message is about a port that can be");
    switch (guest_get(MESSAGE_OFFSET + 4)) {
    case 1:
        guest_check(!told[port], "a port is added once");
        told[port] = true;
        break;
    case 2:
        guest_check(told[port], "a port is removed that was added");
        told[port] = false;
        break;
    default:
        guest_check(told[port], "a message is about a port that was added");
        break;
    }
    guest_put(MESSAGE_OFFSET, empty, sizeof empty);
}

static void check(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        const struct vconsole_port *p = &console.ports[i];

        guest_check(((console.pending_ports >> i & 1) != 0) == (p->pending != 0),
                    "the set of ports with messages");
        guest_check(!p->acknowledged || p->added, "ready after added");
        guest_check(p->pending == 0 || console.driver_ready, "messages for a driver that is ready");
        if (p->chain.in_flight && console.dev.live) {
            guest_check_chain(&p->chain);
            guest_check(p->output_blocked, "output is held while it is blocked");
        }
    }
    guest_check(console.pending_ports >> PORTS == 0, "no messages for other ports");
    guest_check((world_load(&world, VIRTIO_MMIO_INTERRUPT_STATUS) & ~3U) == 0, "InterruptStatus");
    guest_check(world_load(&world, VIRTIO_MMIO_STATUS) == console.dev.status, "Status");
}

/* What the host does. */
static void host(struct input *input)
{
    static const unsigned char text[40] = "some input from the host's terminal";
    uint8_t op = input_u8(input);
    unsigned port = op >> 4 & 3;
    bool lived = console.dev.live;
    size_t done;

    switch (op & 7) {
    case 0:
        /* The queue can break behind the first buffers that were filled. */
        done = vconsole_input(&console, port, text, op >> 3);
        guest_check(done <= (op >> 3), "no more input than there is");
        guest_check(done == 0 || lived, "input for a device that lives");
        break;
    case 1:
        room = input_u8(input);
        vconsole_output_resume(&console, port);
        break;
    case 2:
        (void)vconsole_resize(&console, op, input_u8(input));
        break;
    case 3:
        (void)vconsole_set_open(&console, port, (op & 0x80) != 0);
        break;
    case 4:
        (void)vconsole_add_port(&console, port);
        break;
    case 5:
        (void)vconsole_remove_port(&console, port);
        break;
    default:
        (void)vdev_work(&console.dev);
        break;
    }
}

/* What a driver does that knows no rules. */
static void anything(struct input *input)
{
    uint8_t op = input_u8(input);
    uint16_t offset = input_u16(input);

    honest = false;
    if ((op & 1) != 0) {
        guest_put_input(input, offset % GUEST_RAM_BYTES, 1U + (op >> 4));
    } else {
        (void)vmmio_store(&world.mmio, offset % 0x200, 1U << (op >> 1 & 3), input_u32(input));
    }
}

static void step(struct input *input)
{
    uint8_t op = input_u8(input);
    uint32_t offset;

    switch (op & 7) {
    case 0:
        boot(input);
        break;
    case 1:
        send_control(input);
        break;
    case 2:
        take_control();
        break;
    case 3:
        offset = input_u16(input);
        if ((op >> 4) % QUEUES == 2 || ((op & 8) != 0 && offset < MESSAGE_OFFSET + MESSAGE_BYTES)) {
            honest = false;
        }
        add((op >> 4) % QUEUES, offset, input_u8(input), (op & 8) != 0);
        break;
    case 4:
        world_store(&world, VIRTIO_MMIO_QUEUE_NOTIFY, op >> 4);
        break;
    case 5:
        (void)vmmio_doorbell(&world.mmio);
        break;
    case 6:
        host(input);
        break;
    default:
        anything(input);
        break;
    }
    read_control();
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    const struct vconsole_config config = {
        .mem = guest_mem(),
        .ops = &ops,
        .ports = ports,
        .port_count = PORTS,
        .multiport = true,
        .sized = true,
        .columns = 80,
        .rows = 25,
        .features = WORLD_RINGS,
        .queues = queues,
        .queue_entries = ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };

    world_init_without_ram(&world);
    guest_clear();
    room = SIZE_MAX;
    honest = false;
    guest_check(vconsole_init(&console, &config) == VIRTIO_OK, "a console");
    world_attach(&world, &console.dev);
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&input);
    }
    return 0;
}
