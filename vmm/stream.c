/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include "io/serial/client.h"
#include "sys.h"

/** Only a peer that lies has no room so often just after it had some. */
#define STREAM_VAIN 4

bool stream_open(struct stream *stream, void *memory, size_t bytes, uint32_t channel, bool client)
{
    size_t half = serial_connection_half(bytes);
    void *to_device = serial_connection_output(memory);
    void *from_device = serial_connection_input(memory, bytes);

    stream->channel = channel;
    stream->notify = true;
    return serial_queue_open_producer(&stream->output, client ? to_device : from_device, half) ==
               SERIAL_QUEUE_OK &&
           serial_queue_open_consumer(&stream->input, client ? from_device : to_device, half) ==
               SERIAL_QUEUE_OK;
}

bool stream_has_peer(struct stream *stream)
{
    (void)serial_queue_space(&stream->output);
    return serial_queue_peer_epoch(&stream->output) != 0;
}

size_t stream_send(struct stream *stream, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    size_t done = 0;

    for (int vain = 0; done < count && vain < STREAM_VAIN; vain++) {
        size_t sent = serial_queue_write(&stream->output, from + done, count - done);

        done += sent;
        if (sent > 0) {
            vain = 0;
            if (serial_queue_signal_data(&stream->output)) {
                stream->notify = true;
            }
        }
        /* A quarter of the queue: a full one is not worth a notification for each byte. */
        if (done < count && serial_queue_wait_space(&stream->output, stream->output.capacity / 4)) {
            break;
        }
    }
    return done;
}

size_t stream_peek(struct stream *stream, void *to, size_t count)
{
    if (serial_queue_available(&stream->input) == 0 && serial_queue_wait_data(&stream->input)) {
        return 0;
    }
    return serial_queue_peek(&stream->input, 0, to, count);
}

void stream_drop(struct stream *stream, size_t count)
{
    if (serial_queue_drop(&stream->input, count) > 0 && serial_queue_signal_space(&stream->input)) {
        stream->notify = true;
    }
}

void stream_flush(struct stream *stream)
{
    if (stream->notify) {
        stream->notify = false;
        sys_notify(stream->channel);
    }
}
