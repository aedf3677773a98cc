/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch_internal.h"

#include <string.h>

/** Frames of a port that are looked at before others have their turn. */
#define SWITCH_ROUND 64U
/** @{ Frames that a port is lent before its returns are looked at: when there is something to do
 * for it anyway, unless it has large ones; and whatever else there is to do. */
#define SWITCH_LENT_FEW 16U
#define SWITCH_LENT (NET_SLOTS / 4U)
/** @} */
/** Among the holders of a slot: the switch itself, which is no port. */
#define SWITCH_HOLDS (UINT64_C(1) << 63)

_Static_assert(NET_MAX_PORTS < 63, "that bit is no port's");

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
    net_table_init(&sw->table, net_switch_tick(age) + 1);
}

/* The bits of a port in the switch's sets follow from what it wishes now. */
static void look_at_wishes(struct net_switch *sw, struct net_port *port, uint64_t bit)
{
    uint32_t flags = __atomic_load_n(&port->memory->wishes.flags, __ATOMIC_ACQUIRE);

    port->wishes.multicast = __atomic_load_n(&port->memory->wishes.multicast, __ATOMIC_RELAXED);
    if (flags != port->wishes.flags) {
        port->wishes.flags = flags;
        sw->up = (flags & NET_WISH_UP) != 0 ? sw->up | bit : sw->up & ~bit;
        /* What is for others is shown to those alone that may have others behind them. */
        sw->promiscuous = (flags & NET_WISH_PROMISCUOUS) != 0 && port->rules.any_mac
                              ? sw->promiscuous | bit
                              : sw->promiscuous & ~bit;
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
        .key = net_table_address(rules->mac),
        .tokens = rules->burst,
    };
    for (place = net_switch_place(port->key); sw->own[place] != 0;) {
        place = (place + 1) % NET_OWN_PLACES;
    }
    sw->own[place] = (uint8_t)(number + 1);
    sw->port_at[number] = port;
    sw->any_mac |= rules->any_mac ? UINT64_C(1) << number : 0;
    ring_begin_consumer(&port->sent, shared->sent, NET_FRAME_SHAPE.capacity);
    ring_begin_consumer(&port->returned, shared->returned, NET_RETURN_SHAPE.capacity);
    ring_begin_producer(&port->done, shared->done, NET_DONE_SHAPE.capacity);
    ring_begin_producer(&port->received, shared->received, NET_FRAME_SHAPE.capacity);
    /* No return of what an earlier life gave is taken for one of what this one gives. */
    sw->number += port->received.epoch * 0x9e3779b9U;
    /* What an earlier life of this switch had is forgotten by all. */
    net_ring_drop(&port->sent);
    net_ring_drop(&port->returned);
    port->epoch = ring_peer_epoch(&port->sent);
    look_at_wishes(sw, port, UINT64_C(1) << number);
    (void)ring_wait_data(&port->sent);
    net_landing_init(&port->landing, &rules->guest, shared->posted);
}

/* The slot goes back to its owner. */
static void give_back(struct net_switch *sw, struct net_port *owner, unsigned number, uint16_t slot)
{
    const struct net_return entry = { .slot = slot };

    if (net_ring_put(&owner->done, NET_DONE_SHAPE, &entry)) {
        sw->paid |= UINT64_C(1) << number;
    }
}

/* A port has read a frame, or will never. */
static void take_back(struct net_switch *sw, struct net_port *from, uint64_t bit,
                      const struct net_return *entry)
{
    struct net_port *owner;
    struct net_slot *slot;

    if (entry->port >= sw->count || entry->slot >= NET_SLOTS) {
        from->stats.malformed++;
        return;
    }
    owner = net_switch_port(sw, entry->port);
    slot = &owner->slots[entry->slot];
    if (slot->number != entry->number || (slot->holders & bit) == 0) {
        from->stats.malformed++;
        return;
    }
    slot->holders &= ~bit;
    from->held[entry->port][slot->large]--;
    from->large -= slot->large;
    if (slot->holders == 0) {
        owner->out[slot->large]--;
        give_back(sw, owner, entry->port, entry->slot);
    }
}

/* Take what a port has returned, as much as its ring holds. */
static void take_returns(struct net_switch *sw, struct net_port *port, uint64_t bit)
{
    struct net_return entry;

    port->lent = 0;
    for (uint32_t left = ring_available(&port->returned);
         left != 0 && net_ring_take(&port->returned, NET_RETURN_SHAPE, &entry); left--) {
        take_back(sw, port, bit, &entry);
    }
    ring_release(&port->returned);
}

/* The port began anew: it holds nothing, and nobody holds anything of it. */
static void __attribute__((noinline)) forget(struct net_switch *sw, unsigned number)
{
    struct net_port *port = net_switch_port(sw, number);
    uint64_t bit = UINT64_C(1) << number;

    for (unsigned i = 0; i < sw->count; i++) {
        struct net_port *owner = net_switch_port(sw, i);

        for (uint16_t slot = 0; slot < NET_SLOTS; slot++) {
            struct net_slot *held = &owner->slots[slot];

            if ((held->holders & bit) != 0) {
                held->holders &= ~bit;
                if (held->holders == 0) {
                    owner->out[held->large]--;
                    give_back(sw, owner, i, slot);
                }
            }
        }
    }
    for (unsigned slot = 0; slot < NET_SLOTS; slot++) {
        port->slots[slot].holders = 0;
    }
    for (unsigned i = 0; i < sw->count; i++) {
        struct net_port *other = net_switch_port(sw, i);

        other->large -= other->held[number][true];
        memset(other->held[number], 0, sizeof(other->held[number]));
    }
    memset(port->held, 0, sizeof(port->held));
    memset(port->out, 0, sizeof(port->out));
    port->large = 0;
    net_ring_drop(&port->returned);
    net_table_forget(&sw->table, number);
}

/* Whether who has `held` slots of a sender leaves enough of them for others when it gets one more.
 */
static inline bool is_fair(const struct net_port *owner, unsigned held, bool large)
{
    unsigned part = large ? NET_HELD_PART_LARGE : NET_HELD_PART_SMALL;
    unsigned most = large ? NET_OUT_LARGE : NET_OUT_SMALL;

    return held + part * owner->out[large] < part * (most - 1) || held == 0;
}

/* The same, when it seems not to be so: what was returned counts, whoever did it. */
static bool __attribute__((noinline))
may_hold(struct net_switch *sw, unsigned from, uint64_t bit, bool large)
{
    const struct net_port *owner = net_switch_port(sw, from);
    const struct net_port *to = net_switch_port(sw, (unsigned)__builtin_ctzll(bit));

    for (unsigned i = 0; i < sw->count; i++) {
        struct net_port *port = net_switch_port(sw, i);

        if (net_ring_any(&port->returned)) {
            take_returns(sw, port, UINT64_C(1) << i);
        }
    }
    return is_fair(owner, to->held[from][large], large);
}

/* Lend the frame to all who get it. The first may return it before the last one gets it, so the
 * switch is a holder meanwhile. */
static void deliver(struct net_switch *sw, unsigned from, struct net_frame *frame, uint16_t vlan,
                    uint64_t set, struct net_slot *slot)
{
    const struct net_port *owner = net_switch_port(sw, from);
    uint16_t sent = frame->vlan;
    uint64_t got = set;
    bool large = slot->large;

    slot->holders = SWITCH_HOLDS;
    for (; set != 0; set &= set - 1) {
        struct net_port *port = net_switch_port(sw, (unsigned)__builtin_ctzll(set));
        uint16_t *held = &port->held[from][large];
        uint64_t bit = set & -set;
        struct net_frame *entry;

        /* With those in its ring and in its hands fewer than the ring of returns holds. */
        if (++port->lent >= SWITCH_LENT) {
            take_returns(sw, port, bit);
        }
        frame->vlan = net_switch_tag(port, sent, vlan);
        /* In its ring it is there at once, and may be back before anything else is done. */
        if ((!is_fair(owner, *held, large) && !may_hold(sw, from, bit, large)) ||
            (entry = net_ring_next(&port->received, NET_FRAME_SHAPE)) == NULL) {
            port->stats.congested++;
            got &= ~bit;
            continue;
        }
        slot->holders |= bit;
        *entry = *frame;
        net_ring_publish(&port->received);
        ++*held;
        port->large += large;
        port->stats.received_frames++;
        port->stats.received_bytes += frame->bytes;
    }
    slot->holders &= ~SWITCH_HOLDS;
    sw->fed |= got;
}

/* One frame of a port. Returns whether it was lent to anybody. */
static bool forward(struct net_switch *sw, struct net_port *port, unsigned from,
                    struct net_frame *frame, uint64_t now)
{
    struct net_slot *slot = &port->slots[frame->slot];
    uint16_t vlan = net_switch_judge(port, frame);
    uint64_t set;

    if (vlan == 0 || !net_switch_admit(sw, port, from, frame, vlan, now)) {
        return false;
    }
    set = net_switch_targets(sw, port, UINT64_C(1) << from, frame, vlan, now);
    if (set == 0) {
        port->stats.unwanted++;
        return false;
    }
    slot->number = frame->number;
    slot->large = frame->bytes > NET_HELD_BYTES;
    deliver(sw, from, frame, vlan, set, slot);
    if (slot->holders == 0) {
        return false;
    }
    port->out[slot->large]++;
    return true;
}

void net_switch_signal(struct net_switch *sw)
{
    uint64_t notify = 0;

    for (uint64_t left = sw->fed; left != 0; left &= left - 1) {
        struct net_port *port = net_switch_port(sw, (unsigned)__builtin_ctzll(left));

        notify |= ring_signal_data(&port->received) ? left & -left : 0;
    }
    for (uint64_t left = sw->paid; left != 0; left &= left - 1) {
        struct net_port *port = net_switch_port(sw, (unsigned)__builtin_ctzll(left));

        if (ring_signal_data(&port->done)) {
            notify |= left & -left;
            sw->starving &= ~(left & -left);
        }
    }
    sw->fed = 0;
    sw->paid = 0;
    sw->notify |= notify;
}

/* A port waits for slots: look for returns, and ask to be told of further ones. */
static void __attribute__((noinline)) feed(struct net_switch *sw, uint64_t bit)
{
    sw->starving |= bit;
    for (unsigned i = 0; i < sw->count; i++) {
        struct net_port *port = net_switch_port(sw, i);

        if (!ring_wait_data(&port->returned)) {
            take_returns(sw, port, UINT64_C(1) << i);
        }
    }
    net_switch_signal(sw);
}

/* A port that asks sees what was counted of it. */
static void __attribute__((noinline))
show_counts(struct net_switch *sw, struct net_port *port, uint64_t bit, uint32_t asked)
{
    port->asked = asked;
    port->memory->counts.stats = port->stats;
    __atomic_store_n(&port->memory->counts.answered, asked, __ATOMIC_RELEASE);
    sw->notify |= bit;
}

bool net_switch_serve(struct net_switch *sw, unsigned number, uint64_t now)
{
    struct net_port *port = net_switch_port(sw, number);
    uint64_t bit = UINT64_C(1) << number;
    struct net_frame frame;
    uint32_t frames = ring_available(&port->sent);
    uint32_t asked = __atomic_load_n(&port->memory->asked, __ATOMIC_RELAXED);
    bool left = false;

    if (ring_peer_epoch(&port->sent) != port->epoch) {
        port->epoch = ring_peer_epoch(&port->sent);
        forget(sw, number);
    }
    look_at_wishes(sw, port, bit);
    /* Several at once cost less. Of large slots there are few, and nobody is kept waiting. */
    if (port->lent >= SWITCH_LENT_FEW || port->large != 0 || sw->starving != 0) {
        take_returns(sw, port, bit);
    }
    for (frames = frames < SWITCH_ROUND ? frames : SWITCH_ROUND;
         frames != 0 && net_ring_take(&port->sent, NET_FRAME_SHAPE, &frame); frames--) {
        if (frame.slot >= NET_SLOTS || port->slots[frame.slot].holders != 0) {
            /* Whose slot would go back? */
            port->stats.malformed++;
        } else if (!forward(sw, port, number, &frame, now)) {
            give_back(sw, port, number, frame.slot);
        }
    }
    ring_release(&port->sent);
    if (asked != port->asked) {
        show_counts(sw, port, bit, asked);
    }
    net_switch_signal(sw);
    if (ring_data_wanted(&port->done)) {
        feed(sw, bit);
    } else {
        sw->starving &= ~bit;
    }
    /* Not one after the other alone: what came to the first may have come behind the second. */
    if (sw->starving != 0) {
        left = !ring_wait_data(&port->returned);
    }
    return !ring_wait_data(&port->sent) || left;
}

bool net_switch_round(struct net_switch *sw, uint64_t now)
{
    bool left = false;

    for (unsigned i = 0; i < sw->count; i++) {
        left = net_switch_serve(sw, i, now) || left;
    }
    return left;
}

uint64_t net_switch_notify(struct net_switch *sw)
{
    uint64_t notify = sw->notify;

    sw->notify = 0;
    return notify;
}
