/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <io/serial/client.h>
#include <io/serial/queue.h>

#define BYTES (SERIAL_QUEUE_HEADER + 64)

static _Alignas(64) uint8_t memory[BYTES];
static struct serial_queue producer;
static struct serial_queue consumer;

static struct serial_queue_memory *shared(void)
{
    return (struct serial_queue_memory *)memory;
}

static void open_both(void)
{
    assert_int_equal(serial_queue_open_producer(&producer, memory, BYTES), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_open_consumer(&consumer, memory, BYTES), SERIAL_QUEUE_OK);
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    open_both();
    return 0;
}

static void capacity_is_the_largest_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(serial_queue_capacity(0), 0);
    assert_int_equal(serial_queue_capacity(SERIAL_QUEUE_HEADER + 63), 0);
    assert_int_equal(serial_queue_capacity(SERIAL_QUEUE_HEADER + 64), 64);
    assert_int_equal(serial_queue_capacity(4096), 2048);
    assert_int_equal(serial_queue_capacity(SERIAL_QUEUE_HEADER + 4095), 2048);
    assert_int_equal(serial_queue_capacity(SERIAL_QUEUE_HEADER + 4096), 4096);
    assert_int_equal(serial_queue_capacity(SIZE_MAX), SERIAL_QUEUE_MAX_CAPACITY);
}

static void wrong_memory_is_refused(void **state)
{
    struct serial_queue queue;

    (void)state;
    assert_int_equal(serial_queue_open_producer(&queue, memory + 1, BYTES), SERIAL_QUEUE_UNALIGNED);
    assert_int_equal(serial_queue_open_consumer(&queue, memory + 8, BYTES), SERIAL_QUEUE_UNALIGNED);
    assert_int_equal(serial_queue_open_producer(&queue, memory, BYTES - 1), SERIAL_QUEUE_TOO_SMALL);
    assert_int_equal(serial_queue_open_consumer(&queue, memory, 0), SERIAL_QUEUE_TOO_SMALL);
}

static void bytes_come_out_as_they_went_in(void **state)
{
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    unsigned int seed = 1;

    (void)state;
    for (unsigned int round = 0; round < 100000; round++) {
        uint8_t buffer[80];
        size_t wanted = (size_t)rand_r(&seed) % sizeof(buffer);
        uint32_t space = serial_queue_space(&producer);
        for (size_t i = 0; i < wanted; i++) {
            buffer[i] = (uint8_t)(next_in + i);
        }
        size_t written = serial_queue_write(&producer, buffer, wanted);
        assert_int_equal(written, wanted < space ? wanted : space);
        next_in = (uint8_t)(next_in + written);

        wanted = (size_t)rand_r(&seed) % sizeof(buffer);
        uint32_t available = serial_queue_available(&consumer);
        assert_int_equal(available, serial_queue_in_flight(&producer));
        size_t got = serial_queue_read(&consumer, buffer, wanted);
        assert_int_equal(got, wanted < available ? wanted : available);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(buffer[i], next_out);
            next_out++;
        }
    }
}

static void positions_wrap(void **state)
{
    char text[8] = { 0 };

    (void)state;
    shared()->produced = UINT32_MAX - 2;
    shared()->consumed = UINT32_MAX - 2;
    open_both();
    assert_int_equal(serial_queue_write(&producer, "abcdefg", 7), 7);
    assert_int_equal(serial_queue_available(&consumer), 7);
    assert_int_equal(serial_queue_peek(&consumer, 2, text, 3), 3);
    assert_string_equal(text, "cde");
    assert_int_equal(serial_queue_read(&consumer, text, sizeof(text)), 7);
    assert_string_equal(text, "abcdefg");
    assert_int_equal(serial_queue_space(&producer), 64);
}

static void peek_and_drop_stay_within_what_was_seen(void **state)
{
    char text[8];

    (void)state;
    assert_int_equal(serial_queue_write(&producer, "abc", 3), 3);
    assert_int_equal(serial_queue_peek(&consumer, 0, text, 8), 0);
    assert_int_equal(serial_queue_available(&consumer), 3);
    assert_int_equal(serial_queue_peek(&consumer, 3, text, 8), 0);
    assert_int_equal(serial_queue_peek(&consumer, UINT32_MAX, text, 8), 0);
    assert_int_equal(serial_queue_drop(&consumer, 8), 3);
    assert_int_equal(serial_queue_drop(&consumer, 8), 0);
}

static void signals_come_only_when_wanted_and_once(void **state)
{
    char byte;

    (void)state;
    assert_int_equal(serial_queue_write(&producer, "a", 1), 1);
    assert_false(serial_queue_signal_data(&producer));
    assert_false(serial_queue_wait_data(&consumer));
    assert_int_equal(serial_queue_read(&consumer, &byte, 1), 1);
    assert_true(serial_queue_wait_data(&consumer));
    assert_true(serial_queue_wait_data(&consumer));
    assert_int_equal(serial_queue_write(&producer, "b", 1), 1);
    assert_true(serial_queue_signal_data(&producer));
    assert_false(serial_queue_signal_data(&producer));
}

static void a_full_queue_waits_for_space(void **state)
{
    char bytes[64] = { 0 };

    (void)state;
    assert_false(serial_queue_wait_space(&producer, 64));
    assert_int_equal(serial_queue_write(&producer, bytes, 64), 64);
    assert_int_equal(serial_queue_write(&producer, bytes, 1), 0);
    assert_true(serial_queue_wait_space(&producer, 16));
    assert_int_equal(serial_queue_read(&consumer, bytes, 8), 8);
    assert_true(serial_queue_signal_space(&consumer));
    assert_false(serial_queue_signal_space(&consumer));
    assert_true(serial_queue_wait_space(&producer, 16));
    assert_int_equal(serial_queue_read(&consumer, bytes, 8), 8);
    assert_true(serial_queue_signal_space(&consumer));
    assert_false(serial_queue_wait_space(&producer, 16));
}

static void restarted_sides_go_on(void **state)
{
    char text[8] = { 0 };

    (void)state;
    assert_int_equal(serial_queue_peer_epoch(&consumer), 1);
    assert_int_equal(serial_queue_write(&producer, "abcd", 4), 4);
    assert_int_equal(serial_queue_read(&consumer, text, 2), 2);
    open_both();
    assert_int_equal(serial_queue_peer_epoch(&consumer), 2);
    assert_int_equal(serial_queue_write(&producer, "ef", 2), 2);
    assert_int_equal(serial_queue_peer_epoch(&producer), 2);
    assert_int_equal(serial_queue_read(&consumer, text, 8), 4);
    assert_memory_equal(text, "cdef", 4);
}

static void a_side_that_never_opened_has_no_epoch(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    assert_int_equal(serial_queue_open_producer(&producer, memory, BYTES), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_peer_epoch(&producer), 0);
}

static void a_consumer_survives_any_produced(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (uint32_t wrong = 65; wrong != 0; wrong = wrong < 1U << 31 ? wrong * 2 : 0) {
        uint32_t broken = consumer.broken;
        shared()->produced = (uint32_t)(consumer.position + wrong);
        assert_int_equal(serial_queue_available(&consumer), 0);
        assert_int_equal(consumer.broken, broken + 1);
        assert_int_equal(serial_queue_read(&consumer, bytes, sizeof(bytes)), 0);
    }
    /* It goes on from there. */
    shared()->produced = (uint32_t)(consumer.position + 3);
    assert_int_equal(serial_queue_read(&consumer, bytes, sizeof(bytes)), 3);
}

static void a_producer_takes_any_wrong_consumed_as_full(void **state)
{
    (void)state;
    assert_int_equal(serial_queue_write(&producer, "abc", 3), 3);
    for (uint32_t wrong = 1; wrong != 0; wrong *= 2) {
        uint32_t broken = producer.broken;
        shared()->consumed = (uint32_t)(producer.position + wrong);
        assert_int_equal(serial_queue_space(&producer), 0);
        assert_int_equal(serial_queue_write(&producer, "x", 1), 0);
        assert_true(serial_queue_wait_space(&producer, 1));
        assert_int_equal(producer.broken, broken + 3);
    }
    shared()->consumed = producer.position;
    assert_int_equal(serial_queue_space(&producer), 64);
}

static void what_an_end_finds_when_it_opens_is_not_believed(void **state)
{
    (void)state;
    shared()->produced = 1000;
    shared()->consumed = 5;
    assert_int_equal(serial_queue_open_producer(&producer, memory, BYTES), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_in_flight(&producer), 0);
    shared()->produced = 1000;
    assert_int_equal(serial_queue_open_consumer(&consumer, memory, BYTES), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_available(&consumer), 0);
}

static void counters_are_the_producers(void **state)
{
    (void)state;
    serial_queue_count(&producer, SERIAL_COUNTER_OVERRUN, 2);
    serial_queue_count(&producer, SERIAL_COUNTER_OVERRUN, 1);
    serial_queue_count(&producer, SERIAL_COUNTER_BREAK, 1);
    assert_int_equal(serial_queue_counter(&consumer, SERIAL_COUNTER_OVERRUN), 3);
    assert_int_equal(serial_queue_counter(&consumer, SERIAL_COUNTER_FRAMING), 0);
    assert_int_equal(serial_queue_counter(&consumer, SERIAL_COUNTER_BREAK), 1);
}

static void a_connection_has_two_queues(void **state)
{
    static _Alignas(64) uint8_t region[1024 + 64];
    struct serial_client client;
    struct serial_queue output;
    struct serial_queue input;
    bool notify = false;
    char text[16] = { 0 };
    size_t half = serial_connection_half(sizeof(region));

    (void)state;
    assert_int_equal(half % 64, 0);
    assert_true(half * 2 <= sizeof(region));
    assert_int_equal(serial_client_open(&client, region, 100), SERIAL_QUEUE_TOO_SMALL);
    assert_int_equal(serial_client_open(&client, region, sizeof(region)), SERIAL_QUEUE_OK);
    assert_int_equal(serial_queue_open_consumer(&output, serial_connection_output(region), half),
                     SERIAL_QUEUE_OK);
    assert_int_equal(
        serial_queue_open_producer(&input, serial_connection_input(region, sizeof(region)), half),
        SERIAL_QUEUE_OK);

    assert_int_equal(serial_client_send(&client, "one", 3, &notify), 3);
    assert_false(notify);
    assert_int_equal(serial_queue_read(&output, text, 3), 3);
    assert_true(serial_queue_wait_data(&output));
    assert_int_equal(serial_client_send(&client, "two", 3, &notify), 3);
    assert_true(notify);

    assert_int_equal(serial_queue_write(&input, "three", 5), 5);
    assert_int_equal(serial_client_receive(&client, text, 2), 2);
    /* Opening has asked for it; with bytes left, receiving does not. */
    assert_true(serial_queue_signal_data(&input));
    assert_false(serial_queue_signal_data(&input));
    assert_int_equal(serial_client_receive(&client, text + 2, 10), 3);
    assert_string_equal(text, "three");
    assert_int_equal(serial_queue_write(&input, "x", 1), 1);
    assert_true(serial_queue_signal_data(&input));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_is_the_largest_power_of_two),
        cmocka_unit_test_setup(wrong_memory_is_refused, setup),
        cmocka_unit_test_setup(bytes_come_out_as_they_went_in, setup),
        cmocka_unit_test_setup(positions_wrap, setup),
        cmocka_unit_test_setup(peek_and_drop_stay_within_what_was_seen, setup),
        cmocka_unit_test_setup(signals_come_only_when_wanted_and_once, setup),
        cmocka_unit_test_setup(a_full_queue_waits_for_space, setup),
        cmocka_unit_test_setup(restarted_sides_go_on, setup),
        cmocka_unit_test_setup(a_side_that_never_opened_has_no_epoch, setup),
        cmocka_unit_test_setup(a_consumer_survives_any_produced, setup),
        cmocka_unit_test_setup(a_producer_takes_any_wrong_consumed_as_full, setup),
        cmocka_unit_test_setup(what_an_end_finds_when_it_opens_is_not_believed, setup),
        cmocka_unit_test_setup(counters_are_the_producers, setup),
        cmocka_unit_test(a_connection_has_two_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
