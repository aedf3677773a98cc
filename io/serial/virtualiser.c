/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtualiser.h"

#include <string.h>

#include "client.h"
#include "text.h"

/* Bytes of input that one call looks at, at most. */
#define INPUT_CALL 256U
#define INPUT_CHUNK 64U

static enum serial_queue_error virtualiser_open_client(struct serial_virtualiser *virtualiser,
                                                       const struct serial_config *config,
                                                       unsigned int i)
{
    const struct serial_connection *connection = &config->clients[i].connection;
    void *memory = (void *)connection->address;
    size_t half = serial_connection_half(connection->bytes);
    struct serial_queue output;
    struct serial_queue input;
    enum serial_queue_error error =
        serial_queue_open_consumer(&output, serial_connection_output(memory), half);

    if (error == SERIAL_QUEUE_OK) {
        error = serial_queue_open_producer(
            &input, serial_connection_input(memory, connection->bytes), half);
    }
    if (error == SERIAL_QUEUE_OK) {
        serial_tx_add(&virtualiser->tx, &output, config->clients[i].name,
                      config->clients[i].colour);
        serial_rx_add(&virtualiser->rx, &input, config->clients[i].name);
    }
    return error;
}

enum serial_queue_error serial_virtualiser_open(struct serial_virtualiser *virtualiser,
                                                const struct serial_config *config)
{
    void *memory = (void *)config->device.address;
    size_t half = serial_connection_half(config->device.bytes);
    struct serial_queue output;

    memset(virtualiser, 0, sizeof(*virtualiser));
    if (serial_queue_capacity(half) < SERIAL_TX_MIN_LIMIT) {
        return SERIAL_QUEUE_TOO_SMALL;
    }
    enum serial_queue_error error =
        serial_queue_open_producer(&output, serial_connection_output(memory), half);
    if (error == SERIAL_QUEUE_OK) {
        error = serial_queue_open_consumer(
            &virtualiser->input, serial_connection_input(memory, config->device.bytes), half);
    }
    if (error != SERIAL_QUEUE_OK) {
        return error;
    }
    serial_tx_init(&virtualiser->tx, &output, config->limit, config->colours);
    serial_rx_init(&virtualiser->rx, config->character);
    for (unsigned int i = 0; i < config->count && error == SERIAL_QUEUE_OK; i++) {
        error = virtualiser_open_client(virtualiser, config, i);
    }
    return error;
}

static void virtualiser_command(struct serial_virtualiser *virtualiser, enum serial_rx_event event)
{
    switch (event) {
    case SERIAL_RX_SWITCHED:
        virtualiser->unsaid += serial_text_focus(virtualiser);
        break;
    case SERIAL_RX_UNKNOWN:
        virtualiser->unsaid += serial_text_unknown(virtualiser);
        break;
    case SERIAL_RX_HELP:
        virtualiser->unsaid += serial_text_help(virtualiser);
        break;
    case SERIAL_RX_STATISTICS:
        virtualiser->unsaid += serial_text_statistics(virtualiser);
        serial_rx_ask(&virtualiser->rx);
        break;
    case SERIAL_RX_NOTHING:
        break;
    }
}

/* Input of the device. Returns whether there may be more. */
static bool virtualiser_input(struct serial_virtualiser *virtualiser)
{
    struct serial_queue *input = &virtualiser->input;
    uint8_t bytes[INPUT_CHUNK];

    for (unsigned int done = 0; done < INPUT_CALL; done += INPUT_CHUNK) {
        size_t count = serial_queue_read(input, bytes, sizeof(bytes));
        virtualiser->input_bytes += count;
        for (size_t at = 0; at < count;) {
            enum serial_rx_event event;
            at += serial_rx_input(&virtualiser->rx, bytes + at, count - at, &event);
            virtualiser_command(virtualiser, event);
        }
        if (count < sizeof(bytes) && serial_queue_wait_data(input)) {
            return false;
        }
    }
    return true;
}

struct serial_tx_work serial_virtualiser_serve(struct serial_virtualiser *virtualiser, uint64_t now)
{
    bool more = virtualiser_input(virtualiser);
    uint64_t readers = serial_rx_signals(&virtualiser->rx);
    struct serial_tx_work work = serial_tx_serve(&virtualiser->tx, now);

    work.clients |= readers;
    work.device = serial_queue_signal_space(&virtualiser->input) || work.device;
    work.again = work.again || more;
    return work;
}
