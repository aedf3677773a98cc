/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch of three ports between a port that writes whatever the input says into the memory that
 * it shares, and two that behave. What the others get is sound and from whom it says, rules and
 * VLANs hold, and no slot of theirs is lost.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/client.h"
#include "io/net/switch.h"

#define PORTS 3U
/* The hostile one; its rules let it send to port 1 alone. */
#define HOSTILE 2U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net_switch network;
static struct net_client clients[PORTS];
static _Alignas(64) uint8_t memories[PORTS][NET_PORT_BYTES];
static uint8_t *buffers;
static uint64_t now;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void begin(void)
{
    if (buffers == NULL) {
        buffers = malloc((size_t)PORTS * NET_BUFFER_BYTES);
    }
    memset(memories, 0, sizeof(memories));
    net_switch_init(&network, NET_DEFAULT_AGE);
    for (unsigned i = 0; i < PORTS; i++) {
        const struct net_port_rules rules = {
            .mac = { 2, 0, 0, 0, 0, (uint8_t)i },
            .vlan = NET_DEFAULT_VLAN,
            .tagged = { i == HOSTILE ? 0 : 1U << 5 },
            .to = i == HOSTILE ? 2 : UINT64_MAX,
        };
        const struct net_client_place place = {
            .memory = memories[i],
            .buffers = buffers,
            .readable = 7,
            .port = i,
        };

        net_switch_add(&network, &rules, memories[i]);
        net_client_open(&clients[i], &place);
        net_client_wish(&clients[i], NET_WISH_UP, 0);
    }
    now = 1;
}

static void serve(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        for (unsigned round = 0; round < 64 && net_switch_serve(&network, i, now); round++) {
        }
    }
    (void)net_switch_notify(&network);
}

/* Everything that a port that behaves has got. */
static void receive(unsigned port)
{
    struct net_frame frame;
    const uint8_t *payload;

    while (net_client_receive(&clients[port], &frame, &payload)) {
        check(frame.bytes >= NET_ETHERNET_BYTES && frame.bytes <= NET_MAX_FRAME);
        check(frame.offset <= NET_BUFFER_BYTES &&
              frame.bytes - NET_ETHERNET_BYTES <= NET_BUFFER_BYTES - frame.offset);
        check(frame.slot < NET_SLOTS && frame.port < PORTS && frame.port != port);
        check((frame.flags & NET_NEEDS_CSUM) == 0 ||
              (uint32_t)frame.csum_start + frame.csum_offset + 2U <= frame.bytes);
        if (frame.port == HOSTILE) {
            static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, HOSTILE };

            check(port == 1 && frame.vlan == 0);
            check(memcmp(frame.ethernet + NET_MAC_BYTES, own, sizeof(own)) == 0);
        }
        net_client_return(&clients[port], &frame);
    }
}

/* One of the two that behave sends to the other, or to all. */
static void send(unsigned port, bool all)
{
    struct net_frame frame = { .offset = NET_ETHERNET_BYTES, .bytes = 60 };
    uint16_t slot;
    uint8_t *at;

    if (net_client_reserve(&clients[port], 60, &slot, &at)) {
        memset(frame.ethernet, all ? 0xff : 0, NET_MAC_BYTES);
        if (!all) {
            frame.ethernet[0] = 2;
            frame.ethernet[5] = (uint8_t)(1 - port);
        }
        frame.ethernet[6] = 2;
        frame.ethernet[11] = (uint8_t)port;
        net_client_send(&clients[port], slot, &frame);
    }
}

/* The hostile port stores bytes into its memory: at the rings' words most often. */
static size_t scribble(const uint8_t *data, size_t size)
{
    static const size_t places[] = {
        offsetof(struct net_port_memory, wishes),
        offsetof(struct net_port_memory, sent),
        offsetof(struct net_port_memory, sent) + NET_RING_HEADER,
        offsetof(struct net_port_memory, done) + offsetof(struct net_ring_memory, consumed),
        offsetof(struct net_port_memory, received) + offsetof(struct net_ring_memory, consumed),
        offsetof(struct net_port_memory, returned),
        offsetof(struct net_port_memory, returned) + NET_RING_HEADER,
    };
    size_t bytes = data[2] % 96;

    if (bytes > size - 3) {
        bytes = size - 3;
    }
    memcpy(memories[HOSTILE] + places[data[0] % (sizeof(places) / sizeof(places[0]))] +
               (size_t)8 * data[1],
           data + 3, bytes);
    return 3 + bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    while (size > 4) {
        uint8_t step = data[0];
        size_t used = 1;

        if (step < 128) {
            used += scribble(data + 1, size - 1);
        } else if (step < 160) {
            send(step & 1, (step & 2) != 0);
        } else if (step < 192) {
            receive(step & 1);
        } else if (step < 200) {
            now += (uint64_t)step << 30;
        } else {
            serve();
        }
        data += used;
        size -= used;
    }
    /* With the hostile port silent and gone, all that the others lent comes back. */
    net_client_wish(&clients[HOSTILE], 0, 0);
    for (unsigned i = 0; i < 3; i++) {
        serve();
        receive(0);
        receive(1);
    }
    const struct net_client_place place = { memories[HOSTILE], buffers, 7, HOSTILE };
    net_client_open(&clients[HOSTILE], &place);
    serve();
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
            check(network.ports[i].slots[slot].holders == 0);
        }
    }
    return 0;
}
