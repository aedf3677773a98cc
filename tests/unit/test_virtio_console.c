/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <virtio/vconsole.h>

#include "virtio_world.h"

#define PORTS 3U
#define ENTRIES 16U
#define MULTI VCONSOLE_F_MULTIPORT
#define RINGS (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_RING_PACKED)

/* Events of control messages (5.3.6.2). */
enum { DEVICE_READY, ADD, REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, OPEN, NAME };

static struct world world;
static struct vconsole console;
static struct virtq queues[VCONSOLE_QUEUES(PORTS, true)];
static struct chain_segment segments[VCONSOLE_SEGMENTS(PORTS, ENTRIES)];

/* What the console did. */
static char output[PORTS][4096];
static size_t output_bytes[PORTS];
static size_t output_room;
static size_t output_lie;
static unsigned output_ends;
static unsigned wanted[PORTS];
static unsigned opens[PORTS];
static unsigned closes[PORTS];
static char emergency[16];
static size_t emergencies;

static size_t op_output(void *context, unsigned port, const void *data, size_t bytes)
{
    (void)context;
    if (bytes > output_room) {
        bytes = output_room;
    }
    assert_true(output_bytes[port] + bytes <= sizeof output[port]);
    memcpy(output[port] + output_bytes[port], data, bytes);
    output_bytes[port] += bytes;
    output_room -= bytes;
    return bytes + output_lie;
}

static void op_output_end(void *context, unsigned port)
{
    (void)context;
    (void)port;
    output_ends++;
}

static void op_input_wanted(void *context, unsigned port)
{
    (void)context;
    wanted[port]++;
}

static void op_emergency(void *context, unsigned char character)
{
    (void)context;
    emergency[emergencies++ % sizeof emergency] = (char)character;
}

static void op_guest_open(void *context, unsigned port, bool open)
{
    (void)context;
    opens[port] += open;
    closes[port] += !open;
}

static const struct vconsole_ops ops = {
    .output = op_output,
    .output_end = op_output_end,
    .input_wanted = op_input_wanted,
    .emergency = op_emergency,
    .guest_open = op_guest_open,
};

static const struct vconsole_port ports[PORTS] = {
    { .console = true },
    { .name = "org.example.agent", .present = true },
    { .name = "late", .console = true },
};

static struct vconsole_config config_of(bool multiport, unsigned count)
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
        .features = RINGS,
        .queues = queues,
        .queue_entries = ENTRIES,
        .segments = segments,
        .report = world_report,
        .report_context = &world,
    };
}

static void make(bool multiport)
{
    struct vconsole_config config = config_of(multiport, multiport ? PORTS : 1);

    world_init(&world);
    memset(output_bytes, 0, sizeof output_bytes);
    memset(wanted, 0, sizeof wanted);
    memset(opens, 0, sizeof opens);
    memset(closes, 0, sizeof closes);
    output_room = SIZE_MAX;
    output_ends = 0;
    emergencies = 0;
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_OK);
    world_attach(&world, &console.dev);
}

static int setup_single(void **state)
{
    (void)state;
    make(false);
    return 0;
}

static int setup_multi(void **state)
{
    (void)state;
    make(true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(&world);
    return 0;
}

static uint64_t errors(enum virtio_error error)
{
    return console.dev.stats.errors[error];
}

/* The guest's driver. Each queue has 4 KiB of data of its own; 256 bytes a buffer. */

static uint64_t buffer_at(unsigned queue, uint32_t number)
{
    return WORLD_DATA_AT + 0x1000ULL * queue + 0x100ULL * (number % 16);
}

static void give(unsigned queue, uint32_t number, uint32_t bytes)
{
    const struct driver_element element = { buffer_at(queue, number), bytes, true };

    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, number));
    world_kick(&world, queue);
}

static void send_bytes(unsigned queue, const void *data, uint32_t bytes)
{
    static uint32_t number;
    const struct driver_element element = { buffer_at(queue, ++number), bytes, false };

    memcpy(world_at(&world, element.at), data, bytes);
    assert_true(driver_ring_add(&world.rings[queue], &element, 1, DRIVER_DIRECT, number));
    world_kick(&world, queue);
}

static void print(unsigned queue, const char *text)
{
    send_bytes(queue, text, (uint32_t)strlen(text));
}

/* Take a buffer back; its bytes go to `to`. Returns their number, or -1 when there is none. */
static int take(unsigned queue, void *to)
{
    uint32_t number;
    uint32_t written;

    if (!driver_ring_get(&world.rings[queue], &number, &written)) {
        return -1;
    }
    memcpy(to, world_at(&world, buffer_at(queue, number)), written);
    return (int)written;
}

static void control(uint32_t id, unsigned event, unsigned value)
{
    const uint16_t half[2] = { (uint16_t)event, (uint16_t)value };
    unsigned char message[8];
    unsigned char none[256];

    memcpy(message, &id, 4);
    memcpy(message + 4, half, 4);
    send_bytes(3, message, sizeof message);
    assert_int_equal(take(3, none), 0);
}

/* The next control message must be this one, with these bytes behind it. */
static void expect_control(uint32_t id, unsigned event, unsigned value, const char *more)
{
    unsigned char message[256];
    uint32_t got_id;
    uint16_t half[2];
    size_t bytes = strlen(more);

    assert_int_equal(take(2, message), 8 + bytes);
    memcpy(&got_id, message, 4);
    memcpy(half, message + 4, 4);
    assert_int_equal(got_id, id);
    assert_int_equal(half[0], event);
    assert_int_equal(half[1], value);
    assert_memory_equal(message + 8, more, bytes);
}

static void expect_no_control(void)
{
    unsigned char none[256];

    assert_int_equal(take(2, none), -1);
}

static void boot_single(uint64_t features)
{
    world_boot(&world, features, 2, ENTRIES);
}

/* With all control messages at the start handled. */
static void boot_multi(uint64_t features)
{
    world_boot(&world, features | MULTI, VCONSOLE_QUEUES(PORTS, true), ENTRIES);
    for (uint32_t i = 0; i < 12; i++) {
        give(2, i, 128);
    }
}

static void ready_multi(uint64_t features)
{
    boot_multi(features);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    expect_no_control();
    control(0, PORT_READY, 1);
    expect_control(0, CONSOLE_PORT, 1, "");
    expect_control(0, OPEN, 1, "");
    control(0, OPEN, 1);
    control(1, PORT_READY, 1);
    expect_control(1, NAME, 1, "org.example.agent");
    expect_no_control();
}

static const uint64_t every_ring[] = {
    0,
    VIRTIO_F_EVENT_IDX,
    VIRTIO_F_RING_PACKED,
    VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX,
};

/* Configuration space, emergency write. */

static void config_shows_size_and_ports(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 3);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 80 | 25 << 16);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4), PORTS);
    world_store(&world, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_FEATURES), 0x30000007);
}

static void vio_con_01_emergency_write_in_any_state(void **state)
{
    (void)state;
    /* Untouched, acknowledged, negotiated, running, failed, reset. */
    world_store(&world, 0x108, 'a');
    world_store(&world, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    world_store(&world, 0x108, 'b');
    assert_true(world_negotiate(&world, 0));
    world_store(&world, 0x108, 'c');
    boot_single(0);
    world_store(&world, 0x108, 'd');
    vdev_fail(&console.dev, 0, VIRTIO_ERR_HEAD);
    world_store(&world, 0x108, 'e');
    world_reset(&world);
    world_store(&world, 0x108, 'f');
    assert_int_equal(emergencies, 6);
    assert_memory_equal(emergency, "abcdef", 6);
}

static void vio_con_02_the_lowest_byte_is_written_out(void **state)
{
    (void)state;
    world_store(&world, 0x108, 0xffffff00U | 'x');
    assert_int_equal(emergencies, 1);
    assert_int_equal(emergency[0], 'x');
}

static void hostile_config_stores(void **state)
{
    uint32_t before = world_load(&world, VIRTIO_MMIO_CONFIG);

    (void)state;
    for (uint32_t offset = 0x100; offset < 0x200; offset++) {
        vmmio_store(&world.mmio, offset, 1, 0xff);
        vmmio_store(&world.mmio, offset, 2, 0xffff);
        if (offset != 0x108) {
            vmmio_store(&world.mmio, offset, 4, 0xffffffff);
        }
        vmmio_store(&world.mmio, offset, 8, UINT64_MAX);
    }
    assert_int_equal(emergencies, 0);
    assert_int_equal(errors(VIRTIO_ERR_REGISTER), 4 * 256 - 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), before);
}

/* Output. */

static void output_comes_whole_over_every_ring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char none[256];

        boot_single(every_ring[i]);
        output_bytes[0] = 0;
        for (unsigned line = 0; line < 100; line++) {
            char text[32];

            snprintf(text, sizeof text, "line %u\n", line);
            print(1, text);
            assert_int_equal(take(1, none), 0);
        }
        assert_int_equal(output_bytes[0], 790);
        assert_memory_equal(output[0] + 70, "line 10\n", 8);
    }
}

static void output_interrupts_the_driver(void **state)
{
    (void)state;
    boot_single(0);
    print(1, "x");
    assert_int_equal(world.raised_used, 1);
    assert_int_equal(output_ends, 1);
}

static void output_that_is_not_taken_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char none[256];

        boot_single(every_ring[i]);
        output_bytes[0] = 0;
        output_room = 5;
        print(1, "hello, ");
        assert_int_equal(take(1, none), -1);
        print(1, "world");
        assert_int_equal(output_bytes[0], 5);
        /* Resuming without room changes nothing. */
        vconsole_output_resume(&console, 0);
        assert_int_equal(take(1, none), -1);
        output_room = 3;
        vconsole_output_resume(&console, 0);
        assert_int_equal(take(1, none), 0);
        output_room = SIZE_MAX;
        vconsole_output_resume(&console, 0);
        assert_int_equal(take(1, none), 0);
        assert_int_equal(output_bytes[0], 12);
        assert_memory_equal(output[0], "hello, world", 12);
        /* And kicks come again. */
        print(1, "!");
        assert_int_equal(output_bytes[0], 13);
    }
}

static void output_of_a_flood_is_done_in_pieces(void **state)
{
    const struct driver_element element = { WORLD_DATA_AT, 1, false };

    (void)state;
    boot_single(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[1], &element, 1, DRIVER_DIRECT, i));
    }
    driver_ring_publish(&world.rings[1]);
    assert_true(vmmio_doorbell_queue(&world.mmio, 1));
    assert_int_equal(output_bytes[0], ENTRIES);
    assert_false(vdev_work(&console.dev));
}

static void hostile_writable_buffer_for_output(void **state)
{
    const struct driver_element element = { WORLD_DATA_AT, 64, true };
    unsigned char none[256];

    (void)state;
    boot_single(0);
    memset(world_at(&world, WORLD_DATA_AT), 'w', 64);
    assert_true(driver_ring_add(&world.rings[1], &element, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 1);
    assert_int_equal(take(1, none), 0);
    assert_int_equal(output_bytes[0], 0);
    assert_int_equal(errors(VIRTIO_ERR_DIRECTION), 1);
    /* It costs that buffer and no more. */
    print(1, "ok");
    assert_int_equal(output_bytes[0], 2);
}

static void an_answer_of_too_many_bytes_taken_is_cut(void **state)
{
    unsigned char none[256];

    (void)state;
    boot_single(0);
    output_lie = 1000;
    print(1, "abc");
    output_lie = 0;
    assert_int_equal(take(1, none), 0);
    print(1, "def");
    assert_memory_equal(output[0], "abcdef", 6);
}

/* Input. */

static void input_reaches_the_guest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char got[256];

        boot_single(every_ring[i]);
        give(0, 0, 4);
        give(0, 1, 256);
        assert_int_equal(vconsole_input(&console, 0, "keyboard", 8), 8);
        assert_int_equal(take(0, got), 4);
        assert_memory_equal(got, "keyb", 4);
        assert_int_equal(take(0, got), 4);
        assert_memory_equal(got, "oard", 4);
        assert_int_equal(take(0, got), -1);
    }
}

static void input_without_buffers_stays_with_the_caller(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char got[256];

        boot_single(every_ring[i]);
        wanted[0] = 0;
        give(0, 0, 4);
        assert_int_equal(vconsole_input(&console, 0, "keyboard", 8), 4);
        assert_int_equal(wanted[0], 0);
        assert_int_equal(take(0, got), 4);
        give(0, 1, 4);
        assert_int_equal(wanted[0], 1);
        assert_int_equal(vconsole_input(&console, 0, "oard", 4), 4);
        assert_int_equal(take(0, got), 4);
        assert_memory_equal(got, "oard", 4);
        /* Nobody asked for this one. */
        give(0, 2, 4);
        assert_int_equal(wanted[0], 1);
    }
}

static void input_before_the_driver_is_there(void **state)
{
    (void)state;
    assert_int_equal(vconsole_input(&console, 0, "x", 1), 0);
    assert_int_equal(vconsole_input(&console, 1, "x", 1), 0);
    assert_int_equal(vconsole_input(&console, 0, "", 0), 0);
    boot_single(0);
    assert_int_equal(wanted[0], 1);
    assert_int_equal(opens[0], 1);
}

static void hostile_buffers_for_input(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT, 64, false };
    char got[256];

    (void)state;
    boot_single(0);
    memset(world_at(&world, WORLD_DATA_AT), 'r', 64);
    assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    give(0, 1, 16);
    assert_int_equal(vconsole_input(&console, 0, "in", 2), 2);
    assert_int_equal(take(0, got), 0);
    assert_int_equal(take(0, got), 2);
    assert_int_equal(errors(VIRTIO_ERR_DIRECTION), 1);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 'r');
}

static void hostile_flood_of_useless_buffers(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT, 1, false };

    (void)state;
    boot_single(0);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, i));
    }
    driver_ring_publish(&world.rings[0]);
    assert_int_equal(vconsole_input(&console, 0, "in", 2), 0);
    /* It stopped because of its bound, and says that it will go on. */
    assert_int_equal(console.dev.work, 1);
    assert_false(vdev_work(&console.dev));
    assert_int_equal(wanted[0], 1);
}

static void hostile_malformed_output_ring(void **state)
{
    const struct driver_element nowhere = { 0x1000, 64, false };

    (void)state;
    boot_single(0);
    assert_true(driver_ring_add(&world.rings[1], &nowhere, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & 64, 64);
    assert_int_equal(world.reports, 1);
    assert_int_equal(world.reported_queue, 1);
    assert_int_equal(vconsole_input(&console, 0, "x", 1), 0);
    boot_single(0);
    print(1, "back");
    assert_int_equal(output_bytes[0], 4);
}

/* Reset. */

static void reset_with_output_that_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char none[256];

        boot_single(every_ring[i]);
        output_bytes[0] = 0;
        output_room = 2;
        print(1, "abcdef");
        assert_int_equal(output_bytes[0], 2);
        assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
        output_room = SIZE_MAX;
        vconsole_output_resume(&console, 0);
        assert_int_equal(output_bytes[0], 2);
        boot_single(every_ring[3 - i]);
        print(1, "new");
        assert_int_equal(take(1, none), 0);
        assert_int_equal(output_bytes[0], 5);
    }
}

static void failure_with_output_that_waits(void **state)
{
    (void)state;
    boot_single(0);
    output_room = 2;
    print(1, "abcdef");
    vdev_fail(&console.dev, 0, VIRTIO_ERR_HEAD);
    output_room = SIZE_MAX;
    vconsole_output_resume(&console, 0);
    assert_int_equal(output_bytes[0], 2);
}

static void queue_stopped_with_output_that_waits(void **state)
{
    (void)state;
    boot_single(0);
    output_room = 2;
    print(1, "abcdef");
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_DONE);
    output_room = SIZE_MAX;
    vconsole_output_resume(&console, 0);
    assert_int_equal(output_bytes[0], 2);
    assert_int_equal(errors(VIRTIO_ERR_STALE), 0);
}

/* Size. */

static void a_new_size_is_announced(void **state)
{
    (void)state;
    boot_single(VCONSOLE_F_SIZE);
    assert_int_equal(vconsole_resize(&console, 132, 50), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 132 | 50 << 16);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world.pauses, 0);
}

static void no_size_no_resize(void **state)
{
    struct vconsole_config config = config_of(false, 1);

    (void)state;
    config.sized = false;
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_OK);
    world_attach(&world, &console.dev);
    assert_int_equal(vconsole_resize(&console, 1, 1), VIRTIO_ERR_STATE);
}

/* Several ports. */

static void ports_are_announced(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        ready_multi(every_ring[i]);
        assert_int_equal(opens[0], i + 1);
    }
    assert_int_equal(errors(VIRTIO_ERR_MESSAGE), 0);
}

static void size_is_told_by_message(void **state)
{
    (void)state;
    boot_multi(VCONSOLE_F_SIZE);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    control(0, PORT_READY, 1);
    expect_control(0, CONSOLE_PORT, 1, "");
    expect_control(0, OPEN, 1, "");
    {
        unsigned char message[256];

        assert_int_equal(take(2, message), 12);
        assert_memory_equal(message, "\0\0\0\0\5\0\0\0\120\0\31\0", 12);
    }
    assert_int_equal(vconsole_resize(&console, 0x4142, 0x4344), VIRTIO_OK);
    expect_control(0, RESIZE, 0, "BADC");
}

static void data_of_ports_is_kept_apart(void **state)
{
    char got[256];

    (void)state;
    ready_multi(0);
    assert_int_equal(vconsole_set_open(&console, 1, true), VIRTIO_OK);
    expect_control(1, OPEN, 1, "");
    control(1, OPEN, 1);
    print(1, "for the console");
    print(5, "for the agent");
    assert_int_equal(output_bytes[0], 15);
    assert_int_equal(output_bytes[1], 13);
    give(4, 0, 64);
    assert_int_equal(vconsole_input(&console, 1, "answer", 6), 6);
    assert_int_equal(take(4, got), 6);
    assert_memory_equal(got, "answer", 6);
    assert_int_equal(vconsole_input(&console, 0, "x", 1), 0);
    assert_int_equal(vconsole_input(&console, PORTS, "x", 1), 0);
}

static void a_port_takes_input_when_the_guest_opened_it(void **state)
{
    (void)state;
    ready_multi(0);
    give(4, 0, 64);
    assert_int_equal(vconsole_input(&console, 1, "x", 1), 0);
    control(1, OPEN, 1);
    assert_int_equal(opens[1], 1);
    assert_int_equal(wanted[1], 1);
    assert_int_equal(vconsole_input(&console, 1, "x", 1), 1);
    control(1, OPEN, 0);
    assert_int_equal(closes[1], 1);
    assert_int_equal(vconsole_input(&console, 1, "x", 1), 0);
    /* Said twice, it is told once. */
    control(1, OPEN, 0);
    assert_int_equal(closes[1], 1);
}

static void output_to_a_closed_port_is_discarded(void **state)
{
    char got[256];

    (void)state;
    ready_multi(0);
    print(5, "nobody listens");
    assert_int_equal(take(5, got), 0);
    assert_int_equal(output_bytes[1], 0);
    assert_int_equal(vconsole_set_open(&console, 1, true), VIRTIO_OK);
    output_room = 3;
    print(5, "too much");
    assert_int_equal(take(5, got), -1);
    /* Closing drops what still waits. */
    assert_int_equal(vconsole_set_open(&console, 1, false), VIRTIO_OK);
    assert_int_equal(take(5, got), 0);
    assert_int_equal(output_bytes[1], 3);
    assert_int_equal(vconsole_set_open(&console, 2, true), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_set_open(&console, PORTS, true), VIRTIO_ERR_ARGUMENT);
}

static void vio_con_03_only_new_ports_below_the_maximum_are_added(void **state)
{
    (void)state;
    ready_multi(0);
    /* A second DEVICE_READY, and a second PORT_READY, announce nothing again. */
    control(0, DEVICE_READY, 1);
    control(0, PORT_READY, 1);
    expect_no_control();
    assert_int_equal(vconsole_add_port(&console, 1), VIRTIO_ERR_STATE);
    assert_int_equal(vconsole_add_port(&console, PORTS), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_add_port(&console, UINT32_MAX), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_add_port(&console, 2), VIRTIO_OK);
    expect_control(2, ADD, 0, "");
    assert_int_equal(vconsole_add_port(&console, 2), VIRTIO_ERR_STATE);
    expect_no_control();
    control(2, PORT_READY, 1);
    expect_control(2, CONSOLE_PORT, 1, "");
    expect_control(2, NAME, 1, "late");
    expect_control(2, OPEN, 1, "");
}

static void vio_con_04_only_added_ports_are_removed(void **state)
{
    (void)state;
    ready_multi(0);
    assert_int_equal(vconsole_remove_port(&console, 2), VIRTIO_ERR_STATE);
    assert_int_equal(vconsole_remove_port(&console, 0), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_remove_port(&console, PORTS), VIRTIO_ERR_ARGUMENT);
    expect_no_control();
    assert_int_equal(vconsole_remove_port(&console, 1), VIRTIO_OK);
    expect_control(1, REMOVE, 0, "");
    assert_int_equal(vconsole_remove_port(&console, 1), VIRTIO_ERR_STATE);
    /* Its messages and its bytes go nowhere. */
    control(1, OPEN, 1);
    assert_int_equal(opens[1], 0);
    print(5, "gone");
    assert_int_equal(output_bytes[1], 0);
    assert_int_equal(vconsole_input(&console, 1, "x", 1), 0);
    /* It can come back. */
    assert_int_equal(vconsole_add_port(&console, 1), VIRTIO_OK);
    expect_control(1, ADD, 0, "");
    /* A port that goes before the driver is there was never added. */
    world_reset(&world);
    assert_int_equal(vconsole_remove_port(&console, 1), VIRTIO_OK);
    boot_multi(0);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_no_control();
    /* And one that goes before its message went out is not mentioned at all. */
    assert_int_equal(vconsole_add_port(&console, 1), VIRTIO_OK);
    world_boot(&world, MULTI, VCONSOLE_QUEUES(PORTS, true), ENTRIES);
    control(0, DEVICE_READY, 1);
    assert_int_equal(vconsole_remove_port(&console, 1), VIRTIO_OK);
    give(2, 0, 64);
    give(2, 1, 64);
    expect_control(0, ADD, 0, "");
    expect_no_control();
}

static void a_port_comes_back_only_when_the_guest_knows_that_it_went(void **state)
{
    (void)state;
    world_boot(&world, MULTI, VCONSOLE_QUEUES(PORTS, true), ENTRIES);
    give(2, 0, 64);
    give(2, 1, 64);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    /* No buffer for the message. */
    assert_int_equal(vconsole_remove_port(&console, 1), VIRTIO_OK);
    expect_no_control();
    assert_int_equal(vconsole_add_port(&console, 1), VIRTIO_ERR_STATE);
    give(2, 2, 64);
    expect_control(1, REMOVE, 0, "");
    assert_int_equal(vconsole_add_port(&console, 1), VIRTIO_OK);
    give(2, 3, 64);
    expect_control(1, ADD, 0, "");
}

static void messages_wait_for_buffers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        world_boot(&world, MULTI | every_ring[i], VCONSOLE_QUEUES(PORTS, true), ENTRIES);
        control(0, DEVICE_READY, 1);
        expect_no_control();
        give(2, 0, 64);
        expect_control(0, ADD, 0, "");
        expect_no_control();
        give(2, 1, 64);
        expect_control(1, ADD, 0, "");
        give(2, 2, 64);
        expect_no_control();
    }
}

static void hostile_control_messages(void **state)
{
    unsigned char message[256] = { 0 };

    (void)state;
    boot_multi(0);
    /* For ports that are not, or of which the guest was not told, and of unknown kinds. */
    control(0, OPEN, 1);
    control(0, PORT_READY, 1);
    assert_int_equal(opens[0], 0);
    control(0, DEVICE_READY, 0);
    expect_no_control();
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    control(PORTS, OPEN, 1);
    control(2, OPEN, 1);
    control(UINT32_MAX, PORT_READY, 1);
    control(0, NAME, 1);
    control(0, ADD, 1);
    control(0, 0xffff, 1);
    assert_int_equal(errors(VIRTIO_ERR_MESSAGE), 8);
    control(0, PORT_READY, 0);
    expect_no_control();
    /* Too short, and longer than needed. */
    send_bytes(3, message, 7);
    assert_int_equal(take(3, message), 0);
    assert_int_equal(errors(VIRTIO_ERR_SIZE), 1);
    message[4] = PORT_READY;
    message[6] = 1;
    send_bytes(3, message, 200);
    expect_control(0, CONSOLE_PORT, 1, "");
    assert_true(console.dev.live);
}

static void hostile_buffers_for_control_messages(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT + 0x8000, 64, false };
    unsigned char message[256];

    (void)state;
    world_boot(&world, MULTI, VCONSOLE_QUEUES(PORTS, true), ENTRIES);
    assert_true(driver_ring_add(&world.rings[2], &readable, 1, DRIVER_DIRECT, 9));
    driver_ring_publish(&world.rings[2]);
    give(2, 0, 7);
    give(2, 1, 8);
    control(0, DEVICE_READY, 1);
    /* One of the wrong kind is used up, one too small loses the message. */
    assert_int_equal(take(2, message), 0);
    assert_int_equal(take(2, message), 0);
    assert_int_equal(errors(VIRTIO_ERR_DIRECTION), 1);
    assert_int_equal(errors(VIRTIO_ERR_SIZE), 1);
    expect_control(1, ADD, 0, "");
    assert_true(console.dev.live);
}

static void reset_forgets_what_was_announced(void **state)
{
    (void)state;
    ready_multi(0);
    world_reset(&world);
    assert_int_equal(closes[0], 1);
    ready_multi(VIRTIO_F_RING_PACKED);
    assert_int_equal(opens[0], 2);
}

static void multiport_not_negotiated(void **state)
{
    unsigned char none[256];

    (void)state;
    world_boot(&world, 0, VCONSOLE_QUEUES(PORTS, true), ENTRIES);
    print(1, "plain");
    assert_int_equal(output_bytes[0], 5);
    give(0, 0, 64);
    assert_int_equal(vconsole_input(&console, 0, "in", 2), 2);
    /* The other queues mean nothing, and are not touched. */
    print(5, "x");
    assert_int_equal(take(5, none), -1);
    send_bytes(3, "\0\0\0\0\0\0\1\0", 8);
    assert_int_equal(take(3, none), -1);
    assert_int_equal(vconsole_add_port(&console, 2), VIRTIO_OK);
    give(2, 0, 64);
    expect_no_control();
}

static void impossible_consoles_are_refused(void **state)
{
    char long_name[VCONSOLE_MAX_NAME + 2] = { 0 };
    const struct vconsole_port named[1] = { { .name = long_name } };
    struct vconsole_config config = config_of(true, 0);

    (void)state;
    memset(long_name, 'n', VCONSOLE_MAX_NAME + 1);
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_ERR_ARGUMENT);
    config = config_of(true, VCONSOLE_MAX_PORTS + 1);
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_ERR_ARGUMENT);
    config = config_of(false, 2);
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_ERR_ARGUMENT);
    config = config_of(true, 1);
    config.ports = named;
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_ERR_ARGUMENT);
    config = config_of(true, PORTS);
    config.features = VIRTIO_FEATURE(35);
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_ERR_FEATURES);
    config = config_of(false, 1);
    assert_int_equal(vconsole_init(&console, &config), VIRTIO_OK);
    assert_int_equal(vconsole_add_port(&console, 0), VIRTIO_ERR_STATE);
}

#define S(name) cmocka_unit_test_setup_teardown(name, setup_single, teardown)
#define M(name) cmocka_unit_test_setup_teardown(name, setup_multi, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        M(config_shows_size_and_ports),
        S(vio_con_01_emergency_write_in_any_state),
        S(vio_con_02_the_lowest_byte_is_written_out),
        S(hostile_config_stores),
        S(output_comes_whole_over_every_ring),
        S(output_interrupts_the_driver),
        S(output_that_is_not_taken_waits),
        S(output_of_a_flood_is_done_in_pieces),
        S(hostile_writable_buffer_for_output),
        S(an_answer_of_too_many_bytes_taken_is_cut),
        S(input_reaches_the_guest),
        S(input_without_buffers_stays_with_the_caller),
        S(input_before_the_driver_is_there),
        S(hostile_buffers_for_input),
        S(hostile_flood_of_useless_buffers),
        S(hostile_malformed_output_ring),
        S(reset_with_output_that_waits),
        S(failure_with_output_that_waits),
        S(queue_stopped_with_output_that_waits),
        S(a_new_size_is_announced),
        S(no_size_no_resize),
        M(ports_are_announced),
        M(size_is_told_by_message),
        M(data_of_ports_is_kept_apart),
        M(a_port_takes_input_when_the_guest_opened_it),
        M(output_to_a_closed_port_is_discarded),
        M(vio_con_03_only_new_ports_below_the_maximum_are_added),
        M(vio_con_04_only_added_ports_are_removed),
        M(a_port_comes_back_only_when_the_guest_knows_that_it_went),
        M(messages_wait_for_buffers),
        M(hostile_control_messages),
        M(hostile_buffers_for_control_messages),
        M(reset_forgets_what_was_announced),
        M(multiport_not_negotiated),
        M(impossible_consoles_are_refused),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
