/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

size_t serial_connection_half(size_t bytes)
{
    return bytes / 2 / SERIAL_QUEUE_ALIGN * SERIAL_QUEUE_ALIGN;
}

void *serial_connection_output(void *memory)
{
    return memory;
}

void *serial_connection_input(void *memory, size_t bytes)
{
    return (uint8_t *)memory + serial_connection_half(bytes);
}

enum serial_queue_error serial_client_open(struct serial_client *client, void *memory, size_t bytes)
{
    size_t half = serial_connection_half(bytes);
    enum serial_queue_error error =
        serial_queue_open_producer(&client->output, serial_connection_output(memory), half);

    if (error == SERIAL_QUEUE_OK) {
        error = serial_queue_open_consumer(&client->input, serial_connection_input(memory, bytes),
                                           half);
    }
    if (error == SERIAL_QUEUE_OK) {
        (void)serial_queue_wait_data(&client->input);
    }
    return error;
}

size_t serial_client_send(struct serial_client *client, const void *from, size_t bytes,
                          bool *notify)
{
    size_t sent = serial_queue_write(&client->output, from, bytes);

    if (sent > 0 && serial_queue_signal_data(&client->output)) {
        *notify = true;
    }
    return sent;
}

bool serial_client_wait_send(struct serial_client *client)
{
    /* A quarter of the queue: a full one is not worth a notification for each byte. */
    return serial_queue_wait_space(&client->output, client->output.capacity / 4);
}

size_t serial_client_receive(struct serial_client *client, void *to, size_t bytes)
{
    struct serial_queue *input = &client->input;
    size_t received = 0;

    (void)serial_queue_available(input);
    do {
        /* After the first time round there is at least one byte, so that this ends. */
        size_t got = serial_queue_peek(input, 0, (uint8_t *)to + received, bytes - received);
        received += serial_queue_drop(input, got);
    } while (received < bytes && !serial_queue_wait_data(input));
    return received;
}

bool serial_client_signal_space(struct serial_client *client)
{
    return serial_queue_signal_space(&client->input);
}

bool serial_client_asked(struct serial_client *client)
{
    return serial_queue_asked(&client->input);
}
