/* SPDX-License-Identifier: BSD-2-Clause */
/* Floods with numbered lines from the time that it gets an `f` until it gets another byte. */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "client.h"

static bool flooding;
static unsigned int number;
static char line[80];
static size_t length;
static size_t sent;

static void next_line(void)
{
    number++;
    length = (size_t)snprintf(line, sizeof(line), "flood %u %0*u\r\n", number,
                              (int)(number % 40) + 1, number);
    sent = 0;
}

/* Whether to flood is looked at before every line, for the queue need never be full. */
static void listen(void)
{
    char byte;

    while (serial_client_receive(&serial, &byte, 1) != 0) {
        flooding = byte == 'f';
    }
}

/* Until the queue is full, or all was said. */
static void flood(void)
{
    for (;;) {
        if (sent == length) {
            listen();
            if (!flooding) {
                return;
            }
            next_line();
        }
        sent += client_send(line + sent, length - sent);
        if (sent < length && serial_client_wait_send(&serial)) {
            return;
        }
    }
}

void init(void)
{
    client_open();
    client_say("flood: ready\r\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
    flood();
}
