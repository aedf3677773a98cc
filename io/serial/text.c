/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_LINE 160U

/* Says one line; what is too long for it is cut. */
__attribute__((format(printf, 2, 3))) static unsigned int text_say(
    struct serial_virtualiser *virtualiser, const char *format, ...)
{
    char line[TEXT_LINE];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line) - 2, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return 1;
    }
    size_t bytes = strlen(line);
    line[bytes++] = '\r';
    line[bytes++] = '\n';
    return serial_tx_note(&virtualiser->tx, SERIAL_NOBODY, line, bytes) ? 0 : 1;
}

/* The form with a control character counts from 0. */
static bool text_control(const struct serial_virtualiser *virtualiser)
{
    return virtualiser->rx.character < 0x20;
}

static void text_character(const struct serial_virtualiser *virtualiser, char to[8])
{
    uint8_t character = virtualiser->rx.character;

    if (text_control(virtualiser)) {
        memcpy(to, "Ctrl-", 5);
        to[5] = (char)(character + 0x40);
        to[6] = ' ';
        to[7] = '\0';
    } else {
        to[0] = (char)character;
        to[1] = '\0';
    }
}

unsigned int serial_text_greeting(struct serial_virtualiser *virtualiser)
{
    const struct serial_rx *rx = &virtualiser->rx;
    bool control = text_control(virtualiser);
    unsigned int first = control ? 0 : 1;
    char c[8];

    text_character(virtualiser, c);
    if (rx->count < 2) {
        return text_say(virtualiser, "serial: input to %u %s; %s? for help", first,
                        rx->clients[0].name, c);
    }
    return text_say(virtualiser,
                    "serial: input to %u %s; %s%u%s switches to %s, %s%u%s back; %s? for help",
                    first, rx->clients[0].name, c, first + 1, control ? " Enter" : "",
                    rx->clients[1].name, c, first, control ? " Enter" : "", c);
}

unsigned int serial_text_focus(struct serial_virtualiser *virtualiser)
{
    const struct serial_rx *rx = &virtualiser->rx;

    if (rx->focus == SERIAL_RX_ALL) {
        return text_say(virtualiser, "serial: input to all");
    }
    return text_say(virtualiser, "serial: input to %u %s",
                    rx->focus + (text_control(virtualiser) ? 0 : 1), rx->clients[rx->focus].name);
}

unsigned int serial_text_unknown(struct serial_virtualiser *virtualiser)
{
    return text_say(virtualiser, "serial: no client '%s'", virtualiser->rx.name);
}

static const char *text_state(struct serial_virtualiser *virtualiser, unsigned int i)
{
    struct serial_rx_client *client = &virtualiser->rx.clients[i];
    uint32_t unread = serial_queue_in_flight(&client->queue);

    if (serial_queue_peer_epoch(&client->queue) == 0) {
        return "not started";
    }
    return unread == 0                       ? "reads"
           : unread < client->queue.capacity ? "input waits"
                                             : "does not read";
}

unsigned int serial_text_help(struct serial_virtualiser *virtualiser)
{
    const struct serial_rx *rx = &virtualiser->rx;
    bool control = text_control(virtualiser);
    unsigned int unsaid = 0;
    char c[8];

    text_character(virtualiser, c);
    if (control) {
        unsaid += text_say(virtualiser, "serial: %s0 Enter, %s(name): input to a client", c, c);
    } else {
        unsaid += text_say(virtualiser, "serial: %s1 to %s9, %s(12), %s(name): input to a client",
                           c, c, c, c);
    }
    unsaid +=
        text_say(virtualiser, "serial: %sm: to all; %s%s: sends one; %s?: help; %ss: statistics", c,
                 c, c, c, c);
    for (unsigned int i = 0; i < rx->count; i++) {
        bool here = rx->focus == i || rx->focus == SERIAL_RX_ALL;
        unsaid += text_say(virtualiser, "serial: %c %2u %-16s %s", here ? '*' : ' ',
                           i + (control ? 0 : 1), rx->clients[i].name, text_state(virtualiser, i));
    }
    return unsaid;
}

unsigned int serial_text_statistics(struct serial_virtualiser *virtualiser)
{
    struct serial_tx *tx = &virtualiser->tx;
    const struct serial_rx *rx = &virtualiser->rx;
    unsigned int unsaid = 0;

    unsaid += text_say(virtualiser, "serial: %-16s %9s %7s %5s %7s %7s %7s %5s", "", "output",
                       "lines", "cut", "waiting", "input", "dropped", "wrong");
    for (unsigned int i = 0; i < tx->count; i++) {
        const struct serial_tx_client *out = &tx->clients[i];
        const struct serial_rx_client *in = &rx->clients[i];
        unsaid +=
            text_say(virtualiser, "serial: %-16s %9llu %7llu %5llu %7u %7llu %7llu %5u", out->name,
                     (unsigned long long)out->bytes, (unsigned long long)out->lines,
                     (unsigned long long)out->cuts, serial_queue_available(&tx->clients[i].queue),
                     (unsigned long long)in->bytes, (unsigned long long)in->dropped,
                     out->queue.broken + in->queue.broken);
    }
    const struct serial_queue *input = &virtualiser->input;
    unsaid += text_say(
        virtualiser,
        "serial: device: input %llu bytes; overrun %llu framing %llu parity %llu break %llu",
        (unsigned long long)virtualiser->input_bytes,
        (unsigned long long)serial_queue_counter(input, SERIAL_COUNTER_OVERRUN),
        (unsigned long long)serial_queue_counter(input, SERIAL_COUNTER_FRAMING),
        (unsigned long long)serial_queue_counter(input, SERIAL_COUNTER_PARITY),
        (unsigned long long)serial_queue_counter(input, SERIAL_COUNTER_BREAK));
    return unsaid;
}
