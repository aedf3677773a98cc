/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts, and answers each line with its length. */
#include <bulkhead/libc.h>
#include <microkit.h>

#include "client.h"

static unsigned int length;

void init(void)
{
    client_open();
    client_say("prompt> ");
}

void notified(microkit_channel ch)
{
    char answer[64];
    char byte;

    (void)ch;
    while (serial_client_receive(&serial, &byte, 1) != 0) {
        if (byte != '\r') {
            (void)client_send(&byte, 1);
            length++;
            continue;
        }
        snprintf(answer, sizeof(answer), "\r\nprompt: %u characters\r\nprompt> ", length);
        client_say(answer);
        length = 0;
    }
}
