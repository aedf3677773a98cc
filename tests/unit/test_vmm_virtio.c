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

#include "vmm_fake.h"
#include "vmm_rig.h"

#define CONSOLE 0xb010000UL
#define CONSOLE_CHANNEL 3u
#define RNG 0xb011000UL
#define RNG_CHANNEL 4u
#define MACHINE "name left\ngic 3 0x8000000 0x80a0000\nuart 0xb000000 208\n"
#define DEVICES "virtio console 0xb010000 209 3\nvirtio rng 0xb011000 210 4\n"
#define ESR_LOAD4 (0x24UL << 26 | 1UL << 24 | 2UL << 22)

static volatile uint32_t *console;
static volatile uint32_t *rng;

static bool boot(const char *config, bool serial)
{
    rig_reset();
    console = vmm_fake_page(CONSOLE, CONSOLE_CHANNEL);
    rng = vmm_fake_page(RNG, RNG_CHANNEL);
    return rig_boot(config, serial);
}

static void send(const char *text)
{
    rig_send(CONSOLE_CHANNEL, 1, text, (uint32_t)strlen(text));
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
    (void)rig_store(CONSOLE + VIRTIO_MMIO_STATUS, 1);
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4], 1);
    assert_int_equal(rng[VIRTIO_MMIO_STATUS / 4], 0);
    assert_int_equal(vmm_fake.wrong, 0);
}

static void loads_do_not_come(void **state)
{
    const uint64_t words[GUEST_FAULT_WORDS] = { 0x1000, CONSOLE, 0, ESR_LOAD4, 0 };

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    assert_int_equal(guest_fault(&rig.guest, VMM_FAKE_ID(0), BH_FAULT_MEMORY, words).label,
                     BH_VCPU_ABORT);
}

static void prints_lines(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    rig_start_driver(CONSOLE, 2, 0);
    send("hello\n");
    assert_non_null(strstr(vmm_fake.printed, "left| hello\n"));
    assert_int_equal(rig_used(1), 1);
    assert_int_equal(vmm_fake.device[0], CONSOLE_CHANNEL);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_USED);
}

static void one_stream(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    assert_string_equal(rig_received(), "left: started\n");
    (void)rig_store(0xb000000, 'e');
    rig_start_driver(CONSOLE, 2, 0);
    send("arly\nbegun");
    guest_say(&rig.guest, "said", "");
    send("more\n");
    assert_string_equal(rig_received(), "early\nbegun\nleft: said\nmore\n");
    assert_int_equal(vmm_fake.notified, 1UL << RIG_SERIAL_CHANNEL);
    assert_string_equal(vmm_fake.printed, "");
}

static void waits_for_room(void **state)
{
    static const char line[] = "0123456789012345678901234567890123456789\n";
    uint16_t before;

    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    rig_start_driver(CONSOLE, 2, 0);
    (void)rig_received();
    for (before = 0; before == rig_used(1); before++) {
        assert_true(before < 100);
        send(line);
    }
    /* The last buffer was not taken whole, and the UART is full as well. */
    assert_true((rig_load(0xb000018) & 1u << 5) != 0);
    guest_say(&rig.guest, "said", "");
    (void)rig_received();
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    assert_int_equal(rig_used(1), before);
    assert_non_null(strstr(rig_received(), "left: said\n"));
    assert_int_equal(rig_load(0xb000018) & 1u << 5, 0);
}

static void input_goes_where_the_driver_is(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    assert_int_equal(serial_queue_write(&rig.input, "a", 1), 1);
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    assert_int_equal(rig_load(0xb000000), 'a');
    rig_start_driver(CONSOLE, 2, 0);
    assert_int_equal(serial_queue_write(&rig.input, "bc", 2), 2);
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    assert_int_equal(rig_used(0), 0);
    rig_offer(0, 1, true);
    guest_notified(&rig.guest, CONSOLE_CHANNEL);
    assert_int_equal(rig_used(0), 1);
    assert_int_equal(rig_buffer(0)[0], 'b');
    rig_offer(0, 1, true);
    guest_notified(&rig.guest, CONSOLE_CHANNEL);
    assert_int_equal(rig_used(0), 2);
    assert_int_equal(rig_buffer(0)[0], 'c');
}

static void entropy(void **state)
{
    uint64_t first = 0;

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    rig_start_driver(RNG, 1, 0);
    rig_offer(0, 8, true);
    guest_notified(&rig.guest, RNG_CHANNEL);
    assert_int_equal(rig_used(0), 1);
    memcpy(&first, rig_buffer(0), 8);
    assert_int_not_equal(first, 0);
    rig_offer(0, 8, true);
    guest_notified(&rig.guest, RNG_CHANNEL);
    assert_int_equal(rig_used(0), 2);
    assert_memory_not_equal(&first, rig_buffer(0), 8);
}

static void reset_forgets(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, true));
    rig_start_driver(CONSOLE, 2, 0);
    send("x");
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_USED);
    guest_stop(&rig.guest);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 0);
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4], 0);
    assert_true(guest_start(&rig.guest));
    /* Old queues are not looked at, and input goes to the UART again. */
    rig_offer(1, 1, false);
    guest_notified(&rig.guest, CONSOLE_CHANNEL);
    assert_int_equal(rig_used(1), 1);
    assert_int_equal(serial_queue_write(&rig.input, "u", 1), 1);
    guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
    assert_int_equal(rig_load(0xb000000), 'u');
    rig_start_driver(CONSOLE, 2, 0);
    (void)rig_received();
    send("again\n");
    assert_string_equal(rig_received(), "again\n");
    assert_int_equal(vmm_fake.wrong, 0);
}

/** What a driver does, step by step, until another kernel takes its place without a word. */
static void old_driver(unsigned int number)
{
    static const char line[] = "0123456789012345678901234567890123456789\n";
    uint16_t before = 0;

    switch (number) {
    case 0:
        (void)rig_store(CONSOLE + VIRTIO_MMIO_STATUS, 1);
        break;
    case 1:
        (void)rig_store(CONSOLE + VIRTIO_MMIO_STATUS, 3);
        break;
    case 2:
        (void)rig_store(CONSOLE + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        (void)rig_store(CONSOLE + VIRTIO_MMIO_DRIVER_FEATURES, 1);
        (void)rig_store(CONSOLE + VIRTIO_MMIO_STATUS, 11);
        break;
    case 3:
        rig_start_driver(CONSOLE, 2, 0);
        break;
    case 4:
        rig_offer(0, 1, true);
        guest_notified(&rig.guest, CONSOLE_CHANNEL);
        break;
    case 5:
        assert_int_equal(serial_queue_write(&rig.input, "old", 3), 3);
        break;
    case 6:
        guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
        break;
    case 7:
        rig_offer(1, 40, false);
        break;
    case 8:
        /* Until the terminal takes no more: a buffer stays with the device. */
        do {
            before = rig_used(1);
            send(line);
        } while (rig_used(1) != before);
        break;
    default:
        /* The ring is nonsense: the device needs a reset. */
        rig_put(RIG_QUEUE(1) + RIG_DRIVER + 2, 1000, 2);
        guest_notified(&rig.guest, CONSOLE_CHANNEL);
        break;
    }
}

/** As after kexec: the new driver finds the device in any state, and the memory is its own. */
static void a_new_kernel_takes_over_at_any_step(void **state)
{
    (void)state;
    for (unsigned int steps = 0; steps <= 10; steps++) {
        assert_true(boot(MACHINE DEVICES, true));
        for (unsigned int i = 0; i < steps; i++) {
            old_driver(i);
        }
        rig_start_driver(CONSOLE, 2, 0);
        /* Nothing of the old one's buffers comes back, though there is room and input now. */
        for (unsigned int i = 0; i < 4; i++) {
            (void)rig_received();
            guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
        }
        assert_int_equal(rig_used(0), 0);
        assert_int_equal(rig_used(1), 0);
        send("again\n");
        assert_string_equal(rig_received(), "again\n");
        assert_int_equal(rig_used(1), 1);
        assert_int_equal(serial_queue_write(&rig.input, "z", 1), 1);
        guest_notified(&rig.guest, RIG_SERIAL_CHANNEL);
        for (unsigned int i = 0; i < 4 && rig_buffer(0)[0] != 'z'; i++) {
            rig_offer(0, 1, true);
            guest_notified(&rig.guest, CONSOLE_CHANNEL);
            assert_int_equal(rig_used(0), i + 1);
        }
        assert_int_equal(rig_buffer(0)[0], 'z');
        assert_int_equal(vmm_fake.wrong, 0);
    }
}

static void reset_clears_in_one_step(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    rig_start_driver(CONSOLE, 2, 0);
    send("x\n");
    /* A bit of no meaning shows who else writes the word: a reset clears its own bits only. */
    __atomic_fetch_or(&console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 1u << 31, __ATOMIC_RELAXED);
    (void)rig_store(CONSOLE + VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 1u << 31);
}

static void broken_ring_is_said_once(void **state)
{
    const char *said;

    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    rig_start_driver(CONSOLE, 2, 0);
    rig_put(RIG_QUEUE(1) + RIG_DRIVER + 2, 1000, 2);
    guest_notified(&rig.guest, CONSOLE_CHANNEL);
    guest_notified(&rig.guest, CONSOLE_CHANNEL);
    said = strstr(vmm_fake.printed, "virtIO console broke a queue: index\n");
    assert_non_null(said);
    assert_null(strstr(strchr(said, '\n'), "broke"));
    assert_int_equal(console[VIRTIO_MMIO_STATUS / 4] & VIRTIO_STATUS_NEEDS_RESET,
                     VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_CONFIG);
}

static void the_size_is_told(void **state)
{
    uint32_t generation;

    (void)state;
    assert_true(boot(MACHINE DEVICES "terminal 100 40\n", false));
    assert_int_equal(console[VIRTIO_MMIO_CONFIG / 4], 40u << 16 | 100);
    assert_int_equal(console[VIRTIO_MMIO_DEVICE_FEATURES / 4] & 7, 5);
    generation = console[VIRTIO_MMIO_CONFIG_GENERATION / 4];
    /* A driver that looks only when it is told of a change is told as soon as it is up. */
    rig_start_driver(CONSOLE, 2, 1);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_INTERRUPT_CONFIG);
    assert_int_equal(vmm_fake.device[0], CONSOLE_CHANNEL);
    assert_int_not_equal(console[VIRTIO_MMIO_CONFIG_GENERATION / 4], generation);
    assert_int_equal(console[VIRTIO_MMIO_CONFIG / 4], 40u << 16 | 100);
}

static void without_a_size_there_is_none(void **state)
{
    (void)state;
    assert_true(boot(MACHINE DEVICES, false));
    assert_int_equal(console[VIRTIO_MMIO_DEVICE_FEATURES / 4] & 7, 4);
    rig_start_driver(CONSOLE, 2, 0);
    assert_int_equal(console[VIRTIO_MMIO_INTERRUPT_STATUS / 4], 0);
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
        cmocka_unit_test_setup_teardown(registers, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(loads_do_not_come, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(prints_lines, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(one_stream, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(waits_for_room, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(input_goes_where_the_driver_is, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(entropy, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(reset_forgets, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(a_new_kernel_takes_over_at_any_step, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(reset_clears_in_one_step, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(broken_ring_is_said_once, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(the_size_is_told, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(without_a_size_there_is_none, rig_begin, rig_end),
        cmocka_unit_test_setup_teardown(refused, rig_begin, rig_end),
    };

    return cmocka_run_group_tests_name("vmm_virtio", tests, NULL, NULL);
}
