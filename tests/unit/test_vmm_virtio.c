/* SPDX-License-Identifier: BSD-2-Clause */
/* virtIO devices of a guest: register pages, doorbells, its terminal, and what a reset leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <virtio/spec.h>

#include "guest.h"
#include "vmm_fake.h"

#define RAM_GPA 0x40000000UL
#define RAM_BYTES 0x1000000UL
#define CONSOLE 0xb010000UL
#define CONSOLE_CHANNEL 3u
#define RNG 0xb011000UL
#define RNG_CHANNEL 4u
#define SERIAL_CHANNEL 9u
#define SERIAL_BYTES 0x400u
#define MACHINE "name left\ngic 3 0x8000000 0x80a0000\nuart 0xb000000 208\n"
#define DEVICES "virtio console 0xb010000 209 3\nvirtio rng 0xb011000 210 4\n"
#define ESR_STORE4 (0x24UL << 26 | 1UL << 24 | 2UL << 22 | 1UL << 6)
#define ESR_LOAD4 (0x24UL << 26 | 1UL << 24 | 2UL << 22)
/** Queues of the driver: their three areas follow each other, then a buffer. */
#define QUEUE_ENTRIES 4u
#define QUEUE(n) (RAM_GPA + 0x800000 + (n)*0x4000UL)
#define QUEUE_DRIVER 0x1000u
#define QUEUE_DEVICE 0x2000u
#define QUEUE_BUFFER 0x3000u

static struct guest guest;
static uint8_t *ram;
static uint8_t kernel[8192];
static volatile uint32_t *console;
static volatile uint32_t *rng;
static _Alignas(64) uint8_t connection[SERIAL_BYTES];
/* The virtualiser's side. */
static struct serial_queue output;
static struct serial_queue input;

static int begin(void **state)
{
    static const uint8_t magic[] = { 'A', 'R', 'M', 0x64 };

    (void)state;
    ram = calloc(1, RAM_BYTES);
    memset(kernel, 0, sizeof(kernel));
    kernel[18] = 0x20;
    kernel[24] = 2;
    memcpy(kernel + 56, magic, sizeof(magic));
    memset(connection, 0, sizeof(connection));
    return ram == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    free(ram);
    return 0;
}

static bool boot(const char *config, bool serial)
{
    memset(&guest, 0, sizeof(guest));
    vmm_fake_reset(1, 3);
    vmm_fake.has_seed = true;
    console = vmm_fake_page(CONSOLE, CONSOLE_CHANNEL);
    rng = vmm_fake_page(RNG, RNG_CHANNEL);
    assert_int_equal(config_parse(config, strlen(config), &guest.config), 0);
    guest.ram = (struct loader_ram){ ram, RAM_GPA, RAM_BYTES };
    guest.kernel = (struct guest_file){ kernel, sizeof(kernel) };
    if (serial) {
        guest.serial = connection;
        guest.serial_bytes = sizeof(connection);
        guest.serial_channel = SERIAL_CHANNEL;
        assert_int_equal(serial_queue_open_consumer(&output, connection, SERIAL_BYTES / 2),
                         SERIAL_QUEUE_OK);
        assert_int_equal(
            serial_queue_open_producer(&input, connection + SERIAL_BYTES / 2, SERIAL_BYTES / 2),
            SERIAL_QUEUE_OK);
    }
    return guest_init(&guest) && guest_start(&guest);
}

/** A store that stage 2 did not let through. */
static struct guest_answer store(uint64_t gpa, uint32_t value)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, gpa, 0, ESR_STORE4, value };

    return guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words);
}

static uint64_t load(uint64_t gpa)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, gpa, 0, ESR_LOAD4, 0 };

    return guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).value;
}

static void put(uint64_t gpa, uint64_t value, size_t bytes)
{
    memcpy(ram + (gpa - RAM_GPA), &value, bytes);
}

static uint16_t get16(uint64_t gpa)
{
    uint16_t value;

    memcpy(&value, ram + (gpa - RAM_GPA), sizeof(value));
    return value;
}

/** The driver: split rings, features as they come first. */
static void start_driver(uint64_t device, uint32_t queues)
{
    (void)store(device + VIRTIO_MMIO_STATUS, 0);
    (void)store(device + VIRTIO_MMIO_STATUS, 1);
    (void)store(device + VIRTIO_MMIO_STATUS, 3);
    (void)store(device + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    (void)store(device + VIRTIO_MMIO_DRIVER_FEATURES, 1);
    (void)store(device + VIRTIO_MMIO_STATUS, 11);
    for (uint32_t i = 0; i < queues; i++) {
        memset(ram + (QUEUE(i) - RAM_GPA), 0, 0x4000);
        (void)store(device + VIRTIO_MMIO_QUEUE_SEL, i);
        (void)store(device + VIRTIO_MMIO_QUEUE_NUM, QUEUE_ENTRIES);
        (void)store(device + VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)QUEUE(i));
        (void)store(device + VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)QUEUE(i) + QUEUE_DRIVER);
        (void)store(device + VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)QUEUE(i) + QUEUE_DEVICE);
        (void)store(device + VIRTIO_MMIO_QUEUE_READY, 1);
    }
    (void)store(device + VIRTIO_MMIO_STATUS, 15);
}

/** Make the queue's only buffer available once more. */
static void offer(uint32_t queue, uint32_t bytes, bool write)
{
    uint16_t index = get16(QUEUE(queue) + QUEUE_DRIVER + 2);

    put(QUEUE(queue), QUEUE(queue) + QUEUE_BUFFER, 8);
    put(QUEUE(queue) + 8, bytes, 4);
    put(QUEUE(queue) + 12, write ? VIRTIO_DESC_WRITE : 0, 2);
    put(QUEUE(queue) + QUEUE_DRIVER + 4 + 2UL * (index % QUEUE_ENTRIES), 0, 2);
    put(QUEUE(queue) + QUEUE_DRIVER + 2, (uint16_t)(index + 1), 2);
}

static uint16_t used(uint32_t queue)
{
    return get16(QUEUE(queue) + QUEUE_DEVICE + 2);
}

static void send(const char *text)
{
    uint32_t bytes = 0;

    for (; text[bytes] != '\0'; bytes++) {
        put(QUEUE(1) + QUEUE_BUFFER + bytes, (uint8_t)text[bytes], 1);
    }
    offer(1, bytes, false);
    guest_notified(&guest, CONSOLE_CHANNEL);
}

/** What the virtualiser has received since the last call. */
static const char *received(void)
{
    static char text[1024];
    size_t count = serial_queue_available(&output);

    count = serial_queue_read(&output, text, count < sizeof(text) ? count : sizeof(text) - 1);
    text[count] = '\0';
    return text;
}

static void registers(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    assert_int_equal(console[VIRTIO_MMIO_MAGIC / 4], VIRTIO_MMIO_MAGIC_VALUE);
    assert_int_equal(console[VIRTIO_MMIO_DEVICE_ID / 4], VIRTIO_ID_CONSOLE);
    assert_int_equal(rng[VIRTIO_MMIO_DEVICE_ID / 4], VIRTIO_ID_ENTROPY);
    assert_int_equal(console[VIRTIO_MMIO_SHM_LEN_LOW / 4], 0xffffffff);
    assert_int_equal(console[VIRTIO_MMIO_SHM_BASE_HIGH / 4], 0xffffffff);
    (void)store(CONSOLE + VIRTIO_MMIO_STATUS, 1);
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4], 1);
    assert_int_equal(rng[VIRTIO_MMIO_STATUS / 4], 0);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void loads_do_not_come(void **state)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, CONSOLE, 0, ESR_LOAD4, 0 };

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    assert_int_equal(guest_fault(&guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                     BH_VCPU_ABORT);
}

static void prints_lines(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    start_driver(CONSOLE, 2);
    send("hello\n");
    assert_non_null(strstr(vmm_fake.printed, "left| hello\n"));
    assert_int_equal(used(1), 1);
    assert_int_equal(vmm_fake.device[0], CONSOLE_CHANNEL);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_USED);
}

static void one_stream(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    assert_string_equal(received(), "left: started\n");
    (void)store(0xb000000, 'e');
    start_driver(CONSOLE, 2);
    send("arly\nbegun");
    guest_say(&guest, "said", "");
    send("more\n");
    assert_string_equal(received(), "early\nbegun\nleft: said\nmore\n");
    assert_int_equal(vmm_fake.notified, 1UL << SERIAL_CHANNEL);
    assert_string_equal(vmm_fake.printed, "");
}

static void waits_for_room(void **state)
{
    static const char line[] = "0123456789012345678901234567890123456789\n";
    uint16_t before;

    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    start_driver(CONSOLE, 2);
    (void)received();
    for (before = 0; before == used(1); before++) {
        assert_true(before < 100);
        send(line);
    }
    /* The last buffer was not taken whole, and the UART is full as well. */
    assert_true((load(0xb000018) & 1u << 5) != 0);
    guest_say(&guest, "said", "");
    (void)received();
    guest_notified(&guest, SERIAL_CHANNEL);
    assert_int_equal(used(1), before);
    assert_non_null(strstr(received(), "left: said\n"));
    assert_int_equal(load(0xb000018) & 1u << 5, 0);
}

static void input_goes_where_the_driver_is(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    assert_int_equal(serial_queue_write(&input, "a", 1), 1);
    guest_notified(&guest, SERIAL_CHANNEL);
    assert_int_equal(load(0xb000000), 'a');
    start_driver(CONSOLE, 2);
    assert_int_equal(serial_queue_write(&input, "bc", 2), 2);
    guest_notified(&guest, SERIAL_CHANNEL);
    assert_int_equal(used(0), 0);
    offer(0, 1, true);
    guest_notified(&guest, CONSOLE_CHANNEL);
    assert_int_equal(used(0), 1);
    assert_int_equal(ram[QUEUE(0) + QUEUE_BUFFER - RAM_GPA], 'b');
    offer(0, 1, true);
    guest_notified(&guest, CONSOLE_CHANNEL);
    assert_int_equal(used(0), 2);
    assert_int_equal(ram[QUEUE(0) + QUEUE_BUFFER - RAM_GPA], 'c');
}

static void entropy(void **state)
{
    uint64_t first = 0;

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    start_driver(RNG, 1);
    offer(0, 8, true);
    guest_notified(&guest, RNG_CHANNEL);
    assert_int_equal(used(0), 1);
    memcpy(&first, ram + (QUEUE(0) + QUEUE_BUFFER - RAM_GPA), 8);
    assert_int_not_equal(first, 0);
    offer(0, 8, true);
    guest_notified(&guest, RNG_CHANNEL);
    assert_int_equal(used(0), 2);
    assert_memory_not_equal(&first, ram + (QUEUE(0) + QUEUE_BUFFER - RAM_GPA), 8);
}

static void reset_forgets(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    start_driver(CONSOLE, 2);
    send("x");
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_USED);
    guest_stop(&guest);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 0);
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4], 0);
    assert_true(guest_start(&guest));
    /* Old queues are not looked at, and input goes to the UART again. */
    offer(1, 1, false);
    guest_notified(&guest, CONSOLE_CHANNEL);
    assert_int_equal(used(1), 1);
    assert_int_equal(serial_queue_write(&input, "u", 1), 1);
    guest_notified(&guest, SERIAL_CHANNEL);
    assert_int_equal(load(0xb000000), 'u');
    start_driver(CONSOLE, 2);
    (void)received();
    send("again\n");
    assert_string_equal(received(), "again\n");
    assert_int_equal(vmm_fake.wrong, 0);
}

static void reset_clears_in_one_step(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    start_driver(CONSOLE, 2);
    send("x\n");
    /* A bit of no meaning shows who else writes the word: a reset clears its own bits only. */
    __atomic_fetch_or(&console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 1u << 31, __ATOMIC_RELAXED);
    (void)store(CONSOLE + VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 1u << 31);
}

static void broken_ring_is_said_once(void **state)
{
    const char *said;

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    start_driver(CONSOLE, 2);
    put(QUEUE(1) + QUEUE_DRIVER + 2, 1000, 2);
    guest_notified(&guest, CONSOLE_CHANNEL);
    guest_notified(&guest, CONSOLE_CHANNEL);
    said = strstr(vmm_fake.printed, "virtIO console broke a queue: index\n");
    assert_non_null(said);
    assert_null(strstr(strchr(said, '\n'), "broke"));
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4] & VIRTIO_STATUS_NEEDS_RESET,
                     VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_CONFIG);
}

static void refused(void **state)
{
    (void)state;
    assert_false(boot(MACHINE "virtio disk 0xb010000 209 3\n", false));
    assert_non_null(strstr(vmm_fake.printed, "of no kind that there is"));
    assert_false(boot(MACHINE DEVICES "virtio rng 0xb012000 211 5\n", false));
    assert_non_null(strstr(vmm_fake.printed, "of the same kind"));
    assert_false(boot(MACHINE "virtio rng 0xb010800 209 3\n", false));
    assert_non_null(strstr(vmm_fake.printed, "is no page"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(registers, begin, end),
        cmocka_unit_test_setup_teardown(loads_do_not_come, begin, end),
        cmocka_unit_test_setup_teardown(prints_lines, begin, end),
        cmocka_unit_test_setup_teardown(one_stream, begin, end),
        cmocka_unit_test_setup_teardown(waits_for_room, begin, end),
        cmocka_unit_test_setup_teardown(input_goes_where_the_driver_is, begin, end),
        cmocka_unit_test_setup_teardown(entropy, begin, end),
        cmocka_unit_test_setup_teardown(reset_forgets, begin, end),
        cmocka_unit_test_setup_teardown(reset_clears_in_one_step, begin, end),
        cmocka_unit_test_setup_teardown(broken_ring_is_said_once, begin, end),
        cmocka_unit_test_setup_teardown(refused, begin, end),
    };

    return cmocka_run_group_tests_name("vmm_virtio", tests, NULL, NULL);
}
