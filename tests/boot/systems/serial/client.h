/* SPDX-License-Identifier: BSD-2-Clause */
/* What the clients of the test system share: a connection, and output that waits for space. */
#ifndef CLIENT_H
#define CLIENT_H

#include <io/serial/client.h>
#include <stddef.h>

extern struct serial_client serial;

/** Opens the connection that the description sets. */
void client_open(void);

/** Sends text as it is, as far as there is room. Returns how much. */
size_t client_send(const char *text, size_t bytes);

/** Sends a string; what has no room is lost. */
void client_say(const char *text);

#endif
