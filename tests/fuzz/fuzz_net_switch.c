/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch of three ports between a port that writes whatever the input says into the memory that
 * it shares, and two that behave. What the others get is sound and from whom it says, rules and
 * VLANs hold, and no slot of theirs is lost. The switch has the memory of all three's guests, and
 * copies between them; it writes where those that behave posted buffers, and nowhere else.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/net/direct.h"
#include "io/net/switch.h"

#define PORTS 3U
/* The hostile one; its rules let it send to port 1 alone. */
#define HOSTILE 2U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net_switch network;
static struct net_client clients[PORTS];
static struct net_direct direct[PORTS];
/* Guest memory: what is sent, then buffers. The sanitizer sees what is outside of it. */
#define RAM 0x40000000U
#define RAM_BYTES 0x8000U
#define BUFFERS 0x4000U
#define BUFFER_BYTES 512U
static uint8_t *ram[PORTS];
/* Buffers that are posted and not filled, of those that behave: from `first` on, in turns. */
static unsigned posted_first[PORTS];
static unsigned posted_count[PORTS];
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
        for (unsigned i = 0; i < PORTS; i++) {
            ram[i] = malloc(RAM_BYTES);
        }
    }
    memset(memories, 0, sizeof(memories));
    net_switch_init(&network, NET_DEFAULT_AGE);
    for (unsigned i = 0; i < PORTS; i++) {
        const struct net_port_rules rules = {
            .mac = { 2, 0, 0, 0, 0, (uint8_t)i },
            .vlan = NET_DEFAULT_VLAN,
            .tagged = { i == HOSTILE ? 0 : 1U << 5 },
            .to = i == HOSTILE ? 2 : UINT64_MAX,
            .guest = { RAM, RAM_BYTES, ram[i] },
        };
        const struct net_client_place place = {
            .memory = memories[i],
            .buffers = buffers,
            .readable = 7,
            .port = i,
        };

        net_switch_add(&network, &rules, memories[i]);
        net_client_open(&clients[i], &place);
        net_client_wish(&clients[i], NET_WISH_UP | NET_WISH_POSTS | NET_WISH_MERGE, 0);
        net_direct_open(&direct[i], &clients[i]);
        net_switch_unpost(&network, i);
        memset(ram[i], 0, RAM_BYTES);
        posted_first[i] = 0;
        posted_count[i] = 0;
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

static uint8_t *buffer_at(unsigned port, unsigned number)
{
    return ram[port] + BUFFERS +
           (size_t)(number % ((RAM_BYTES - BUFFERS) / BUFFER_BYTES)) * BUFFER_BYTES;
}

/* A port that behaves posts a buffer. */
static void post(unsigned port)
{
    unsigned number = posted_first[port] + posted_count[port];
    uint8_t *at = buffer_at(port, number);
    const struct net_piece piece = { RAM + (uint64_t)(at - ram[port]), BUFFER_BYTES, 1 };

    if (posted_count[port] < (RAM_BYTES - BUFFERS) / BUFFER_BYTES &&
        net_direct_post(&direct[port], &piece, 1)) {
        memset(at, 0, BUFFER_BYTES);
        posted_count[port]++;
    }
}

/* A landed frame is in as many of the posted buffers as it says and needs. */
static void check_landed(unsigned port, const struct net_frame *frame)
{
    uint32_t head = NET_POST_HEADER + NET_ETHERNET_BYTES + (frame->vlan != 0 ? NET_TAG_BYTES : 0);
    uint32_t bytes = head + frame->bytes - NET_ETHERNET_BYTES;

    check(net_direct_counts(&direct[port]));
    check(frame->slot == (bytes + BUFFER_BYTES - 1) / BUFFER_BYTES);
    check(frame->slot <= posted_count[port]);
    for (uint32_t i = 0; i < head; i++) {
        check(buffer_at(port, posted_first[port])[i] == 0);
    }
    posted_first[port] += frame->slot;
    posted_count[port] -= frame->slot;
}

/* What a port that behaves sends by the switch's copying. */
static void land(unsigned port, uint32_t bytes)
{
    struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + bytes };
    struct net_piece *pieces;

    frame.ethernet[0] = 2;
    frame.ethernet[5] = (uint8_t)(1 - port);
    frame.ethernet[6] = 2;
    frame.ethernet[11] = (uint8_t)port;
    if (net_direct_room(&direct[port], &pieces) > 0) {
        pieces[0] = (struct net_piece){ RAM, bytes, 0 };
        net_direct_add(&direct[port], &frame, 1, 0);
        (void)net_switch_send(&network, port, 1, now);
        direct[port].frames = 0;
        direct[port].pieces = 0;
    }
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
        check(frame.port < PORTS && frame.port != port);
        check((frame.flags & NET_NEEDS_CSUM) == 0 ||
              (uint32_t)frame.csum_start + frame.csum_offset + 2U <= frame.bytes);
        if (frame.port == HOSTILE) {
            static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, HOSTILE };

            check(port == 1 && frame.vlan == 0);
            check(memcmp(frame.ethernet + NET_MAC_BYTES, own, sizeof(own)) == 0);
        }
        if ((frame.flags & NET_LANDED) != 0) {
            check_landed(port, &frame);
            continue;
        }
        check(frame.slot < NET_SLOTS);
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
        } else if (step < 212) {
            (void)net_switch_send(&network, HOSTILE, step == 211 ? UINT64_MAX : step - 199U, now);
        } else if (step < 216) {
            net_switch_unpost(&network, HOSTILE);
        } else if (step < 228) {
            post(step & 1);
        } else if (step < 240) {
            land(step & 1, (step & 6) * 200U + 1);
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
    /* Who waits for slots gets what is back. */
    for (unsigned i = 0; i < 2; i++) {
        (void)net_client_wait_slots(&clients[i]);
    }
    serve();
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
            check(network.ports[i].slots[slot].holders == 0);
        }
        check(network.ports[i].out[0] == 0 && network.ports[i].out[1] == 0);
        for (unsigned from = 0; from < PORTS; from++) {
            check(network.ports[i].held[from][0] == 0 && network.ports[i].held[from][1] == 0);
        }
    }
    return 0;
}
