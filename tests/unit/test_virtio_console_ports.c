/* SPDX-License-Identifier: BSD-2-Clause */
/* A console of several ports, and the control messages about them (5.3.6.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console_rig.h"

/* Events of control messages (5.3.6.2). */
enum { DEVICE_READY, ADD, REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, OPEN, NAME };

static void control(uint32_t id, unsigned event, unsigned value)
{
    const uint16_t half[2] = { (uint16_t)event, (uint16_t)value };
    unsigned char message[8];
    unsigned char none[256];

    memcpy(message, &id, 4);
    memcpy(message + 4, half, 4);
    console_rig_send(3, message, sizeof message);
    assert_int_equal(console_rig_take(3, none), 0);
}

/* The next control message must be this one, with these bytes behind it. */
static void expect_control(uint32_t id, unsigned event, unsigned value, const char *more)
{
    unsigned char message[256];
    uint32_t got_id;
    uint16_t half[2];
    size_t bytes = strlen(more);

    assert_int_equal(console_rig_take(2, message), 8 + bytes);
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

    assert_int_equal(console_rig_take(2, none), -1);
}

/* With buffers for control messages. */
static void boot_multi(uint64_t features)
{
    world_boot(&world, features | VCONSOLE_F_MULTIPORT, CONSOLE_RIG_QUEUES, CONSOLE_RIG_ENTRIES);
    for (uint32_t i = 0; i < 12; i++) {
        console_rig_give(2, i, 128);
    }
}

/* With all control messages at the start handled. */
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

static void ports_are_announced(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        ready_multi(virtio_rig_formats[i]);
        assert_int_equal(console_rig.opens[0], i + 1);
    }
    assert_int_equal(console_rig_errors(VIRTIO_ERR_MESSAGE), 0);
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

        assert_int_equal(console_rig_take(2, message), 12);
        assert_memory_equal(message, "\0\0\0\0\5\0\0\0\120\0\31\0", 12);
    }
    assert_int_equal(vconsole_resize(&console_rig.console, 0x4142, 0x4344), VIRTIO_OK);
    expect_control(0, RESIZE, 0, "BADC");
}

static void data_of_ports_is_kept_apart(void **state)
{
    char got[256];

    (void)state;
    ready_multi(0);
    assert_int_equal(vconsole_set_open(&console_rig.console, 1, true), VIRTIO_OK);
    expect_control(1, OPEN, 1, "");
    control(1, OPEN, 1);
    console_rig_print(1, "for the console");
    console_rig_print(5, "for the agent");
    assert_int_equal(console_rig.output_bytes[0], 15);
    assert_int_equal(console_rig.output_bytes[1], 13);
    console_rig_give(4, 0, 64);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "answer", 6), 6);
    assert_int_equal(console_rig_take(4, got), 6);
    assert_memory_equal(got, "answer", 6);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "x", 1), 0);
    assert_int_equal(vconsole_input(&console_rig.console, CONSOLE_RIG_PORTS, "x", 1), 0);
}

static void a_port_takes_input_when_the_guest_opened_it(void **state)
{
    (void)state;
    ready_multi(0);
    console_rig_give(4, 0, 64);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "x", 1), 0);
    control(1, OPEN, 1);
    assert_int_equal(console_rig.opens[1], 1);
    assert_int_equal(console_rig.wanted[1], 1);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "x", 1), 1);
    control(1, OPEN, 0);
    assert_int_equal(console_rig.closes[1], 1);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "x", 1), 0);
    /* Said twice, it is told once. */
    control(1, OPEN, 0);
    assert_int_equal(console_rig.closes[1], 1);
}

static void output_to_a_closed_port_is_discarded(void **state)
{
    char got[256];

    (void)state;
    ready_multi(0);
    console_rig_print(5, "nobody listens");
    assert_int_equal(console_rig_take(5, got), 0);
    assert_int_equal(console_rig.output_bytes[1], 0);
    assert_int_equal(vconsole_set_open(&console_rig.console, 1, true), VIRTIO_OK);
    console_rig.output_room = 3;
    console_rig_print(5, "too much");
    assert_int_equal(console_rig_take(5, got), -1);
    /* Closing drops what still waits. */
    assert_int_equal(vconsole_set_open(&console_rig.console, 1, false), VIRTIO_OK);
    assert_int_equal(console_rig_take(5, got), 0);
    assert_int_equal(console_rig.output_bytes[1], 3);
    assert_int_equal(vconsole_set_open(&console_rig.console, 2, true), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_set_open(&console_rig.console, CONSOLE_RIG_PORTS, true),
                     VIRTIO_ERR_ARGUMENT);
}

static void vio_con_03_only_new_ports_below_the_maximum_are_added(void **state)
{
    (void)state;
    ready_multi(0);
    /* A second DEVICE_READY, and a second PORT_READY, announce nothing again. */
    control(0, DEVICE_READY, 1);
    control(0, PORT_READY, 1);
    expect_no_control();
    assert_int_equal(vconsole_add_port(&console_rig.console, 1), VIRTIO_ERR_STATE);
    assert_int_equal(vconsole_add_port(&console_rig.console, CONSOLE_RIG_PORTS),
                     VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_add_port(&console_rig.console, UINT32_MAX), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_add_port(&console_rig.console, 2), VIRTIO_OK);
    expect_control(2, ADD, 0, "");
    assert_int_equal(vconsole_add_port(&console_rig.console, 2), VIRTIO_ERR_STATE);
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
    assert_int_equal(vconsole_remove_port(&console_rig.console, 2), VIRTIO_ERR_STATE);
    assert_int_equal(vconsole_remove_port(&console_rig.console, 0), VIRTIO_ERR_ARGUMENT);
    assert_int_equal(vconsole_remove_port(&console_rig.console, CONSOLE_RIG_PORTS),
                     VIRTIO_ERR_ARGUMENT);
    expect_no_control();
    assert_int_equal(vconsole_remove_port(&console_rig.console, 1), VIRTIO_OK);
    expect_control(1, REMOVE, 0, "");
    assert_int_equal(vconsole_remove_port(&console_rig.console, 1), VIRTIO_ERR_STATE);
    /* Its messages and its bytes go nowhere. */
    control(1, OPEN, 1);
    assert_int_equal(console_rig.opens[1], 0);
    console_rig_print(5, "gone");
    assert_int_equal(console_rig.output_bytes[1], 0);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "x", 1), 0);
    /* It can come back. */
    assert_int_equal(vconsole_add_port(&console_rig.console, 1), VIRTIO_OK);
    expect_control(1, ADD, 0, "");
    /* A port that goes before the driver is there was never added. */
    world_reset(&world);
    assert_int_equal(vconsole_remove_port(&console_rig.console, 1), VIRTIO_OK);
    boot_multi(0);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_no_control();
    /* And one that goes before its message went out is not mentioned at all. */
    assert_int_equal(vconsole_add_port(&console_rig.console, 1), VIRTIO_OK);
    world_boot(&world, VCONSOLE_F_MULTIPORT, CONSOLE_RIG_QUEUES, CONSOLE_RIG_ENTRIES);
    control(0, DEVICE_READY, 1);
    assert_int_equal(vconsole_remove_port(&console_rig.console, 1), VIRTIO_OK);
    console_rig_give(2, 0, 64);
    console_rig_give(2, 1, 64);
    expect_control(0, ADD, 0, "");
    expect_no_control();
}

static void a_port_comes_back_only_when_the_guest_knows_that_it_went(void **state)
{
    (void)state;
    world_boot(&world, VCONSOLE_F_MULTIPORT, CONSOLE_RIG_QUEUES, CONSOLE_RIG_ENTRIES);
    console_rig_give(2, 0, 64);
    console_rig_give(2, 1, 64);
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    /* No buffer for the message. */
    assert_int_equal(vconsole_remove_port(&console_rig.console, 1), VIRTIO_OK);
    expect_no_control();
    assert_int_equal(vconsole_add_port(&console_rig.console, 1), VIRTIO_ERR_STATE);
    console_rig_give(2, 2, 64);
    expect_control(1, REMOVE, 0, "");
    assert_int_equal(vconsole_add_port(&console_rig.console, 1), VIRTIO_OK);
    console_rig_give(2, 3, 64);
    expect_control(1, ADD, 0, "");
}

static void messages_wait_for_buffers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        world_boot(&world, VCONSOLE_F_MULTIPORT | virtio_rig_formats[i], CONSOLE_RIG_QUEUES,
                   CONSOLE_RIG_ENTRIES);
        control(0, DEVICE_READY, 1);
        expect_no_control();
        console_rig_give(2, 0, 64);
        expect_control(0, ADD, 0, "");
        expect_no_control();
        console_rig_give(2, 1, 64);
        expect_control(1, ADD, 0, "");
        console_rig_give(2, 2, 64);
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
    assert_int_equal(console_rig.opens[0], 0);
    control(0, DEVICE_READY, 0);
    expect_no_control();
    control(0, DEVICE_READY, 1);
    expect_control(0, ADD, 0, "");
    expect_control(1, ADD, 0, "");
    control(CONSOLE_RIG_PORTS, OPEN, 1);
    control(2, OPEN, 1);
    control(UINT32_MAX, PORT_READY, 1);
    control(0, NAME, 1);
    control(0, ADD, 1);
    control(0, 0xffff, 1);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_MESSAGE), 8);
    control(0, PORT_READY, 0);
    expect_no_control();
    /* Too short, and longer than needed. */
    console_rig_send(3, message, 7);
    assert_int_equal(console_rig_take(3, message), 0);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_SIZE), 1);
    message[4] = PORT_READY;
    message[6] = 1;
    console_rig_send(3, message, 200);
    expect_control(0, CONSOLE_PORT, 1, "");
    assert_true(console_rig.console.dev.live);
}

static void hostile_buffers_for_control_messages(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT + 0x8000, 64, false };
    unsigned char message[256];

    (void)state;
    world_boot(&world, VCONSOLE_F_MULTIPORT, CONSOLE_RIG_QUEUES, CONSOLE_RIG_ENTRIES);
    assert_true(driver_ring_add(&world.rings[2], &readable, 1, DRIVER_DIRECT, 9));
    driver_ring_publish(&world.rings[2]);
    console_rig_give(2, 0, 7);
    console_rig_give(2, 1, 8);
    control(0, DEVICE_READY, 1);
    /* One of the wrong kind is used up, one too small loses the message. */
    assert_int_equal(console_rig_take(2, message), 0);
    assert_int_equal(console_rig_take(2, message), 0);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_DIRECTION), 1);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_SIZE), 1);
    expect_control(1, ADD, 0, "");
    assert_true(console_rig.console.dev.live);
}

static void reset_forgets_what_was_announced(void **state)
{
    (void)state;
    ready_multi(0);
    world_reset(&world);
    assert_int_equal(console_rig.closes[0], 1);
    ready_multi(VIRTIO_F_RING_PACKED);
    assert_int_equal(console_rig.opens[0], 2);
}

static void multiport_not_negotiated(void **state)
{
    unsigned char none[256];

    (void)state;
    world_boot(&world, 0, CONSOLE_RIG_QUEUES, CONSOLE_RIG_ENTRIES);
    console_rig_print(1, "plain");
    assert_int_equal(console_rig.output_bytes[0], 5);
    console_rig_give(0, 0, 64);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "in", 2), 2);
    /* The other queues mean nothing, and are not touched. */
    console_rig_print(5, "x");
    assert_int_equal(console_rig_take(5, none), -1);
    console_rig_send(3, "\0\0\0\0\0\0\1\0", 8);
    assert_int_equal(console_rig_take(3, none), -1);
    assert_int_equal(vconsole_add_port(&console_rig.console, 2), VIRTIO_OK);
    console_rig_give(2, 0, 64);
    expect_no_control();
}

#define M(name) cmocka_unit_test_setup_teardown(name, console_rig_setup_multi, virtio_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
