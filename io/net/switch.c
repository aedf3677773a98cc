/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch.h"

#include <string.h>

/** Frames of a port that are looked at before others have their turn. */
#define SWITCH_ROUND 64U
/** The table counts in these: 2^20 ns. */
#define SWITCH_TICK_SHIFT 20
#define NS_A_SECOND 1000000000ULL
#define NS_A_MICROSECOND 1000ULL
#define MICROSECONDS 1000000ULL
#define ETHERTYPE_VLAN 0x8100U
#define ETHERTYPE_SERVICE_VLAN 0x88a8U

static const uint8_t broadcast[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint32_t tick_of(uint64_t now)
{
    return (uint32_t)(now >> SWITCH_TICK_SHIFT);
}

void net_switch_init(struct net_switch *sw, uint64_t age)
{
    sw->count = 0;
    sw->number = 0;
    sw->notify = 0;
    net_table_init(&sw->table, tick_of(age));
}

void net_switch_add(struct net_switch *sw, const struct net_port_rules *rules, void *memory)
{
    struct net_port *port = &sw->ports[sw->count++];
    struct net_port_memory *shared = memory;

    *port = (struct net_port){ .rules = *rules, .memory = shared, .tokens = rules->burst };
    net_ring_open_consumer(&port->sent, shared->sent, NET_FRAME_SHAPE);
    net_ring_open_consumer(&port->returned, shared->returned, NET_RETURN_SHAPE);
    net_ring_open_producer(&port->done, shared->done, NET_DONE_SHAPE);
    net_ring_open_producer(&port->received, shared->received, NET_FRAME_SHAPE);
    /* What an earlier life of this switch had is forgotten by all. */
    net_ring_drop(&port->sent);
    net_ring_drop(&port->returned);
    port->epoch = net_ring_producer_epoch(&port->sent);
    (void)net_ring_wait(&port->sent);
    (void)net_ring_wait(&port->returned);
}

static bool has_tag(const struct net_port *port, uint16_t vlan)
{
    return (port->rules.tagged[vlan / 64] >> (vlan % 64) & 1) != 0;
}

static bool is_in(const struct net_port *port, uint16_t vlan)
{
    return port->rules.vlan == vlan || has_tag(port, vlan);
}

/* The slot goes back to its owner. */
static void give_back(struct net_switch *sw, unsigned owner, uint16_t slot)
{
    const struct net_return entry = { .slot = slot };

    if (net_ring_put(&sw->ports[owner].done, &entry) && net_ring_signal(&sw->ports[owner].done)) {
        sw->notify |= UINT64_C(1) << owner;
    }
}

/* A port has read a frame, or will never. */
static void take_back(struct net_switch *sw, unsigned from, const struct net_return *entry)
{
    struct net_slot *slot;
    uint64_t bit = UINT64_C(1) << from;

    if (entry->port >= sw->count || entry->slot >= NET_SLOTS) {
        sw->ports[from].stats.malformed++;
        return;
    }
    slot = &sw->ports[entry->port].slots[entry->slot];
    if (slot->number != entry->number || (slot->holders & bit) == 0) {
        sw->ports[from].stats.malformed++;
        return;
    }
    slot->holders &= ~bit;
    if (slot->holders == 0) {
        give_back(sw, entry->port, entry->slot);
    }
}

/* The port began anew: it holds nothing, and nobody holds anything of it. */
static void forget(struct net_switch *sw, unsigned number)
{
    struct net_port *port = &sw->ports[number];
    uint64_t bit = UINT64_C(1) << number;

    for (unsigned owner = 0; owner < sw->count; owner++) {
        for (uint16_t slot = 0; slot < NET_SLOTS; slot++) {
            struct net_slot *held = &sw->ports[owner].slots[slot];

            if ((held->holders & bit) != 0) {
                held->holders &= ~bit;
                if (held->holders == 0 && owner != number) {
                    give_back(sw, owner, slot);
                }
            }
        }
    }
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        port->slots[slot].holders = 0;
    }
    net_ring_drop(&port->returned);
    net_table_forget(&sw->table, number);
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
    if ((frame->flags & NET_NEEDS_CSUM) != 0 &&
        (uint32_t)frame->csum_start + frame->csum_offset + 2U > frame->bytes) {
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
    uint64_t idle = now - port->filled;

    if (port->rules.rate == 0) {
        return true;
    }
    if (idle > NS_A_SECOND) {
        idle = NS_A_SECOND;
        port->filled = now - idle;
    }
    /* A rate is at most 2^40, so that this does not overflow. Time that is too short for a byte
     * counts later. */
    uint64_t more = port->rules.rate * (idle / NS_A_MICROSECOND) / MICROSECONDS;
    if (more != 0) {
        port->filled += idle / NS_A_MICROSECOND * NS_A_MICROSECOND;
        port->tokens += more;
        if (port->tokens > port->rules.burst) {
            port->tokens = port->rules.burst;
        }
    }
    if (port->tokens < bytes) {
        return false;
    }
    port->tokens -= bytes;
    return true;
}

/* Whether a port wants a frame to this address. `known`: it is behind that port. */
static bool wants(const struct net_port *port, const uint8_t *to, bool known)
{
    uint32_t flags = __atomic_load_n(&port->memory->wishes.flags, __ATOMIC_ACQUIRE);
    uint64_t multicast = __atomic_load_n(&port->memory->wishes.multicast, __ATOMIC_RELAXED);

    if ((flags & NET_WISH_UP) == 0) {
        return false;
    }
    if (known || (flags & NET_WISH_PROMISCUOUS) != 0) {
        return true;
    }
    if (memcmp(to, broadcast, sizeof(broadcast)) == 0) {
        return (flags & NET_WISH_NO_BROADCAST) == 0;
    }
    if ((to[0] & 1) != 0) {
        return (flags & NET_WISH_NO_MULTICAST) == 0 &&
               ((flags & NET_WISH_ALL_MULTICAST) != 0 || (multicast >> net_hash(to) & 1) != 0);
    }
    return port->rules.any_mac;
}

/* The port that has an address, or NET_NO_PORT. */
static unsigned find(const struct net_switch *sw, const uint8_t *mac, uint16_t vlan, uint32_t now)
{
    for (unsigned i = 0; i < sw->count; i++) {
        if (is_in(&sw->ports[i], vlan) && memcmp(sw->ports[i].rules.mac, mac, NET_MAC_BYTES) == 0) {
            return i;
        }
    }
    return net_table_find(&sw->table, mac, vlan, now);
}

/* Whom a frame goes to. */
static uint64_t targets(const struct net_switch *sw, unsigned from, const struct net_frame *frame,
                        uint16_t vlan, uint32_t now)
{
    const uint8_t *to = frame->ethernet;
    uint64_t allowed = sw->ports[from].rules.to & ~(UINT64_C(1) << from);
    unsigned known = (to[0] & 1) == 0 ? find(sw, to, vlan, now) : NET_NO_PORT;
    uint64_t set = 0;

    for (unsigned i = 0; i < sw->count; i++) {
        const struct net_port *port = &sw->ports[i];
        bool promiscuous = (__atomic_load_n(&port->memory->wishes.flags, __ATOMIC_RELAXED) &
                            NET_WISH_PROMISCUOUS) != 0;

        if ((allowed >> i & 1) != 0 && is_in(port, vlan) &&
            (known == NET_NO_PORT || known == i || promiscuous) && wants(port, to, known == i)) {
            set |= UINT64_C(1) << i;
        }
    }
    return set;
}

/* Lend the frame to all who get it. Returns who did. */
static uint64_t deliver(struct net_switch *sw, const struct net_frame *frame, uint16_t vlan,
                        uint64_t set)
{
    struct net_frame out = *frame;
    uint64_t got = 0;

    for (; set != 0; set &= set - 1) {
        unsigned i = (unsigned)__builtin_ctzll(set);
        struct net_port *port = &sw->ports[i];

        /* The priority of a tag stays, and the tag where the port has the VLAN with tags. */
        out.vlan =
            port->rules.vlan == vlan
                ? 0
                : (uint16_t)((frame->vlan & ~(NET_VLAN_TAG | NET_VLAN_MASK)) | NET_VLAN_TAG | vlan);
        if (!net_ring_put(&port->received, &out)) {
            port->stats.congested++;
            continue;
        }
        port->stats.received_frames++;
        port->stats.received_bytes += frame->bytes;
        got |= UINT64_C(1) << i;
    }
    return got;
}

/* One frame of a port. Returns whether it was lent to anybody. */
static bool forward(struct net_switch *sw, unsigned from, struct net_frame *frame, uint64_t now)
{
    struct net_port *port = &sw->ports[from];
    const uint8_t *source = frame->ethernet + NET_MAC_BYTES;
    uint16_t vlan = vlan_of(port, frame);
    uint64_t got;

    if (!is_sound(frame)) {
        port->stats.malformed++;
        return false;
    }
    if (vlan == 0) {
        port->stats.wrong_vlan++;
        return false;
    }
    if ((source[0] & 1) != 0 ||
        (!port->rules.any_mac && memcmp(source, port->rules.mac, NET_MAC_BYTES) != 0)) {
        port->stats.wrong_source++;
        return false;
    }
    if (!within_rate(port, frame->bytes, now)) {
        port->stats.limited++;
        return false;
    }
    port->stats.sent_frames++;
    port->stats.sent_bytes += frame->bytes;
    if (port->rules.any_mac) {
        net_table_learn(&sw->table, source, vlan, from, tick_of(now));
    }
    frame->port = (uint16_t)from;
    frame->number = ++sw->number;
    frame->flags &= NET_NEEDS_CSUM | NET_DATA_VALID;
    memset(frame->reserved, 0, sizeof(frame->reserved));
    uint64_t set = targets(sw, from, frame, vlan, tick_of(now));
    if (set == 0) {
        port->stats.unwanted++;
        return false;
    }
    port->slots[frame->slot].number = frame->number;
    got = deliver(sw, frame, vlan, set);
    port->slots[frame->slot].holders = got;
    for (uint64_t rest = got; rest != 0; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctzll(rest);

        if (net_ring_signal(&sw->ports[i].received)) {
            sw->notify |= UINT64_C(1) << i;
        }
    }
    return got != 0;
}

bool net_switch_serve(struct net_switch *sw, unsigned number, uint64_t now)
{
    struct net_port *port = &sw->ports[number];
    struct net_return entry;
    struct net_frame frame;
    uint32_t epoch = net_ring_producer_epoch(&port->sent);

    if (epoch != port->epoch) {
        port->epoch = epoch;
        forget(sw, number);
    }
    for (unsigned i = 0; i < 2 * NET_SLOTS && net_ring_get(&port->returned, &entry); i++) {
        take_back(sw, number, &entry);
    }
    for (unsigned i = 0; i < SWITCH_ROUND && net_ring_get(&port->sent, &frame); i++) {
        if (frame.slot >= NET_SLOTS || port->slots[frame.slot].holders != 0) {
            /* Whose slot would go back? */
            port->stats.malformed++;
        } else if (!forward(sw, number, &frame, now)) {
            give_back(sw, number, frame.slot);
        }
    }
    /* Not one after the other alone: what came to the first may have come behind the second. */
    bool left = !net_ring_wait(&port->returned);
    return !net_ring_wait(&port->sent) || left;
}

uint64_t net_switch_notify(struct net_switch *sw)
{
    uint64_t notify = sw->notify;

    sw->notify = 0;
    return notify;
}
