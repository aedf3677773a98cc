/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch of four ports: a hostile one, and three that behave, one of which has others behind it.
 * What these get is sound, unchanged and in order, and from whom it says; rules, rates and VLANs
 * hold; no slot of theirs is lost, or given back while somebody reads it. The switch has the memory
 * of all four's guests, and copies between them: it writes where those that behave posted buffers,
 * and nowhere else.
 */
#ifndef TESTS_FUZZ_NET_WORLD_H
#define TESTS_FUZZ_NET_WORLD_H

#include "io/net/direct.h"
#include "io/net/switch.h"

#define PORTS 4U
/* The hostile one; its rules let it send to port 1 alone. */
#define HOSTILE 2U
/* It behaves, and may send from any address. */
#define UPLINK 3U
/* Where each guest's memory begins, for itself. */
#define RAM 0x40000000U
#define RAM_BYTES 0x8000U

/* @{ Of net_world.shape: the hostile port may send from any address, has the VLAN with tags, has a
 * rate; port 1's guest takes no frame that is spread over buffers; it completes checksums and
 * segments. */
#define ANY_MAC 1U
#define HAS_TAGGED 2U
#define HAS_RATE 4U
#define NO_MERGE 8U
#define OFFLOADS 16U
/* @} */
/* @{ That rate: bytes a second, and at once. */
#define NET_WORLD_RATE 0x10000U
#define NET_WORLD_BURST 0x4000U
/* @} */

struct net_world {
    struct net_switch network;
    struct net_client clients[PORTS];
    struct net_direct direct[PORTS];
    _Alignas(64) uint8_t memories[PORTS][NET_PORT_BYTES];
    uint64_t now;
    /* When the switch began. */
    uint64_t began;
    uint8_t shape;
};

extern struct net_world net_world;

/* The rest of the input. */
struct net_input {
    const uint8_t *data;
    size_t left;
};

/* @{ The next number, 0 when there is no more. */
uint8_t net_world_u8(struct net_input *input);
uint16_t net_world_u16(struct net_input *input);
/* @} */

/* A port's own address (kinds 0 and 1), a group's, or that of somebody behind a port. */
void net_world_address(uint8_t *to, uint8_t kind, uint8_t number);

/* What must hold; else the program ends with a message. */
void net_world_check(bool holds, const char *what);
/* What the switch knows of slots, addresses and rates agrees with itself and the rules. */
void net_world_check_state(void);

/* Begin, in a shape. */
void net_world_begin(uint8_t shape);
/* The switch does all that there is to do. */
void net_world_serve(void);
/* @{ A port that behaves posts a buffer, in two pieces or whole; sends by the switch's copying;
 * sends some in slots; receives, and keeps what it can keep for now, or returns all. */
void net_world_post(unsigned port, bool parts);
void net_world_land(unsigned port, struct net_input *input);
void net_world_send(unsigned port, struct net_input *input);
void net_world_receive(unsigned port, bool keep);
/* @} */
/* A port, or the switch, begins anew. */
void net_world_restart(unsigned which);
/* With the hostile port gone, all that the others lent comes back. */
void net_world_end(void);

#endif
