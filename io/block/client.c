/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#define CLIENT_OWNER 0xffffu

void block_client_forget(struct block_client *client)
{
    client->free_count = BLOCK_MAX_IN_FLIGHT;
    for (uint32_t tag = 0; tag < BLOCK_MAX_IN_FLIGHT; tag++) {
        client->busy[tag] = false;
        client->free[tag] = (uint8_t)(BLOCK_MAX_IN_FLIGHT - 1 - tag);
    }
}

bool block_client_open(struct block_client *client, void *memory, size_t bytes)
{
    uint8_t *place = memory;

    if (!block_queue_fits(memory, bytes)) {
        return false;
    }
    *client = (struct block_client){ .shared = memory };
    (void)ring_open_producer(&client->requests, place + BLOCK_REQUESTS, bytes - BLOCK_REQUESTS);
    (void)ring_open_consumer(&client->answers, place + BLOCK_ANSWERS, BLOCK_ANSWER_BYTES);
    block_client_forget(client);
    for (uint32_t tag = 0; tag < BLOCK_MAX_IN_FLIGHT; tag++) {
        /* Ids of an earlier life are unlikely to be taken for those of this one. */
        client->ids[tag] = client->requests.epoch << 24 | tag;
    }
    /* A notification comes with the first answer, too. */
    (void)ring_wait_data(&client->answers);
    client->quiesce = __atomic_load_n(&client->shared->quiesce, __ATOMIC_RELAXED);
    client->opened = __atomic_load_n(&client->shared->opened, __ATOMIC_RELAXED);
    block_client_quiesce(client, 0);
    return true;
}

static bool client_is_possible(const struct block_info *info)
{
    return info->logical_bytes >= BLOCK_SECTOR && info->logical_bytes <= 0x10000 &&
           (info->logical_bytes & (info->logical_bytes - 1)) == 0 && info->max_segments != 0 &&
           info->max_segments <= BLOCK_MAX_SEGMENTS && info->max_segment_bytes >= BLOCK_SECTOR &&
           info->sectors <= UINT64_MAX / BLOCK_SECTOR &&
           info->sectors % (info->logical_bytes / BLOCK_SECTOR) == 0 && info->depth != 0 &&
           info->depth <= BLOCK_MAX_IN_FLIGHT;
}

enum block_disk block_client_info(const struct block_client *client, struct block_info *info)
{
    uint64_t ready = __atomic_load_n(&client->shared->ready, __ATOMIC_ACQUIRE);
    struct block_info own;

    if (ready != BLOCK_DISK_THERE) {
        return ready == BLOCK_DISK_UNKNOWN ? BLOCK_DISK_UNKNOWN : BLOCK_DISK_NONE;
    }
    own = client->shared->info;
    /* The compiler must take the copy from here on. */
    __asm__ volatile("" : : "r"(&own) : "memory");
    if (!client_is_possible(&own)) {
        return BLOCK_DISK_NONE;
    }
    *info = own;
    return BLOCK_DISK_THERE;
}

struct block_stats block_client_stats(const struct block_client *client)
{
    struct block_stats own = client->shared->stats;

    __asm__ volatile("" : : "r"(&own) : "memory");
    return own;
}

bool block_client_submit(struct block_client *client, const struct block_request *request,
                         const struct block_segment *segments, uint32_t *tag)
{
    uint32_t slots = BLOCK_HEADER_SLOTS + request->segments;
    struct ring_slot header[BLOCK_HEADER_SLOTS];
    struct block_request own = *request;

    if (client->free_count == 0 ||
        (ring_space(&client->requests) < slots && ring_wait_space(&client->requests, slots))) {
        return false;
    }
    *tag = client->free[--client->free_count];
    client->busy[*tag] = true;
    client->ids[*tag] += BLOCK_MAX_IN_FLIGHT;
    own.id = client->ids[*tag];
    block_queue_pack(&own, header);
    ring_put(&client->requests, header, BLOCK_HEADER_SLOTS);
    ring_put(&client->requests, (const struct ring_slot *)segments, request->segments);
    client->ends[*tag] = client->requests.position;
    client->submitted = true;
    return true;
}

bool block_client_publish(struct block_client *client)
{
    if (!client->submitted) {
        return false;
    }
    client->submitted = false;
    ring_publish(&client->requests);
    return ring_signal_data(&client->requests);
}

void block_client_drop(struct block_client *client, uint32_t tag)
{
    client->busy[tag] = false;
    client->free[client->free_count++] = (uint8_t)tag;
}

bool block_client_take(struct block_client *client, struct block_answer *answer)
{
    /* No more than the ring has: a server that goes on filling it does not keep this one here. */
    for (uint32_t i = 0; i < client->answers.capacity; i++) {
        struct ring_slot slot;
        uint32_t id;
        uint32_t tag;

        if (ring_available(&client->answers) == 0 && ring_wait_data(&client->answers)) {
            return false;
        }
        ring_peek(&client->answers, 0, &slot, 1);
        ring_drop(&client->answers, 1);
        ring_release(&client->answers);
        id = (uint32_t)slot.words[0];
        tag = id % BLOCK_MAX_IN_FLIGHT;
        answer->status = (uint8_t)(slot.words[0] >> 32);
        if (client->busy[tag] && client->ids[tag] == id && answer->status < BLOCK_STATUS_COUNT) {
            block_client_drop(client, tag);
            answer->id = tag;
            answer->bytes = slot.words[1];
            return true;
        }
        client->nonsense++;
    }
    return false;
}

bool block_client_restarted(struct block_client *client)
{
    uint64_t opened = __atomic_load_n(&client->shared->opened, __ATOMIC_ACQUIRE);
    bool anew = opened != client->opened;

    client->opened = opened;
    return anew;
}

bool block_client_lost(const struct block_client *client, uint32_t tag)
{
    /* The distance of two positions is below half of what they count to (ring.h). */
    return client->busy[tag] && client->ends[tag] - (uint32_t)client->opened - 1 >= 1u << 31;
}

uint32_t block_client_in_flight(const struct block_client *client)
{
    return BLOCK_MAX_IN_FLIGHT - client->free_count;
}

void block_client_quiesce(struct block_client *client, uint16_t owner)
{
    client->quiesce = ((client->quiesce | CLIENT_OWNER) + 1) | owner;
    __atomic_store_n(&client->shared->quiesce, client->quiesce, __ATOMIC_RELEASE);
}

bool block_client_is_quiet(const struct block_client *client)
{
    return __atomic_load_n(&client->shared->quiesced, __ATOMIC_ACQUIRE) == client->quiesce;
}
