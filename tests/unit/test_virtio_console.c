/* SPDX-License-Identifier: BSD-2-Clause */
/* A console of one port: configuration, output, input, and what a reset leaves of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console_rig.h"

/* Configuration space, emergency write. */

static void config_shows_size_and_ports(void **state)
{
    (void)state;
    assert_int_equal(world_load(&world, VIRTIO_MMIO_DEVICE_ID), 3);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 80 | 25 << 16);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG + 4), CONSOLE_RIG_PORTS);
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
    console_rig_boot(0);
    world_store(&world, 0x108, 'd');
    vdev_fail(&console_rig.console.dev, 0, VIRTIO_ERR_HEAD);
    world_store(&world, 0x108, 'e');
    world_reset(&world);
    world_store(&world, 0x108, 'f');
    assert_int_equal(console_rig.emergencies, 6);
    assert_memory_equal(console_rig.emergency, "abcdef", 6);
}

static void vio_con_02_the_lowest_byte_is_written_out(void **state)
{
    (void)state;
    world_store(&world, 0x108, 0xffffff00U | 'x');
    assert_int_equal(console_rig.emergencies, 1);
    assert_int_equal(console_rig.emergency[0], 'x');
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
    assert_int_equal(console_rig.emergencies, 0);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_REGISTER), 4 * 256 - 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), before);
}

/* Output. */

static void output_comes_whole_over_every_ring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        unsigned char none[256];

        console_rig_boot(virtio_rig_formats[i]);
        console_rig.output_bytes[0] = 0;
        for (unsigned line = 0; line < 100; line++) {
            char text[32];

            snprintf(text, sizeof text, "line %u\n", line);
            console_rig_print(1, text);
            assert_int_equal(console_rig_take(1, none), 0);
        }
        assert_int_equal(console_rig.output_bytes[0], 790);
        assert_memory_equal(console_rig.output[0] + 70, "line 10\n", 8);
    }
}

static void output_interrupts_the_driver(void **state)
{
    (void)state;
    console_rig_boot(0);
    console_rig_print(1, "x");
    assert_int_equal(world.raised_used, 1);
    assert_int_equal(console_rig.output_ends, 1);
}

static void output_that_is_not_taken_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        unsigned char none[256];

        console_rig_boot(virtio_rig_formats[i]);
        console_rig.output_bytes[0] = 0;
        console_rig.output_room = 5;
        console_rig_print(1, "hello, ");
        assert_int_equal(console_rig_take(1, none), -1);
        console_rig_print(1, "world");
        assert_int_equal(console_rig.output_bytes[0], 5);
        /* Resuming without room changes nothing. */
        vconsole_output_resume(&console_rig.console, 0);
        assert_int_equal(console_rig_take(1, none), -1);
        console_rig.output_room = 3;
        vconsole_output_resume(&console_rig.console, 0);
        assert_int_equal(console_rig_take(1, none), 0);
        console_rig.output_room = SIZE_MAX;
        vconsole_output_resume(&console_rig.console, 0);
        assert_int_equal(console_rig_take(1, none), 0);
        assert_int_equal(console_rig.output_bytes[0], 12);
        assert_memory_equal(console_rig.output[0], "hello, world", 12);
        /* And kicks come again. */
        console_rig_print(1, "!");
        assert_int_equal(console_rig.output_bytes[0], 13);
    }
}

static void output_of_a_flood_is_done_in_pieces(void **state)
{
    const struct driver_element element = { WORLD_DATA_AT, 1, false };

    (void)state;
    console_rig_boot(0);
    for (unsigned i = 0; i < CONSOLE_RIG_ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[1], &element, 1, DRIVER_DIRECT, i));
    }
    driver_ring_publish(&world.rings[1]);
    assert_true(vmmio_doorbell_queue(&world.mmio, 1));
    assert_int_equal(console_rig.output_bytes[0], CONSOLE_RIG_ENTRIES);
    assert_false(vdev_work(&console_rig.console.dev));
}

static void hostile_writable_buffer_for_output(void **state)
{
    const struct driver_element element = { WORLD_DATA_AT, 64, true };
    unsigned char none[256];

    (void)state;
    console_rig_boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 'w', 64);
    assert_true(driver_ring_add(&world.rings[1], &element, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 1);
    assert_int_equal(console_rig_take(1, none), 0);
    assert_int_equal(console_rig.output_bytes[0], 0);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_DIRECTION), 1);
    /* It costs that buffer and no more. */
    console_rig_print(1, "ok");
    assert_int_equal(console_rig.output_bytes[0], 2);
}

static void an_answer_of_too_many_bytes_taken_is_cut(void **state)
{
    unsigned char none[256];

    (void)state;
    console_rig_boot(0);
    console_rig.output_lie = 1000;
    console_rig_print(1, "abc");
    console_rig.output_lie = 0;
    assert_int_equal(console_rig_take(1, none), 0);
    console_rig_print(1, "def");
    assert_memory_equal(console_rig.output[0], "abcdef", 6);
}

/* Input. */

static void input_reaches_the_guest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        char got[256];

        console_rig_boot(virtio_rig_formats[i]);
        console_rig_give(0, 0, 4);
        console_rig_give(0, 1, 256);
        assert_int_equal(vconsole_input(&console_rig.console, 0, "keyboard", 8), 8);
        assert_int_equal(console_rig_take(0, got), 4);
        assert_memory_equal(got, "keyb", 4);
        assert_int_equal(console_rig_take(0, got), 4);
        assert_memory_equal(got, "oard", 4);
        assert_int_equal(console_rig_take(0, got), -1);
    }
}

static void input_without_buffers_stays_with_the_caller(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        char got[256];

        console_rig_boot(virtio_rig_formats[i]);
        console_rig.wanted[0] = 0;
        console_rig_give(0, 0, 4);
        assert_int_equal(vconsole_input(&console_rig.console, 0, "keyboard", 8), 4);
        assert_int_equal(console_rig.wanted[0], 0);
        assert_int_equal(console_rig_take(0, got), 4);
        console_rig_give(0, 1, 4);
        assert_int_equal(console_rig.wanted[0], 1);
        assert_int_equal(vconsole_input(&console_rig.console, 0, "oard", 4), 4);
        assert_int_equal(console_rig_take(0, got), 4);
        assert_memory_equal(got, "oard", 4);
        /* Nobody asked for this one. */
        console_rig_give(0, 2, 4);
        assert_int_equal(console_rig.wanted[0], 1);
    }
}

static void input_before_the_driver_is_there(void **state)
{
    (void)state;
    assert_int_equal(vconsole_input(&console_rig.console, 0, "x", 1), 0);
    assert_int_equal(vconsole_input(&console_rig.console, 1, "x", 1), 0);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "", 0), 0);
    console_rig_boot(0);
    assert_int_equal(console_rig.wanted[0], 1);
    assert_int_equal(console_rig.opens[0], 1);
}

static void hostile_buffers_for_input(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT, 64, false };
    char got[256];

    (void)state;
    console_rig_boot(0);
    memset(world_at(&world, WORLD_DATA_AT), 'r', 64);
    assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 0);
    console_rig_give(0, 1, 16);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "in", 2), 2);
    assert_int_equal(console_rig_take(0, got), 0);
    assert_int_equal(console_rig_take(0, got), 2);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_DIRECTION), 1);
    assert_int_equal(*world_at(&world, WORLD_DATA_AT), 'r');
}

static void hostile_flood_of_useless_buffers(void **state)
{
    const struct driver_element readable = { WORLD_DATA_AT, 1, false };

    (void)state;
    console_rig_boot(0);
    for (unsigned i = 0; i < CONSOLE_RIG_ENTRIES; i++) {
        assert_true(driver_ring_add(&world.rings[0], &readable, 1, DRIVER_DIRECT, i));
    }
    driver_ring_publish(&world.rings[0]);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "in", 2), 0);
    /* It stopped because of its bound, and says that it will go on. */
    assert_int_equal(console_rig.console.dev.work, 1);
    assert_false(vdev_work(&console_rig.console.dev));
    assert_int_equal(console_rig.wanted[0], 1);
}

static void hostile_malformed_output_ring(void **state)
{
    const struct driver_element nowhere = { 0x1000, 64, false };

    (void)state;
    console_rig_boot(0);
    assert_true(driver_ring_add(&world.rings[1], &nowhere, 1, DRIVER_DIRECT, 0));
    world_kick(&world, 1);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_STATUS) & 64, 64);
    assert_int_equal(world.reports, 1);
    assert_int_equal(world.reported_queue, 1);
    assert_int_equal(vconsole_input(&console_rig.console, 0, "x", 1), 0);
    console_rig_boot(0);
    console_rig_print(1, "back");
    assert_int_equal(console_rig.output_bytes[0], 4);
}

/* Reset. */

static void reset_with_output_that_waits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIRTIO_RIG_FORMATS; i++) {
        unsigned char none[256];

        console_rig_boot(virtio_rig_formats[i]);
        console_rig.output_bytes[0] = 0;
        console_rig.output_room = 2;
        console_rig_print(1, "abcdef");
        assert_int_equal(console_rig.output_bytes[0], 2);
        assert_int_equal(world_store(&world, VIRTIO_MMIO_STATUS, 0), VDEV_DONE);
        console_rig.output_room = SIZE_MAX;
        vconsole_output_resume(&console_rig.console, 0);
        assert_int_equal(console_rig.output_bytes[0], 2);
        console_rig_boot(virtio_rig_formats[VIRTIO_RIG_FORMATS - 1 - i]);
        console_rig_print(1, "new");
        assert_int_equal(console_rig_take(1, none), 0);
        assert_int_equal(console_rig.output_bytes[0], 5);
    }
}

static void failure_with_output_that_waits(void **state)
{
    (void)state;
    console_rig_boot(0);
    console_rig.output_room = 2;
    console_rig_print(1, "abcdef");
    vdev_fail(&console_rig.console.dev, 0, VIRTIO_ERR_HEAD);
    console_rig.output_room = SIZE_MAX;
    vconsole_output_resume(&console_rig.console, 0);
    assert_int_equal(console_rig.output_bytes[0], 2);
}

static void queue_stopped_with_output_that_waits(void **state)
{
    (void)state;
    console_rig_boot(0);
    console_rig.output_room = 2;
    console_rig_print(1, "abcdef");
    world_store(&world, VIRTIO_MMIO_QUEUE_SEL, 1);
    assert_int_equal(world_store(&world, VIRTIO_MMIO_QUEUE_READY, 0), VDEV_DONE);
    console_rig.output_room = SIZE_MAX;
    vconsole_output_resume(&console_rig.console, 0);
    assert_int_equal(console_rig.output_bytes[0], 2);
    assert_int_equal(console_rig_errors(VIRTIO_ERR_STALE), 0);
}

/* Size. */

static void a_new_size_is_announced(void **state)
{
    (void)state;
    console_rig_boot(VCONSOLE_F_SIZE);
    assert_int_equal(vconsole_resize(&console_rig.console, 132, 50), VIRTIO_OK);
    assert_int_equal(world_load(&world, VIRTIO_MMIO_CONFIG), 132 | 50 << 16);
    assert_int_equal(world.raised_config, 1);
    assert_int_equal(world.pauses, 0);
}

static void no_size_no_resize(void **state)
{
    struct vconsole_config config = console_rig_config(false, 1);

    (void)state;
    config.sized = false;
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_OK);
    world_attach(&world, &console_rig.console.dev);
    assert_int_equal(vconsole_resize(&console_rig.console, 1, 1), VIRTIO_ERR_STATE);
}

static void impossible_consoles_are_refused(void **state)
{
    char long_name[VCONSOLE_MAX_NAME + 2] = { 0 };
    const struct vconsole_port named[1] = { { .name = long_name } };
    struct vconsole_config config = console_rig_config(true, 0);

    (void)state;
    memset(long_name, 'n', VCONSOLE_MAX_NAME + 1);
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_ERR_ARGUMENT);
    config = console_rig_config(true, VCONSOLE_MAX_PORTS + 1);
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_ERR_ARGUMENT);
    config = console_rig_config(false, 2);
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_ERR_ARGUMENT);
    config = console_rig_config(true, 1);
    config.ports = named;
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_ERR_ARGUMENT);
    config = console_rig_config(true, CONSOLE_RIG_PORTS);
    config.features = VIRTIO_FEATURE(35);
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_ERR_FEATURES);
    config = console_rig_config(false, 1);
    assert_int_equal(vconsole_init(&console_rig.console, &config), VIRTIO_OK);
    assert_int_equal(vconsole_add_port(&console_rig.console, 0), VIRTIO_ERR_STATE);
}

#define S(name) cmocka_unit_test_setup_teardown(name, console_rig_setup_single, virtio_rig_teardown)
#define M(name) cmocka_unit_test_setup_teardown(name, console_rig_setup_multi, virtio_rig_teardown)

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
        M(impossible_consoles_are_refused),
    };

    cmocka_set_test_filter(getenv("BULKHEAD_TEST"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
