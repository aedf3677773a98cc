/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "direct_rig.h"
#include "tests/unit/net_rig.h"

struct direct_rig direct_rig;
static void *memories[DIRECT_RIG_PORTS];

void direct_rig_wish(unsigned port, uint32_t more)
{
    net_client_wish(&direct_rig.clients[port], NET_WISH_UP | NET_WISH_POSTS | more, 0);
    (void)net_switch_serve(&direct_rig.network, port, direct_rig.now);
}

static void open_port(unsigned port)
{
    net_rig_open(&direct_rig.clients[port], memories[port], direct_rig.buffers, DIRECT_RIG_PORTS,
                 port);
    net_direct_open(&direct_rig.direct[port], &direct_rig.clients[port]);
    net_switch_unpost(&direct_rig.network, port);
    assert_int_equal(net_direct_unposted(&direct_rig.direct[port], true), 0);
    direct_rig_wish(port, NET_WISH_MERGE | NET_WISH_CSUM | NET_WISH_TCP4);
}

void direct_rig_add_port(unsigned port)
{
    struct net_port_rules rules = {
        .vlan = NET_DEFAULT_VLAN,
        .to = UINT64_MAX,
        .guest = { DIRECT_RIG_RAM, DIRECT_RIG_RAM_BYTES, direct_rig.ram[port] },
    };

    net_rig_mac(port, rules.mac);
    if (port == 2) {
        rules.tagged[0] = 1U << 5;
    } else if (port == 3) {
        rules.vlan = 5;
        rules.rate = 1000;
        rules.burst = 1000;
    }
    net_switch_add(&direct_rig.network, &rules, memories[port]);
}

int direct_rig_setup(void **state)
{
    (void)state;
    direct_rig.now = DIRECT_RIG_SECOND;
    direct_rig.buffers = calloc(DIRECT_RIG_PORTS, NET_BUFFER_BYTES);
    net_switch_init(&direct_rig.network, 300 * DIRECT_RIG_SECOND);
    for (unsigned i = 0; i < DIRECT_RIG_PORTS; i++) {
        memories[i] = net_rig_memory();
        /* With redzones of the allocation's own around it. */
        direct_rig.ram[i] = calloc(1, DIRECT_RIG_RAM_BYTES);
        direct_rig_add_port(i);
    }
    for (unsigned i = 0; i < DIRECT_RIG_PORTS; i++) {
        open_port(i);
    }
    (void)net_switch_notify(&direct_rig.network);
    return 0;
}

int direct_rig_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DIRECT_RIG_PORTS; i++) {
        free(memories[i]);
        free(direct_rig.ram[i]);
    }
    free(direct_rig.buffers);
    return 0;
}

void direct_rig_post(unsigned port, unsigned number, unsigned count, uint32_t bytes)
{
    for (unsigned i = number; i < number + count; i++) {
        const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_BUFFERS + (uint64_t)i * bytes,
                                         bytes, 1 };

        assert_true(net_direct_post(&direct_rig.direct[port], &piece, 1));
    }
}

struct net_frame direct_rig_frame(unsigned from, unsigned to, uint32_t payload)
{
    struct net_frame frame = { .bytes = NET_ETHERNET_BYTES + payload };

    net_rig_mac(to, frame.ethernet);
    net_rig_mac(from, frame.ethernet + NET_MAC_BYTES);
    frame.ethernet[12] = 8;
    return frame;
}

void direct_rig_large(struct net_frame *frame, uint8_t gso_type)
{
    frame->flags = NET_NEEDS_CSUM;
    frame->csum_start = 34;
    frame->csum_offset = 16;
    frame->gso_type = gso_type;
    frame->gso_bytes = 1448;
}

void direct_rig_add(unsigned from, const struct net_frame *frame, const struct net_piece *pieces,
                    unsigned count)
{
    struct net_piece *room;
    uint16_t slot;
    uint8_t *at;

    assert_true(net_client_reserve(&direct_rig.clients[from], frame->bytes, &slot, &at));
    assert_true(net_direct_room(&direct_rig.direct[from], &room) >= count);
    memcpy(room, pieces, count * sizeof(*pieces));
    net_direct_add(&direct_rig.direct[from], frame, count, slot);
}

unsigned direct_rig_send(unsigned from)
{
    unsigned frames = direct_rig.direct[from].frames;
    unsigned taken = net_switch_send(&direct_rig.network, from, frames, direct_rig.now);

    for (unsigned i = 0; i < frames; i++) {
        net_client_release(&direct_rig.clients[from], direct_rig.direct[from].slots[i]);
    }
    direct_rig.direct[from].frames = 0;
    direct_rig.direct[from].pieces = 0;
    return taken;
}

unsigned direct_rig_send_to(unsigned from, unsigned to, uint32_t payload)
{
    const struct net_frame frame = direct_rig_frame(from, to, payload);
    const struct net_piece piece = { DIRECT_RIG_RAM + DIRECT_RIG_SOURCE, payload, 0 };

    direct_rig_add(from, &frame, &piece, 1);
    return direct_rig_send(from);
}

void direct_rig_fill(unsigned port, uint32_t at, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        direct_rig.ram[port][at + i] = (uint8_t)(i * 7 + i / 251 + 1);
    }
}

struct net_frame direct_rig_landed(unsigned port, unsigned count)
{
    struct net_frame frame;
    const uint8_t *payload;

    assert_true(net_client_receive(&direct_rig.clients[port], &frame, &payload));
    assert_true((frame.flags & NET_LANDED) != 0);
    assert_true(net_direct_counts(&direct_rig.direct[port]));
    assert_int_equal(frame.slot, count);
    return frame;
}

bool direct_rig_idle(unsigned port)
{
    return !net_client_any(&direct_rig.clients[port]);
}

bool direct_rig_is_zero(const uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}
