/* SPDX-License-Identifier: BSD-2-Clause */
#include "server.h"

bool block_server_open(struct block_server *server, void *memory, size_t bytes)
{
    uint8_t *place = memory;

    if (!block_queue_fits(memory, bytes)) {
        return false;
    }
    *server = (struct block_server){ .shared = memory };
    __atomic_store_n(&server->shared->ready, 0, __ATOMIC_RELAXED);
    (void)ring_open_consumer(&server->requests, place + BLOCK_REQUESTS, bytes - BLOCK_REQUESTS);
    (void)ring_open_producer(&server->answers, place + BLOCK_ANSWERS, BLOCK_ANSWER_BYTES);
    __atomic_store_n(&server->shared->opened,
                     server->requests.position | (uint64_t)server->requests.epoch << 32,
                     __ATOMIC_RELEASE);
    /* A notification comes with the first request, too. */
    (void)ring_wait_data(&server->requests);
    return true;
}

void block_server_show(struct block_server *server, const struct block_info *info)
{
    if (info != NULL) {
        server->shared->info = *info;
    }
    __atomic_store_n(&server->shared->ready, info != NULL ? BLOCK_DISK_THERE : BLOCK_DISK_NONE,
                     __ATOMIC_RELEASE);
}

bool block_server_next(struct block_server *server, struct block_request *request,
                       struct block_segment segments[BLOCK_MAX_SEGMENTS])
{
    struct ring_slot header[BLOCK_HEADER_SLOTS];
    uint32_t there = ring_available(&server->requests);

    if (there == 0) {
        if (ring_wait_data(&server->requests)) {
            return false;
        }
        there = ring_available(&server->requests);
    }
    /* Every request that was taken finds room for its answer. */
    if (ring_space(&server->answers) <= server->in_flight &&
        ring_wait_space(&server->answers, server->in_flight + 1)) {
        return false;
    }
    if (there >= BLOCK_HEADER_SLOTS) {
        ring_peek(&server->requests, 0, header, BLOCK_HEADER_SLOTS);
        block_queue_unpack(header, request);
        if (request->segments <= BLOCK_MAX_SEGMENTS &&
            request->segments <= there - BLOCK_HEADER_SLOTS) {
            ring_peek(&server->requests, BLOCK_HEADER_SLOTS, (struct ring_slot *)segments,
                      request->segments);
            return true;
        }
    }
    /* Who publishes half a request has lost the thread. */
    server->broken++;
    ring_drop(&server->requests, there);
    server->taken = true;
    return false;
}

void block_server_take(struct block_server *server, const struct block_request *request)
{
    ring_drop(&server->requests, BLOCK_HEADER_SLOTS + request->segments);
    server->in_flight++;
    server->taken = true;
}

void block_server_answer(struct block_server *server, uint32_t id, enum block_status status,
                         uint64_t bytes)
{
    const struct ring_slot slot = { { id | (uint64_t)status << 32, bytes } };

    server->in_flight--;
    ring_put(&server->answers, &slot, 1);
    server->answered = true;
}

void block_server_count(struct block_server *server, const struct block_stats *stats)
{
    if (server->answered) {
        server->shared->stats = *stats;
    }
}

bool block_server_publish(struct block_server *server)
{
    bool notify = false;

    if (server->taken) {
        ring_release(&server->requests);
        notify = ring_signal_space(&server->requests);
    }
    if (server->answered) {
        ring_publish(&server->answers);
        notify = ring_signal_data(&server->answers) || notify;
    }
    server->taken = false;
    server->answered = false;
    return notify;
}

bool block_server_quiesce(const struct block_server *server, uint64_t *word)
{
    *word = __atomic_load_n(&server->shared->quiesce, __ATOMIC_ACQUIRE);
    return *word != __atomic_load_n(&server->shared->quiesced, __ATOMIC_RELAXED);
}

uint16_t block_server_owner(uint64_t word)
{
    return (uint16_t)word;
}

void block_server_quiet(struct block_server *server, uint64_t word)
{
    __atomic_store_n(&server->shared->quiesced, word, __ATOMIC_RELEASE);
}

bool block_server_refuse(struct block_server *server,
                         struct block_segment segments[BLOCK_MAX_SEGMENTS])
{
    struct block_request request;
    uint64_t word;
    bool notify;

    while (block_server_next(server, &request, segments)) {
        block_server_take(server, &request);
        block_server_answer(server, request.id, BLOCK_FAILED, 0);
    }
    notify = block_server_publish(server);
    if (block_server_quiesce(server, &word)) {
        block_server_quiet(server, word);
        notify = true;
    }
    return notify;
}
