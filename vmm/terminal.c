/* SPDX-License-Identifier: BSD-2-Clause */
#include "terminal.h"

#include <bulkhead/libc.h>

#include "sys.h"

/** Only a peer that lies has no room so often just after it had some. */
#define TERMINAL_VAIN 4

void terminal_init(struct terminal *terminal, const char *name)
{
    *terminal = (struct terminal){ .connected = false };
    lines_init(&terminal->lines, name);
}

bool terminal_connect(struct terminal *terminal, void *memory, size_t bytes, uint32_t channel)
{
    if (serial_client_open(&terminal->client, memory, bytes) != SERIAL_QUEUE_OK) {
        return false;
    }
    terminal->connected = true;
    terminal->channel = channel;
    /* It may wait for us since an earlier life of ours. */
    terminal->notify = true;
    return true;
}

/** Put bytes into the queue, and ask for a notification where they are not all taken. */
static size_t terminal_put(struct terminal *terminal, const char *bytes, size_t count)
{
    size_t done = 0;

    for (int vain = 0; done < count && vain < TERMINAL_VAIN; vain++) {
        size_t sent =
            serial_client_send(&terminal->client, bytes + done, count - done, &terminal->notify);

        done += sent;
        vain = sent > 0 ? 0 : vain;
        /* Where there is room after all, nobody will say so: it is to be used now. */
        if (done < count && serial_client_wait_send(&terminal->client)) {
            break;
        }
    }
    if (done > 0) {
        terminal->inside = bytes[done - 1] != '\n';
    }
    return done;
}

/** Sentences that wait go first. True when none is left. */
static bool terminal_put_kept(struct terminal *terminal)
{
    size_t done;

    if (terminal->kept_count == 0) {
        return true;
    }
    done = terminal_put(terminal, terminal->kept, terminal->kept_count);
    terminal->kept_count -= done;
    memmove(terminal->kept, terminal->kept + done, terminal->kept_count);
    return terminal->kept_count == 0;
}

size_t terminal_send(struct terminal *terminal, const void *bytes, size_t count)
{
    if (!terminal->connected) {
        lines_put(&terminal->lines, bytes, count);
        return count;
    }
    return terminal_put_kept(terminal) ? terminal_put(terminal, bytes, count) : 0;
}

bool terminal_has_room(struct terminal *terminal)
{
    if (!terminal->connected) {
        return true;
    }
    return terminal_put_kept(terminal) && (serial_queue_space(&terminal->client.output) > 0 ||
                                           !serial_client_wait_send(&terminal->client));
}

/** A piece of a sentence: sent, or kept until it can be. */
static void terminal_say_piece(struct terminal *terminal, const char *piece)
{
    size_t bytes = strlen(piece);
    size_t done = terminal_put_kept(terminal) ? terminal_put(terminal, piece, bytes) : 0;
    size_t room = TERMINAL_KEPT - terminal->kept_count;
    size_t kept = bytes - done < room ? bytes - done : room;

    memcpy(terminal->kept + terminal->kept_count, piece + done, kept);
    terminal->kept_count += kept;
    terminal->lost += bytes - done - kept;
}

void terminal_say(struct terminal *terminal, const char *const *pieces, size_t count)
{
    if (!terminal->connected) {
        lines_flush(&terminal->lines);
        for (size_t i = 0; i < count; i++) {
            sys_print(pieces[i]);
        }
        sys_print("\n");
        return;
    }
    if (terminal->inside && terminal->kept_count == 0) {
        terminal_say_piece(terminal, "\n");
    }
    for (size_t i = 0; i < count; i++) {
        terminal_say_piece(terminal, pieces[i]);
    }
    terminal_say_piece(terminal, "\n");
}

size_t terminal_input(struct terminal *terminal, const uint8_t **bytes)
{
    if (terminal->connected && terminal->input_count == 0) {
        terminal->input_first = 0;
        terminal->input_count =
            serial_client_receive(&terminal->client, terminal->input, TERMINAL_INPUT);
    }
    *bytes = terminal->input + terminal->input_first;
    return terminal->input_count;
}

bool terminal_asked(struct terminal *terminal)
{
    return terminal->connected && serial_client_asked(&terminal->client);
}

void terminal_drop(struct terminal *terminal, size_t count)
{
    terminal->input_first += count;
    terminal->input_count -= count;
}

void terminal_flush(struct terminal *terminal)
{
    if (terminal->notify) {
        terminal->notify = false;
        sys_notify(terminal->channel);
    }
}
