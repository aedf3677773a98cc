/* SPDX-License-Identifier: BSD-2-Clause */
/* What the switch thinks of a frame: whether its port may send it, and to whom. */
#include "switch_internal.h"

#include <string.h>

#define NS_A_SECOND 1000000000ULL
#define NS_A_MICROSECOND 1000ULL
#define MICROSECONDS 1000000ULL
#define ETHERTYPE_VLAN 0x8100U
#define ETHERTYPE_SERVICE_VLAN 0x88a8U

static const uint8_t broadcast[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static bool has_tag(const struct net_port *port, uint16_t vlan)
{
    return (port->rules.tagged[vlan / 64] >> (vlan % 64) & 1) != 0;
}

static bool is_in(const struct net_port *port, uint16_t vlan)
{
    return port->rules.vlan == vlan || has_tag(port, vlan);
}

/* Whether the descriptor itself makes sense. */
static bool is_sound(const struct net_frame *frame)
{
    uint32_t payload = frame->bytes - NET_ETHERNET_BYTES;
    uint8_t kind = frame->gso_type & (uint8_t)~NET_GSO_ECN;

    if (frame->bytes < NET_ETHERNET_BYTES || frame->bytes > NET_MAX_FRAME ||
        frame->offset > NET_BUFFER_BYTES || payload > NET_BUFFER_BYTES - frame->offset) {
        return false;
    }
    /* Nobody fills it into an Ethernet header, which was checked. */
    if ((frame->flags & NET_NEEDS_CSUM) != 0 &&
        (frame->csum_start < NET_ETHERNET_BYTES ||
         (uint32_t)frame->csum_start + frame->csum_offset + 2U > frame->bytes)) {
        return false;
    }
    if (frame->gso_type == NET_GSO_NONE) {
        return true;
    }
    return (kind == NET_GSO_TCP4 || kind == NET_GSO_TCP6) && frame->gso_bytes != 0 &&
           (frame->flags & NET_NEEDS_CSUM) != 0;
}

/* The VLAN of a frame, or 0 when the port is not in it. */
static uint16_t vlan_of(const struct net_port *port, const struct net_frame *frame)
{
    uint16_t type = (uint16_t)(frame->ethernet[12] << 8 | frame->ethernet[13]);
    uint16_t vlan = frame->vlan & NET_VLAN_MASK;

    /* A tag that is in the bytes could be another's on its way out. */
    if (type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_VLAN) {
        return 0;
    }
    /* Number 0 says that there is a priority, and no VLAN. */
    if ((frame->vlan & NET_VLAN_TAG) == 0 || vlan == 0) {
        return port->rules.vlan;
    }
    return has_tag(port, vlan) ? vlan : 0;
}

/* Whether the port's rate allows a frame now. */
static bool within_rate(struct net_port *port, uint32_t bytes, uint64_t now)
{
    if (port->rules.rate == 0) {
        return true;
    }
    uint64_t idle = now - port->filled;
    if (idle > NS_A_SECOND) {
        idle = NS_A_SECOND;
        port->filled = now - idle;
    }
    /* A rate is at most 2^40, so that this does not overflow. Nothing is rounded off, however
     * often somebody tries. */
    uint64_t parts = port->rules.rate * (idle / NS_A_MICROSECOND) + port->parts;

    port->filled += idle / NS_A_MICROSECOND * NS_A_MICROSECOND;
    port->parts = parts % MICROSECONDS;
    port->tokens += parts / MICROSECONDS;
    if (port->tokens > port->rules.burst) {
        port->tokens = port->rules.burst;
    }
    if (port->tokens < bytes) {
        return false;
    }
    port->tokens -= bytes;
    return true;
}

/* Whether a port that is up wants a frame to this group of addresses. */
static bool wants(const struct net_port *port, const uint8_t *to)
{
    uint32_t flags = port->wishes.flags;

    if ((flags & NET_WISH_PROMISCUOUS) != 0) {
        return true;
    }
    if (memcmp(to, broadcast, sizeof(broadcast)) == 0) {
        return (flags & NET_WISH_NO_BROADCAST) == 0;
    }
    return (flags & NET_WISH_NO_MULTICAST) == 0 &&
           ((flags & NET_WISH_ALL_MULTICAST) != 0 ||
            (port->wishes.multicast >> net_hash(to) & 1) != 0);
}

/* The port that has an address, or NET_NO_PORT. */
static unsigned find(const struct net_switch *sw, const uint8_t *mac, uint16_t vlan, uint32_t now)
{
    uint64_t key = net_table_address(mac);

    for (unsigned place = net_switch_place(key); sw->own[place] != 0;) {
        unsigned number = sw->own[place] - 1U;

        const struct net_port *port = net_switch_port(sw, number);

        if (port->key == key && is_in(port, vlan)) {
            return number;
        }
        place = (place + 1) % NET_OWN_PLACES;
    }
    return net_table_find(&sw->table, net_table_key(key, vlan), now);
}

/* Of a set of ports those that are in a VLAN, and want what goes to a group. */
static uint64_t __attribute__((noinline))
members(const struct net_switch *sw, uint64_t left, uint16_t vlan, const uint8_t *to)
{
    bool group = (to[0] & 1) != 0;
    uint64_t set = 0;

    for (; left != 0; left &= left - 1) {
        const struct net_port *port = net_switch_port(sw, (unsigned)__builtin_ctzll(left));

        if (is_in(port, vlan) && (!group || wants(port, to))) {
            set |= left & -left;
        }
    }
    return set;
}

uint64_t net_switch_targets(const struct net_switch *sw, const struct net_port *port, uint64_t bit,
                            const struct net_frame *frame, uint16_t vlan, uint64_t now)
{
    const uint8_t *to = frame->ethernet;
    uint64_t left = port->rules.to & sw->up & ~bit;
    unsigned known;

    if ((to[0] & 1) != 0) {
        return members(sw, left, vlan, to);
    }
    known = find(sw, to, vlan, net_switch_tick(now));
    left &= sw->promiscuous | (known != NET_NO_PORT ? UINT64_C(1) << known : sw->any_mac);
    /* Most often it is one port, or none. */
    if ((left & (left - 1)) != 0) {
        return members(sw, left, vlan, to);
    }
    return left != 0 && is_in(net_switch_port(sw, (unsigned)__builtin_ctzll(left)), vlan) ? left
                                                                                          : 0;
}

uint16_t net_switch_judge(struct net_port *port, const struct net_frame *frame)
{
    const uint8_t *source = frame->ethernet + NET_MAC_BYTES;
    uint16_t vlan = vlan_of(port, frame);

    if (!is_sound(frame)) {
        port->stats.malformed++;
        return 0;
    }
    if (vlan == 0) {
        port->stats.wrong_vlan++;
        return 0;
    }
    if ((source[0] & 1) != 0 || (!port->rules.any_mac && net_table_address(source) != port->key)) {
        port->stats.wrong_source++;
        return 0;
    }
    return vlan;
}

bool net_switch_admit(struct net_switch *sw, struct net_port *port, unsigned from,
                      struct net_frame *frame, uint16_t vlan, uint64_t now)
{
    if (!within_rate(port, frame->bytes, now)) {
        port->stats.limited++;
        return false;
    }
    port->stats.sent_frames++;
    port->stats.sent_bytes += frame->bytes;
    if (port->rules.any_mac) {
        uint64_t source = net_table_address(frame->ethernet + NET_MAC_BYTES);

        net_table_learn(&sw->table, net_table_key(source, vlan), from, net_switch_tick(now));
    }
    frame->port = (uint16_t)from;
    frame->number = ++sw->number;
    frame->flags &= NET_NEEDS_CSUM | NET_DATA_VALID;
    for (unsigned i = 0; i < sizeof(frame->reserved) / sizeof(frame->reserved[0]); i++) {
        frame->reserved[i] = 0;
    }
    return true;
}
