/* SPDX-License-Identifier: BSD-2-Clause */
#include "rx.h"

#include <string.h>

void serial_rx_init(struct serial_rx *rx, uint8_t character)
{
    memset(rx, 0, sizeof(*rx));
    rx->character = character;
}

void serial_rx_add(struct serial_rx *rx, const struct serial_queue *queue, const char *name)
{
    struct serial_rx_client *client = &rx->clients[rx->count++];

    memset(client, 0, sizeof(*client));
    client->queue = *queue;
    client->name = name;
}

static void rx_give(struct serial_rx_client *client, const uint8_t *from, size_t bytes)
{
    size_t given = serial_queue_write(&client->queue, from, bytes);

    client->given = client->given || given != 0;
    client->bytes += given;
    client->dropped += bytes - given;
}

/* Gives what was gathered to whom input goes to. */
static void rx_flush(struct serial_rx *rx)
{
    if (rx->focus != SERIAL_RX_ALL) {
        if (rx->focus < rx->count) {
            rx_give(&rx->clients[rx->focus], rx->run, rx->run_bytes);
        }
    } else {
        for (unsigned int i = 0; i < rx->count; i++) {
            rx_give(&rx->clients[i], rx->run, rx->run_bytes);
        }
    }
    rx->run_bytes = 0;
}

static void rx_text(struct serial_rx *rx, uint8_t byte)
{
    rx->run[rx->run_bytes++] = byte;
    if (rx->run_bytes == SERIAL_RX_RUN) {
        rx_flush(rx);
    }
}

static enum serial_rx_event rx_switch(struct serial_rx *rx, unsigned int focus)
{
    rx_flush(rx);
    rx->focus = focus;
    return SERIAL_RX_SWITCHED;
}

static bool rx_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

/* The number that the text is, or SERIAL_MAX_CLIENTS + 1 when it is none or too large. */
static unsigned int rx_number(const char *text)
{
    unsigned int number = 0;
    unsigned int i = 0;

    for (; text[i] >= '0' && text[i] <= '9' && number <= SERIAL_MAX_CLIENTS; i++) {
        number = number * 10 + (unsigned int)(text[i] - '0');
    }
    return i > 0 && text[i] == '\0' && number <= SERIAL_MAX_CLIENTS ? number
                                                                    : SERIAL_MAX_CLIENTS + 1;
}

/* Switches to the client whose number, counted from `base`, or name was typed. */
static enum serial_rx_event rx_choose(struct serial_rx *rx, unsigned int base, bool by_name)
{
    unsigned int number = rx_number(rx->name);

    rx->state = SERIAL_RX_TEXT;
    if (number >= base && number - base < rx->count) {
        return rx_switch(rx, number - base);
    }
    for (unsigned int i = 0; by_name && i < rx->count; i++) {
        if (strcmp(rx->name, rx->clients[i].name) == 0) {
            return rx_switch(rx, i);
        }
    }
    return SERIAL_RX_UNKNOWN;
}

static void rx_append(struct serial_rx *rx, uint8_t byte)
{
    /* A text that is too long matches nothing: it keeps its beginning, which fills `name`. */
    if (rx->length < SERIAL_NAME_BYTES - 1) {
        rx->name[rx->length++] = (char)byte;
    }
    rx->name[rx->length] = '\0';
}

static enum serial_rx_event rx_command(struct serial_rx *rx, uint8_t byte)
{
    rx->state = SERIAL_RX_TEXT;
    rx->length = 0;
    if (byte == rx->character) {
        rx_text(rx, byte);
        return SERIAL_RX_NOTHING;
    }
    switch (byte) {
    case '?':
        return SERIAL_RX_HELP;
    case 's':
        return SERIAL_RX_STATISTICS;
    case 'm':
        return rx_switch(rx, SERIAL_RX_ALL);
    case '(':
        rx->name[0] = '\0';
        rx->state = SERIAL_RX_NAME;
        return SERIAL_RX_NOTHING;
    default:
        break;
    }
    if (byte >= '0' && byte <= '9' && (byte != '0' || rx_control(rx->character))) {
        rx_append(rx, byte);
        if (!rx_control(rx->character)) {
            return rx_choose(rx, 1, false);
        }
        rx->state = SERIAL_RX_NUMBER;
        return SERIAL_RX_NOTHING;
    }
    rx_text(rx, rx->character);
    rx_text(rx, byte);
    return SERIAL_RX_NOTHING;
}

static enum serial_rx_event rx_byte(struct serial_rx *rx, uint8_t byte)
{
    switch (rx->state) {
    case SERIAL_RX_COMMAND:
        return rx_command(rx, byte);
    case SERIAL_RX_NUMBER:
        if (byte == '\r' || byte == '\n') {
            return rx_choose(rx, 0, false);
        }
        if (byte >= '0' && byte <= '9') {
            rx_append(rx, byte);
        } else {
            rx->state = SERIAL_RX_TEXT;
        }
        return SERIAL_RX_NOTHING;
    case SERIAL_RX_NAME:
        if (byte == ')') {
            return rx_choose(rx, 1, true);
        }
        if (rx_control(byte)) {
            rx->state = SERIAL_RX_TEXT;
        } else {
            rx_append(rx, byte);
        }
        return SERIAL_RX_NOTHING;
    case SERIAL_RX_TEXT:
    default:
        if (byte == rx->character) {
            rx->state = SERIAL_RX_COMMAND;
        } else {
            rx_text(rx, byte);
        }
        return SERIAL_RX_NOTHING;
    }
}

size_t serial_rx_input(struct serial_rx *rx, const uint8_t *from, size_t bytes,
                       enum serial_rx_event *event)
{
    size_t i = 0;

    *event = SERIAL_RX_NOTHING;
    while (i < bytes && *event == SERIAL_RX_NOTHING) {
        *event = rx_byte(rx, from[i++]);
    }
    rx_flush(rx);
    return i;
}

void serial_rx_ask(struct serial_rx *rx)
{
    for (unsigned int i = 0; i < rx->count; i++) {
        serial_queue_ask(&rx->clients[i].queue);
        rx->clients[i].asked = true;
    }
}

uint64_t serial_rx_signals(struct serial_rx *rx)
{
    uint64_t signals = 0;

    for (unsigned int i = 0; i < rx->count; i++) {
        struct serial_rx_client *client = &rx->clients[i];
        if ((client->given && serial_queue_signal_data(&client->queue)) || client->asked) {
            signals |= 1ULL << i;
        }
        client->given = false;
        client->asked = false;
    }
    return signals;
}
