/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of bytes to and from another protection domain: the VMM's end of a connection of the
 * serial class (io/serial/client.h). Nothing is lost: who has no room waits, on both sides.
 */
#ifndef VMM_STREAM_H
#define VMM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/serial/queue.h"

struct stream {
    struct serial_queue output;
    struct serial_queue input;
    uint32_t channel;
    bool notify; /* the peer is to be notified */
};

/**
 * Open an end of the connection in `bytes` bytes at `memory`: the client's when `client` is set,
 * else the one that serves a client. The peer is told with the next stream_flush(). False: the
 * memory is no connection.
 */
bool stream_open(struct stream *stream, void *memory, size_t bytes, uint32_t channel, bool client);

/** Whether the peer has ever opened its end. It notifies when it does. */
bool stream_has_peer(struct stream *stream);

/**
 * Send bytes. Returns how many were taken; with less than `count`, the peer's notification says
 * when there is room again.
 */
size_t stream_send(struct stream *stream, const void *bytes, size_t count);

/**
 * Copy out what has arrived, up to `count` bytes, which stay until stream_drop(). Returns how many
 * there are; when none, the peer's notification comes with the next.
 */
size_t stream_peek(struct stream *stream, void *to, size_t count);

/** The first `count` bytes of those are done with. */
void stream_drop(struct stream *stream, size_t count);

/** Wake the peer if there is something for it. To be called when an event is done. */
void stream_flush(struct stream *stream);

#endif
