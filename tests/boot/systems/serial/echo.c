/* SPDX-License-Identifier: BSD-2-Clause */
/* Echoes what it receives; a line's end becomes CR LF. */
#include <microkit.h>

#include "client.h"

void init(void)
{
    client_open();
    client_say("echo: ready\r\n");
}

void notified(microkit_channel ch)
{
    char bytes[64];
    size_t count;

    (void)ch;
    while ((count = serial_client_receive(&serial, bytes, sizeof(bytes))) != 0) {
        for (size_t i = 0; i < count; i++) {
            if (bytes[i] == '\r') {
                client_say("\r\n");
            } else {
                (void)client_send(&bytes[i], 1);
            }
        }
    }
}
