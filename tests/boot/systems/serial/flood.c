/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Floods with numbered lines from the time that it gets an `f` until it gets another byte. `b` asks
 * for lines of 1 MiB in all and no more, `k` for 16 KiB, after which it says that it is done.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "client.h"

#define ENDLESS UINT64_MAX

/* Bytes of lines that are still to come. */
static uint64_t left;
static bool bulk;
static unsigned int number;
static char line[128];
static size_t length;
static size_t sent;

static void next_line(void)
{
    if (left == 0) {
        length = (size_t)snprintf(line, sizeof(line), "%s: done\r\n", microkit_name);
        bulk = false;
    } else {
        number++;
        length = (size_t)snprintf(line, sizeof(line), "%s %u %0*u\r\n", microkit_name, number,
                                  (int)(number % 80) + 1, number);
        if (left != ENDLESS) {
            /* The last line ends where it must. */
            length = length < left ? length : (size_t)left;
            left -= length;
        }
    }
    sent = 0;
}

/* What to do is looked at before every line, for the queue need never be full. */
static void listen(void)
{
    char byte;

    while (serial_client_receive(&serial, &byte, 1) != 0) {
        left = byte == 'f' ? ENDLESS : byte == 'b' ? 1 << 20 : byte == 'k' ? 16 << 10 : 0;
        bulk = left != 0 && left != ENDLESS;
        number = 0;
    }
}

/* Until the queue is full, or all was said. */
static void flood(void)
{
    for (;;) {
        if (sent == length) {
            listen();
            if (left == 0 && !bulk) {
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
    client_say(microkit_name);
    client_say(": ready\r\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
    flood();
}
