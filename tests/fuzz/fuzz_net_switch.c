/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch of four ports (net_world.h), one of which writes whatever the input says into the memory
 * that it shares, or does something that makes nearly sense. What the others get must be right.
 */
#include <string.h>

#include "net_world.h"

#define MAX_STEPS 256U
/* What takes long is done a few times: a flood more often than fills a share of the table. */
#define MAX_FLOODS 3U
#define MAX_RESTARTS 4U

struct budget {
    unsigned floods;
    unsigned restarts;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The hostile port stores bytes into its memory: at the rings' words most often. */
static void scribble(struct net_input *input)
{
    static const size_t places[] = {
        offsetof(struct net_port_memory, wishes),
        offsetof(struct net_port_memory, sent),
        offsetof(struct net_port_memory, sent) + RING_HEADER,
        offsetof(struct net_port_memory, done) + offsetof(struct ring_memory, consumed),
        offsetof(struct net_port_memory, received) + offsetof(struct ring_memory, consumed),
        offsetof(struct net_port_memory, returned),
        offsetof(struct net_port_memory, returned) + RING_HEADER,
        offsetof(struct net_port_memory, posted),
        offsetof(struct net_port_memory, posted) + RING_HEADER,
        offsetof(struct net_port_memory, batch),
        offsetof(struct net_port_memory, batch) + offsetof(struct net_batch, pieces),
    };
    uint8_t *at = net_world.memories[HOSTILE] +
                  places[net_world_u8(input) % (sizeof(places) / sizeof(places[0]))];
    unsigned bytes;

    at += (size_t)8 * net_world_u8(input);
    for (bytes = net_world_u8(input) % 96; bytes != 0; bytes--) {
        *at++ = net_world_u8(input);
    }
}

/* A frame of the hostile port, most of which makes sense. */
static struct net_frame invent(struct net_input *input)
{
    uint8_t kind = net_world_u8(input);
    struct net_frame frame = { .slot =
                                   (uint16_t)(net_world_u8(input) * ((kind & 4) != 0 ? 3U : 1U)) };

    frame.bytes = NET_ETHERNET_BYTES + net_world_u8(input) * ((kind & 8) != 0 ? 300U : 4U);
    frame.offset = (kind & 0x10) != 0 ? NET_BUFFER_BYTES - net_world_u8(input) * 4U : 0;
    frame.vlan = (kind & 0x20) != 0 ? (uint16_t)(NET_VLAN_TAG | net_world_u8(input)) : 0;
    net_world_address(frame.ethernet, kind, 0);
    net_world_address(frame.ethernet + NET_MAC_BYTES, 0, 0);
    frame.ethernet[11] = HOSTILE;
    if ((kind & 0x40) != 0) {
        frame.flags = net_world_u8(input);
        frame.gso_type = net_world_u8(input);
        frame.gso_bytes = net_world_u8(input);
        frame.csum_start = net_world_u16(input);
        frame.csum_offset = net_world_u8(input);
    }
    if ((kind & 0x80) != 0) {
        net_world_address(frame.ethernet + NET_MAC_BYTES, 3, net_world_u8(input));
        frame.ethernet[13] = net_world_u8(input);
    }
    return frame;
}

static void hostile_sends(struct net_input *input)
{
    const struct net_frame frame = invent(input);

    (void)net_ring_put(&net_world.clients[HOSTILE].sent, NET_FRAME_SHAPE, &frame);
}

/* The hostile port shows many addresses. */
static void flood(struct net_input *input)
{
    struct net_frame frame = { .bytes = 60 };
    unsigned count = net_world_u8(input) * 2U;
    uint8_t group = net_world_u8(input);

    net_world_address(frame.ethernet, 1, 0);
    for (unsigned i = 0; i < count; i++) {
        net_world_address(frame.ethernet + NET_MAC_BYTES, 3, (uint8_t)i);
        frame.ethernet[9] = group;
        frame.ethernet[10] = (uint8_t)(i >> 8);
        frame.slot = (uint16_t)(i % NET_SLOTS);
        (void)net_ring_put(&net_world.clients[HOSTILE].sent, NET_FRAME_SHAPE, &frame);
        if (i % 64 == 63) {
            net_world_serve();
            net_world_receive(1, false);
        }
    }
    net_world_serve();
}

/* The hostile port returns a frame, once or twice, or one that it does not have. */
static void hostile_returns(struct net_input *input)
{
    uint8_t kind = net_world_u8(input);
    struct net_frame frame = { .port = (uint16_t)(kind >> 5) };
    struct net_return entry;

    if ((kind & 1) == 0) {
        (void)net_ring_take(&net_world.clients[HOSTILE].received, NET_FRAME_SHAPE, &frame);
        ring_release(&net_world.clients[HOSTILE].received);
    }
    entry = (struct net_return){ frame.number, frame.slot, frame.port };
    entry.number += (kind & 2) != 0 ? net_world_u8(input) : 0U;
    entry.slot = (kind & 4) != 0 ? (uint16_t)(net_world_u8(input) * 3U) : entry.slot;
    for (unsigned i = 0; i < 1U + (kind >> 3 & 1); i++) {
        (void)net_ring_put(&net_world.clients[HOSTILE].returned, NET_RETURN_SHAPE, &entry);
    }
}

/* A piece of the hostile port's guest memory, or one that ends, or lies, outside of it. */
static struct net_piece invent_piece(struct net_input *input)
{
    uint16_t at = net_world_u16(input);
    uint32_t address = RAM + (at >> 14 == 2 ? RAM_BYTES - at % 0x400U : at);

    return (struct net_piece){ address, net_world_u8(input) * 8U, net_world_u8(input) & 1 };
}

static void hostile_lands(struct net_input *input)
{
    struct net_batch *batch =
        &((struct net_port_memory *)(void *)net_world.memories[HOSTILE])->batch;
    unsigned first = 0;
    uint8_t kind = net_world_u8(input);

    for (unsigned i = 0; i < 1U + kind % 4; i++) {
        struct net_frame frame = invent(input);
        uint32_t bytes = NET_ETHERNET_BYTES;

        frame.slot = (kind & 0x80) != 0 ? frame.slot : frame.slot % 4;
        for (unsigned n = 0; n < frame.slot && n < 4; n++) {
            struct net_piece piece = invent_piece(input);

            bytes += piece.bytes;
            batch->pieces[(first + n) % NET_BATCH_PIECES] = piece;
        }
        /* As long as its pieces, or not. */
        if ((kind & 0x40) == 0) {
            frame.bytes = bytes >> (kind >> 4 & 1);
        }
        batch->frames[i] = frame;
        first += frame.slot;
    }
    (void)net_switch_send(&net_world.network, HOSTILE,
                          (kind & 0x20) != 0 ? UINT64_MAX : 1U + kind % 4, net_world.now);
}

static void step(struct net_input *input, struct budget *budget)
{
    static const unsigned behaving[] = { 0, 1, UPLINK };
    uint8_t what = net_world_u8(input);
    unsigned port = behaving[what % 3];

    if (what < 48) {
        scribble(input);
    } else if (what < 80) {
        hostile_sends(input);
    } else if (what < 96) {
        hostile_returns(input);
    } else if (what < 112) {
        const struct net_piece piece = invent_piece(input);

        (void)net_direct_post(&net_world.direct[HOSTILE], &piece, 1);
    } else if (what < 128) {
        hostile_lands(input);
    } else if (what < 156) {
        net_world_send(port, input);
    } else if (what < 160 && budget->floods++ < MAX_FLOODS) {
        flood(input);
    } else if (what < 184) {
        net_world_receive(port, (what & 8) != 0);
    } else if (what < 192 && budget->restarts++ < MAX_RESTARTS) {
        net_world_restart(what % 8);
    } else if (what < 200) {
        net_world.now += (uint64_t)(what % 8U + 1U) << (what % 2 != 0 ? 34 : 20);
    } else if (what < 204) {
        net_switch_unpost(&net_world.network, HOSTILE);
    } else if (what < 220) {
        net_world_post(port, (what & 4) != 0);
    } else if (what < 236) {
        net_world_land(port, input);
    } else {
        net_world_serve();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_input input = { data, size };
    struct budget budget = { 0, 0 };

    net_world_begin(net_world_u8(&input));
    for (unsigned i = 0; i < MAX_STEPS && input.left != 0; i++) {
        step(&input, &budget);
    }
    net_world_end();
    return 0;
}
