/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGGED 5U
/* Frames that a port that behaves has not returned yet. */
#define MAX_KEPT 24U
/* Guest memory: a pattern that is sent, then buffers. The sanitizer sees what is outside of it. */
#define BUFFERS 0x4000U
#define BUFFER_BYTES 512U
#define BUFFER_COUNT ((RAM_BYTES - BUFFERS) / BUFFER_BYTES)

/* A frame, and the life of its sender and the switch together when it came. */
struct kept {
    struct net_frame frame;
    const uint8_t *payload;
    unsigned life;
};

struct net_world net_world;

static uint8_t *ram[PORTS];
static uint8_t pattern[BUFFERS];
/* Buffers that are posted and not filled, of those that behave: from `first` on, in turns. */
static unsigned posted_first[PORTS];
static unsigned posted_count[PORTS];
static struct kept kept[PORTS][MAX_KEPT];
static unsigned kept_count[PORTS];
/* The number of the last frame that a port sent, and that another had of it. */
static uint16_t sent[PORTS];
static uint16_t seen[PORTS][PORTS];
static unsigned lives[PORTS];
static uint8_t *buffers;
void net_world_check(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}

uint8_t net_world_u8(struct net_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->data++;
}

uint16_t net_world_u16(struct net_input *input)
{
    uint16_t low = net_world_u8(input);

    return (uint16_t)(low | net_world_u8(input) << 8);
}

static bool behaves(unsigned port)
{
    return port != HOSTILE;
}

static uint32_t wishes_of(unsigned port)
{
    uint32_t merge = port == 1 && (net_world.shape & NO_MERGE) != 0 ? 0 : NET_WISH_MERGE;
    uint32_t offloads = port == 1 && (net_world.shape & OFFLOADS) != 0
                            ? NET_WISH_CSUM | NET_WISH_TCP4 | NET_WISH_ECN
                            : 0;

    return NET_WISH_UP | NET_WISH_POSTS | merge | offloads;
}

static uint64_t groups_of(unsigned port)
{
    return port == 1 ? UINT32_MAX : 0;
}

/* A port's own address, that of somebody behind one, or a group's. */
void net_world_address(uint8_t *to, uint8_t kind, uint8_t number)
{
    static const uint8_t starts[4][NET_MAC_BYTES] = {
        { 2, 0, 0, 0, 0, 0 },
        { 2, 0, 0, 0, 0, 1 },
        { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
        { 2, 1, 0, 0, 0, 0 },
    };

    memcpy(to, starts[kind % 4], NET_MAC_BYTES);
    if (kind % 4 == 2 && number != 0) {
        memcpy(to, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, number }, NET_MAC_BYTES);
    }
    to[5] |= kind % 4 == 3 ? number : 0;
}

static void open_client(unsigned i)
{
    const struct net_client_place place = { net_world.memories[i], buffers, (1U << PORTS) - 1, i };

    net_client_open(&net_world.clients[i], &place);
}

/* What a port posted is posted no more. */
static void take_back(unsigned i)
{
    net_switch_unpost(&net_world.network, i);
    (void)net_direct_unposted(&net_world.direct[i], true);
    posted_first[i] = 0;
    posted_count[i] = 0;
}

/* A port whose client is open begins, or begins anew. */
static void open_port(unsigned i)
{
    net_client_wish(&net_world.clients[i], wishes_of(i), groups_of(i));
    net_direct_open(&net_world.direct[i], &net_world.clients[i]);
    take_back(i);
    kept_count[i] = 0;
}

/* The switch begins, or begins anew. */
static void open_switch(void)
{
    net_switch_init(&net_world.network, NET_DEFAULT_AGE);
    for (unsigned i = 0; i < PORTS; i++) {
        bool limited = i == HOSTILE && (net_world.shape & HAS_RATE) != 0;
        const struct net_port_rules rules = {
            .mac = { 2, 0, 0, 0, 0, (uint8_t)i },
            .any_mac = i == UPLINK || (i == HOSTILE && (net_world.shape & ANY_MAC) != 0),
            .vlan = NET_DEFAULT_VLAN,
            .tagged = { i != HOSTILE || (net_world.shape & HAS_TAGGED) != 0 ? 1U << TAGGED : 0 },
            .to = i == HOSTILE ? 2 : UINT64_MAX,
            .rate = limited ? NET_WORLD_RATE : 0,
            .burst = limited ? NET_WORLD_BURST : 0,
            .guest = { RAM, RAM_BYTES, ram[i] },
        };

        net_switch_add(&net_world.network, &rules, net_world.memories[i]);
    }
    net_world.began = net_world.now;
}

void net_world_begin(uint8_t shape)
{
    net_world.shape = shape;
    if (buffers == NULL) {
        buffers = malloc((size_t)PORTS * NET_BUFFER_BYTES);
        for (unsigned i = 0; i < BUFFERS; i++) {
            pattern[i] = (uint8_t)(i * 7 + i / 256 + 1);
        }
        for (unsigned i = 0; i < PORTS; i++) {
            ram[i] = malloc(RAM_BYTES);
            memcpy(ram[i], pattern, BUFFERS);
        }
    }
    memset(net_world.memories, 0, sizeof(net_world.memories));
    net_world.now = 1;
    /* The switch comes last: there is nothing that it has to forget. */
    for (unsigned i = 0; i < PORTS; i++) {
        open_client(i);
    }
    open_switch();
    for (unsigned i = 0; i < PORTS; i++) {
        net_world_check(!net_client_restarted(&net_world.clients[i]),
                        "the first life is no restart");
        open_port(i);
    }
    memcpy(ram[HOSTILE], pattern, BUFFERS);
    memset(sent, 0, sizeof(sent));
    memset(seen, 0, sizeof(seen));
    net_world_serve();
}

void net_world_serve(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        for (unsigned round = 0;
             round < 64 && net_switch_serve(&net_world.network, i, net_world.now); round++) {
        }
    }
    (void)net_switch_notify(&net_world.network);
}

static uint8_t *buffer_at(unsigned port, unsigned number)
{
    return ram[port] + BUFFERS + (size_t)(number % BUFFER_COUNT) * BUFFER_BYTES;
}

/* A port that behaves posts a buffer, in two pieces or whole. */
void net_world_post(unsigned port, bool parts)
{
    unsigned number = posted_first[port] + posted_count[port];
    uint8_t *at = buffer_at(port, number);
    uint64_t address = RAM + (uint64_t)(at - ram[port]);
    const struct net_piece pieces[2] = {
        { address, parts ? 20 : BUFFER_BYTES, !parts },
        { address + 20, BUFFER_BYTES - 20, 1 },
    };

    if (posted_count[port] < BUFFER_COUNT &&
        net_direct_post(&net_world.direct[port], pieces, parts ? 2 : 1)) {
        memset(at, 0, BUFFER_BYTES);
        posted_count[port]++;
    }
}

/* Byte `at` of the buffers with a frame, from the first one's beginning on. */
static uint8_t landed_byte(unsigned port, uint32_t at)
{
    return buffer_at(port, posted_first[port] + at / BUFFER_BYTES)[at % BUFFER_BYTES];
}

/* A landed frame is in as many of the posted buffers as it needs, as it was sent. */
static void check_landed(unsigned port, const struct net_frame *frame)
{
    uint32_t head = NET_POST_HEADER + NET_ETHERNET_BYTES + (frame->vlan != 0 ? NET_TAG_BYTES : 0);
    uint32_t bytes = head + frame->bytes - NET_ETHERNET_BYTES;
    uint32_t wishes = wishes_of(port);

    net_world_check(net_direct_counts(&net_world.direct[port]),
                    "what was taken back is not filled");
    net_world_check(frame->slot == (bytes + BUFFER_BYTES - 1) / BUFFER_BYTES,
                    "the number of buffers");
    net_world_check(frame->slot <= posted_count[port], "buffers that were posted");
    net_world_check(frame->slot == 1 || (wishes & NET_WISH_MERGE) != 0,
                    "who merges has several buffers");
    net_world_check((frame->flags & NET_NEEDS_CSUM) == 0 || (wishes & NET_WISH_CSUM) != 0,
                    "a checksum");
    net_world_check(frame->gso_type == 0 ||
                        ((frame->gso_type & 0x7f) == NET_GSO_TCP4 && (wishes & NET_WISH_TCP4) != 0),
                    "segmentation that the guest does");
    for (uint32_t i = 0; i < frame->slot * BUFFER_BYTES; i++) {
        bool payload = i >= head && i < bytes;

        if (!payload) {
            net_world_check(landed_byte(port, i) == 0, "no byte is written around the payload");
        } else if (behaves(frame->port)) {
            net_world_check(landed_byte(port, i) == pattern[frame->gso_bytes + i - head],
                            "landed unchanged");
        }
    }
    posted_first[port] += frame->slot;
    posted_count[port] -= frame->slot;
}

/* What a port that behaves sends by the switch's copying, in pieces that follow each other. */
void net_world_land(unsigned port, struct net_input *input)
{
    uint8_t kind = net_world_u8(input);
    uint32_t bytes = 1U + net_world_u8(input) * ((kind & 0x10) != 0 ? 40U : 3U);
    uint32_t part = (kind & 0x20) != 0 ? bytes / 3 : 0;
    struct net_frame frame = {
        .bytes = NET_ETHERNET_BYTES + bytes,
        .vlan = (kind & 0x40) != 0 ? NET_VLAN_TAG | TAGGED : 0,
        /* Where it begins. */
        .gso_bytes = (uint16_t)(1 + kind),
    };
    struct net_piece *pieces;
    unsigned taken;

    if ((kind & 0x80) != 0) {
        frame.flags = NET_NEEDS_CSUM;
        frame.csum_start = NET_ETHERNET_BYTES;
        frame.gso_type = (kind & 8) != 0 ? NET_GSO_TCP4 | NET_GSO_ECN : NET_GSO_NONE;
    }
    net_world_address(frame.ethernet, kind, 0);
    net_world_address(frame.ethernet + NET_MAC_BYTES, 0, 0);
    frame.ethernet[11] = (uint8_t)port;
    frame.header_bytes = (uint16_t)(sent[port] + 1);
    if (net_direct_room(&net_world.direct[port], &pieces) == 0) {
        return;
    }
    pieces[0] = (struct net_piece){ RAM + frame.gso_bytes, part, 0 };
    pieces[1] = (struct net_piece){ RAM + frame.gso_bytes + part, bytes - part, 0 };
    net_direct_add(&net_world.direct[port], &frame, 2, 0);
    taken = net_switch_send(&net_world.network, port, 1, net_world.now);
    net_world_check(taken <= 1, "no more are taken than there are");
    sent[port] = (uint16_t)(sent[port] + taken);
    net_world.direct[port].frames = 0;
    net_world.direct[port].pieces = 0;
}

/* The payload of a frame in a slot: its number, again and again. */
static bool is_number(const uint8_t *payload, const struct net_frame *frame)
{
    for (uint32_t i = 0; i < frame->bytes - NET_ETHERNET_BYTES; i++) {
        if (payload[i] != (uint8_t)(frame->header_bytes >> 8 * (i & 1))) {
            return false;
        }
    }
    return true;
}

/* A port that behaves has read its oldest frame. */
static void give_back(unsigned port)
{
    struct kept oldest = kept[port][0];

    if (behaves(oldest.frame.port) && oldest.life == lives[oldest.frame.port]) {
        net_world_check(net_world.clients[oldest.frame.port].lent[oldest.frame.slot],
                        "a slot that is read is lent");
        net_world_check(is_number(oldest.payload, &oldest.frame), "nobody writes what is read");
    }
    net_client_return(&net_world.clients[port], &oldest.frame);
    kept_count[port]--;
    memmove(kept[port], kept[port] + 1, kept_count[port] * sizeof(kept[port][0]));
}

static void check_received(unsigned port, const struct net_frame *frame)
{
    static const uint8_t own[NET_MAC_BYTES] = { 2, 0, 0, 0, 0, HOSTILE };
    uint16_t vlan = frame->vlan & (NET_VLAN_TAG | NET_VLAN_MASK);
    bool group = (frame->ethernet[0] & 1) != 0;
    bool all = group && frame->ethernet[0] == 0xff;

    net_world_check(frame->bytes >= NET_ETHERNET_BYTES && frame->bytes <= NET_MAX_FRAME,
                    "a length");
    net_world_check(frame->offset <= NET_BUFFER_BYTES &&
                        frame->bytes - NET_ETHERNET_BYTES <= NET_BUFFER_BYTES - frame->offset,
                    "a payload inside of the buffers");
    net_world_check(frame->port < PORTS && frame->port != port, "another's");
    net_world_check((frame->flags & ~(NET_NEEDS_CSUM | NET_DATA_VALID | NET_LANDED)) == 0, "flags");
    net_world_check((frame->flags & NET_NEEDS_CSUM) == 0 ||
                        (frame->csum_start >= NET_ETHERNET_BYTES &&
                         (uint32_t)frame->csum_start + frame->csum_offset + 2U <= frame->bytes),
                    "a checksum inside of the frame");
    net_world_check(frame->gso_type == NET_GSO_NONE || frame->gso_bytes != 0,
                    "segments have a size");
    net_world_check(vlan == 0 || vlan == (NET_VLAN_TAG | TAGGED), "a VLAN of the port");
    net_world_check(!group || all || (groups_of(port) >> net_hash(frame->ethernet) & 1) != 0,
                    "a group that the port wants");
    net_world_check(group || port == UPLINK || frame->ethernet[5] == port, "its own address");
    if (frame->port == HOSTILE) {
        net_world_check(port == 1 && (vlan == 0 || (net_world.shape & HAS_TAGGED) != 0),
                        "the rules of the sender");
        net_world_check((net_world.shape & ANY_MAC) != 0 ||
                            memcmp(frame->ethernet + NET_MAC_BYTES, own, sizeof(own)) == 0,
                        "the address of the sender");
    } else {
        net_world_check((int16_t)(frame->header_bytes - seen[frame->port][port]) > 0,
                        "in order, once");
        seen[frame->port][port] = frame->header_bytes;
    }
}

/* A port that behaves has got something. */
void net_world_receive(unsigned port, bool keep)
{
    struct net_frame frame;
    const uint8_t *payload;

    while (net_client_receive(&net_world.clients[port], &frame, &payload)) {
        check_received(port, &frame);
        if ((frame.flags & NET_LANDED) != 0) {
            check_landed(port, &frame);
            continue;
        }
        net_world_check(frame.slot < NET_SLOTS, "a slot");
        kept[port][kept_count[port]++] = (struct kept){ frame, payload, lives[frame.port] };
        if (kept_count[port] == MAX_KEPT) {
            give_back(port);
        }
    }
    while (!keep && kept_count[port] != 0) {
        give_back(port);
    }
}

/* One that behaves sends. */
void net_world_send(unsigned port, struct net_input *input)
{
    uint8_t kind = net_world_u8(input);
    uint8_t number = net_world_u8(input);
    uint32_t bytes = (kind & 8) != 0 ? 2500 : 46;
    struct net_frame frame = {
        .bytes = NET_ETHERNET_BYTES + bytes,
        .vlan = (kind & 0x10) != 0 ? 0x6000U | NET_VLAN_TAG | TAGGED : 0,
    };
    uint16_t slot;
    uint8_t *at;

    for (unsigned left = 1U + ((kind & 0x40) != 0 ? number % 64 : 0); left != 0; left--) {
        if (!net_client_reserve(&net_world.clients[port], bytes, &slot, &at)) {
            return;
        }
        net_world_address(frame.ethernet, kind, number);
        net_world_address(frame.ethernet + NET_MAC_BYTES, port == UPLINK ? 3 : 0, number);
        frame.ethernet[11] = port == UPLINK ? number : (uint8_t)port;
        frame.header_bytes = ++sent[port];
        for (uint32_t i = 0; i < bytes; i++) {
            at[i] = (uint8_t)(frame.header_bytes >> 8 * (i & 1));
        }
        net_client_send(&net_world.clients[port], slot, &frame);
    }
}

/* Nothing is under way, and those that behave have read all, or all but what they keep. */
static void drain(bool keep)
{
    for (unsigned i = 0; i < 2; i++) {
        net_world_serve();
        for (unsigned port = 0; port < PORTS; port++) {
            if (behaves(port)) {
                net_world_receive(port, keep);
            }
        }
    }
    net_world_serve();
}

void net_world_restart(unsigned which)
{
    drain(true);
    if (which == HOSTILE) {
        open_client(HOSTILE);
        open_port(HOSTILE);
    } else if (which < PORTS) {
        open_client(which);
        open_port(which);
        lives[which]++;
        (void)net_switch_serve(&net_world.network, which, net_world.now);
    } else {
        open_switch();
        for (unsigned i = 0; i < PORTS; i++) {
            net_world_check(net_client_restarted(&net_world.clients[i]),
                            "a switch that began anew is noticed");
            take_back(i);
            lives[i]++;
        }
    }
}

/* With the hostile port silent and gone, all that the others lent comes back. */
void net_world_end(void)
{
    struct net_port_stats stats;

    net_world_check_state();
    net_client_wish(&net_world.clients[HOSTILE], 0, 0);
    drain(false);
    net_world_restart(HOSTILE);
    for (unsigned i = 0; i < PORTS; i++) {
        if (behaves(i)) {
            (void)net_client_wait_slots(&net_world.clients[i]);
            net_client_ask(&net_world.clients[i]);
        }
    }
    net_world_serve();
    for (unsigned i = 0; i < PORTS; i++) {
        if (behaves(i)) {
            net_client_keep_large(&net_world.clients[i], NET_LARGE_SLOTS + 1);
            net_world_check(net_world.clients[i].small_count + net_world.clients[i].large_count ==
                                NET_CLIENT_SLOTS,
                            "all slots come back");
            net_world_check(memcmp(ram[i], pattern, BUFFERS) == 0,
                            "nothing is written but what is posted");
            net_world_check(net_client_answer(&net_world.clients[i], &stats), "counts are shown");
            net_world_check(stats.wrong_source == 0 && stats.wrong_vlan == 0 && stats.limited == 0,
                            "what is sound is taken");
        }
    }
}
