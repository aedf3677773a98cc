/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive half of the serial virtualiser: gives what is typed to one client, or to all, and
 * takes out what is typed for the virtualiser itself. Plain C.
 *
 * With a printable switch character, here `@`:
 *
 *     @1 to @9     input goes to that client; clients are numbered from 1
 *     @(12)        the same, for any number
 *     @(name)      the same, by name
 *     @m           input goes to all clients
 *     @@           one @ to whom input goes to
 *     @?  @s       help, statistics (the clients are asked for theirs, too)
 *
 * `@` and anything else go to the client as they are. Between the parentheses a control character
 * ends the command, which then does nothing.
 *
 * With a control character (0x1c is Ctrl-\) a number is ended by Enter and counts from 0, as on
 * newer systems of this kind: Ctrl-\ 0 Enter is the first client; the character twice sends it
 * once. (name), m, ? and s are as above.
 *
 * Input goes to client 1 at the start. A client whose queue is full loses what is typed for it, and
 * that is counted: nobody waits for it.
 */
#ifndef IO_SERIAL_RX_H
#define IO_SERIAL_RX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"
#include "tx.h"

/** `focus` when input goes to all. */
#define SERIAL_RX_ALL SERIAL_MAX_CLIENTS
#define SERIAL_RX_RUN 64U

enum serial_rx_event {
    SERIAL_RX_NOTHING,
    /** Input goes to `focus` now. */
    SERIAL_RX_SWITCHED,
    /** There is no client as typed: `name` has the text. */
    SERIAL_RX_UNKNOWN,
    SERIAL_RX_HELP,
    SERIAL_RX_STATISTICS,
};

enum serial_rx_state {
    SERIAL_RX_TEXT,
    SERIAL_RX_COMMAND,
    SERIAL_RX_NUMBER,
    SERIAL_RX_NAME,
};

struct serial_rx_client {
    struct serial_queue queue;
    const char *name;
    /** Bytes since the last look at whether it is to be notified. */
    bool given;
    /** It is to be notified in any case. */
    bool asked;
    uint64_t bytes;
    uint64_t dropped;
};

struct serial_rx {
    struct serial_rx_client clients[SERIAL_MAX_CLIENTS];
    unsigned int count;
    unsigned int focus;
    uint8_t character;
    enum serial_rx_state state;
    /** What was typed between parentheses, or of a number. */
    char name[SERIAL_NAME_BYTES];
    unsigned int length;
    /** Bytes that wait to be given to `focus`. */
    uint8_t run[SERIAL_RX_RUN];
    unsigned int run_bytes;
};

/** Prepares for no clients. `character` is that which begins a command. */
void serial_rx_init(struct serial_rx *rx, uint8_t character);

/**
 * Adds a client (at most SERIAL_MAX_CLIENTS), whose queue is opened already. `name`, of at most
 * SERIAL_NAME_BYTES - 1 bytes, is not copied.
 */
void serial_rx_add(struct serial_rx *rx, const struct serial_queue *queue, const char *name);

/**
 * Takes `bytes` bytes of input, or fewer when a command ends before: `*event` says which. Returns
 * how many it took, at least one of them.
 */
size_t serial_rx_input(struct serial_rx *rx, const uint8_t *from, size_t bytes,
                       enum serial_rx_event *event);

/** Asks every client for its statistics. */
void serial_rx_ask(struct serial_rx *rx);

/** The clients that are to be notified now: bit n for client n (from 0). */
uint64_t serial_rx_signals(struct serial_rx *rx);

#endif
