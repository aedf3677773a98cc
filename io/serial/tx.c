/* SPDX-License-Identifier: BSD-2-Clause */
#include "tx.h"

#include <string.h>

/* Sources are clients by their number, then the notes. */
#define SOURCE_NONE UINT32_MAX

/* What is sent with the first byte of a line, at most: CR LF, two colours, the header. */
#define TX_ROOM 96U
#define TX_CHUNK 128U
/* Pieces of text that one call sends at most, so that input is looked at in between. */
#define TX_PIECES 64U

#define TX_ESCAPE 0x1b

/* Before the text of a note. */
struct tx_note {
    uint16_t client;
    uint16_t bytes;
};

void serial_tx_init(struct serial_tx *tx, const struct serial_queue *device, uint32_t limit,
                    bool colours)
{
    memset(tx, 0, sizeof(*tx));
    tx->device = *device;
    tx->limit = limit < SERIAL_TX_MIN_LIMIT ? SERIAL_TX_MIN_LIMIT : limit;
    if (tx->limit > device->capacity) {
        tx->limit = device->capacity;
    }
    tx->colours = colours;
    tx->open = SOURCE_NONE;
    tx->shown = SERIAL_NOBODY;
}

void serial_tx_add(struct serial_tx *tx, const struct serial_queue *queue, const char *name,
                   uint8_t colour)
{
    struct serial_tx_client *client = &tx->clients[tx->count++];
    size_t length = strlen(name);

    if (length >= SERIAL_NAME_BYTES) {
        length = SERIAL_NAME_BYTES - 1;
    }
    memset(client, 0, sizeof(*client));
    client->queue = *queue;
    memcpy(client->name, name, length);
    client->colour = colour;
}

uint8_t serial_tx_colour(unsigned int client)
{
    static const uint8_t colours[] = { 32, 31, 33, 34, 35, 36, 92, 91, 93, 94, 95, 96 };

    return colours[client % sizeof(colours)];
}

/* The ring of notes. */

static void notes_copy_in(struct serial_tx *tx, const void *from, uint32_t bytes)
{
    uint32_t at = tx->notes_tail % SERIAL_TX_NOTES;
    uint32_t first = bytes < SERIAL_TX_NOTES - at ? bytes : SERIAL_TX_NOTES - at;

    memcpy(tx->notes + at, from, first);
    memcpy(tx->notes, (const uint8_t *)from + first, bytes - first);
    tx->notes_tail += bytes;
}

static void notes_copy_out(struct serial_tx *tx, void *to, uint32_t bytes)
{
    uint32_t at = tx->notes_head % SERIAL_TX_NOTES;
    uint32_t first = bytes < SERIAL_TX_NOTES - at ? bytes : SERIAL_TX_NOTES - at;

    memcpy(to, tx->notes + at, first);
    memcpy((uint8_t *)to + first, tx->notes, bytes - first);
    tx->notes_head += bytes;
}

uint32_t serial_tx_note_room(const struct serial_tx *tx)
{
    uint32_t room = SERIAL_TX_NOTES - (tx->notes_tail - tx->notes_head);
    uint32_t heads = (room / SERIAL_TX_NOTE + 1) * (uint32_t)sizeof(struct tx_note);

    return room < heads ? 0 : room - heads;
}

bool serial_tx_note(struct serial_tx *tx, unsigned int client, const char *text, size_t bytes)
{
    uint32_t room = SERIAL_TX_NOTES - (tx->notes_tail - tx->notes_head);

    if (bytes == 0) {
        return true;
    }
    if (bytes > SERIAL_TX_NOTE || bytes + sizeof(struct tx_note) > room) {
        return false;
    }
    struct tx_note note = { (uint16_t)client, (uint16_t)bytes };
    notes_copy_in(tx, &note, sizeof(note));
    notes_copy_in(tx, text, (uint32_t)bytes);
    return true;
}

/* Sources. */

static bool tx_is_notes(const struct serial_tx *tx, unsigned int source)
{
    return source == tx->count;
}

static bool tx_ready(struct serial_tx *tx, unsigned int source)
{
    if (tx_is_notes(tx, source)) {
        return tx->notes_tail != tx->notes_head;
    }
    return serial_queue_available(&tx->clients[source].queue) != 0;
}

/* The next source after `source` that has something, going round; SOURCE_NONE if only that one. */
static unsigned int tx_next(struct serial_tx *tx, unsigned int source)
{
    for (unsigned int i = 1; i <= tx->count; i++) {
        unsigned int next = (source + i) % (tx->count + 1);
        if (tx_ready(tx, next)) {
            return next;
        }
    }
    return SOURCE_NONE;
}

/* Takes up to `bytes` bytes of a source, no more than to the end of a note. */
static uint32_t tx_take(struct serial_tx *tx, unsigned int source, uint8_t *to, uint32_t bytes)
{
    if (!tx_is_notes(tx, source)) {
        return (uint32_t)serial_queue_peek(&tx->clients[source].queue, 0, to, bytes);
    }
    if (tx->note_left == 0) {
        struct tx_note note;
        notes_copy_out(tx, &note, sizeof(note));
        tx->note_left = note.bytes;
        tx->note_client = note.client;
    }
    uint32_t count = bytes < tx->note_left ? bytes : tx->note_left;
    uint32_t head = tx->notes_head;
    notes_copy_out(tx, to, count);
    tx->notes_head = head;
    return count;
}

/* Drops what was taken, as far as it was sent. */
static void tx_took(struct serial_tx *tx, unsigned int source, uint32_t bytes, bool line)
{
    if (tx_is_notes(tx, source)) {
        tx->notes_head += bytes;
        tx->note_left -= bytes;
        return;
    }
    struct serial_tx_client *client = &tx->clients[source];
    (void)serial_queue_drop(&client->queue, bytes);
    client->taken = true;
    client->bytes += bytes;
    if (line) {
        client->lines++;
        client->dribbles = false;
    }
}

/* The device. */

static uint32_t tx_room(struct serial_tx *tx)
{
    uint32_t in_flight = serial_queue_in_flight(&tx->device);

    return in_flight < tx->limit ? tx->limit - in_flight : 0;
}

static uint32_t tx_put(uint8_t *to, uint32_t at, const char *text)
{
    for (; *text != '\0'; text++) {
        to[at++] = (uint8_t)*text;
    }
    return at;
}

static uint32_t tx_put_colour(uint8_t *to, uint32_t at, uint8_t colour)
{
    at = tx_put(to, at, "\033[");
    to[at++] = (uint8_t)('0' + colour / 10);
    to[at++] = (uint8_t)('0' + colour % 10);
    to[at++] = 'm';
    return at;
}

/* What stands before the text of a line of `client`: colours or a header. Returns its length. */
static uint32_t tx_begin_line(struct serial_tx *tx, unsigned int client, uint8_t *to)
{
    uint32_t at = 0;

    if (tx->colours) {
        if (tx->shown != client || tx->changed) {
            at = tx_put(to, at, "\033[0m");
            if (client != SERIAL_NOBODY && tx->clients[client].colour != 0) {
                at = tx_put_colour(to, at, tx->clients[client].colour);
            }
            tx->shown = client;
            tx->changed = false;
        }
    } else if (client != SERIAL_NOBODY) {
        to[at++] = '[';
        at = tx_put(to, at, tx->clients[client].name);
        at = tx_put(to, at, "] ");
    }
    return at;
}

/* Ends the open line though its source did not. */
static void tx_cut(struct serial_tx *tx, bool dribbles)
{
    (void)serial_queue_write(&tx->device, "\r\n", 2);
    tx->written = true;
    if (!tx_is_notes(tx, tx->open)) {
        tx->clients[tx->open].cuts++;
        tx->clients[tx->open].dribbles = dribbles;
    }
    tx->turn = tx_next(tx, tx->open);
    tx->turn_bytes = 0;
    tx->waited_for = false;
    tx->open = SOURCE_NONE;
}

/* Sends a piece of a source's text, up to the end of a line at most. */
static void tx_send(struct serial_tx *tx, unsigned int source, uint32_t room, uint64_t now)
{
    uint8_t text[TX_ROOM + TX_CHUNK];
    uint32_t before = 0;
    uint32_t taken;

    if (tx->open == SOURCE_NONE) {
        /* A note says whose it is when its first bytes are taken. */
        taken = tx_take(tx, source, text + TX_ROOM, TX_CHUNK);
        before = tx_begin_line(tx, tx_is_notes(tx, source) ? tx->note_client : source, text);
        memmove(text + before, text + TX_ROOM, taken);
        tx->line_bytes = 0;
        tx->waited = 0;
    } else {
        taken = tx_take(tx, source, text, TX_CHUNK);
    }
    if (taken > room - before) {
        taken = room - before;
    }
    const uint8_t *end = memchr(text + before, '\n', taken);
    if (end != NULL) {
        taken = (uint32_t)(end - (text + before)) + 1;
    }
    if (memchr(text + before, TX_ESCAPE, taken) != NULL) {
        tx->changed = true;
    }
    (void)serial_queue_write(&tx->device, text, before + taken);
    tx->written = true;
    tx_took(tx, source, taken, end != NULL);
    tx->open = end != NULL ? SOURCE_NONE : source;
    tx->line_bytes += taken;
    tx->turn_bytes += taken;
    if (tx->waited_for) {
        uint64_t waited = tx->waited + (now - tx->wait_began);
        tx->waited = waited < SERIAL_TX_HOLD ? waited : SERIAL_TX_HOLD;
        tx->waited_for = false;
    }
    tx->grown = now;
}

/* Whether a client that was notified of space has not used it yet. */
static bool tx_expected(const struct serial_tx_client *client)
{
    return client->expected && client->queue.peer == client->expected_from;
}

/*
 * The open line's source has nothing, and others have: until when they wait. The time for which a
 * line is waited for in all is bounded as well.
 */
static uint64_t tx_hold_end(struct serial_tx *tx, uint64_t now)
{
    if (!tx->waited_for) {
        tx->waited_for = true;
        tx->wait_began = now;
    }
    if (tx_is_notes(tx, tx->open) || tx->clients[tx->open].dribbles) {
        return now;
    }
    uint64_t quiet =
        tx->grown + (tx_expected(&tx->clients[tx->open]) ? SERIAL_TX_HOLD : SERIAL_TX_QUIET);
    uint64_t hold = tx->wait_began + (SERIAL_TX_HOLD - tx->waited);
    return quiet < hold ? quiet : hold;
}

/* What can be done with the open line. Returns false when there is nothing to do before `deadline`.
 */
static bool tx_serve_line(struct serial_tx *tx, uint32_t room, uint64_t now, uint64_t *deadline)
{
    bool others = tx_next(tx, tx->open) != SOURCE_NONE;

    if (tx_ready(tx, tx->open)) {
        if (others && tx->line_bytes >= SERIAL_TX_LINE) {
            tx_cut(tx, true);
        } else {
            tx_send(tx, tx->open, room, now);
        }
        return true;
    }
    if (!others) {
        return false;
    }
    uint64_t end = tx_hold_end(tx, now);
    if (now < end) {
        *deadline = end;
        return false;
    }
    tx_cut(tx, tx->waited + (now - tx->wait_began) >= SERIAL_TX_HOLD);
    return true;
}

/* Begins a line of the source whose turn it is. Returns false when no source has anything. */
static bool tx_serve_turn(struct serial_tx *tx, uint32_t room, uint64_t now)
{
    if (tx->turn_bytes >= SERIAL_TX_TURN || !tx_ready(tx, tx->turn)) {
        unsigned int next = tx_next(tx, tx->turn);
        if (next == SOURCE_NONE && !tx_ready(tx, tx->turn)) {
            return false;
        }
        tx->turn = next != SOURCE_NONE ? next : tx->turn;
        tx->turn_bytes = 0;
    }
    tx_send(tx, tx->turn, room, now);
    return true;
}

/* Whom to wake, and whether something came while the call was about to end. */
static void tx_signal(struct serial_tx *tx, struct serial_tx_work *work, bool blocked)
{
    for (unsigned int i = 0; i < tx->count; i++) {
        struct serial_tx_client *client = &tx->clients[i];
        uint32_t left = serial_queue_available(&client->queue);
        /* More of a well filled queue is sure to be taken later: a signal now would be early. */
        if (client->taken && left <= client->queue.capacity / 2) {
            client->taken = false;
            if (serial_queue_signal_space(&client->queue)) {
                client->expected = true;
                client->expected_from = client->queue.peer;
                work->clients |= 1ULL << i;
            }
        }
        /*
         * What came after the queue was looked at has had no signal, unless it was asked for. While
         * the device is full all wait for it; while a line is held, others wait for its end.
         */
        bool late = left != 0 ? work->deadline == SERIAL_NEVER || i == tx->open
                              : !serial_queue_wait_data(&client->queue);
        if (!blocked && late) {
            work->again = true;
        }
    }
    work->device = tx->written && serial_queue_signal_data(&tx->device);
    tx->written = false;
}

struct serial_tx_work serial_tx_serve(struct serial_tx *tx, uint64_t now)
{
    struct serial_tx_work work = { .deadline = SERIAL_NEVER };
    bool blocked = false;
    bool more = true;

    for (unsigned int i = 0; i < TX_PIECES && more && !blocked; i++) {
        uint32_t room = tx_room(tx);
        if (room < TX_ROOM) {
            blocked = serial_queue_wait_space(&tx->device, tx->device.capacity - tx->limit / 4);
        } else if (tx->open != SOURCE_NONE) {
            more = tx_serve_line(tx, room, now, &work.deadline);
        } else {
            more = tx_serve_turn(tx, room, now);
        }
    }
    work.again = more && !blocked;
    tx_signal(tx, &work, blocked);
    return work;
}
