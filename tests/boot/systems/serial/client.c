/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <bulkhead/libc.h>
#include <microkit.h>

/* Set in the ELF file by the tool. */
uint64_t serial_vaddr = 1;
uint64_t serial_bytes = 1;
uint64_t serial_channel = MICROKIT_MAX_CHANNELS;

struct serial_client serial;

void client_open(void)
{
    if (serial_client_open(&serial, (void *)serial_vaddr, serial_bytes) != SERIAL_QUEUE_OK) {
        microkit_internal_crash(0);
    }
    microkit_notify((microkit_channel)serial_channel);
}

size_t client_send(const char *text, size_t bytes)
{
    bool notify = false;
    size_t sent = serial_client_send(&serial, text, bytes, &notify);

    if (notify) {
        microkit_notify((microkit_channel)serial_channel);
    }
    return sent;
}

void client_say(const char *text)
{
    (void)client_send(text, strlen(text));
}
