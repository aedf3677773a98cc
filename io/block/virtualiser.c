/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtualiser.h"

#include <string.h>

#include "virtualiser_pending.h"
#include "virtualiser_start.h"

_Static_assert(BLOCK_MAX_CLIENTS <= 32, "a set of clients is a word");

bool block_virtualiser_open(struct block_virtualiser *virtualiser,
                            const struct block_config *config, struct block_buffer buffer,
                            void (*complain)(const char *client, const char *what))
{
    *virtualiser = (struct block_virtualiser){
        .config = config,
        .buffer = buffer,
        .count = config->count,
        .complain = complain,
        .oldest = BLOCK_NO_TAG,
        .newest = BLOCK_NO_TAG,
    };
    if (!block_client_open(&virtualiser->device, (void *)config->device.address,
                           config->device.bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < config->count; i++) {
        struct block_virtualiser_client *client = &virtualiser->clients[i];
        const struct block_connection *connection = &config->clients[i].connection;

        client->config = &config->clients[i];
        client->bytes.rate = client->config->bytes_a_second;
        client->operations.rate = client->config->operations_a_second;
        if (!block_server_open(&client->server, (void *)connection->address, connection->bytes)) {
            return false;
        }
    }
    return true;
}

/* Answers. */

static void virtualiser_answer(struct block_virtualiser_client *client, uint32_t id, uint8_t kind,
                               enum block_status status, uint64_t bytes)
{
    client->stats.requests[kind < BLOCK_KIND_COUNT ? kind : 0]++;
    client->stats.statuses[status]++;
    if (kind == BLOCK_READ) {
        client->stats.bytes_read += bytes;
    } else if (kind == BLOCK_WRITE) {
        client->stats.bytes_written += bytes;
    }
    block_server_answer(&client->server, id, status, bytes);
}

/** What the driver's answer is for the client. */
static enum block_status virtualiser_status(const struct block_virtualiser_client *client,
                                            const struct block_pending *pending,
                                            const struct block_answer *answer)
{
    bool moves = pending->kind == BLOCK_READ || pending->kind == BLOCK_WRITE ||
                 pending->kind == BLOCK_LIFETIME;

    if (answer->status == BLOCK_ABORTED && client->late) {
        return BLOCK_LATE;
    }
    if (answer->status == BLOCK_DONE && moves && answer->bytes < pending->bytes) {
        return BLOCK_FAILED;
    }
    return (enum block_status)answer->status;
}

/** Take the driver's answers. Returns the clients to be notified for another reason than those. */
static uint32_t virtualiser_answers(struct block_virtualiser *virtualiser)
{
    struct block_answer answer;
    uint32_t clients = 0;

    while (block_client_take(&virtualiser->device, &answer)) {
        struct block_pending *pending = &virtualiser->pending[answer.id];

        virtualiser_pending_remove(virtualiser, answer.id);
        if (pending->client == VIRTUALISER_OWN) {
            clients |= virtualiser_start_table(virtualiser, &answer, pending->bytes);
            continue;
        }
        struct block_virtualiser_client *client = &virtualiser->clients[pending->client];
        enum block_status status = virtualiser_status(client, pending, &answer);
        uint64_t bytes = answer.bytes < pending->bytes ? answer.bytes : pending->bytes;

        client->in_device--;
        client->barrier = client->barrier && !pending->barrier;
        virtualiser_answer(client, pending->id, pending->kind, status, bytes);
    }
    return clients;
}

/* Requests. */

/** The segments against the client's memory; their addresses become the driver's. */
static bool virtualiser_translate(const struct block_virtualiser *virtualiser,
                                  const struct block_config_client *config,
                                  const struct block_request *request,
                                  struct block_segment *segments)
{
    uint64_t sum = 0;

    if (request->segments == 0 || request->segments > virtualiser->info.max_segments) {
        return false;
    }
    for (uint32_t i = 0; i < request->segments; i++) {
        struct block_segment *segment = &segments[i];

        if (segment->bytes == 0 || segment->bytes > virtualiser->info.max_segment_bytes ||
            segment->bytes > config->memory_bytes ||
            segment->address > config->memory_bytes - segment->bytes) {
            return false;
        }
        segment->address += config->base;
        /* At most 256 times less than 2^32. */
        sum += segment->bytes;
    }
    return sum == request->bytes;
}

/** The range against the client's part; it becomes one of the disk. */
static bool virtualiser_range(const struct block_virtualiser *virtualiser,
                              const struct block_virtualiser_client *client,
                              struct block_request *request)
{
    uint64_t unit = virtualiser->info.logical_bytes;

    if (request->bytes == 0 || request->bytes > BLOCK_MAX_BYTES || request->bytes % unit != 0 ||
        request->sector % (unit / BLOCK_SECTOR) != 0 || request->sector >= client->count ||
        request->bytes / BLOCK_SECTOR > client->count - request->sector) {
        return false;
    }
    request->sector += client->first;
    return true;
}

/** Check a request and make the driver's of it. BLOCK_DONE: it is to be sent on. */
static enum block_status virtualiser_check(struct block_virtualiser *virtualiser,
                                           const struct block_virtualiser_client *client,
                                           struct block_request *request)
{
    const struct block_info *info = &virtualiser->info;
    uint64_t most = request->kind == BLOCK_DISCARD ? info->max_discard : info->max_zero;
    uint32_t needs = request->kind == BLOCK_DISCARD ? BLOCK_INFO_DISCARD : BLOCK_INFO_ZERO;
    bool good = virtualiser_range(virtualiser, client, request);

    switch (request->kind) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        if (request->kind == BLOCK_WRITE && client->config->read_only) {
            return BLOCK_READ_ONLY;
        }
        good = good &&
               virtualiser_translate(virtualiser, client->config, request, virtualiser->segments);
        break;
    case BLOCK_LIFETIME:
        if ((info->flags & BLOCK_INFO_LIFETIME) == 0) {
            return BLOCK_UNSUPPORTED;
        }
        request->sector = 0;
        good = request->bytes == BLOCK_LIFETIME_BYTES &&
               virtualiser_translate(virtualiser, client->config, request, virtualiser->segments);
        break;
    case BLOCK_FLUSH:
        request->sector = 0;
        request->bytes = 0;
        request->segments = 0;
        return BLOCK_DONE;
    case BLOCK_DISCARD:
    case BLOCK_ZERO:
        if (client->config->read_only) {
            return BLOCK_READ_ONLY;
        }
        if ((info->flags & needs) == 0) {
            return BLOCK_UNSUPPORTED;
        }
        good = good && request->segments == 0 && request->bytes / BLOCK_SECTOR <= most;
        break;
    default:
        return BLOCK_UNSUPPORTED;
    }
    return good ? BLOCK_DONE : BLOCK_INVALID;
}

/** Requests of one client that may be with the driver. */
static uint32_t virtualiser_window(const struct block_virtualiser *virtualiser)
{
    uint32_t open = 0;

    for (uint32_t i = 0; i < virtualiser->count; i++) {
        if (ring_peer_epoch(&virtualiser->clients[i].server.requests) != 0) {
            open++;
        }
    }
    return open > 1 ? BLOCK_WINDOW : virtualiser->info.depth;
}

/** Must the client's next request wait? */
static bool virtualiser_holds(const struct block_virtualiser *virtualiser,
                              const struct block_virtualiser_client *client, uint32_t window)
{
    return !client->ready || client->barrier || client->late || client->quieting ||
           client->in_device >= window ||
           block_client_in_flight(&virtualiser->device) >= virtualiser->info.depth;
}

/** Do its limits hold the client's next request back? Then it is known when they will not. */
static bool virtualiser_limits(struct block_virtualiser *virtualiser,
                               struct block_virtualiser_client *client, uint64_t now)
{
    uint64_t bytes = block_limit_from(&client->bytes);
    uint64_t from = block_limit_from(&client->operations);

    from = bytes > from ? bytes : from;
    if (from <= now) {
        return false;
    }
    client->stats.held++;
    if (from < virtualiser->allowed) {
        virtualiser->allowed = from;
    }
    return true;
}

/** Do one request of a client. Returns false when there is none that can be done now. */
static bool virtualiser_one(struct block_virtualiser *virtualiser, uint32_t i, uint32_t window,
                            uint64_t now)
{
    struct block_virtualiser_client *client = &virtualiser->clients[i];
    struct block_request request;
    struct block_request onward;
    struct block_pending *pending;
    enum block_status status;
    uint32_t tag;

    if (virtualiser_holds(virtualiser, client, window) ||
        !block_server_next(&client->server, &request, virtualiser->segments)) {
        return false;
    }
    bool barrier = (request.flags & BLOCK_FLAG_BARRIER) != 0;
    if ((barrier && client->in_device != 0) || virtualiser_limits(virtualiser, client, now)) {
        return false;
    }
    onward = request;
    onward.flags = request.flags & (BLOCK_FLAG_STABLE | BLOCK_FLAG_UNMAP);
    onward.owner = (uint16_t)(i + 1);
    status = virtualiser_check(virtualiser, client, &onward);
    if (status == BLOCK_DONE && virtualiser->gone) {
        status = BLOCK_FAILED;
    }
    if (status != BLOCK_DONE ||
        (request.kind == BLOCK_FLUSH && (virtualiser->info.flags & BLOCK_INFO_FLUSH) == 0)) {
        block_server_take(&client->server, &request);
        block_limit_take(&client->operations, 1, now);
        virtualiser_answer(client, request.id, request.kind, status, 0);
        return true;
    }
    if (!block_client_submit(&virtualiser->device, &onward, virtualiser->segments, &tag)) {
        return false;
    }
    block_server_take(&client->server, &request);
    client->in_device++;
    client->barrier = barrier;
    block_limit_take(&client->operations, 1, now);
    if (request.kind == BLOCK_READ || request.kind == BLOCK_WRITE) {
        block_limit_take(&client->bytes, request.bytes, now);
    }
    pending = virtualiser_pending_add(virtualiser, tag, now);
    pending->id = request.id;
    pending->client = (uint8_t)i;
    pending->kind = request.kind;
    pending->barrier = barrier;
    pending->bytes = onward.bytes;
    return true;
}

/** In turn, a request each, while there is room with the driver. */
static void virtualiser_requests(struct block_virtualiser *virtualiser, uint64_t now)
{
    uint32_t window = virtualiser_window(virtualiser);
    uint32_t idle = 0;
    /* Wrong requests are answered at once, so that a client could go on for ever. */
    uint32_t most = virtualiser->count * BLOCK_MAX_IN_FLIGHT;

    while (idle < virtualiser->count && most-- != 0) {
        uint32_t i = virtualiser->turn;

        virtualiser->turn = i + 1 < virtualiser->count ? i + 1 : 0;
        idle = virtualiser_one(virtualiser, i, window, now) ? 0 : idle + 1;
    }
}

/* A driver that was restarted. */

/** What its earlier life had taken is lost, and ends as failed; its own read is sent again. */
static void virtualiser_lose(struct block_virtualiser *virtualiser)
{
    for (uint32_t tag = 0; tag < BLOCK_MAX_IN_FLIGHT; tag++) {
        const struct block_pending *pending = &virtualiser->pending[tag];

        if (!block_client_lost(&virtualiser->device, tag)) {
            continue;
        }
        block_client_drop(&virtualiser->device, tag);
        virtualiser_pending_remove(virtualiser, tag);
        if (pending->client == VIRTUALISER_OWN) {
            virtualiser->reading = false;
            continue;
        }
        struct block_virtualiser_client *client = &virtualiser->clients[pending->client];

        client->in_device--;
        client->barrier = client->barrier && !pending->barrier;
        client->stats.lost++;
        virtualiser_answer(client, pending->id, pending->kind, BLOCK_FAILED, 0);
    }
}

/** Is there a driver, and is the disk as it was? */
static void virtualiser_look(struct block_virtualiser *virtualiser)
{
    struct block_info info;
    enum block_disk disk = block_client_info(&virtualiser->device, &info);

    if (virtualiser->state == BLOCK_SERVES && !virtualiser->missing && disk != BLOCK_DISK_UNKNOWN) {
        virtualiser->gone =
            disk == BLOCK_DISK_NONE || memcmp(&info, &virtualiser->info, sizeof(info)) != 0;
        virtualiser->look = false;
    }
}

/* Quiesce and deadlines. */

/** Answer what the client has sent and nobody has begun. */
static void virtualiser_drop(struct block_virtualiser *virtualiser,
                             struct block_virtualiser_client *client)
{
    struct block_request request;

    for (uint32_t i = 0; i < client->server.requests.capacity &&
                         block_server_next(&client->server, &request, virtualiser->segments);
         i++) {
        block_server_take(&client->server, &request);
        virtualiser_answer(client, request.id, request.kind, BLOCK_ABORTED, 0);
    }
}

/** The requests of client i are wanted back. Returns whether the client is to be notified. */
static bool virtualiser_quiet(struct block_virtualiser *virtualiser, uint32_t i, bool *device)
{
    struct block_virtualiser_client *client = &virtualiser->clients[i];
    uint64_t word;
    bool wanted = block_server_quiesce(&client->server, &word);

    client->quieting = wanted;
    if (wanted) {
        virtualiser_drop(virtualiser, client);
    }
    if (client->in_device != 0 && virtualiser->quieting == 0) {
        virtualiser->quieting = i + 1;
        block_client_quiesce(&virtualiser->device, (uint16_t)(i + 1));
        *device = true;
    }
    if (client->in_device != 0) {
        return false;
    }
    client->late = false;
    if (!wanted) {
        return false;
    }
    client->quieting = false;
    client->stats.quiesces++;
    (void)block_server_publish(&client->server);
    block_server_quiet(&client->server, word);
    return true;
}

/** The driver has given everything back: what it has not answered it never will. */
static void virtualiser_collect(struct block_virtualiser *virtualiser)
{
    uint32_t i = virtualiser->quieting - 1;
    struct block_virtualiser_client *client = &virtualiser->clients[i];

    for (uint32_t tag = 0; tag < BLOCK_MAX_IN_FLIGHT && client->in_device != 0; tag++) {
        const struct block_pending *pending = &virtualiser->pending[tag];

        if (virtualiser->device.busy[tag] && pending->client == i) {
            block_client_drop(&virtualiser->device, tag);
            virtualiser_pending_remove(virtualiser, tag);
            client->in_device--;
            virtualiser_answer(client, pending->id, pending->kind,
                               client->late ? BLOCK_LATE : BLOCK_ABORTED, 0);
        }
    }
    client->barrier = false;
    virtualiser->quieting = 0;
}

struct block_work block_virtualiser_serve(struct block_virtualiser *virtualiser, uint64_t now)
{
    struct block_work work = { .deadline = BLOCK_NEVER };
    /* Looked at before the answers are taken, so that all are there when it says so. */
    bool quiet = block_client_is_quiet(&virtualiser->device);
    /* Likewise: what its earlier life has answered is there. */
    bool anew = block_client_restarted(&virtualiser->device);
    bool own;

    virtualiser->allowed = BLOCK_NEVER;
    work.clients = virtualiser_answers(virtualiser);
    if (anew) {
        virtualiser_lose(virtualiser);
        virtualiser->look = true;
    }
    if (virtualiser->look) {
        virtualiser_look(virtualiser);
    }
    if (quiet && virtualiser->quieting != 0) {
        virtualiser_collect(virtualiser);
    }
    if (virtualiser->state == BLOCK_WAITS) {
        work.clients |= virtualiser_start_meet(virtualiser);
    }
    if (virtualiser->state == BLOCK_READS_TABLE) {
        virtualiser_start_read(virtualiser, now);
    }
    work.deadline = virtualiser_pending_late(virtualiser, now, &own);
    if (own) {
        work.clients |= virtualiser_start_late(virtualiser);
    }
    for (uint32_t i = 0; i < virtualiser->count; i++) {
        uint64_t word;

        if ((virtualiser->clients[i].late ||
             block_server_quiesce(&virtualiser->clients[i].server, &word)) &&
            virtualiser_quiet(virtualiser, i, &work.device)) {
            work.clients |= 1u << i;
        }
    }
    if (virtualiser->state == BLOCK_SERVES) {
        virtualiser_requests(virtualiser, now);
    }
    if (work.deadline == BLOCK_NEVER) {
        work.deadline = virtualiser_pending_last(virtualiser, now);
    }
    if (virtualiser->allowed < work.deadline) {
        work.deadline = virtualiser->allowed;
    }
    work.device = block_client_publish(&virtualiser->device) || work.device;
    for (uint32_t i = 0; i < virtualiser->count; i++) {
        block_server_count(&virtualiser->clients[i].server, &virtualiser->clients[i].stats);
        if (block_server_publish(&virtualiser->clients[i].server)) {
            work.clients |= 1u << i;
        }
    }
    return work;
}
