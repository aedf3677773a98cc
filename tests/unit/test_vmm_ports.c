/* SPDX-License-Identifier: BSD-2-Clause */
/* Named ports of a guest, and what its devices count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <io/serial/client.h>
#include <virtio/spec.h>

#include "vmm_fake.h"
#include "vmm_rig.h"

#define CONSOLE 0xb010000UL
#define CONSOLE_CHANNEL 3u
#define PORTS 0xb011000UL
#define PORTS_CHANNEL 4u
#define UPPER_CHANNEL 5u
#define LINK_CHANNEL 6u
#define BYTES 0x1000u
/** Of a queue in a connection of that size. */
#define CAPACITY 1024u
#define MACHINE "name left\ngic 3 0x8000000 0x80a0000\nuart 0xb000000 208\n"
#define DEVICES "virtio console 0xb010000 209 3\nvirtio ports 0xb011000 210 4\n"
#define MULTIPORT 2u
/** Queues of the two ports, and those between them for control. */
#define UPPER_IN 0u
#define UPPER_OUT 1u
#define CONTROL_IN 2u
#define CONTROL_OUT 3u
#define LINK_IN 4u
#define LINK_OUT 5u
#define QUEUES 6u
enum { READY, ADD, REMOVE, PORT_READY, IS_CONSOLE, RESIZE, OPEN, NAME };

struct message {
    uint32_t id;
    uint16_t event;
    uint16_t value;
};

static _Alignas(64) uint8_t memory[2][BYTES];
static volatile uint32_t *ports;
/* The other end of the first port. */
static struct serial_client upper;
/* What it does just before the guest's side asks for a notification of space. */
static void (*before_wait)(void);

bool __real_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes);
bool __wrap_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes);

bool __wrap_serial_queue_wait_space(struct serial_queue *queue, uint32_t bytes)
{
    void (*act)(void) = before_wait;

    before_wait = NULL;
    if (act != NULL) {
        act();
    }
    return __real_serial_queue_wait_space(queue, bytes);
}

/** The second port is a client, as when a guest is at its other end. */
static bool boot(void)
{
    char config[1024];

    memset(memory, 0, sizeof(memory));
    before_wait = NULL;
    rig_reset();
    (void)vmm_fake_page(CONSOLE, CONSOLE_CHANNEL);
    ports = vmm_fake_page(PORTS, PORTS_CHANNEL);
    (void)snprintf(config, sizeof(config),
                   MACHINE DEVICES "port upper 0x%lx 0x%x %u\nport link 0x%lx 0x%x %u client\n",
                   (unsigned long)memory[0], BYTES, UPPER_CHANNEL, (unsigned long)memory[1], BYTES,
                   LINK_CHANNEL);
    return rig_boot(config, true);
}

static void open_upper(void)
{
    assert_int_equal(serial_client_open(&upper, memory[0], BYTES), SERIAL_QUEUE_OK);
    guest_notified(&rig.guest, UPPER_CHANNEL);
}

static void tell(uint32_t id, uint16_t event, uint16_t value)
{
    const struct message message = { id, event, value };
    uint16_t before = rig_used(CONTROL_OUT);

    rig_send(PORTS_CHANNEL, CONTROL_OUT, &message, sizeof(message));
    assert_int_equal(rig_used(CONTROL_OUT), before + 1);
}

/** The next message that the device has; there is one, and `more` bytes follow it. */
static struct message hear(uint32_t more)
{
    struct message message;
    uint16_t before = rig_used(CONTROL_IN);

    rig_offer(CONTROL_IN, RIG_BUFFER_BYTES, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_int_equal(rig_used(CONTROL_IN), before + 1);
    assert_int_equal(rig_written(CONTROL_IN), sizeof(message) + more);
    memcpy(&message, rig_buffer(CONTROL_IN), sizeof(message));
    return message;
}

static void expect(uint32_t id, uint16_t event, uint16_t value, uint32_t more)
{
    struct message message = hear(more);

    assert_int_equal(message.id, id);
    assert_int_equal(message.event, event);
    assert_int_equal(message.value, value);
}

/** The driver learns of both ports, and is ready for the first. */
static void greet(void)
{
    rig_start_driver(PORTS, QUEUES, MULTIPORT);
    tell(0, READY, 1);
    expect(0, ADD, 0, 0);
    expect(1, ADD, 0, 0);
    tell(0, PORT_READY, 1);
    expect(0, NAME, 1, 5);
}

/** It also learns whether the first one's other end is open, and opens it. */
static void start(bool peer)
{
    greet();
    assert_memory_equal(rig_buffer(CONTROL_IN) + sizeof(struct message), "upper", 5);
    if (peer) {
        expect(0, OPEN, 1, 0);
    }
    tell(1, PORT_READY, 1);
    expect(1, NAME, 1, 4);
    assert_memory_equal(rig_buffer(CONTROL_IN) + sizeof(struct message), "link", 4);
    tell(0, OPEN, 1);
}

static void say_upper(const char *text)
{
    bool notify = false;

    assert_int_equal(serial_client_send(&upper, text, strlen(text), &notify), strlen(text));
    if (notify) {
        guest_notified(&rig.guest, UPPER_CHANNEL);
    }
}

static void ports_are_added_named_and_opened(void **state)
{
    (void)state;
    assert_true(boot());
    /* Both peers are told of the opening. */
    assert_int_equal(vmm_fake.notified,
                     1UL << UPPER_CHANNEL | 1UL << LINK_CHANNEL | 1UL << RIG_SERIAL_CHANNEL);
    assert_int_equal(ports[VIRTIO_MMIO_DEVICE_ID / 4], VIRTIO_ID_CONSOLE);
    /* The number of ports. */
    assert_int_equal(ports[VIRTIO_MMIO_CONFIG / 4 + 1], 2);
    start(false);
    /* Its other end opens: the driver is told. */
    open_upper();
    expect(0, OPEN, 1, 0);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void a_driver_without_ports_is_refused(void **state)
{
    (void)state;
    assert_true(boot());
    rig_start_driver(PORTS, QUEUES, 0);
    assert_int_equal(ports[VIRTIO_MMIO_STATUS / 4] & VIRTIO_STATUS_FEATURES_OK, 0);
}

static void data_goes_both_ways(void **state)
{
    char text[16] = "";

    (void)state;
    assert_true(boot());
    open_upper();
    greet();
    expect(0, OPEN, 1, 0);
    /* What comes before the guest opens its side waits for that. */
    say_upper("early ");
    rig_offer(UPPER_IN, 64, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_int_equal(rig_used(UPPER_IN), 0);
    tell(0, OPEN, 1);
    assert_int_equal(rig_used(UPPER_IN), 1);
    assert_memory_equal(rig_buffer(UPPER_IN), "early ", 6);
    /* Without a buffer of the guest, it waits for one. */
    say_upper("late");
    rig_offer(UPPER_IN, 2, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_memory_equal(rig_buffer(UPPER_IN), "la", 2);
    rig_offer(UPPER_IN, 64, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_int_equal(rig_written(UPPER_IN), 2);
    assert_memory_equal(rig_buffer(UPPER_IN), "te", 2);
    /* And out. */
    vmm_fake.notified = 0;
    rig_send(PORTS_CHANNEL, UPPER_OUT, "hello", 5);
    assert_int_equal(vmm_fake.notified, 1UL << UPPER_CHANNEL);
    assert_int_equal(serial_client_receive(&upper, text, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    assert_string_equal(rig_received(), "left: started\n");
}

static void a_guest_serves_another(void **state)
{
    struct serial_queue output;
    struct serial_queue input;
    char text[16] = "";

    (void)state;
    assert_true(boot());
    /* The second port's guest is the client: the other end has the first half to read from. */
    start(false);
    assert_int_equal(serial_queue_open_consumer(&output, memory[1], BYTES / 2), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_open_producer(&input, memory[1] + BYTES / 2, BYTES / 2),
                     SERIAL_QUEUE_OK);
    (void)serial_queue_wait_data(&output);
    guest_notified(&rig.guest, LINK_CHANNEL);
    expect(1, OPEN, 1, 0);
    tell(1, OPEN, 1);
    vmm_fake.notified = 0;
    rig_send(PORTS_CHANNEL, LINK_OUT, "hello", 5);
    assert_int_equal(vmm_fake.notified, 1UL << LINK_CHANNEL);
    assert_int_equal(serial_queue_read(&output, text, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    rig_offer(LINK_IN, 64, true);
    assert_int_equal(serial_queue_write(&input, "back", 4), 4);
    guest_notified(&rig.guest, LINK_CHANNEL);
    assert_memory_equal(rig_buffer(LINK_IN), "back", 4);
}

static void the_guest_waits_for_room(void **state)
{
    uint8_t data[RIG_BUFFER_BYTES];
    uint8_t got[RIG_BUFFER_BYTES];

    (void)state;
    assert_true(boot());
    open_upper();
    start(true);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    rig_send(PORTS_CHANNEL, UPPER_OUT, data, 3 * CAPACITY);
    assert_int_equal(rig_used(UPPER_OUT), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(serial_client_receive(&upper, got + i * CAPACITY, 2UL * CAPACITY),
                         CAPACITY);
        /* The guest's side waits, so that it is to be notified. */
        assert_int_equal(serial_client_signal_space(&upper), i < 2);
        guest_notified(&rig.guest, UPPER_CHANNEL);
    }
    assert_int_equal(rig_used(UPPER_OUT), 1);
    assert_memory_equal(got, data, 3UL * CAPACITY);
}

static void take_all(void)
{
    uint8_t got[CAPACITY];

    assert_int_equal(serial_client_receive(&upper, got, sizeof(got)), CAPACITY);
    assert_false(serial_client_signal_space(&upper));
}

/** A reader that has just taken all will not say that there is room: it is used at once. */
static void room_that_comes_late_is_used(void **state)
{
    uint8_t data[CAPACITY] = { 0 };

    (void)state;
    assert_true(boot());
    open_upper();
    start(true);
    rig_send(PORTS_CHANNEL, UPPER_OUT, data, sizeof(data));
    assert_int_equal(rig_used(UPPER_OUT), 1);
    before_wait = take_all;
    rig_send(PORTS_CHANNEL, UPPER_OUT, data, 1);
    assert_null(before_wait);
    assert_int_equal(rig_used(UPPER_OUT), 2);
}

static void drain_terminal(void)
{
    assert_int_equal(strlen(rig_received()), CAPACITY);
    assert_false(serial_queue_signal_space(&rig.output));
}

static void room_on_the_terminal_is_used(void **state)
{
    uint8_t data[CAPACITY];

    (void)state;
    memset(data, 'x', sizeof(data));
    assert_true(boot());
    rig_start_driver(CONSOLE, 2, 0);
    (void)rig_received();
    rig_send(CONSOLE_CHANNEL, 1, data, sizeof(data));
    assert_int_equal(rig_used(1), 1);
    before_wait = drain_terminal;
    rig_send(CONSOLE_CHANNEL, 1, "x", 1);
    assert_null(before_wait);
    assert_int_equal(rig_used(1), 2);
    assert_string_equal(rig_received(), "x");
}

static void the_other_end_waits_for_room(void **state)
{
    static char text[CAPACITY + 1];
    bool notify = false;

    (void)state;
    assert_true(boot());
    open_upper();
    start(true);
    memset(text, 'a', CAPACITY);
    say_upper(text);
    assert_int_equal(serial_client_send(&upper, "b", 1, &notify), 0);
    assert_true(serial_client_wait_send(&upper));
    vmm_fake.notified = 0;
    rig_offer(UPPER_IN, CAPACITY, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_int_equal(rig_written(UPPER_IN), CAPACITY);
    assert_int_equal(vmm_fake.notified, 1UL << UPPER_CHANNEL);
    say_upper("b");
    rig_offer(UPPER_IN, CAPACITY, true);
    guest_notified(&rig.guest, PORTS_CHANNEL);
    assert_int_equal(rig_written(UPPER_IN), 1);
}

static void ports_outlive_the_guest(void **state)
{
    char text[16] = "";

    (void)state;
    assert_true(boot());
    open_upper();
    start(true);
    rig_send(PORTS_CHANNEL, UPPER_OUT, "last", 4);
    guest_stop(&rig.guest);
    assert_int_equal(ports[VIRTIO_MMIO_STATUS / 4], 0);
    assert_int_equal(serial_client_receive(&upper, text, sizeof(text)), 4);
    /* What comes while there is no guest is there for the next. */
    say_upper("while off");
    assert_true(guest_start(&rig.guest));
    rig_start_driver(PORTS, QUEUES, MULTIPORT);
    rig_offer(UPPER_IN, 64, true);
    tell(0, READY, 1);
    expect(0, ADD, 0, 0);
    expect(1, ADD, 0, 0);
    tell(0, PORT_READY, 1);
    expect(0, NAME, 1, 5);
    expect(0, OPEN, 1, 0);
    tell(0, OPEN, 1);
    assert_int_equal(rig_used(UPPER_IN), 1);
    assert_memory_equal(rig_buffer(UPPER_IN), "while off", 9);
}

static void emergencies_are_seen(void **state)
{
    (void)state;
    assert_true(boot());
    (void)rig_received();
    (void)rig_store(CONSOLE + VIRTIO_MMIO_CONFIG + 8, 'a');
    (void)rig_store(PORTS + VIRTIO_MMIO_CONFIG + 8, 'b');
    assert_string_equal(rig_received(), "ab");
}

static void statistics_are_told(void **state)
{
    (void)state;
    assert_true(boot());
    open_upper();
    start(true);
    rig_send(PORTS_CHANNEL, UPPER_OUT, "hello", 5);
    (void)rig_store(PORTS + VIRTIO_MMIO_QUEUE_SEL, 100);
    (void)rig_store(PORTS + VIRTIO_MMIO_QUEUE_NUM, 4);
    (void)rig_received();
    serial_queue_ask(&rig.input);
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    /* Messages: 4 there and 5 back, with two names; and the data. */
    const char *said = rig_received();
    assert_non_null(strstr(said, "left: virtIO console: not used\n"));
    assert_non_null(strstr(said, "left: virtIO ports: requests 10, bytes out 37, bytes in 49, "));
    assert_non_null(strstr(said, ", resets 1, queue 1\n"));
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    assert_string_equal(rig_received(), "");
}

static bool refused(const char *config, const char *sentence)
{
    rig_reset();
    (void)vmm_fake_page(PORTS, PORTS_CHANNEL);
    return !rig_boot(config, false) && strstr(vmm_fake.printed, sentence) != NULL;
}

static void what_does_not_fit_is_refused(void **state)
{
    char config[512];

    (void)state;
    assert_true(refused(MACHINE "virtio ports 0xb011000 210 4\n", "named ports has none"));
    (void)snprintf(config, sizeof(config), MACHINE "port a 0x%lx 0x1000 5\n",
                   (unsigned long)memory[0]);
    assert_true(refused(config, "no virtIO device for its named ports"));
    (void)snprintf(config, sizeof(config),
                   MACHINE "virtio ports 0xb011000 210 4\nport a 0x%lx 256 5\n",
                   (unsigned long)memory[0]);
    assert_true(refused(config, "a named port is no connection"));
    (void)snprintf(config, sizeof(config),
                   MACHINE "virtio ports 0xb011800 210 4\nport a 0x%lx 0x1000 5\n",
                   (unsigned long)memory[0]);
    assert_true(refused(config, "is no page"));
}

static uint32_t parse(const char *text)
{
    struct config config;

    return config_parse(text, strlen(text), &config);
}

static void settings_are_checked(void **state)
{
    static const char *const wrong[] = {
        "port\n",
        "port a 0x1000 0x1000\n",
        "port a 0x1000 0x1000 62\n",
        "port a 0x1000 0x1000 1 server\n",
        "port a 0x1000 0x1000 1 client client\n",
        "virtio rng 0x1000 40 1 port a 0x1000 0x1000 1\n",
        "terminal 80\n",
        "terminal 0 24\n",
        "terminal 80 0\n",
        "terminal 65536 24\n",
        "terminal 80 24 1\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(parse(wrong[i]), 1);
    }
    assert_int_equal(parse("port a 0x1000 0x1000 1 # one\nport b 1 2 2 client # two\n"), 0);
    assert_int_equal(parse("port a 0x1000 0x1000 1\nport a 0x2000 0x1000 2\n"), 2);
    assert_int_equal(parse("port a 0x1000 0x1000 1\nport b 0x2000 0x1000 1\n"), 2);
    assert_int_equal(parse("port a 0x1000 0x1000 1\nvirtio rng 0x1000 40 1\n"), 2);
    assert_int_equal(parse("terminal 80 24\nterminal 80 24\n"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ports_are_added_named_and_opened, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(a_driver_without_ports_is_refused, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(data_goes_both_ways, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(a_guest_serves_another, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(the_guest_waits_for_room, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(room_that_comes_late_is_used, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(room_on_the_terminal_is_used, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(the_other_end_waits_for_room, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(ports_outlive_the_guest, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(emergencies_are_seen, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(statistics_are_told, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(settings_are_checked, rig_begin, rig_end),
    };

    return cmocka_run_group_tests_name("vmm_ports", tests, NULL, NULL);
}
