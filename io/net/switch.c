/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch_internal.h"

#include <string.h>

/** Frames of a port that are looked at before others have their turn. */
#define SWITCH_ROUND 64U
/** Frames that a port is lent before its returns are looked at, whatever else there is to do. */
#define SWITCH_LENT (NET_SLOTS / 4U)
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
    memset(sw->own, 0, sizeof(sw->own));
    sw->up = 0;
    sw->promiscuous = 0;
    sw->any_mac = 0;
    sw->fed = 0;
    sw->paid = 0;
    sw->starving = 0;
    sw->notify = 0;
    net_table_init(&sw->table, tick_of(age));
}

/* An address, which is at an even place, as a number. */
static uint64_t key_of(const uint8_t mac[NET_MAC_BYTES])
{
    uint64_t key = 0;

    __builtin_memcpy(&key, __builtin_assume_aligned(mac, 2), NET_MAC_BYTES);
    return key;
}

/* Where the search for a port with this address begins. */
static unsigned own_place(uint64_t key)
{
    return (unsigned)(key * 0x9e3779b97f4a7c15ULL >> 32) % NET_OWN_PLACES;
}

/* The bits of a port in the switch's sets follow from what it wishes now. */
static void look_at_wishes(struct net_switch *sw, unsigned number)
{
    struct net_port *port = &sw->ports[number];
    uint64_t bit = UINT64_C(1) << number;
    uint32_t flags = __atomic_load_n(&port->memory->wishes.flags, __ATOMIC_ACQUIRE);

    port->wishes.multicast = __atomic_load_n(&port->memory->wishes.multicast, __ATOMIC_RELAXED);
    if (flags != port->wishes.flags) {
        port->wishes.flags = flags;
        sw->up = (flags & NET_WISH_UP) != 0 ? sw->up | bit : sw->up & ~bit;
        sw->promiscuous =
            (flags & NET_WISH_PROMISCUOUS) != 0 ? sw->promiscuous | bit : sw->promiscuous & ~bit;
    }
}

void net_switch_add(struct net_switch *sw, const struct net_port_rules *rules, void *memory)
{
    unsigned number = sw->count++;
    struct net_port *port = &sw->ports[number];
    struct net_port_memory *shared = memory;
    unsigned place;

    *port = (struct net_port){
        .rules = *rules,
        .memory = shared,
        .key = key_of(rules->mac),
        .tokens = rules->burst,
    };
    for (place = own_place(port->key); sw->own[place] != 0;) {
        place = (place + 1) % NET_OWN_PLACES;
    }
    sw->own[place] = (uint8_t)(number + 1);
    sw->any_mac |= rules->any_mac ? UINT64_C(1) << number : 0;
    net_ring_open_consumer(&port->sent, shared->sent, NET_FRAME_SHAPE);
    net_ring_open_consumer(&port->returned, shared->returned, NET_RETURN_SHAPE);
    net_ring_open_producer(&port->done, shared->done, NET_DONE_SHAPE);
    net_ring_open_producer(&port->received, shared->received, NET_FRAME_SHAPE);
    /* What an earlier life of this switch had is forgotten by all. */
    net_ring_drop(&port->sent);
    net_ring_drop(&port->returned);
    port->epoch = net_ring_producer_epoch(&port->sent);
    look_at_wishes(sw, number);
    (void)net_ring_wait(&port->sent);
    net_landing_init(&port->landing, &rules->guest, shared->posted);
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

    if (net_ring_put(&sw->ports[owner].done, &entry)) {
        sw->paid |= UINT64_C(1) << owner;
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
    sw->ports[from].held[entry->port][slot->large]--;
    if (slot->holders == 0) {
        give_back(sw, entry->port, entry->slot);
    }
}

/* Take what a port has returned, as much as its ring holds. */
static void take_returns(struct net_switch *sw, unsigned from)
{
    struct net_port *port = &sw->ports[from];
    struct net_return entry;

    port->lent = 0;
    for (unsigned i = 0; i < 2 * NET_SLOTS && net_ring_take(&port->returned, &entry); i++) {
        take_back(sw, from, &entry);
    }
    net_ring_release(&port->returned);
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
    for (unsigned other = 0; other < sw->count; other++) {
        memset(sw->ports[other].held[number], 0, sizeof(port->held[0]));
    }
    memset(port->held, 0, sizeof(port->held));
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
    if (port->rules.rate == 0) {
        return true;
    }
    uint64_t idle = now - port->filled;
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
    uint64_t key = key_of(mac);

    for (unsigned place = own_place(key); sw->own[place] != 0;) {
        unsigned number = sw->own[place] - 1U;

        if (sw->ports[number].key == key && is_in(&sw->ports[number], vlan)) {
            return number;
        }
        place = (place + 1) % NET_OWN_PLACES;
    }
    return net_table_find(&sw->table, mac, vlan, now);
}

uint64_t net_switch_targets(const struct net_switch *sw, unsigned from,
                            const struct net_frame *frame, uint16_t vlan, uint64_t now)
{
    const uint8_t *to = frame->ethernet;
    uint64_t left = sw->ports[from].rules.to & sw->up & ~(UINT64_C(1) << from);
    bool group = (to[0] & 1) != 0;
    uint64_t set = 0;

    if (!group) {
        unsigned known = find(sw, to, vlan, tick_of(now));

        left &= sw->promiscuous | (known != NET_NO_PORT ? UINT64_C(1) << known : sw->any_mac);
    }
    for (; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);

        if (is_in(&sw->ports[i], vlan) && (!group || wants(&sw->ports[i], to))) {
            set |= UINT64_C(1) << i;
        }
    }
    return set;
}

/* Whether a port may have one more slot of a sender; what it has returned counts. */
static bool may_hold(struct net_switch *sw, unsigned number, unsigned from, bool large)
{
    const uint16_t *held = &sw->ports[number].held[from][large];
    uint16_t most = large ? NET_HELD_LARGE : NET_HELD_SMALL;

    if (*held >= most) {
        take_returns(sw, number);
    }
    return *held < most;
}

/* Lend the frame to all who get it. Returns who did. */
static uint64_t deliver(struct net_switch *sw, struct net_frame *frame, uint16_t vlan, uint64_t set)
{
    bool large = frame->bytes > NET_HELD_BYTES;
    uint16_t sent = frame->vlan;
    uint64_t got = 0;

    for (; set != 0; set &= set - 1) {
        unsigned i = (unsigned)__builtin_ctzll(set);
        struct net_port *port = &sw->ports[i];

        /* With those in its ring and in its hands fewer than the ring of returns holds. */
        if (++port->lent >= SWITCH_LENT) {
            take_returns(sw, i);
        }
        frame->vlan = net_switch_tag(port, sent, vlan);
        if (!may_hold(sw, i, frame->port, large) || !net_ring_put(&port->received, frame)) {
            port->stats.congested++;
            continue;
        }
        port->held[frame->port][large]++;
        port->stats.received_frames++;
        port->stats.received_bytes += frame->bytes;
        got |= UINT64_C(1) << i;
    }
    sw->fed |= got;
    return got;
}

uint16_t net_switch_judge(struct net_switch *sw, unsigned from, const struct net_frame *frame)
{
    struct net_port *port = &sw->ports[from];
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
    if ((source[0] & 1) != 0 || (!port->rules.any_mac && key_of(source) != port->key)) {
        port->stats.wrong_source++;
        return 0;
    }
    return vlan;
}

bool net_switch_admit(struct net_switch *sw, unsigned from, struct net_frame *frame, uint16_t vlan,
                      uint64_t now)
{
    struct net_port *port = &sw->ports[from];

    if (!within_rate(port, frame->bytes, now)) {
        port->stats.limited++;
        return false;
    }
    port->stats.sent_frames++;
    port->stats.sent_bytes += frame->bytes;
    if (port->rules.any_mac) {
        net_table_learn(&sw->table, frame->ethernet + NET_MAC_BYTES, vlan, from, tick_of(now));
    }
    frame->port = (uint16_t)from;
    frame->number = ++sw->number;
    frame->flags &= NET_NEEDS_CSUM | NET_DATA_VALID;
    for (unsigned i = 0; i < sizeof(frame->reserved) / sizeof(frame->reserved[0]); i++) {
        frame->reserved[i] = 0;
    }
    return true;
}

/* One frame of a port. Returns whether it was lent to anybody. */
static bool forward(struct net_switch *sw, unsigned from, struct net_frame *frame, uint64_t now)
{
    struct net_slot *slot = &sw->ports[from].slots[frame->slot];
    uint16_t vlan = net_switch_judge(sw, from, frame);

    if (vlan == 0 || !net_switch_admit(sw, from, frame, vlan, now)) {
        return false;
    }
    uint64_t set = net_switch_targets(sw, from, frame, vlan, now);
    if (set == 0) {
        sw->ports[from].stats.unwanted++;
        return false;
    }
    slot->number = frame->number;
    slot->large = frame->bytes > NET_HELD_BYTES;
    slot->holders = deliver(sw, frame, vlan, set);
    return slot->holders != 0;
}

void net_switch_signal(struct net_switch *sw)
{
    for (; sw->fed != 0; sw->fed &= sw->fed - 1) {
        unsigned i = (unsigned)__builtin_ctzll(sw->fed);

        if (net_ring_signal(&sw->ports[i].received)) {
            sw->notify |= UINT64_C(1) << i;
        }
    }
    for (; sw->paid != 0; sw->paid &= sw->paid - 1) {
        unsigned i = (unsigned)__builtin_ctzll(sw->paid);

        if (net_ring_signal(&sw->ports[i].done)) {
            sw->notify |= UINT64_C(1) << i;
            sw->starving &= ~(UINT64_C(1) << i);
        }
    }
}

/* A port waits for slots: look for returns, and ask to be told of further ones. */
static void feed_starving(struct net_switch *sw, unsigned number)
{
    if (!net_ring_wanted(&sw->ports[number].done)) {
        sw->starving &= ~(UINT64_C(1) << number);
        return;
    }
    sw->starving |= UINT64_C(1) << number;
    for (unsigned i = 0; i < sw->count; i++) {
        if (!net_ring_wait(&sw->ports[i].returned)) {
            take_returns(sw, i);
        }
    }
    net_switch_signal(sw);
}

/* A port that asks sees what was counted of it. */
static void show_counts(struct net_switch *sw, unsigned number, uint32_t asked)
{
    struct net_port *port = &sw->ports[number];

    port->asked = asked;
    port->memory->counts.stats = port->stats;
    __atomic_store_n(&port->memory->counts.answered, asked, __ATOMIC_RELEASE);
    sw->notify |= UINT64_C(1) << number;
}

bool net_switch_serve(struct net_switch *sw, unsigned number, uint64_t now)
{
    struct net_port *port = &sw->ports[number];
    struct net_frame frame;
    uint32_t epoch = net_ring_producer_epoch(&port->sent);
    uint32_t asked = __atomic_load_n(&port->memory->asked, __ATOMIC_RELAXED);
    bool left = false;

    if (epoch != port->epoch) {
        port->epoch = epoch;
        forget(sw, number);
    }
    look_at_wishes(sw, number);
    take_returns(sw, number);
    for (unsigned i = 0; i < SWITCH_ROUND && net_ring_take(&port->sent, &frame); i++) {
        if (frame.slot >= NET_SLOTS || port->slots[frame.slot].holders != 0) {
            /* Whose slot would go back? */
            port->stats.malformed++;
        } else if (!forward(sw, number, &frame, now)) {
            give_back(sw, number, frame.slot);
        }
    }
    net_ring_release(&port->sent);
    if (asked != port->asked) {
        show_counts(sw, number, asked);
    }
    net_switch_signal(sw);
    feed_starving(sw, number);
    /* Not one after the other alone: what came to the first may have come behind the second. */
    if (sw->starving != 0) {
        left = !net_ring_wait(&port->returned);
    }
    return !net_ring_wait(&port->sent) || left;
}

uint64_t net_switch_notify(struct net_switch *sw)
{
    uint64_t notify = sw->notify;

    sw->notify = 0;
    return notify;
}
