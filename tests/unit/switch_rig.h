/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch with a few ports that are up, and a client at each of them. */
#ifndef TESTS_SWITCH_RIG_H
#define TESTS_SWITCH_RIG_H

#include "io/net/switch.h"
#include "net_rig.h"

#define SWITCH_RIG_PORTS 4U
#define SWITCH_RIG_SECOND 1000000000ULL
/* How long the switch knows an address that is not seen. */
#define SWITCH_RIG_AGE (300 * SWITCH_RIG_SECOND)

struct switch_rig {
    struct net_client clients[SWITCH_RIG_PORTS];
    void *memories[SWITCH_RIG_PORTS];
    /* The time that the switch is told. */
    uint64_t now;
    /* The last member: a sanitizer sees what is behind it. */
    struct net_switch network;
};

extern struct switch_rig switch_rig;

extern const uint8_t switch_rig_everybody[NET_MAC_BYTES];

/* For each test. */
int switch_rig_setup(void **state);
int switch_rig_teardown(void **state);

/* A port's rules: its own address, the default VLAN, and to all others. */
struct net_port_rules switch_rig_rules(unsigned port);

/* A port's client begins, or begins anew. */
void switch_rig_open(unsigned port);

/* All ports are served until nothing is left. Returns whom the switch notifies. */
uint64_t switch_rig_serve(void);

/* A short frame from the address of that number. */
struct net_frame switch_rig_frame(unsigned from, const uint8_t *to);

/* Send a frame as it is. */
void switch_rig_put(unsigned from, const struct net_frame *frame);

/* A short frame is sent, and the switch works. */
void switch_rig_send_to(unsigned from, const uint8_t *to);
void switch_rig_send(unsigned from, unsigned to);

/* Frames that a port got and gives back; their payload is that of `from`. */
unsigned switch_rig_receive(unsigned port, unsigned from);

/* No slot is lent and none is lost. Who waits for slots gets what is back. */
void switch_rig_expect_all_back(void);

/* Addresses that are not a port's own may be behind it. */
void switch_rig_others_behind(unsigned port);

/* A port says what it wants, and that it did. */
void switch_rig_wish(unsigned port, uint32_t flags, uint64_t multicast);

#endif
