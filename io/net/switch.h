/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network switch: frames from each port go to those ports that they are for. It looks at the
 * Ethernet header and the VLAN alone, and moves descriptors (protocol.h); payload only between
 * guests with whose memory it is trusted, in net_switch_send().
 *
 * What goes where: a frame's VLAN is its tag's, else the port's own. It must be one that the port
 * is in. Its source must be an address that the port may have. It goes to the port that has the
 * destination as its own address, or behind which it was seen; to a group address, or an address
 * that nobody knows, to all ports of the VLAN which want it (an unknown address: those that may
 * have addresses beside their own); what is for others goes also to those of the latter that are
 * promiscuous; and nothing ever to a port that the sender's rules do not name.
 *
 * Plain C without kernel or clock: `now` is given, and whom to notify is returned.
 */
#ifndef IO_NET_SWITCH_H
#define IO_NET_SWITCH_H

#include "landing.h"
#include "table.h"

#define NET_NAME_BYTES 64U
/** VLAN of ports that say nothing of VLANs. */
#define NET_DEFAULT_VLAN 1U
/** More than twice as many as ports, a power of two. */
#define NET_OWN_PLACES 128U
/** Nanoseconds after which an address that was not seen is forgotten. */
#define NET_DEFAULT_AGE 300000000000ULL

/** What a port may do. */
struct net_port_rules {
    char name[NET_NAME_BYTES];
    uint8_t mac[NET_MAC_BYTES] __attribute__((aligned(2)));
    /** It may send from any address, and other addresses may be behind it. */
    bool any_mac;
    /** VLAN of frames without tag, both ways; 0: none, such frames are dropped. */
    uint16_t vlan;
    /** Bit n: VLAN n, with tags. */
    uint64_t tagged[4096 / 64];
    /** Bit n: it may send to port n. */
    uint64_t to;
    /** Bytes a second that it may send, and how many at once; 0: no limit. */
    uint64_t rate;
    uint64_t burst;
    /** Memory of its guest with which the switch is trusted. */
    struct net_memory guest;
};

/** What a slot of a port is about. */
struct net_slot {
    /** Bit n: port n has it. 0: its owner has. */
    uint64_t holders;
    uint32_t number;
    /** It counts as a large one. */
    bool large;
};

struct net_port {
    struct net_port_rules rules;
    struct net_port_memory *memory;
    struct ring sent;
    struct ring done;
    struct ring received;
    struct ring returned;
    uint32_t epoch;
    /** Its own address as a number. */
    uint64_t key;
    /** Its wishes as they were last looked at. */
    struct net_wishes wishes;
    /** The last number that it asked for its counts with. */
    uint32_t asked;
    /** Frames that it was lent since its returns were last looked at; large slots that it has. */
    unsigned lent;
    unsigned large;
    /** Bytes that it may send now, millionths of a byte beside, and since when. */
    uint64_t tokens;
    uint64_t parts;
    uint64_t filled;
    struct net_port_stats stats;
    struct net_landing landing;
    /** Slots of each other port that this one has, and slots of this one that others have: small
     *  ones, and large ones. */
    uint16_t held[NET_MAX_PORTS][2];
    uint16_t out[2];
    struct net_slot slots[NET_SLOTS];
};

struct net_switch {
    unsigned count;
    uint32_t number;
    /** @{ Ports, as bits: that take frames; that want every frame; that have others behind them. */
    uint64_t up;
    uint64_t promiscuous;
    uint64_t any_mac;
    /** @} */
    /** @{ Ports that were given frames, and slots, which they were not told of yet. */
    uint64_t fed;
    uint64_t paid;
    /** @} */
    /** Ports that wait for slots. */
    uint64_t starving;
    /** Ports to notify of frames and of slots. */
    uint64_t notify;
    /** Ports by the hash of their own address, and one more; 0: none. */
    uint8_t own[NET_OWN_PLACES];
    /** Where each port is, which costs less than to compute it for each member that is looked at.
     */
    struct net_port *port_at[NET_MAX_PORTS];
    struct net_port ports[NET_MAX_PORTS];
    struct net_table table;
    /** The payload of the frame in hand, of a batch. */
    struct net_span pieces[NET_BATCH_PIECES];
};

/** A switch without ports, which forgets addresses after `age` nanoseconds. */
void net_switch_init(struct net_switch *sw, uint64_t age);

/**
 * Add a port, whose `memory` (NET_PORT_BYTES, zeroed before its first use) stays in use. There must
 * be fewer than NET_MAX_PORTS.
 */
void net_switch_add(struct net_switch *sw, const struct net_port_rules *rules, void *memory);

/**
 * Do what is to be done for port `port` at `now` (nanoseconds), a bounded piece of it. Returns
 * whether some is left; else the port notifies when there is more.
 */
bool net_switch_serve(struct net_switch *sw, unsigned port, uint64_t now);

/**
 * Do a piece of it for each port, when one of them has more than that: so no port that always has
 * more keeps the others waiting. Returns whether some is left.
 */
bool net_switch_round(struct net_switch *sw, uint64_t now);

/**
 * NET_CALL_SEND of the port `number`: forward the first frames of its batch, of which there are
 * `count`, from one guest's memory to others'. Returns how many were taken; what is behind them was
 * not looked at, or cannot go this way now.
 */
unsigned net_switch_send(struct net_switch *sw, unsigned number, uint64_t count, uint64_t now);

/** NET_CALL_UNPOST of the port `number`. */
void net_switch_unpost(struct net_switch *sw, unsigned number);

/** The ports to notify since the last call, as bits. */
uint64_t net_switch_notify(struct net_switch *sw);

#endif
