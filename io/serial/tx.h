/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit half of the serial virtualiser: puts the output of many clients onto one device.
 * Plain C; the program around it gives it the time, and does the notifications.
 *
 * Whose turn it is. Sources take turns, each for SERIAL_TX_TURN bytes, to the end of the line in
 * which they are passed. A source is a client's queue, or the notes: the virtualiser's own
 * sentences and the reports about clients.
 *
 * Lines. A line that has begun is kept together: as long as it is being produced, others wait. It
 * is cut (with CR LF) when others have something and
 *   - its client has been silent for SERIAL_TX_QUIET, so that a prompt does not hold up anybody (or
 *     SERIAL_TX_HOLD, when the client had to wait for space in its queue), or
 *   - others had to wait for this line for SERIAL_TX_HOLD in all, or
 *   - it is longer than SERIAL_TX_LINE.
 * A client whose line was cut for one of the last two reasons is not waited for again until it has
 * ended a line. Text is sent on as it comes, ended line or not, so that prompts and echoes appear
 * at once when nobody else has the terminal, and else within SERIAL_TX_HOLD a client that is waited
 * for, plus the time that the device needs for what it has.
 *
 * Nothing is lost: what the device does not take stays in the clients' queues, and clients whose
 * queue is full wait. So that a prompt is not behind much other text, no more than `limit` bytes
 * are with the device at a time.
 */
#ifndef IO_SERIAL_TX_H
#define IO_SERIAL_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue.h"

/** Most clients, and the longest name with its final zero. */
#define SERIAL_MAX_CLIENTS 32U
#define SERIAL_NAME_BYTES 64U

/** Times are in nanoseconds. */
#define SERIAL_TX_QUIET 10000000U
#define SERIAL_TX_HOLD 30000000U
#define SERIAL_TX_LINE 1024U
#define SERIAL_TX_TURN 128U
/** Least and usual number of bytes that may be with the device. */
#define SERIAL_TX_MIN_LIMIT 256U
#define SERIAL_TX_LIMIT 256U
#define SERIAL_TX_NOTES 8192U
/** Most bytes of one note. */
#define SERIAL_TX_NOTE 1024U

/** "No client": whose are the virtualiser's own notes. */
#define SERIAL_NOBODY SERIAL_MAX_CLIENTS

/** `deadline` of struct serial_tx_work when there is none. */
#define SERIAL_NEVER UINT64_MAX

struct serial_tx_client {
    struct serial_queue queue;
    char name[SERIAL_NAME_BYTES];
    /** Parameter of the terminal's "select graphic rendition": 30 to 37, 90 to 97; 0 for none. */
    uint8_t colour;
    /** Its line was cut while it was being waited for; until it ends one, it is not waited for. */
    bool dribbles;
    /** Bytes were taken out since the last look at whether it waits for space. */
    bool taken;
    /** It waited for space and was notified of it when its queue ended at `expected_from`. */
    bool expected;
    uint32_t expected_from;
    uint64_t bytes;
    uint64_t lines;
    uint64_t cuts;
};

struct serial_tx {
    struct serial_queue device;
    /** Bytes were written since the last look at whether the device waits for them. */
    bool written;
    struct serial_tx_client clients[SERIAL_MAX_CLIENTS];
    unsigned int count;
    uint32_t limit;
    bool colours;

    /** The source whose line is open, if any, and the one whose turn it is: a client's number, or
     * `count` for the notes. */
    unsigned int open;
    unsigned int turn;
    uint32_t turn_bytes;
    uint32_t line_bytes;
    /** When the open line last grew; whether others wait for it, since when, and how long before.
     */
    uint64_t grown;
    bool waited_for;
    uint64_t wait_began;
    uint64_t waited;
    /** Whose colour the terminal has, and whether that client's text may have changed it. */
    unsigned int shown;
    bool changed;

    /** Ring of notes: each a struct tx_note and its text. */
    uint8_t notes[SERIAL_TX_NOTES];
    uint32_t notes_head;
    uint32_t notes_tail;
    uint32_t note_left;
    unsigned int note_client;
};

/** What is to be done after serial_tx_serve(). */
struct serial_tx_work {
    /** Bit n: notify client n. */
    uint64_t clients;
    /** Notify the device. */
    bool device;
    /** Serve again soon: there was more to do than one call does. */
    bool again;
    /** Serve again at this time at the latest, or SERIAL_NEVER. */
    uint64_t deadline;
};

/**
 * Prepares for no clients and a device whose queue is opened already; `limit` is raised to
 * SERIAL_TX_MIN_LIMIT and lowered to the capacity of the device's queue, which is at least that.
 */
void serial_tx_init(struct serial_tx *tx, const struct serial_queue *device, uint32_t limit,
                    bool colours);

/**
 * Adds a client (at most SERIAL_MAX_CLIENTS), whose queue is opened already. `name` is cut at
 * SERIAL_NAME_BYTES - 1 bytes. Clients are numbered from 0 in the order in which they are added.
 */
void serial_tx_add(struct serial_tx *tx, const struct serial_queue *queue, const char *name,
                   uint8_t colour);

/** The colour that client n (from 0) has when none is chosen for it. */
uint8_t serial_tx_colour(unsigned int client);

/**
 * Puts text into the stream of client `client` (or SERIAL_NOBODY), between lines: whole lines, each
 * ended by "\r\n", SERIAL_TX_NOTE bytes at most. Returns false when there is no room for it: then
 * nothing is taken.
 */
bool serial_tx_note(struct serial_tx *tx, unsigned int client, const char *text, size_t bytes);

/** Bytes of text that notes can take now, in notes of SERIAL_TX_NOTE bytes or one smaller one. */
uint32_t serial_tx_note_room(const struct serial_tx *tx);

/** Sends what can be sent at the time `now`, which must not go back. */
struct serial_tx_work serial_tx_serve(struct serial_tx *tx, uint64_t now);

#endif
