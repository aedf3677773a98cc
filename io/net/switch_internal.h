/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of switch.h share. */
#ifndef IO_NET_SWITCH_INTERNAL_H
#define IO_NET_SWITCH_INTERNAL_H

#include "switch.h"

/** The table counts in these: 2^28 ns, a quarter of a second. 32 bits of them are 36 years, so that
 * no address that was forgotten seems to be young again. */
#define NET_SWITCH_TICK_SHIFT 28

static inline uint32_t net_switch_tick(uint64_t now)
{
    return (uint32_t)(now >> NET_SWITCH_TICK_SHIFT);
}

/* Where the search for a port with this address begins. */
static inline unsigned net_switch_place(uint64_t key)
{
    return (unsigned)(key * 0x9e3779b97f4a7c15ULL >> 32) % NET_OWN_PLACES;
}

/* A port that there is. */
static inline struct net_port *net_switch_port(const struct net_switch *sw, unsigned number)
{
    return sw->port_at[number];
}

/* The VLAN of a frame that the port may send. 0: it may not, which is counted. */
uint16_t net_switch_judge(struct net_port *port, const struct net_frame *frame);

/* Whom a frame goes to: of all who may have it, a group's members, or who has the address. One that
 * nobody knows goes to those who may have others behind them. */
uint64_t net_switch_targets(const struct net_switch *sw, const struct net_port *port, uint64_t bit,
                            const struct net_frame *frame, uint16_t vlan, uint64_t now);

/* A frame was judged to be good: count it, learn from it, and complete its descriptor. False: it is
 * beyond the port's rate, which is counted. */
bool net_switch_admit(struct net_switch *sw, struct net_port *port, unsigned from,
                      struct net_frame *frame, uint16_t vlan, uint64_t now);

/* The member `vlan` of a frame that was sent with `sent` into a VLAN, for a port of that: the
 * priority of a tag stays, and the tag where the port has the VLAN with tags. */
static inline uint16_t net_switch_tag(const struct net_port *to, uint16_t sent, uint16_t vlan)
{
    return to->rules.vlan == vlan
               ? 0
               : (uint16_t)((sent & ~(NET_VLAN_TAG | NET_VLAN_MASK)) | NET_VLAN_TAG | vlan);
}

/* Find out whom to tell of frames, and of slots. */
void net_switch_signal(struct net_switch *sw);

#endif
