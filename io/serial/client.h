/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection of the serial class: one region of shared memory, whose first half is the queue of
 * output (towards the device) and whose second half that of input. A client and the serial
 * virtualiser have one, the virtualiser and the UART's driver another; a guest's named port and
 * the PD at its other end, which is the client, have one, too.
 *
 * Here is the client's side. A client has one channel to the virtualiser, on which both notify.
 * When one of these functions returns that its caller is to notify, it does so when it is done;
 * when a notification comes it looks at both queues, since it does not say what it is for.
 */
#ifndef IO_SERIAL_CLIENT_H
#define IO_SERIAL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"

struct serial_client {
    struct serial_queue output;
    struct serial_queue input;
};

/** @{ Where the queues of a connection of `bytes` bytes are, and how large each is. */
size_t serial_connection_half(size_t bytes);
void *serial_connection_output(void *memory);
void *serial_connection_input(void *memory, size_t bytes);
/** @} */

/**
 * Opens the client's side of a connection. Notify the virtualiser once when it has succeeded, and
 * look for input once; from then on, a notification comes with it.
 * Returns what serial_queue_open_producer() does; on an error `client` must not be used.
 */
enum serial_queue_error serial_client_open(struct serial_client *client, void *memory,
                                           size_t bytes);

/**
 * Sends up to `bytes` bytes; nothing is changed in them. Returns how many were taken. Sets
 * `*notify` when the virtualiser is to be notified, and leaves it otherwise.
 */
size_t serial_client_send(struct serial_client *client, const void *from, size_t bytes,
                          bool *notify);

/**
 * After serial_client_send() took less than it was given: asks for a notification. Returns false
 * when there is space already, so that sending can go on at once.
 */
bool serial_client_wait_send(struct serial_client *client);

/**
 * Receives up to `bytes` bytes; returns how many. When that is less than `bytes` there are no more
 * now, and a notification will come with the next. The serial virtualiser drops input that finds
 * no room, and counts it there.
 */
size_t serial_client_receive(struct serial_client *client, void *to, size_t bytes);

/**
 * After serial_client_receive(): whether the other side is to be notified, because it waits for
 * space. The serial virtualiser never does, a guest's named port does.
 */
bool serial_client_signal_space(struct serial_client *client);

/**
 * Whether somebody has asked for statistics since the last call: a person typed `@s`. To be called
 * at a notification by a client that has any to tell, as output.
 */
bool serial_client_asked(struct serial_client *client);

#endif
