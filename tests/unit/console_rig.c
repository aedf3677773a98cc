/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console_rig.h"

struct console_rig console_rig;
static struct virtq queues[CONSOLE_RIG_QUEUES];
static struct chain_segment segments[VCONSOLE_SEGMENTS(CONSOLE_RIG_PORTS, CONSOLE_RIG_ENTRIES)];

static size_t op_output(void *context, unsigned port, const void *data, size_t bytes)
{
    (void)context;
    if (bytes > console_rig.output_room) {
        bytes = console_rig.output_room;
    }
    assert_true(console_rig.output_bytes[port] + bytes <= sizeof console_rig.output[port]);
    memcpy(console_rig.output[port] + console_rig.output_bytes[port], data, bytes);
    console_rig.output_bytes[port] += bytes;
    console_rig.output_room -= bytes;
    return bytes + console_rig.output_lie;
}

static void op_output_end(void *context, unsigned port)
{
    (void)context;
    (void)port;
    console_rig.output_ends++;
}

static void op_input_wanted(void *context, unsigned port)
{
    (void)context;
    console_rig.wanted[port]++;
}

static void op_emergency(void *context, unsigned char character)
{
    (void)context;
    console_rig.emergency[console_rig.emergencies++ % sizeof console_rig.emergency] =
        (char)character;
}

static void op_guest_open(void *context, unsigned port, bool open)
{
    (void)context;
    console_rig.opens[port] += open;
    console_rig.closes[port] += !open;
}

static const struct vconsole_ops ops = {
    .output = op_output,
    .output_end = op_output_end,
    .input_wanted = op_input_wanted,
    .emergency = op_emergency,
    .guest_open = op_guest_open,
};

static const struct vconsole_port ports[CONSOLE_RIG_PORTS] = {
    { .console = true },
    { .name = "org.example.agent", .present = true },
    { .name = "late", .console = true },
};

struct vconsole_config console_rig_config(bool multiport, unsigned count)
{
    return (struct vconsole_config){
        .mem = &world.mem,
        .ops = &ops,
        .ports = ports,
        .port_count = count,
        .multiport = multiport,
        .sized = true,
        .columns = 80,
        .rows = 25,
        .features = WORLD_RINGS,
        .queues = queues,
        .queue_entries = CONSOLE_RIG_ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };
}

static void make(bool multiport)
{
    struct vconsole_config config =
        console_rig_config(multiport, multiport ? CONSOLE_RIG_PORTS : 1);

    world_init(&world);
    memset(&console_rig, 0, sizeof console_rig);
    /* Whatever was in its memory before. */
    memset(&console_rig.console, 0xa5, sizeof console_rig.console);
    console_rig.output_room = SIZE_MAX;
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_OK);
    world_attach(&world, &console_rig.console.dev);
}

int console_rig_setup_single(void **state)
{
    (void)state;
    make(false);
    return 0;
}

int console_rig_setup_multi(void **state)
{
    (void)state;
    make(true);
    return 0;
}

void console_rig_boot(uint64_t features)
{
    world_boot(&world, features, 2, CONSOLE_RIG_ENTRIES);
}

uint64_t console_rig_errors(enum virtio_error error)
{
    return console_rig.console.dev.stats.errors[error];
}

static uint64_t buffer_at(unsigned queue, uint32_t number)
{
    return WORLD_DATA_AT + 0x1000ULL * queue + 0x100ULL * (number % 16);
}

void console_rig_give(unsigned queue, uint32_t number, uint32_t bytes)
{
    const struct driver_element element = { buffer_at(queue, number), bytes, true };

    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, number));
    world_kick(&world, queue);
}

void console_rig_send(unsigned queue, const void *data, uint32_t bytes)
{
    static uint32_t number;
    const struct driver_element element = { buffer_at(queue, ++number), bytes, false };

    memcpy(world_at(&world, element.at), data, bytes);
    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, number));
    world_kick(&world, queue);
}

void console_rig_print(unsigned queue, const char *text)
{
    console_rig_send(queue, text, (uint32_t)strlen(text));
}

int console_rig_take(unsigned queue, void *to)
{
    uint32_t number;
    uint32_t written;

    if (!driver_ring_get(&world.rings[queue], &number, &written)) {
        return -1;
    }
    memcpy(to, world_at(&world, buffer_at(queue, number)), written);
    return (int)written;
}
