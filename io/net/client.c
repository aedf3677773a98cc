/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <string.h>

static uint32_t slot_offset(uint16_t slot)
{
    return slot < NET_SMALL_SLOTS
               ? slot * NET_SMALL_BYTES
               : NET_SMALL_SLOTS * NET_SMALL_BYTES + (slot - NET_SMALL_SLOTS) * NET_LARGE_BYTES;
}

static void put_back(struct net_client *client, uint16_t slot)
{
    if (slot < NET_SMALL_SLOTS) {
        client->small[client->small_count++] = slot;
    } else {
        client->large[client->large_count++] = slot;
    }
}

uint8_t *net_client_at(const struct net_client *client, uint16_t slot)
{
    return client->buffers + (size_t)client->port * NET_BUFFER_BYTES + slot_offset(slot);
}

/* What was lent is ours again: at the beginning, where that is all, and when the switch has
 * forgotten what it had. */
static void own_lent(struct net_client *client)
{
    for (uint16_t slot = NET_CLIENT_SLOTS; slot-- > 0;) {
        if (client->lent[slot]) {
            client->lent[slot] = false;
            put_back(client, slot);
        }
    }
}

void net_client_open(struct net_client *client, const struct net_client_place *place)
{
    struct net_port_memory *memory = place->memory;

    *client = (struct net_client){
        .memory = memory,
        .buffers = place->buffers,
        .readable = place->readable,
        .port = place->port,
    };
    memset(client->lent, true, sizeof(client->lent));
    own_lent(client);
    ring_begin_producer(&client->sent, memory->sent, NET_FRAME_SHAPE.capacity);
    ring_begin_producer(&client->returned, memory->returned, NET_RETURN_SHAPE.capacity);
    ring_begin_consumer(&client->done, memory->done, NET_DONE_SHAPE.capacity);
    ring_begin_consumer(&client->received, memory->received, NET_FRAME_SHAPE.capacity);
    /* What an earlier life was sent is not looked at, and so is not given back either: the switch
     * forgets it when it sees the new epoch. */
    net_ring_drop(&client->received);
    net_ring_drop(&client->done);
    client->switch_epoch = ring_peer_epoch(&client->received);
    (void)ring_wait_data(&client->received);
}

void net_client_wish(struct net_client *client, uint32_t flags, uint64_t multicast)
{
    __atomic_store_n(&client->memory->wishes.multicast, multicast, __ATOMIC_RELAXED);
    __atomic_store_n(&client->memory->wishes.flags, flags, __ATOMIC_RELEASE);
    client->urgent = true;
}

static void collect(struct net_client *client)
{
    struct net_return entry;

    while (net_ring_take(&client->done, NET_DONE_SHAPE, &entry)) {
        if (entry.slot < NET_CLIENT_SLOTS && client->lent[entry.slot]) {
            client->lent[entry.slot] = false;
            put_back(client, entry.slot);
        }
    }
    ring_release(&client->done);
}

/* The switch began anew: what it had of ours it has not any more. */
static void look_for_restart(struct net_client *client)
{
    (void)ring_available(&client->received);
    if (ring_peer_epoch(&client->received) != client->switch_epoch) {
        client->restarted = client->restarted || client->switch_epoch != 0;
        client->switch_epoch = ring_peer_epoch(&client->received);
        net_ring_drop(&client->done);
        own_lent(client);
    }
}

/* A free slot. Large ones are not for small frames: who keeps those would keep them, too. */
static bool take_slot(struct net_client *client, bool small, uint16_t *slot)
{
    if (small && client->small_count > 0) {
        *slot = client->small[--client->small_count];
        return true;
    }
    if (!small && client->large_count > 0) {
        *slot = client->large[--client->large_count];
        return true;
    }
    return false;
}

bool net_client_wait_slots(struct net_client *client)
{
    bool wait = ring_wait_data(&client->done);

    /* The switch looks for slots that are back when somebody waits for them. */
    client->urgent = client->urgent || wait;
    return wait;
}

bool net_client_reserve(struct net_client *client, uint32_t bytes, uint16_t *slot, uint8_t **at)
{
    bool small = bytes <= NET_SMALL_BYTES;
    bool found = take_slot(client, small, slot);

    if (!found) {
        look_for_restart(client);
        collect(client);
        found = take_slot(client, small, slot);
    }
    /* With the wish to be notified comes a last look. */
    if (!found && !net_client_wait_slots(client)) {
        collect(client);
        found = take_slot(client, small, slot);
    }
    *at = found ? net_client_at(client, *slot) : NULL;
    return found;
}

bool net_client_reserve_small(struct net_client *client, uint16_t *slot, uint8_t **at)
{
    if (client->small_count == 0) {
        look_for_restart(client);
        collect(client);
    }
    if (client->small_count == 0) {
        return false;
    }
    *slot = client->small[--client->small_count];
    *at = net_client_at(client, *slot);
    return true;
}

void net_client_keep_large(struct net_client *client, unsigned count)
{
    if (client->large_count < count) {
        look_for_restart(client);
        collect(client);
    }
    if (client->large_count < count && !net_client_wait_slots(client)) {
        collect(client);
    }
}

unsigned net_client_behind(struct net_client *client, unsigned ahead)
{
    unsigned most = NET_LARGE_SLOTS - ahead;

    if (client->large_count >= most) {
        return 0;
    }
    do {
        collect(client);
    } while (client->large_count < most && !net_client_wait_slots(client));
    return client->large_count < most ? most - client->large_count : 0;
}

void net_client_release(struct net_client *client, uint16_t slot)
{
    put_back(client, slot);
}

void net_client_send(struct net_client *client, uint16_t slot, const struct net_frame *frame)
{
    struct net_frame *entry = net_ring_next(&client->sent, NET_FRAME_SHAPE);

    /* There are fewer slots than entries, so that the ring is full only behind a broken switch. */
    if (entry == NULL) {
        put_back(client, slot);
        return;
    }
    *entry = *frame;
    entry->slot = slot;
    entry->port = 0;
    entry->number = 0;
    entry->offset = frame->offset + slot_offset(slot);
    client->lent[slot] = true;
    net_ring_publish(&client->sent);
    client->sent_some = true;
}

bool net_client_receive(struct net_client *client, struct net_frame *frame, const uint8_t **payload)
{
    do {
        while (net_ring_take(&client->received, NET_FRAME_SHAPE, frame)) {
            ring_release(&client->received);
            if (frame->port < NET_MAX_PORTS && (client->readable >> frame->port & 1) != 0) {
                *payload = client->buffers + (size_t)frame->port * NET_BUFFER_BYTES + frame->offset;
                return true;
            }
        }
    } while (!ring_wait_data(&client->received));
    return false;
}

void net_client_return(struct net_client *client, const struct net_frame *frame)
{
    const struct net_return entry = {
        .number = frame->number,
        .slot = frame->slot,
        .port = frame->port,
    };

    /* It is full only when the switch does not take its own descriptors back: it is broken. */
    (void)net_ring_put(&client->returned, NET_RETURN_SHAPE, &entry);
    client->returned_some = true;
}

bool net_client_any(struct net_client *client)
{
    return net_ring_any(&client->received);
}

unsigned net_client_backlog(struct net_client *client)
{
    (void)ring_wait_data(&client->received);
    return ring_available(&client->received);
}

bool net_client_restarted(struct net_client *client)
{
    bool restarted;

    look_for_restart(client);
    restarted = client->restarted;
    client->restarted = false;
    return restarted;
}

void net_client_ask(struct net_client *client)
{
    client->asked = __atomic_load_n(&client->memory->counts.answered, __ATOMIC_RELAXED) + 1;
    client->asking = true;
    client->urgent = true;
    __atomic_store_n(&client->memory->asked, client->asked, __ATOMIC_RELAXED);
}

bool net_client_answer(struct net_client *client, struct net_port_stats *stats)
{
    if (!client->asking ||
        __atomic_load_n(&client->memory->counts.answered, __ATOMIC_ACQUIRE) != client->asked) {
        return false;
    }
    client->asking = false;
    *stats = client->memory->counts.stats;
    return true;
}

bool net_client_flush(struct net_client *client)
{
    bool due = client->urgent;

    client->urgent = false;
    if (client->sent_some) {
        client->sent_some = false;
        due = ring_signal_data(&client->sent) || due;
    }
    if (client->returned_some) {
        client->returned_some = false;
        due = ring_signal_data(&client->returned) || due;
    }
    return due;
}
