/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of switch.h share. */
#ifndef IO_NET_SWITCH_INTERNAL_H
#define IO_NET_SWITCH_INTERNAL_H

#include "switch.h"

/* The VLAN of a frame that the port may send. 0: it may not, which is counted. */
uint16_t net_switch_judge(struct net_switch *sw, unsigned from, const struct net_frame *frame);

/* Whom a frame goes to: of all who may have it, a group's members, or who has the address. One that
 * nobody knows goes to those who may have others behind them. */
uint64_t net_switch_targets(const struct net_switch *sw, unsigned from,
                            const struct net_frame *frame, uint16_t vlan, uint64_t now);

/* A frame was judged to be good: count it, learn from it, and complete its descriptor. False: it is
 * beyond the port's rate, which is counted. */
bool net_switch_admit(struct net_switch *sw, unsigned from, struct net_frame *frame, uint16_t vlan,
                      uint64_t now);

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
